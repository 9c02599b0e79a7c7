package tenanttest

import "github.com/tenantsync/tenantsync/tenant"

func intuneKinds() []tenant.Kind {
	return []tenant.Kind{
		deviceCompliancePolicies(),
		compliancePolicies(),
		deviceConfigurations(),
		configurationPolicies(),
		{
			Name: AssignmentFilters, Title: "Assignment filters",
			Create: true, Update: true, Delete: true,
			ReadOnly:      under("", "id", "createdDateTime", "lastModifiedDateTime", "payloads"),
			CreateOnly:    []string{"/platform"},
			EmptyIsAbsent: []string{"/description"},
			Sets:          sets("/roleScopeTags"),
			References:    scopeTags("/roleScopeTags/*"),
			Throttle:      intuneThrottle,
		},
		{
			Name: RoleScopeTags, Title: "Scope tags",
			Create: true, Update: true, Delete: true,
			Limits: []tenant.Limit{{
				When:  isBool("/isBuiltIn", true),
				Verbs: []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}, ServiceMade: true,
				Reason: "the built-in scope tag cannot be created, changed or deleted",
			}},
			ReadOnly:      []string{"/id", "/isBuiltIn"},
			EmptyIsAbsent: []string{"/description"},
			Order:         -10,
			Throttle:      intuneThrottle,
		},
		{
			Name: NotificationMessageTemplates, Title: "Notification templates",
			Create: true, Update: true, Delete: true,
			ReadOnly: concat(
				under("", "id", "lastModifiedDateTime"),
				under("/localizedNotificationMessages/*", "id", "lastModifiedDateTime"),
			),
			EmptyIsAbsent: []string{"/description", "/defaultLocale"},
			Sets: []tenant.Set{
				{Path: "/localizedNotificationMessages", By: []string{"/locale"}},
				{Path: "/roleScopeTagIds"},
			},
			References: scopeTags("/roleScopeTagIds/*"),
			Throttle:   intuneThrottle,
		},
	}
}

const intuneThrottle = "intune"

// intunePolicy declares the properties that all Intune policies share: their
// assignments, their scope tags, and those that Intune sets.
func intunePolicy(k tenant.Kind) tenant.Kind {
	k.Create, k.Update, k.Delete = true, true, true
	k.Throttle = intuneThrottle
	k.ReadOnly = concat(k.ReadOnly,
		under("", "id", "createdDateTime", "lastModifiedDateTime"),
		under("/assignments/*", "id", "source", "sourceId"),
	)
	k.EmptyIsAbsent = append(k.EmptyIsAbsent, "/description",
		"/assignments/*/target/deviceAndAppManagementAssignmentFilterId")
	k.Sets = append(k.Sets,
		tenant.Set{Path: "/assignments", By: []string{
			"/target/@odata.type", "/target/groupId",
			"/target/deviceAndAppManagementAssignmentFilterId", "/target/deviceAndAppManagementAssignmentFilterType",
		}},
		tenant.Set{Path: "/roleScopeTagIds"},
	)
	k.References = concat(k.References,
		scopeTags("/roleScopeTagIds/*"),
		to(Groups, nil, "/assignments/*/target/groupId"),
		to(AssignmentFilters, []string{noObject}, "/assignments/*/target/deviceAndAppManagementAssignmentFilterId"),
	)
	return k
}

func scopeTags(path string) []tenant.Reference {
	return to(RoleScopeTags, []string{defaultScope}, path)
}

// scheduledActions declares the actions of a compliance policy on a device that
// does not comply.
func scheduledActions(k tenant.Kind) tenant.Kind {
	const actions = "/scheduledActionsForRule/*/scheduledActionConfigurations"
	k.ReadOnly = append(k.ReadOnly, "/scheduledActionsForRule/*/id", actions+"/*/id")
	k.EmptyIsAbsent = append(k.EmptyIsAbsent, "/scheduledActionsForRule/*/ruleName",
		actions+"/*/notificationTemplateId", actions+"/*/notificationMessageCCList")
	k.Sets = append(k.Sets,
		tenant.Set{Path: actions, By: []string{"/actionType", "/gracePeriodHours", "/notificationTemplateId"}},
		tenant.Set{Path: actions + "/*/notificationMessageCCList"},
	)
	k.References = concat(k.References,
		to(NotificationMessageTemplates, []string{noObject}, actions+"/*/notificationTemplateId"),
		to(Groups, nil, actions+"/*/notificationMessageCCList/*"),
	)
	return k
}

func deviceCompliancePolicies() tenant.Kind {
	return intunePolicy(scheduledActions(tenant.Kind{
		Name: DeviceCompliancePolicies, Title: "Compliance policies",
		ReadOnly:   []string{"/version"},
		CreateOnly: []string{"/@odata.type"},
	}))
}

func compliancePolicies() tenant.Kind {
	return intunePolicy(scheduledActions(tenant.Kind{
		Name: CompliancePolicies, Title: "Compliance policies (Linux)",
		NaturalKey: []string{"/name"},
		ReadOnly:   []string{"/settingCount", "/isAssigned", "/creationSource", "/settings/*/id"},
		CreateOnly: []string{"/platforms", "/technologies"},
		Whole:      []string{""},
	}))
}

func deviceConfigurations() tenant.Kind {
	return intunePolicy(tenant.Kind{
		Name: DeviceConfigurations, Title: "Device configuration profiles",
		ReadOnly:   []string{"/version", "/supportsScopeTags", "/omaSettings/*/isEncrypted"},
		CreateOnly: []string{"/@odata.type"},
		Sets:       []tenant.Set{{Path: "/omaSettings", By: []string{"/omaUri"}}},
		Masked:     []tenant.Masked{{Path: "/omaSettings/*/value", Token: "secretReferenceValueId"}},
		Whole:      []string{"/omaSettings"},
	})
}

func configurationPolicies() tenant.Kind {
	return intunePolicy(tenant.Kind{
		Name: ConfigurationPolicies, Title: "Settings catalog policies",
		// Unlike most kinds these have a name and no displayName.
		NaturalKey: []string{"/name"},
		ReadOnly:   []string{"/settingCount", "/isAssigned", "/creationSource", "/settings/*/id", "/priorityMetaData"},
		CreateOnly: []string{"/platforms", "/technologies", "/templateReference"},
		// Settings change by a PUT of the whole policy.
		Whole: []string{""},
	})
}
