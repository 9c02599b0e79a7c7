package sample

import "fmt"

// policy returns the Conditional Access policy of this number as Graph v1.0
// returns it, with every member that Graph lists, also the empty ones.
func policy(number, groups int) object {
	d := newDraw("policy", number)
	created, modified := d.moment(2024), d.moment(2025)
	name := policyName(number, d)
	return object{
		{"id", d.guid()},
		{"templateId", nil},
		{"displayName", name},
		{"description", fmt.Sprintf("%s Owner: %s. Review: every %d months.", d.of(descriptions...), d.of(owners...), 3+d.IntN(9))},
		{"createdDateTime", created},
		{"modifiedDateTime", modified},
		{"state", d.of("enabled", "enabled", "enabledForReportingButNotEnforced")},
		{"deletedDateTime", nil},
		{"partialEnablementStrategy", nil},
		{"sessionControls", sessionControls(d)},
		{"conditions", conditions(d, groups)},
		{"grantControls", grantControls(d)},
	}
}

func policyName(number int, d draw) string {
	return fmt.Sprintf("CA%05d-%s-%s-%s-%s", number, d.of("Global", "Admins", "Internals", "Guests", "Workloads"),
		d.of("BaseProtection", "IdentityProtection", "DataProtection", "AttackSurfaceReduction"),
		d.of("AllApps", "Office365", "AdminPortals"), d.of("AnyPlatform", "Windows", "Mobile"))
}

var (
	owners       = []string{"Identity Team", "Workplace Team", "Security Operations", "Cloud Platform Team"}
	descriptions = []string{
		"Asks for a second factor wherever people of this persona sign in, on devices of their own too.",
		"Lets only devices in that comply with the company's rules reach what is kept in the cloud.",
		"Refuses sign-ins from places where nobody of the company works, travels or is on call.",
		"Shortens sessions on devices that are shared, so that nobody finds another person's mail.",
	}
)

func conditions(d draw, groups int) object {
	return object{
		{"userRiskLevels", some(d, 25, list{"high"})},
		{"signInRiskLevels", some(d, 25, list{"high", "medium"})},
		{"clientAppTypes", list{"browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"}[:1+d.IntN(4)]},
		{"servicePrincipalRiskLevels", list{}},
		{"insiderRiskLevels", nil},
		{"clientApplications", nil},
		{"authenticationFlows", nil},
		{"platforms", object{
			{"includePlatforms", list{"all"}},
			{"excludePlatforms", list{"iOS", "macOS", "linux", "android"}[:d.IntN(5)]},
		}},
		{"locations", object{
			{"includeLocations", list{"All"}},
			{"excludeLocations", some(d, 60, list{"AllTrusted"})},
		}},
		{"devices", object{
			{"deviceFilter", object{
				{"mode", d.of("include", "exclude")},
				{"rule", fmt.Sprintf(`device.extensionAttribute%d -eq "%s" -and device.isCompliant -eq True`, 1+d.IntN(15), d.of("SAW", "Kiosk", "Shared"))},
			}},
		}},
		{"applications", object{
			{"includeApplications", list{d.of("All", "Office365", "MicrosoftAdminPortals")}},
			{"excludeApplications", some(d, 30, list{"0000000a-0000-0000-c000-000000000000", "d4ebce55-015a-49b5-a083-c84d1797ae8c"})},
			{"includeUserActions", list{}},
			{"includeAuthenticationContextClassReferences", list{}},
			{"applicationFilter", nil},
		}},
		{"users", object{
			{"includeUsers", list{}},
			{"excludeUsers", list{breakGlass(0), breakGlass(1)}},
			{"includeGroups", groupIDs(d, groups, 2+d.IntN(3))},
			{"excludeGroups", groupIDs(d, groups, 3+d.IntN(3))},
			{"includeRoles", roles(d, d.IntN(9))},
			{"excludeRoles", list{}},
			{"includeGuestsOrExternalUsers", nil},
			{"excludeGuestsOrExternalUsers", object{
				{"guestOrExternalUserTypes", "b2bCollaborationGuest,b2bDirectConnectUser,otherExternalUser,serviceProvider"},
				{"externalTenants", object{{"@odata.type", "#microsoft.graph.conditionalAccessAllExternalTenants"}, {"membershipKind", "all"}}},
			}},
		}},
	}
}

func grantControls(d draw) object {
	controls := object{
		{"operator", d.of("OR", "AND")},
		{"builtInControls", list{"mfa"}},
		{"customAuthenticationFactors", list{}},
		{"termsOfUse", list{}},
		{"authenticationStrength", nil},
	}
	if d.chance(30) {
		*controls.at("builtInControls") = list{}
		*controls.at("authenticationStrength") = strength()
	}
	return controls
}

// strength is the built-in strength that asks for phishing-resistant methods. Its
// id is the same in every tenant.
func strength() object {
	return object{
		{"id", "00000000-0000-0000-0000-000000000004"},
		{"createdDateTime", "2021-12-01T00:00:00Z"},
		{"modifiedDateTime", "2021-12-01T00:00:00Z"},
		{"displayName", "Phishing-resistant MFA"},
		{"description", "Methods that no page in the middle can pass on"},
		{"policyType", "builtIn"},
		{"requirementsSatisfied", "mfa"},
		{"allowedCombinations", list{"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"}},
	}
}

func sessionControls(d draw) object {
	frequency := any(nil)
	if d.chance(60) {
		frequency = object{{"value", 1 + d.IntN(24)}, {"type", "hours"}, {"authenticationType", "primaryAndSecondaryAuthentication"},
			{"frequencyInterval", "timeBased"}, {"isEnabled", true}}
	}
	return object{
		{"disableResilienceDefaults", nil},
		{"applicationEnforcedRestrictions", nil},
		{"cloudAppSecurity", nil},
		{"signInFrequency", frequency},
		{"persistentBrowser", object{{"mode", "never"}, {"isEnabled", true}}},
		{"continuousAccessEvaluation", nil},
		{"secureSignInSession", nil},
	}
}

// some returns l in this percentage of cases, and an empty list in the others.
func some(d draw, percent int, l list) list {
	if d.chance(percent) {
		return l
	}
	return list{}
}

func groupIDs(d draw, groups, n int) list {
	l := list{}
	// Neighbours, so that no group comes twice if there are enough groups.
	for i, first := 0, d.IntN(groups); i < min(n, groups); i++ {
		l = append(l, groupID((first+i)%groups))
	}
	return l
}

func roles(d draw, n int) list {
	l := list{}
	for first := range n {
		l = append(l, newDraw("role", (first*7+d.IntN(7))%100).guid())
	}
	return l
}

// breakGlass returns the id of an account that must always be able to sign in.
func breakGlass(number int) string { return newDraw("break-glass", number).guid() }

// policyFile returns a policy of the tenant as a file has it: without read-only
// members, and with the names of groups. It changes p.
func policyFile(p object, names map[string]string) object {
	p = p.without("id", "templateId", "createdDateTime", "modifiedDateTime", "deletedDateTime")
	for _, side := range []string{"includeGroups", "excludeGroups"} {
		groups := *p.at("conditions", "users", side)
		for i, id := range groups.(list) {
			groups.(list)[i] = "${groups/" + names[id.(string)] + "}"
		}
	}
	if s, ok := (*p.at("grantControls", "authenticationStrength")).(object); ok {
		*p.at("grantControls", "authenticationStrength") = object{{"id", *s.at("id")}}
	}
	return p
}

// change edits a policy as a person does, in one place; turn chooses which.
func change(p object, turn int) {
	switch turn % 4 {
	case 0:
		*p.at("state") = "disabled"
	case 1:
		*p.at("grantControls", "builtInControls") = list{"compliantDevice"}
	case 2:
		*p.at("conditions", "locations", "includeLocations") = list{"AllTrusted"}
	case 3:
		*p.at("description") = (*p.at("description")).(string) + " Reviewed."
	}
}
