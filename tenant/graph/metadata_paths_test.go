package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// granted are contradictions between the catalogue and metadata in which the
// catalogue is right, with the reason and its source.
var granted = map[string]struct {
	cause  cause
	source string
}{
	"conditionalAccessPolicies emptyIsAbsent /partialEnablementStrategy": {notDeclared, "the service returns it: exports of 2025 and 2026 have it as null"},
	"conditionalAccessPolicies sets /conditions/clientApplications/includeAgentIdServicePrincipals": {otherVersion,
		"for a host that puts the kind at beta; at v1.0 objects that need it are refused"},
	"conditionalAccessPolicies createOnly /@odata.type":                {missingType, "whatIfAnalysisResult is the answer of an action, not a policy"},
	"namedLocations limits /@odata.type compliantNetworkNamedLocation": {otherVersion, "for a host that puts the kind at beta"},
	"groups readOnly /onPremisesObjectIdentifier":                      {openType, "the service returns it: exports of groups of 2025 have it"},
	"mobileApps readOnly /packageId":                                   {missingMark, "computed for androidStoreApp only; other types of Android app are created with it"},
}

// serviceMade are paths that are the service's own by what their description or
// page says in other words than read-only.
var serviceMade = map[string]struct {
	kinds  []string
	source string
}{
	"/assignments/*/source":          {assignedBySets, "description: direct, or by a policy set"},
	"/assignments/*/sourceId":        {assignedBySets, "description: the policy set that assigned"},
	"/deployedAppCount":              {protections, "description: a count"},
	"/isAssigned":                    {append([]string{"intents"}, protections...), "description: whether there are assignments"},
	"/payloads":                      {[]string{"assignmentFilters"}, "description: the assignments that use the filter"},
	"/creationSource":                {[]string{"compliancePolicies", "configurationPolicies"}, "description: what created the policy"},
	"/priorityMetaData":              {[]string{"configurationPolicies"}, "docs beta: the action reorder changes it"},
	"/templateId":                    {[]string{"conditionalAccessPolicies"}, "docs v1.0: the template that the policy was made from"},
	"/isServiceDefault":              {[]string{"crossTenantAccessPolicyDefault"}, "description: whether the settings are unchanged"},
	"/priority":                      {[]string{"deviceEnrollmentConfigurations"}, "docs: the action setPriority changes it; IntuneCD and IntuneManagement do not write it"},
	"/deviceHealthScriptType":        {[]string{"deviceHealthScripts"}, "description: which service runs the script"},
	"/highestAvailableVersion":       {[]string{"deviceHealthScripts"}, "description: of Microsoft's own scripts"},
	"/accountMoveCompletionDateTime": {settings, "description: when Microsoft moved the tenant"},
	"/connectorStatus":               {settings, "description: the state of connectors"},
	"/deviceProtectionOverview":      {settings, "description: counts of devices"},
	"/intuneAccountId":               {settings, "description: an id of the tenant"},
	"/maximumDepTokens":              {settings, "description: a limit of the service"},
	"/subscriptionState":             {settings, "description: the state of the subscription"},
	"/availabilityStatus":            {domains, "description: null but in the answer of verify"},
	"/isAdminManaged":                {domains, "description: whether the DNS zone is delegated to Microsoft"},
	"/isInitial":                     {domains, "description: the domain that came with the tenant"},
	"/isRoot":                        {domains, "description: whether it is verified and no subdomain"},
	"/isVerified":                    {domains, "description: the action verify sets it"},
	"/model":                         {domains, "docs v1.0: not among the properties of an update"},
	"/state":                         {domains, "description: of operations of the service"},
	"/displayName":                   {[]string{"externalIdentitiesPolicy"}, "docs beta: not among the properties of an update"},
	"/onPremisesProvisioningErrors":  {[]string{"groups"}, "description: errors of the synchronization"},
	"/onPremisesObjectIdentifier":    {[]string{"groups"}, "an id of the local directory"},
	"/organizationId":                {[]string{"groups"}, "an id of the tenant"},
	"/serviceProvisioningErrors":     {[]string{"groups"}, "description: errors of services"},
	"/isDefaultProfile":              {[]string{"intuneBrandingProfiles"}, "description: whether it is the one that is always there"},
	"/isBuiltIn":                     {[]string{"intuneRoleDefinitions"}, "description: whether the role is Microsoft's"},
	"/isBuiltInRoleDefinition":       {[]string{"intuneRoleDefinitions"}, "description: whether the role is Microsoft's"},
	"/committedContentVersion":       {[]string{"mobileApps"}, "description: of the content that was uploaded"},
	"/principalOrganizationId":       {[]string{"roleAssignments"}, "description: the home tenant of the principal"},
	"/resourceScope":                 {[]string{"roleAssignments"}, "description: not to be used; directoryScopeId has it"},
	"/lastModifiedBy":                {[]string{"roleManagementPolicies"}, "description: who changed the policy last"},
}

var (
	protections    = []string{"androidManagedAppProtections", "iosManagedAppProtections", "targetedManagedAppConfigurations"}
	assignedBySets = append([]string{"compliancePolicies", "configurationPolicies", "deviceCompliancePolicies", "deviceConfigurations",
		"deviceEnrollmentConfigurations", "mobileApps", "windowsAutopilotDeploymentProfiles"}, protections...)
	settings = []string{"deviceManagementSettings"}
	domains  = []string{"domains"}
)

// Every path that the catalogue names is declared at the version of its kind, and
// what it says about the values there agrees with the declaration.
func TestPathsAreDeclared(t *testing.T) {
	found := map[string]bool{}
	for _, p := range problems(graph.Default(), documentedReadOnly(t)) {
		if g, ok := granted[p.key()]; ok && g.cause == p.cause {
			found[p.key()] = true
			continue
		}
		t.Error(p)
	}
	for key, g := range granted {
		if !found[key] {
			t.Errorf("%s: metadata no longer contradicts it (%s)", key, g.cause)
		}
		if g.source == "" {
			t.Errorf("%s: no source", key)
		}
	}
	all, kinds := 0, map[string]bool{}
	for _, e := range graph.Default().Entries {
		for _, d := range declarations(e) {
			all++
			kinds[d.field] = true
		}
	}
	t.Logf("%d declarations in %d fields, %d granted", all, len(kinds), len(granted))
	if all < 1000 {
		t.Errorf("only %d declarations were looked at", all)
	}
}

// The kinds that serviceMade names have the path as readOnly.
func TestServiceMadeIsUsed(t *testing.T) {
	c := graph.Default()
	for path, s := range serviceMade {
		for _, kind := range s.kinds {
			if e, ok := c.Entry(kind); !ok || !slices.Contains(e.ReadOnly, path) {
				t.Errorf("%s does not have %s as readOnly", kind, path)
			}
		}
	}
}

// Each mistake in an entry is found, with its cause.
func TestMistakesAreFound(t *testing.T) {
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	documented := documentedReadOnly(t)
	secret := "#microsoft.graph.deviceManagementConfigurationSecretSettingValue"
	for _, tt := range []struct {
		name, kind string
		plant      func(*graph.Entry)
		what       string
		cause      cause
	}{
		{"an endpoint of the other version", "configurationPolicies", func(e *graph.Entry) { e.Version = "v1.0" }, "endpoint /deviceManagement/configurationPolicies", otherVersion},
		{"an endpoint that is not there", "groups", func(e *graph.Entry) { e.Endpoint = "/grups" }, "endpoint /grups", notDeclared},
		{"a kind at v1.0 that needs beta", "deviceCompliancePolicies", func(e *graph.Entry) { e.Version = "v1.0" },
			"references /assignments/*/target/deviceAndAppManagementAssignmentFilterId", otherVersion},
		{"a key that is not there", "groups", func(e *graph.Entry) { e.NaturalKey = []string{"/name"} }, "naturalKey /name", openType},
		{"a name in another case", "namedLocations", func(e *graph.Entry) { e.NaturalKey = []string{"/DisplayName"} }, "naturalKey /DisplayName", notDeclared},
		{"a limit", "roleDefinitions", func(e *graph.Entry) { e.Limits[0].When.Path = "/builtIn" }, "limits /builtIn", notDeclared},
		{"a limit of a value that is no member", "authenticationStrengthPolicies", func(e *graph.Entry) { e.Limits[0].When.Equals = raw(`"builtin "`) }, `limits /policyType "builtin "`, noMember},
		{"a limit of an abstract type", "deviceConfigurations", func(e *graph.Entry) {
			e.Limits = []tenant.Limit{{When: tenant.Condition{Path: "/@odata.type", Equals: raw(`"#microsoft.graph.deviceConfiguration"`)}}}
		}, "limits /@odata.type deviceConfiguration", abstractType},
		{"a limit of another kind's type", "namedLocations", func(e *graph.Entry) { e.Limits[0].When.Equals = raw(`"#microsoft.graph.group"`) },
			"limits /@odata.type group", notDeclared},
		{"a readOnly path", "groups", func(e *graph.Entry) { e.ReadOnly = append(e.ReadOnly, "/assignedLabels/*/name") }, "readOnly /assignedLabels/*/name", notDeclared},
		{"a readOnly mark too many", "groups", func(e *graph.Entry) { e.ReadOnly = append(e.ReadOnly, "/displayName") }, "readOnly /displayName", unfounded},
		{"a readOnly mark too many, below", "conditionalAccessPolicies", func(e *graph.Entry) { e.ReadOnly = append(e.ReadOnly, "/conditions/users/includeUsers") },
			"readOnly /conditions/users/includeUsers", unfounded},
		{"a readOnly mark that lacks", "deviceConfigurations", func(e *graph.Entry) { e.ReadOnly = drop(e.ReadOnly, "/qualityUpdatesPauseStartDate") },
			"readOnly /qualityUpdatesPauseStartDate", missingMark},
		{"a createOnly path", "groups", func(e *graph.Entry) { e.CreateOnly = append(e.CreateOnly, "/theme/name") }, "createOnly /theme/name", notDeclared},
		{"a createOnly mark that lacks", "servicePrincipals", func(e *graph.Entry) { e.CreateOnly = drop(e.CreateOnly, "/agentIdentityBlueprintId") },
			"createOnly /agentIdentityBlueprintId", missingOnce},
		{"a type that can change", "mobileApps", func(e *graph.Entry) { e.CreateOnly = nil }, "createOnly /@odata.type", missingType},
		{"a computed value on create", "mobileApps", func(e *graph.Entry) { e.CreateOnly = append(e.CreateOnly, "/appAvailability") }, "createOnly /appAvailability", computed},
		{"an empty value", "groups", func(e *graph.Entry) { e.EmptyIsAbsent = append(e.EmptyIsAbsent, "/owners/*/x") }, "emptyIsAbsent /owners/*/x", notDeclared},
		{"a default", "mobileApps", func(e *graph.Entry) { e.Defaults[0].Path = "/assignments/*/target/filterType" }, "defaults /assignments/*/target/filterType", notDeclared},
		{"a default that is no member", "mobileApps", func(e *graph.Entry) { e.Defaults[0].Value = raw(`"nothing"`) },
			`defaults /assignments/*/target/deviceAndAppManagementAssignmentFilterType "nothing"`, noMember},
		{"a default of an abstract type", "configurationPolicies", func(e *graph.Entry) {
			e.Defaults = []tenant.Default{{Path: "/assignments/*/target/deviceAndAppManagementAssignmentFilterType", Type: "#microsoft.graph.deviceAndAppManagementAssignmentTarget", Value: raw(`"none"`)}}
		}, "defaults /assignments/*/target/deviceAndAppManagementAssignmentFilterType of deviceAndAppManagementAssignmentTarget", abstractType},
		{"a form", "conditionalAccessPolicies", func(e *graph.Entry) { e.Forms[0].Path = "/status" }, "forms /status", notDeclared},
		{"a form of an abstract type", "deviceConfigurations", func(e *graph.Entry) {
			e.Forms = []tenant.Form{{Path: "/installationSchedule/activeHoursEnd", Type: "#microsoft.graph.windowsUpdateInstallScheduleType"}}
		}, "forms /installationSchedule/activeHoursEnd of windowsUpdateInstallScheduleType", abstractType},
		{"a form of a type that is elsewhere", "deviceConfigurations", func(e *graph.Entry) { e.Forms[0].Type = "#microsoft.graph.group" },
			"forms /featureUpdatesPauseExpiryDateTime of group", notDeclared},
		{"a set", "groups", func(e *graph.Entry) { e.Sets[0].Path = "/groupType" }, "sets /groupType", openType},
		{"a member of a set", "namedLocations", func(e *graph.Entry) { e.Sets[1].By = []string{"/cidr"} }, "sets.by /ipRanges/*/cidr", notDeclared},
		{"a member's type where there is one", "groups", func(e *graph.Entry) { e.Sets = []tenant.Set{{Path: "/assignedLabels", By: []string{"/@odata.type"}}} },
			"sets.by /assignedLabels/*/@odata.type", notDeclared},
		{"a reference", "roleAssignments", func(e *graph.Entry) { e.References[0].Path = "/principal/identifier" }, "references /principal/identifier", notDeclared},
		{"a reference by another property", "conditionalAccessPolicies", func(e *graph.Entry) {
			e.References = []tenant.Reference{{Path: "/id", Kinds: []string{"namedLocations"}, Property: "appId"}}
		}, "references.property /appId", notDeclared},
		{"a reference that lacks", "deviceCategories", func(e *graph.Entry) { e.References = nil }, "references /roleScopeTagIds", noReference},
		{"a set of references that lacks", "deviceCategories", func(e *graph.Entry) { e.Sets = nil }, "references /roleScopeTagIds", noReference},
		{"a secret", "applications", func(e *graph.Entry) { e.Sensitive = []string{"/passwordCredentials/*/secret"} }, "sensitive /passwordCredentials/*/secret", notDeclared},
		{"a secret of a type", "configurationPolicies", func(e *graph.Entry) { e.SensitiveTypes[0].Path = "/settings/**/secret" }, "sensitiveTypes /settings/**/secret of " + shortType(secret), notDeclared},
		{"the state of a secret", "configurationPolicies", func(e *graph.Entry) { e.SensitiveTypes[0].Token.Property = "state" },
			"sensitiveTypes.token /settings/**/simpleSettingValue/state of " + shortType(secret), notDeclared},
		{"the state of a secret that is no member", "configurationPolicies", func(e *graph.Entry) { e.SensitiveTypes[0].Token.Value = "hidden" },
			"sensitiveTypes.token /settings/**/simpleSettingValue/valueState of " + shortType(secret) + ` "hidden"`, noMember},
		{"a mask", "deviceConfigurations", func(e *graph.Entry) { e.Masked[0].Path = "/omaSettings/*/secret" }, "masked /omaSettings/*/secret", notDeclared},
		{"the token of a mask", "deviceConfigurations", func(e *graph.Entry) { e.Masked[0].Token = "token" }, "masked.token /omaSettings/*/token", notDeclared},
		{"a whole value", "deviceConfigurations", func(e *graph.Entry) { e.Whole = []string{"/oma"} }, "whole /oma", notDeclared},
		{"a part", "groups", func(e *graph.Entry) { e.Parts = []tenant.Part{{Name: "p", Path: "/people"}} }, "parts /people", openType},
		{"an order after another kind", "identitySecurityDefaultsEnforcementPolicy", func(e *graph.Entry) { e.After[0].Then.Path = "/status" }, "after.then /status", notDeclared},
		{"an order by a value that is no member", "identitySecurityDefaultsEnforcementPolicy", func(e *graph.Entry) { e.After[0].Then.Equals = raw(`"off"`) }, `after.then /state "off"`, noMember},
		{"an order when", "identitySecurityDefaultsEnforcementPolicy", func(e *graph.Entry) { e.After[0].When.Path = "/enabled" }, "after.when /enabled", notDeclared},
		{"an id", "crossTenantAccessPolicyPartners", func(e *graph.Entry) { e.ID = "directoryId" }, "id /directoryId", notDeclared},
		{"a filter", "domains", func(e *graph.Entry) { e.List.Filter = []string{"name"} }, "list.filter /name", notDeclared},
		{"a query", "roleManagementPolicies", func(e *graph.Entry) { e.List.Query = "$filter=scope eq '/' and scopeType eq 'Directory'" }, "list.query /scope", notDeclared},
		{"an expanded property", "roleManagementPolicies", func(e *graph.Entry) { e.List.SingleQuery = "$expand=rules,effective" }, "list.query /effective", notDeclared},
		{"an item that is left out", "domains", func(e *graph.Entry) { e.List.Skip = []tenant.Condition{{Path: "/initial"}} }, "list.skip /initial", notDeclared},
		{"a piece", "roleManagementPolicies", func(e *graph.Entry) { e.Subs[0].Path = "/rule" }, "subs /rule", notDeclared},
		{"a piece's property", "roleManagementPolicies", func(e *graph.Entry) { e.Subs[0].Property = "rule" }, "subs /rule", notDeclared},
		{"a piece's query", "deviceCompliancePolicies", func(e *graph.Entry) { e.Subs[1].Path = "/scheduledActionsForRule?$expand=actions" }, "subs.query /scheduledActionsForRule/*/actions", notDeclared},
		{"a dropped property", "domains", func(e *graph.Entry) { e.Requests.Update.Drop = []string{"x"} }, "requests.update.drop /x", notDeclared},
		{"a kept property", "domains", func(e *graph.Entry) { e.Requests.Create.Keep = []string{"x"} }, "requests.create.keep /x", notDeclared},
		{"a property that is always sent", "conditionalAccessPolicies", func(e *graph.Entry) { e.Requests.Update.Set = map[string]json.RawMessage{"state": raw(`"off"`)} },
			`requests.update.set /state "off"`, noMember},
		{"a patch before the delete", "namedLocations", func(e *graph.Entry) { e.Requests.Delete.First = &graph.First{Set: raw(`{"trusted":false}`)} }, "requests.delete.first /trusted", notDeclared},
		{"an abstract patch before the delete", "deviceConfigurations", func(e *graph.Entry) {
			e.Requests.Delete.First = &graph.First{Set: raw(`{"@odata.type":"#microsoft.graph.deviceConfiguration"}`)}
		}, "requests.delete.first /@odata.type deviceConfiguration", abstractType},
		{"an object of an abstract type", "deviceConfigurations", func(e *graph.Entry) {
			e.Requests.Update.Set = map[string]json.RawMessage{"installationSchedule": raw(`{"activeHoursEnd":"17:00:00"}`)}
		}, "requests.update.set /installationSchedule", abstractType},
		{"the body of an action", "mobileApps", func(e *graph.Entry) {
			e.PartRequests = map[string]graph.PartRequest{"assignments": {Action: "/assign", Wrap: "assignments"}}
		}, "partRequests.assignments /assign assignments", otherBody},
		{"what tells members apart", "notificationMessageTemplates", func(e *graph.Entry) { e.PartRequests["messages"].Each.By[0] = "language" },
			"partRequests.each.by /localizedNotificationMessages/*/language", notDeclared},
		{"a collection of members", "notificationMessageTemplates", func(e *graph.Entry) { e.PartRequests["messages"].Each.Collection = "/messages" }, "partRequests.each /messages", notDeclared},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := graph.Default()
			i := slices.IndexFunc(c.Entries, func(e graph.Entry) bool { return e.Name == tt.kind })
			before := problemsOf(c, c.Entries[i], documented[tt.kind])
			tt.plant(&c.Entries[i])
			var got []string
			for _, p := range problemsOf(c, c.Entries[i], documented[tt.kind]) {
				if !slices.Contains(before, p) {
					got = append(got, fmt.Sprintf("%s: %s", p.what, p.cause))
				}
			}
			if want := fmt.Sprintf("%s: %s", tt.what, tt.cause); !slices.Contains(got, want) {
				t.Errorf("want %q, got\n%s", want, strings.Join(got, "\n"))
			}
		})
	}
}

// drop returns the paths without one.
func drop(paths []string, path string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == path })
}
