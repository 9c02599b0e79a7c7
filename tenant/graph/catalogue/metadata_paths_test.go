package catalogue_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
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
	"networkFilteringPolicies readOnly /policyRules/*/id":              {notDeclared, "every object has an id; the tables do not have the types of rules"},
	"groups readOnly /onPremisesObjectIdentifier":                      {openType, "the service returns it: exports of groups of 2025 have it"},
	"mobileApps readOnly /packageId":                                   {missingMark, "computed for androidStoreApp only; other types of Android app are created with it"},
	"mobileAppPackages readOnly /packageId":                            {missingMark, "computed for androidStoreApp only, which is not of this kind"},
}

// serviceMade are paths that are the service's own by what their description or
// page says in other words than read-only.
var serviceMade = map[string]struct {
	kinds  []string
	source string
}{
	"/assignments/*/source":                           {assignedBySets, "description: direct, or by a policy set"},
	"/assignments/*/sourceId":                         {assignedBySets, "description: the policy set that assigned"},
	"/deployedAppCount":                               {protections, "description: a count"},
	"/isAssigned":                                     {append([]string{"intents", "mdmWindowsInformationProtectionPolicies"}, protections...), "description: whether there are assignments"},
	"/payloads":                                       {[]string{"assignmentFilters"}, "description: the assignments that use the filter"},
	"/creationSource":                                 {[]string{"compliancePolicies", "configurationPolicies"}, "description: what created the policy"},
	"/priorityMetaData":                               {[]string{"configurationPolicies"}, "docs beta: the action reorder changes it"},
	"/templateId":                                     {[]string{"conditionalAccessPolicies"}, "docs v1.0: the template that the policy was made from"},
	"/isServiceDefault":                               {[]string{"crossTenantAccessPolicyDefault"}, "description: whether the settings are unchanged"},
	"/priority":                                       {[]string{"appleUserInitiatedEnrollmentProfiles", "deviceEnrollmentConfigurations"}, "docs: the action setPriority changes it; IntuneCD and IntuneManagement do not write it"},
	"/deviceHealthScriptType":                         {[]string{"deviceHealthScripts"}, "description: which service runs the script"},
	"/highestAvailableVersion":                        {[]string{"deviceHealthScripts"}, "description: of Microsoft's own scripts"},
	"/accountMoveCompletionDateTime":                  {settings, "description: when Microsoft moved the tenant"},
	"/connectorStatus":                                {settings, "description: the state of connectors"},
	"/deviceProtectionOverview":                       {settings, "description: counts of devices"},
	"/intuneAccountId":                                {settings, "description: an id of the tenant"},
	"/maximumDepTokens":                               {settings, "description: a limit of the service"},
	"/subscriptionState":                              {settings, "description: the state of the subscription"},
	"/availabilityStatus":                             {domains, "description: null but in the answer of verify"},
	"/isAdminManaged":                                 {domains, "description: whether the DNS zone is delegated to Microsoft"},
	"/isInitial":                                      {domains, "description: the domain that came with the tenant"},
	"/isRoot":                                         {domains, "description: whether it is verified and no subdomain"},
	"/isVerified":                                     {domains, "description: the action verify sets it"},
	"/model":                                          {domains, "docs v1.0: not among the properties of an update"},
	"/state":                                          {[]string{"domains", "vppTokens"}, "description: of operations of the service"},
	"/displayName":                                    {append([]string{"complianceManagementPartners", "deviceManagementPartners", "externalIdentitiesPolicy"}, mobility...), "docs: not among the properties of an update, or the partner's"},
	"/onPremisesProvisioningErrors":                   {[]string{"groups"}, "description: errors of the synchronization"},
	"/onPremisesObjectIdentifier":                     {[]string{"groups"}, "an id of the local directory"},
	"/organizationId":                                 {[]string{"groups"}, "an id of the tenant"},
	"/serviceProvisioningErrors":                      {[]string{"groups"}, "description: errors of services"},
	"/isDefaultProfile":                               {[]string{"intuneBrandingProfiles"}, "description: whether it is the one that is always there"},
	"/isBuiltIn":                                      {[]string{"intuneRoleDefinitions"}, "description: whether the role is Microsoft's"},
	"/isBuiltInRoleDefinition":                        {[]string{"intuneRoleDefinitions"}, "description: whether the role is Microsoft's"},
	"/committedContentVersion":                        {[]string{"mobileApps", "mobileAppPackages"}, "description: of the content that was uploaded"},
	"/alternateResourceUrl":                           {[]string{"cloudPcOnPremisesConnections"}, "description: the address of the partner service's resource that links to the connection"},
	"/principalOrganizationId":                        {[]string{"roleAssignments"}, "description: the home tenant of the principal"},
	"/resourceScope":                                  {[]string{"roleAssignments"}, "description: not to be used; directoryScopeId has it"},
	"/lastModifiedBy":                                 {[]string{"roleManagementPolicies"}, "description: who changed the policy last"},
	"/featureUpdatesWillBeRolledBack":                 {[]string{"deviceConfigurations"}, rollback},
	"/qualityUpdatesWillBeRolledBack":                 {[]string{"deviceConfigurations"}, rollback},
	"/deployableContentDisplayName":                   {[]string{"windowsFeatureUpdateProfiles", "windowsQualityUpdateProfiles"}, "description: the name of Microsoft's update; IntuneCD and IntuneManagement do not write it"},
	"/endOfSupportDate":                               {[]string{"windowsFeatureUpdateProfiles"}, "description: the end of the update's support; IntuneCD and IntuneManagement do not write it"},
	"/releaseDateDisplayName":                         {[]string{"windowsQualityUpdateProfiles"}, "description: the update's release; IntuneCD and IntuneManagement do not write it"},
	"/deviceReporting":                                {drivers, "description: a count"},
	"/newUpdates":                                     {drivers, "description: a count"},
	"/inventorySyncStatus":                            {drivers, "description: the state of a synchronization"},
	"/defaultLocale":                                  {[]string{"notificationMessageTemplates"}, "three tools leave it out of every write"},
	"/policyConfigurationIngestionType":               {[]string{"groupPolicyConfigurations"}, "description: where the definitions come from; IntuneManagement does not write it"},
	"/definitionValues/*/configurationType":           {[]string{"groupPolicyConfigurations"}, "no tool writes it"},
	"/isMigratingToConfigurationPolicy":               {[]string{"intents"}, "description: whether a migration is under way"},
	"/status":                                         {append([]string{"configurationMonitors", "groupPolicyUploadedDefinitionFiles", "policySets"}, schedules...), "description: the state of the request, of a validation or of the service"},
	"/errorCode":                                      {[]string{"policySets"}, "description: the error of a validation"},
	"/items/*/displayName":                            {[]string{"policySets"}, "description: the name of the object that the item is of"},
	"/items/*/itemType":                               {[]string{"policySets"}, "description: the kind of the object that the item is of"},
	"/items/*/status":                                 {[]string{"policySets"}, "description: the state of a validation"},
	"/items/*/errorCode":                              {[]string{"policySets"}, "description: the error of a validation"},
	"/items/*/guidedDeploymentTags":                   {[]string{"policySets"}, "IntuneManagement and terraform-provider-microsoft365 do not write it"},
	"/subnetPrivateIpDetail":                          {[]string{"cloudPcOnPremisesConnections"}, "description: counts of addresses"},
	"/lastSyncDateTime":                               {[]string{"vppTokens"}, "description: of the last synchronization"},
	"/lastSyncStatus":                                 {[]string{"vppTokens"}, "description: of the last synchronization"},
	"/expirationDateTime":                             {[]string{"vppTokens"}, "description: of Apple's token"},
	"/tokenActionResults":                             {[]string{"vppTokens"}, "description: of actions"},
	"/lastSuccessfulSyncDateTime":                     {tokens, "description: of the last synchronization"},
	"/lastSyncErrorCode":                              {tokens, "description: of the last synchronization"},
	"/lastSyncTriggeredDateTime":                      {tokens, "description: of the last synchronization"},
	"/syncedDeviceCount":                              {tokens, "description: a count"},
	"/tokenExpirationDateTime":                        {tokens, "description: of Apple's token"},
	"/uploadDateTime":                                 {admx, "description: when the file came"},
	"/revision":                                       {admx, "description: of the file's content"},
	"/languageCodes":                                  {admx, "description: of the file's content"},
	"/targetNamespace":                                {admx, "description: of the file's content"},
	"/targetPrefix":                                   {admx, "description: of the file's content"},
	"/policyType":                                     {admx, "description: of the file's content"},
	"/lastHeartbeatDateTime":                          {partners, "description: when the partner was last heard of"},
	"/partnerState":                                   {partners, "description: the state of the connection"},
	"/partnerAppType":                                 {[]string{"deviceManagementPartners"}, "docs v1.0: of the partner's application"},
	"/singleTenantAppId":                              {[]string{"deviceManagementPartners"}, "docs v1.0: of the partner's application"},
	"/bindStatus":                                     {play, "description: the state of the connection to Google"},
	"/lastAppSyncDateTime":                            {play, "description: of the last synchronization"},
	"/lastAppSyncStatus":                              {play, "description: of the last synchronization"},
	"/ownerUserPrincipalName":                         {play, "description: who connected the tenant to Google"},
	"/ownerOrganizationName":                          {play, "description: who connected the tenant to Google"},
	"/companyCodes":                                   {play, "description: codes that Google made"},
	"/partnerDisplayName":                             {[]string{"mobileThreatDefenseConnectors"}, offer},
	"/partnerMinimumSupportedAndroidVersion":          {[]string{"mobileThreatDefenseConnectors"}, offer},
	"/partnerMinimumSupportedIosVersion":              {[]string{"mobileThreatDefenseConnectors"}, offer},
	"/partnerMinimumSupportedMacVersion":              {[]string{"mobileThreatDefenseConnectors"}, offer},
	"/partnerMinimumSupportedWindowsVersion":          {[]string{"mobileThreatDefenseConnectors"}, offer},
	"/partnerSupportsAndroidMam":                      {[]string{"mobileThreatDefenseConnectors"}, offer},
	"/partnerSupportsIosCertificateSync":              {[]string{"mobileThreatDefenseConnectors"}, offer},
	"/partnerSupportsIosMam":                          {[]string{"mobileThreatDefenseConnectors"}, offer},
	"/partnerSupportsWindowsMam":                      {[]string{"mobileThreatDefenseConnectors"}, offer},
	"/description":                                    {mobility, "docs beta mobiledevicemanagementpolicies-update: not among the properties"},
	"/certification":                                  {[]string{"applications"}, "terraform-provider-azuread f0169e0 application_resource.go reads and never writes it"},
	"/disabledByMicrosoftStatus":                      {apps, "description: whether Microsoft has disabled it"},
	"/verifiedPublisher":                              {apps, "description: by the actions setVerifiedPublisher and unsetVerifiedPublisher"},
	"/info/logoUrl":                                   {apps, "description: a URL of the CDN, of the logo that was uploaded"},
	"/appDisplayName":                                 {principals, "description: of the application"},
	"/appDescription":                                 {principals, "description: of the application"},
	"/appOwnerOrganizationId":                         {principals, "description: the tenant of the application"},
	"/servicePrincipalType":                           {principals, "docs v1.0 resources/serviceprincipal: set by the directory internally"},
	"/passwordCredentials":                            {principals, "docs v1.0 serviceprincipal-update: not among the properties; the action addPassword"},
	"/appRoleAssignedTo/*/resourceId":                 {principals, "the id of the object itself"},
	"/appRoleAssignedTo/*/resourceDisplayName":        {principals, "the name of the object itself"},
	"/scopedRoleMembers/*/administrativeUnitId":       {[]string{"administrativeUnits"}, "the id of the object itself"},
	"/scopedRoleMembers/*/roleMemberInfo/displayName": {[]string{"administrativeUnits"}, "the name of the member"},
	"/createdUsing":                                   {schedules, "description: the id of the object through which it was made"},
	"/isValid":                                        {mobility, "description: whether the policy is valid"},
	"/isDefault":                                      {[]string{"connectorGroups"}, "description: whether it is the default group"},
	"/nextScheduleRunDateTime":                        {[]string{"lifecycleWorkflows"}, "description: when the workflow runs next"},
	"/quarantineDetails":                              {[]string{"lifecycleWorkflows"}, "metadata: the reason for which the service stopped the workflow"},
	"/apiConnectorConfiguration":                      {[]string{"b2xUserFlows"}, "docs v1.0 identitycontainer-post-b2xuserflows: always shown as {}"},
}

const (
	rollback = "an order to devices: IntuneManagement and CIPP remove it from every write"
	offer    = "description: what the partner offers"
)

var (
	protections    = []string{"androidManagedAppProtections", "iosManagedAppProtections", "targetedManagedAppConfigurations", "windowsManagedAppProtections"}
	assignedBySets = append([]string{"mdmWindowsInformationProtectionPolicies", "compliancePolicies", "configurationPolicies", "deviceCompliancePolicies", "deviceConfigurations",
		"deviceEnrollmentConfigurations", "mobileApps", "windowsAutopilotDeploymentProfiles"}, protections...)
	settings   = []string{"deviceManagementSettings"}
	domains    = []string{"domains"}
	drivers    = []string{"windowsDriverUpdateProfiles"}
	tokens     = []string{"depOnboardingSettings"}
	admx       = []string{"groupPolicyUploadedDefinitionFiles"}
	partners   = []string{"complianceManagementPartners", "deviceManagementPartners", "mobileThreatDefenseConnectors"}
	play       = []string{"androidManagedStoreAccountEnterpriseSettings"}
	apps       = []string{"applications", "servicePrincipals"}
	principals = []string{"servicePrincipals"}
	schedules  = []string{"roleAssignmentSchedules", "roleEligibilitySchedules"}
	mobility   = []string{"mobileAppManagementPolicies", "mobileDeviceManagementPolicies"}
)

// Every path that the catalogue names is declared at the version of its kind, and
// what it says about the values there agrees with the declaration.
func TestPathsAreDeclared(t *testing.T) {
	found := map[string]bool{}
	for _, p := range problems(withPieces(t), documentedReadOnly(t)) {
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
	for _, e := range withPieces(t).Entries {
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
	c := withPieces(t)
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
		plant      func(*catalogue.Entry)
		what       string
		cause      cause
	}{
		{"an endpoint of the other version", "configurationPolicies", func(e *catalogue.Entry) { e.Version = "v1.0" }, "endpoint /deviceManagement/configurationPolicies", otherVersion},
		{"an endpoint that is not there", "groups", func(e *catalogue.Entry) { e.Endpoint = "/grups" }, "endpoint /grups", notDeclared},
		{"a kind at v1.0 that needs beta", "deviceCompliancePolicies", func(e *catalogue.Entry) { e.Version = "v1.0" },
			"references /assignments/*/target/deviceAndAppManagementAssignmentFilterId", otherVersion},
		{"a key that is not there", "groups", func(e *catalogue.Entry) { e.NaturalKey = []string{"/name"} }, "naturalKey /name", openType},
		{"a name in another case", "namedLocations", func(e *catalogue.Entry) { e.NaturalKey = []string{"/DisplayName"} }, "naturalKey /DisplayName", notDeclared},
		{"a limit", "roleDefinitions", func(e *catalogue.Entry) { e.Limits[0].When.Path = "/builtIn" }, "limits /builtIn", notDeclared},
		{"a limit of a value that is no member", "authenticationStrengthPolicies", func(e *catalogue.Entry) { e.Limits[0].When.Equals = raw(`"builtin "`) }, `limits /policyType "builtin "`, noMember},
		{"a limit of an abstract type", "deviceConfigurations", func(e *catalogue.Entry) {
			e.Limits = []tenant.Limit{{When: tenant.Condition{Path: "/@odata.type", Equals: raw(`"#microsoft.graph.deviceConfiguration"`)}}}
		}, "limits /@odata.type deviceConfiguration", abstractType},
		{"a limit of another kind's type", "namedLocations", func(e *catalogue.Entry) { e.Limits[0].When.Equals = raw(`"#microsoft.graph.group"`) },
			"limits /@odata.type group", notDeclared},
		{"a readOnly path", "groups", func(e *catalogue.Entry) { e.ReadOnly = append(e.ReadOnly, "/assignedLabels/*/name") }, "readOnly /assignedLabels/*/name", notDeclared},
		{"a readOnly mark too many", "groups", func(e *catalogue.Entry) { e.ReadOnly = append(e.ReadOnly, "/displayName") }, "readOnly /displayName", unfounded},
		{"a readOnly mark too many, below", "conditionalAccessPolicies", func(e *catalogue.Entry) { e.ReadOnly = append(e.ReadOnly, "/conditions/users/includeUsers") },
			"readOnly /conditions/users/includeUsers", unfounded},
		{"a readOnly mark that lacks", "deviceConfigurations", func(e *catalogue.Entry) { e.ReadOnly = drop(e.ReadOnly, "/qualityUpdatesPauseStartDate") },
			"readOnly /qualityUpdatesPauseStartDate", missingMark},
		{"a createOnly path", "groups", func(e *catalogue.Entry) { e.CreateOnly = append(e.CreateOnly, "/theme/name") }, "createOnly /theme/name", notDeclared},
		{"a createOnly mark that lacks", "servicePrincipals", func(e *catalogue.Entry) { e.CreateOnly = drop(e.CreateOnly, "/agentIdentityBlueprintId") },
			"createOnly /agentIdentityBlueprintId", missingOnce},
		{"a type that can change", "mobileApps", func(e *catalogue.Entry) { e.CreateOnly = nil }, "createOnly /@odata.type", missingType},
		{"a computed value on create", "mobileApps", func(e *catalogue.Entry) { e.CreateOnly = append(e.CreateOnly, "/appAvailability") }, "createOnly /appAvailability", computed},
		{"an empty value", "groups", func(e *catalogue.Entry) { e.EmptyIsAbsent = append(e.EmptyIsAbsent, "/owners/*/x") }, "emptyIsAbsent /owners/*/x", notDeclared},
		{"a default", "mobileApps", func(e *catalogue.Entry) { e.Defaults[0].Path = "/assignments/*/target/filterType" }, "defaults /assignments/*/target/filterType", notDeclared},
		{"a default that is no member", "mobileApps", func(e *catalogue.Entry) { e.Defaults[0].Value = raw(`"nothing"`) },
			`defaults /assignments/*/target/deviceAndAppManagementAssignmentFilterType "nothing"`, noMember},
		{"a default of an abstract type", "configurationPolicies", func(e *catalogue.Entry) {
			e.Defaults = []tenant.Default{{Path: "/assignments/*/target/deviceAndAppManagementAssignmentFilterType", Type: "#microsoft.graph.deviceAndAppManagementAssignmentTarget", Value: raw(`"none"`)}}
		}, "defaults /assignments/*/target/deviceAndAppManagementAssignmentFilterType of deviceAndAppManagementAssignmentTarget", abstractType},
		{"a form", "conditionalAccessPolicies", func(e *catalogue.Entry) { e.Forms[0].Path = "/status" }, "forms /status", notDeclared},
		{"a form of an abstract type", "deviceConfigurations", func(e *catalogue.Entry) {
			e.Forms = []tenant.Form{{Path: "/installationSchedule/activeHoursEnd", Type: "#microsoft.graph.windowsUpdateInstallScheduleType"}}
		}, "forms /installationSchedule/activeHoursEnd of windowsUpdateInstallScheduleType", abstractType},
		{"a form of a type that is elsewhere", "deviceConfigurations", func(e *catalogue.Entry) { e.Forms[0].Type = "#microsoft.graph.group" },
			"forms /featureUpdatesPauseExpiryDateTime of group", notDeclared},
		{"a set", "groups", func(e *catalogue.Entry) { e.Sets[0].Path = "/groupType" }, "sets /groupType", openType},
		{"a member of a set", "namedLocations", func(e *catalogue.Entry) { e.Sets[1].By = []string{"/cidr"} }, "sets.by /ipRanges/*/cidr", notDeclared},
		{"a member's type where there is one", "groups", func(e *catalogue.Entry) {
			e.Sets = []tenant.Set{{Path: "/assignedLabels", By: []string{"/@odata.type"}}}
		},
			"sets.by /assignedLabels/*/@odata.type", notDeclared},
		{"a reference", "roleAssignments", func(e *catalogue.Entry) { e.References[0].Path = "/principal/identifier" }, "references /principal/identifier", notDeclared},
		{"a reference by another property", "conditionalAccessPolicies", func(e *catalogue.Entry) {
			e.References = []tenant.Reference{{Path: "/id", Kinds: []string{"namedLocations"}, Property: "appId"}}
		}, "references.property /appId", notDeclared},
		{"a reference that lacks", "deviceCategories", func(e *catalogue.Entry) { e.References = nil }, "references /roleScopeTagIds", noReference},
		{"a set of references that lacks", "deviceCategories", func(e *catalogue.Entry) { e.Sets = nil }, "references /roleScopeTagIds", noReference},
		{"a secret", "applications", func(e *catalogue.Entry) { e.Sensitive = []string{"/passwordCredentials/*/secret"} }, "sensitive /passwordCredentials/*/secret", notDeclared},
		{"a secret of a type", "configurationPolicies", func(e *catalogue.Entry) { e.SensitiveTypes[0].Path = "/settings/**/secret" }, "sensitiveTypes /settings/**/secret of " + shortType(secret), notDeclared},
		{"the state of a secret", "configurationPolicies", func(e *catalogue.Entry) { e.SensitiveTypes[0].Token.Property = "state" },
			"sensitiveTypes.token /settings/**/simpleSettingValue/state of " + shortType(secret), notDeclared},
		{"the state of a secret that is no member", "configurationPolicies", func(e *catalogue.Entry) { e.SensitiveTypes[0].Token.Value = "hidden" },
			"sensitiveTypes.token /settings/**/simpleSettingValue/valueState of " + shortType(secret) + ` "hidden"`, noMember},
		{"a mask", "deviceConfigurations", func(e *catalogue.Entry) { e.Masked[0].Path = "/omaSettings/*/secret" }, "masked /omaSettings/*/secret", notDeclared},
		{"the token of a mask", "deviceConfigurations", func(e *catalogue.Entry) { e.Masked[0].Token = "token" }, "masked.token /omaSettings/*/token", notDeclared},
		{"a whole value", "deviceConfigurations", func(e *catalogue.Entry) { e.Whole = []string{"/oma"} }, "whole /oma", notDeclared},
		{"a part", "groups", func(e *catalogue.Entry) { e.Parts = []tenant.Part{{Name: "p", Path: "/people"}} }, "parts /people", openType},
		{"an order after another kind", "identitySecurityDefaultsEnforcementPolicy", func(e *catalogue.Entry) { e.After[0].Then.Path = "/status" }, "after.then /status", notDeclared},
		{"an order by a value that is no member", "identitySecurityDefaultsEnforcementPolicy", func(e *catalogue.Entry) { e.After[0].Then.Equals = raw(`"off"`) }, `after.then /state "off"`, noMember},
		{"an order when", "identitySecurityDefaultsEnforcementPolicy", func(e *catalogue.Entry) { e.After[0].When.Path = "/enabled" }, "after.when /enabled", notDeclared},
		{"an id", "crossTenantAccessPolicyPartners", func(e *catalogue.Entry) { e.ID = "directoryId" }, "id /directoryId", notDeclared},
		{"a filter", "domains", func(e *catalogue.Entry) { e.List.Filter = []string{"name"} }, "list.filter /name", notDeclared},
		{"a query", "roleManagementPolicies", func(e *catalogue.Entry) { e.List.Query = "$filter=scope eq '/' and scopeType eq 'Directory'" }, "list.query /scope", notDeclared},
		{"an expanded property", "roleManagementPolicies", func(e *catalogue.Entry) { e.List.SingleQuery = "$expand=rules,effective" }, "list.query /effective", notDeclared},
		{"an item that is left out", "domains", func(e *catalogue.Entry) { e.List.Skip = []tenant.Condition{{Path: "/initial"}} }, "list.skip /initial", notDeclared},
		{"a piece", "roleManagementPolicies", func(e *catalogue.Entry) { e.Subs[0].Path = "/rule" }, "subs /rule", notDeclared},
		{"a piece's property", "roleManagementPolicies", func(e *catalogue.Entry) { e.Subs[0].Property = "rule" }, "subs /rule", notDeclared},
		{"a piece's query", "deviceCompliancePolicies", func(e *catalogue.Entry) { e.Subs[1].Path = "/scheduledActionsForRule?$expand=actions" }, "subs.query /scheduledActionsForRule/*/actions", notDeclared},
		{"a dropped property", "domains", func(e *catalogue.Entry) { e.Requests.Update.Drop = []string{"x"} }, "requests.update.drop /x", notDeclared},
		{"a kept property", "domains", func(e *catalogue.Entry) { e.Requests.Create.Keep = []string{"x"} }, "requests.create.keep /x", notDeclared},
		{"a property that is always sent", "conditionalAccessPolicies", func(e *catalogue.Entry) { e.Requests.Update.Set = map[string]json.RawMessage{"state": raw(`"off"`)} },
			`requests.update.set /state "off"`, noMember},
		{"a patch before the delete", "namedLocations", func(e *catalogue.Entry) { e.Requests.Delete.First = &catalogue.First{Set: raw(`{"trusted":false}`)} }, "requests.delete.first /trusted", notDeclared},
		{"an abstract patch before the delete", "deviceConfigurations", func(e *catalogue.Entry) {
			e.Requests.Delete.First = &catalogue.First{Set: raw(`{"@odata.type":"#microsoft.graph.deviceConfiguration"}`)}
		}, "requests.delete.first /@odata.type deviceConfiguration", abstractType},
		{"an object of an abstract type", "deviceConfigurations", func(e *catalogue.Entry) {
			e.Requests.Update.Set = map[string]json.RawMessage{"installationSchedule": raw(`{"activeHoursEnd":"17:00:00"}`)}
		}, "requests.update.set /installationSchedule", abstractType},
		{"the body of an action", "mobileApps", func(e *catalogue.Entry) {
			e.PartRequests = map[string]catalogue.PartRequest{"assignments": {Action: "/assign", Wrap: "assignments"}}
		}, "partRequests.assignments /assign assignments", otherBody},
		{"what tells members apart", "notificationMessageTemplates", func(e *catalogue.Entry) { e.PartRequests["messages"].Each.By[0] = "language" },
			"partRequests.each.by /localizedNotificationMessages/*/language", notDeclared},
		{"a property of a member that a patch lacks", "notificationMessageTemplates", func(e *catalogue.Entry) { e.PartRequests["messages"].Each.UpdateDrop = []string{"language"} },
			"partRequests.each.updateDrop /localizedNotificationMessages/*/language", notDeclared},
		{"a piece of a member", "groupPolicyConfigurations", func(e *catalogue.Entry) { e.Subs[0].Subs[0].Path = "/values" }, "subs /definitionValues/*/values", notDeclared},
		{"a piece of a member by its property", "groupPolicyConfigurations", func(e *catalogue.Entry) { e.Subs[0].Subs[0].Property = "values" }, "subs /definitionValues/*/values", notDeclared},
		{"a query of a piece of a member", "groupPolicyConfigurations", func(e *catalogue.Entry) { e.Subs[0].Subs[0].Path = "/presentationValues?$expand=present" }, "subs.query /definitionValues/*/presentationValues/*/present", notDeclared},
		{"what tells changed members apart", "groupPolicyConfigurations", func(e *catalogue.Entry) { e.PartRequests["definitionValues"].Changes.By[0] = "/definition/key" }, "partRequests.changes.by /definitionValues/*/definition/key", notDeclared},
		{"a collection within changed members", "groupPolicyConfigurations", func(e *catalogue.Entry) { e.PartRequests["definitionValues"].Changes.Within[0].Path = "/values" }, "partRequests.changes.within /definitionValues/*/values", notDeclared},
		{"what tells members within apart", "groupPolicyConfigurations", func(e *catalogue.Entry) { e.PartRequests["definitionValues"].Changes.Within[0].By[0] = "/key" },
			"partRequests.changes.within /definitionValues/*/presentationValues/*/key", notDeclared},
		{"a link of a changed member", "groupPolicyConfigurations", func(e *catalogue.Entry) { e.PartRequests["definitionValues"].Changes.Bind[0].Path = "/def" }, "partRequests.changes.bind /definitionValues/*/def", notDeclared},
		{"a link", "intuneRoleAssignments", func(e *catalogue.Entry) { e.Requests.Create.Bind[0].Path = "/role" }, "requests.create.bind /role", notDeclared},
		{"where a link leads", "intuneRoleAssignments", func(e *catalogue.Entry) { e.Requests.Create.Bind[0].To = "/deviceManagement/roles('{id}')" }, "requests.create.bind /deviceManagement/roles('{id}')", notDeclared},
		{"where a reference leads", "mobileApps", func(e *catalogue.Entry) {
			e.PartRequests["categories"].Each.Ref = "/deviceAppManagement/categories/{id}"
		}, "partRequests.each.ref /deviceAppManagement/categories/{id}", notDeclared},
		{"a collection of members", "notificationMessageTemplates", func(e *catalogue.Entry) { e.PartRequests["messages"].Each.Collection = "/messages" }, "partRequests.each /messages", notDeclared},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := catalogue.Default()
			i := slices.IndexFunc(c.Entries, func(e catalogue.Entry) bool { return e.Name == tt.kind })
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
