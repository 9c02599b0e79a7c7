package tenanttest

import "github.com/tenantsync/tenantsync/tenant"

func entraKinds() []tenant.Kind {
	return []tenant.Kind{
		conditionalAccessPolicies(),
		namedLocations(),
		groups(),
		authenticationStrengths(),
		authenticationMethods(),
		{
			Name: AuthenticationContexts, Title: "Authentication contexts",
			// The client that creates one chooses its id (c1 to c99), which names it.
			NaturalKey: []string{"/id"},
			Create:     true, Update: true, Delete: true,
			CreateOnly: []string{"/id"},
			Throttle:   "conditionalAccess",
		},
		{
			Name: AuthorizationPolicy, Title: "Authorization policy",
			Singleton: true, Update: true,
			ReadOnly: []string{"/id"},
			Sets:     sets("/defaultUserRolePermissions/permissionGrantPoliciesAssigned"),
			Throttle: "policies",
		},
		securityDefaults(),
		{
			Name: CrossTenantAccessDefault, Title: "Default settings for access across tenants",
			Singleton: true, Update: true,
			ReadOnly: []string{"/isServiceDefault"},
			Sets: []tenant.Set{
				{Path: "/*/usersAndGroups/targets", By: []string{"/targetType", "/target"}},
				{Path: "/*/applications/targets", By: []string{"/targetType", "/target"}},
			},
			References: to(Groups, []string{"AllUsers"}, "/*/usersAndGroups/targets/*/target"),
			Throttle:   "policies",
		},
		{
			Name: Agreements, Title: "Terms of use",
			Create: true, Update: true, Delete: true,
			ReadOnly: []string{"/id", "/acceptances"},
			// Documents are given on create; later versions go another way.
			CreateOnly: []string{"/file", "/files"},
			Throttle:   "policies",
		},
		{
			Name: RoleDefinitions, Title: "Directory roles",
			Create: true, Update: true, Delete: true,
			Limits: []tenant.Limit{{
				When:  isBool("/isBuiltIn", true),
				Verbs: []tenant.Verb{tenant.Update, tenant.Delete}, ServiceMade: true,
				Reason: "built-in roles cannot be changed or deleted",
			}},
			ReadOnly:      []string{"/id", "/isBuiltIn", "/templateId", "/resourceScopes", "/inheritsPermissionsFrom"},
			EmptyIsAbsent: []string{"/description", "/version", "/rolePermissions/*/condition"},
			Sets:          sets("/rolePermissions/*/allowedResourceActions"),
			Throttle:      "directory",
		},
		{
			Name: Applications, Title: "App registrations",
			Scope: tenant.Referenced,
			ReadOnly: under("", "id", "appId", "createdDateTime", "deletedDateTime", "publisherDomain",
				"createdOnBehalfOf", "extensionProperties", "owners"),
			Sensitive: []string{"/passwordCredentials/*/secretText"},
			Throttle:  "directory",
		},
		{
			Name: ServicePrincipals, Title: "Enterprise applications",
			Scope: tenant.Referenced,
			ReadOnly: under("", "id", "applicationTemplateId", "deletedDateTime", "signInAudience",
				"createdObjects", "memberOf", "oauth2PermissionGrants", "ownedObjects", "owners"),
			Sensitive: []string{"/passwordCredentials/*/secretText"},
			Throttle:  "directory",
		},
	}
}

func conditionalAccessPolicies() tenant.Kind {
	const (
		apps      = "/conditions/applications"
		users     = "/conditions/users"
		locations = "/conditions/locations"
		clients   = "/conditions/clientApplications"
		strength  = "/grantControls/authenticationStrength"
	)
	appLiterals := append(FirstPartyApplications(), "All", "None", "Office365", "MicrosoftAdminPortals", "AllAgentIdResources")
	return tenant.Kind{
		Name: ConditionalAccessPolicies, Title: "Conditional Access policies",
		Create: true, Update: true, Delete: true,
		Limits: []tenant.Limit{{
			When:  tenant.Condition{Path: "/displayName", Prefix: "Microsoft-managed:"},
			Verbs: []tenant.Verb{tenant.Create, tenant.Delete}, ServiceMade: true,
			Reason: "Microsoft makes and changes this policy; it can be switched and given exclusions, not created or deleted",
		}},
		ReadOnly: concat(
			[]string{"/id", "/createdDateTime", "/modifiedDateTime", "/deletedDateTime", "/templateId"},
			// A policy holds its strength by id; the rest is a copy of the other object.
			under(strength, "createdDateTime", "modifiedDateTime", "displayName", "description", "policyType",
				"requirementsSatisfied", "allowedCombinations", "combinationConfigurations"),
		),
		// Graph returns a condition that is not set now as null, now as [], and now not at all.
		EmptyIsAbsent: []string{
			"/description", "/partialEnablementStrategy", "/sessionControls", "/grantControls",
			"/conditions/*", "/conditions/*/*", "/grantControls/*", "/sessionControls/*",
		},
		Sets: sets(concat(
			under("/conditions", "clientAppTypes", "userRiskLevels", "signInRiskLevels", "servicePrincipalRiskLevels"),
			under("/conditions/platforms", "includePlatforms", "excludePlatforms"),
			under(apps, "includeApplications", "excludeApplications", "includeUserActions", "includeAuthenticationContextClassReferences"),
			under(users, "includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles"),
			under(users, "includeGuestsOrExternalUsers/externalTenants/members", "excludeGuestsOrExternalUsers/externalTenants/members"),
			under(locations, "includeLocations", "excludeLocations"),
			under(clients, "includeServicePrincipals", "excludeServicePrincipals", "includeAgentIdServicePrincipals"),
			under("/grantControls", "builtInControls", "customAuthenticationFactors", "termsOfUse"),
		)...),
		References: concat(
			to(Groups, nil, under(users, "includeGroups/*", "excludeGroups/*")...),
			to(NamedLocations, []string{"All", "AllTrusted", noObject}, under(locations, "includeLocations/*", "excludeLocations/*")...),
			// Built-in strengths have the same id everywhere.
			to(AuthenticationStrengths, []string{"00000000-0000-0000-0000-00000000000*"}, strength+"/id"),
			to(AuthenticationContexts, nil, apps+"/includeAuthenticationContextClassReferences/*"),
			to(Agreements, nil, "/grantControls/termsOfUse/*"),
			[]tenant.Reference{
				{Path: apps + "/includeApplications/*", Kinds: []string{ServicePrincipals, Applications}, Property: "appId", Literals: appLiterals},
				{Path: apps + "/excludeApplications/*", Kinds: []string{ServicePrincipals, Applications}, Property: "appId", Literals: appLiterals},
			},
			to(ServicePrincipals, []string{"All", "None", "ServicePrincipalsInMyTenant"},
				under(clients, "includeServicePrincipals/*", "excludeServicePrincipals/*")...),
		),
		// Controls without their operator are refused.
		Whole: []string{"/grantControls"},
		// Graph refuses an enabled policy while security defaults are on.
		After: []tenant.After{{
			When: is("/state", "enabled"),
			Kind: SecurityDefaults, Then: isBool("/isEnabled", false),
		}},
		Throttle: "conditionalAccess",
	}
}

func namedLocations() tenant.Kind {
	return tenant.Kind{
		Name: NamedLocations, Title: "Named locations",
		Create: true, Update: true, Delete: true,
		Limits: []tenant.Limit{
			{
				When:  is("/@odata.type", "#microsoft.graph.compliantNetworkNamedLocation"),
				Verbs: []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}, ServiceMade: true,
				Reason: "this location comes and goes with Global Secure Access signalling: switch that on in the tenant",
			},
			{
				When:   isBool("/isTrusted", true),
				Verbs:  []tenant.Verb{tenant.Delete},
				Reason: "a trusted location cannot be deleted: mark it as not trusted first",
			},
		},
		ReadOnly:   []string{"/id", "/createdDateTime", "/modifiedDateTime", "/deletedDateTime"},
		CreateOnly: []string{"/@odata.type"},
		Sets: []tenant.Set{
			{Path: "/countriesAndRegions"},
			{Path: "/ipRanges", By: []string{"/cidrAddress"}},
		},
		Throttle: "conditionalAccess",
	}
}

func groups() tenant.Kind {
	return tenant.Kind{
		Name: Groups, Title: "Groups",
		// A file for every group would make deleting the file delete the Team.
		Scope:  tenant.Listed,
		Create: true, Update: true, Delete: true,
		Limits: []tenant.Limit{{
			When:   isBool("/onPremisesSyncEnabled", true),
			Verbs:  []tenant.Verb{tenant.Update, tenant.Delete},
			Reason: "the group is synchronized from the local directory: change it there",
		}},
		ReadOnly: under("", "id", "createdDateTime", "deletedDateTime", "renewedDateTime", "expirationDateTime",
			"createdByAppId", "organizationId", "securityIdentifier", "mail", "proxyAddresses",
			"assignedLabels", "assignedLicenses", "licenseProcessingState", "isManagementRestricted",
			"onPremisesDomainName", "onPremisesLastSyncDateTime", "onPremisesNetBiosName", "onPremisesObjectIdentifier",
			"onPremisesProvisioningErrors", "onPremisesSamAccountName", "onPremisesSecurityIdentifier",
			"onPremisesSyncEnabled", "serviceProvisioningErrors",
			// Relations, which a group's own object holds only when expanded.
			"calendar", "calendarView", "createdOnBehalfOf", "drive", "drives", "extensions", "groupLifecyclePolicies",
			"memberOf", "membersWithLicenseErrors", "onenote", "photos", "settings"),
		CreateOnly: under("", "isAssignableToRole", "resourceBehaviorOptions", "resourceProvisioningOptions"),
		EmptyIsAbsent: under("", "description", "classification", "groupTypes", "isAssignableToRole", "membershipRule",
			"membershipRuleProcessingState", "preferredDataLocation", "preferredLanguage", "resourceBehaviorOptions",
			"resourceProvisioningOptions", "theme", "uniqueName", "visibility"),
		Sets:     sets("/groupTypes", "/resourceBehaviorOptions", "/resourceProvisioningOptions"),
		Order:    -10,
		Throttle: "directory",
	}
}

func authenticationStrengths() tenant.Kind {
	return tenant.Kind{
		Name: AuthenticationStrengths, Title: "Authentication strengths",
		Create: true, Update: true, Delete: true,
		Limits: []tenant.Limit{{
			When:  is("/policyType", "builtIn"),
			Verbs: []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}, ServiceMade: true,
			Reason: "built-in strengths cannot be created, changed or deleted",
		}},
		ReadOnly: concat(
			under("", "id", "createdDateTime", "modifiedDateTime", "policyType", "requirementsSatisfied"),
			under("/combinationConfigurations/*", "id"),
		),
		EmptyIsAbsent: []string{"/description", "/combinationConfigurations"},
		Sets: []tenant.Set{
			{Path: "/allowedCombinations"},
			{Path: "/combinationConfigurations", By: []string{"/@odata.type", "/appliesToCombinations"}},
			{Path: "/combinationConfigurations/*/appliesToCombinations"},
			{Path: "/combinationConfigurations/*/allowedAAGUIDs"},
		},
		Throttle: "policies",
	}
}

func authenticationMethods() tenant.Kind {
	everyone := []string{"all_users"}
	return tenant.Kind{
		Name: AuthenticationMethods, Title: "Authentication methods",
		// The id says which method it is (Fido2, Sms); the methods are Microsoft's.
		NaturalKey: []string{"/id"},
		Update:     true,
		CreateOnly: []string{"/id", "/@odata.type"},
		Sets: []tenant.Set{
			{Path: "/includeTargets", By: []string{"/targetType", "/id"}},
			{Path: "/excludeTargets", By: []string{"/targetType", "/id"}},
			{Path: "/keyRestrictions/aaGuids"},
		},
		References: concat(
			to(Groups, everyone, "/includeTargets/*/id", "/excludeTargets/*/id"),
			to(Groups, append(everyone, noObject), "/featureSettings/*/includeTarget/id", "/featureSettings/*/excludeTarget/id"),
		),
		Throttle: "policies",
	}
}

func securityDefaults() tenant.Kind {
	return tenant.Kind{
		Name: SecurityDefaults, Title: "Security defaults",
		Singleton: true, Update: true,
		ReadOnly: []string{"/id", "/displayName", "/description"},
		// The other way round: they can be switched on once no policy is enabled.
		After: []tenant.After{{
			When: isBool("/isEnabled", true),
			Kind: ConditionalAccessPolicies, Then: is("/state", "disabled"), Deleted: true,
		}},
		Throttle: "policies",
	}
}
