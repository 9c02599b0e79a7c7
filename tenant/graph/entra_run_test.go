package graph_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

const (
	guidA = "aaaaaaaa-0000-4000-8000-000000000001"
	guidB = "aaaaaaaa-0000-4000-8000-000000000002"
)

// entraFiles are files of kinds of Entra, by kind and key, with all their pieces.
var entraFiles = map[string]map[string]string{
	"groups": {
		"Sales": `{"displayName":"Sales","mailNickname":"sales","mailEnabled":false,"securityEnabled":true,"groupTypes":[],"owners":["` + guidA + `"]}`,
		"Staff": `{"displayName":"Staff","mailNickname":"staff","mailEnabled":false,"securityEnabled":true,"groupTypes":[],"members":["${groups/Sales}","` + guidA + `"]}`,
		"Rule":  `{"displayName":"Rule","mailNickname":"rule","mailEnabled":false,"securityEnabled":true,"groupTypes":["DynamicMembership"],"membershipRule":"true","membershipRuleProcessingState":"On"}`,
		"Mail": `{"displayName":"Mail","mailNickname":"mail","mailEnabled":true,"securityEnabled":false,"groupTypes":["Unified"],"allowExternalSenders":true,"autoSubscribeNewMembers":false,` +
			`"hideFromAddressLists":true,"hideFromOutlookClients":false,"groupLifecyclePolicies":["${groupLifecyclePolicies/Selected}"]}`,
	},
	"groupLifecyclePolicies": {"Selected": `{"managedGroupTypes":"Selected","groupLifetimeInDays":180}`},
	"groupSettings":          {"Group.Unified": `{"displayName":"Group.Unified","templateId":"62375ab9-6b52-47ed-826b-58e47e0e304b","values":[{"name":"A","value":"1"}]}`},
	"administrativeUnits": {"Unit": `{"displayName":"Unit","members":["${groups/Sales}","` + guidB + `"],"scopedRoleMembers":[{"roleId":"` + guidB + `","roleMemberInfo":{"id":"` + guidA + `"}}]}`,
		"By rule": `{"displayName":"By rule","membershipType":"Dynamic","membershipRule":"true"}`},
	"applications": {"App": `{"displayName":"App","owners":["` + guidA + `"],"federatedIdentityCredentials":[{"name":"gh","issuer":"https://a.example","subject":"s","audiences":["x","y"]}]}`},
	"servicePrincipals": {"Service": `{"displayName":"Service","appId":"` + guidB + `","appRoleAssignedTo":[{"principalId":"${groups/Sales}","appRoleId":"` + guidA + `"},` +
		`{"principalId":"` + guidA + `","appRoleId":"` + guidA + `"}]}`},
	"attributeSets":                      {"Engineering": `{"id":"Engineering","maxAttributesPerSet":25}`},
	"customSecurityAttributeDefinitions": {"Engineering - Project": `{"attributeSet":"${attributeSets/Engineering}","name":"Project","type":"String","status":"Available","isCollection":true,"isSearchable":true,"usePreDefinedValuesOnly":true,"allowedValues":[{"id":"Alpine","isActive":true},{"id":"Baker","isActive":false}]}`},
	"brandingLocalizations":              {"fr-FR": `{"id":"fr-FR","signInPageText":"Bonjour","backgroundColor":"#00000F"}`},
	"apiConnectors":                      {"Check": `{"displayName":"Check","targetUrl":"https://a.example"}`},
	"customAuthenticationExtensions": {"Claims": `{"@odata.type":"#microsoft.graph.onTokenIssuanceStartCustomExtension","displayName":"Claims","authenticationConfiguration":{"@odata.type":"#microsoft.graph.azureAdTokenAuthentication","resourceId":"api://a"},` +
		`"endpointConfiguration":{"@odata.type":"#microsoft.graph.httpRequestEndpoint","targetUrl":"https://a.example"},"claimsForTokenConfiguration":[{"claimIdInApiResponse":"x"}]}`},
	"authenticationEventsFlows": {"Sign up": `{"@odata.type":"#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow","displayName":"Sign up","onUserCreateStart":{"@odata.type":"#microsoft.graph.onUserCreateStartExternalUsersSelfServiceSignUp","userTypeToCreate":"guest"}}`},
	"userFlowAttributes":        {"Hobby": `{"@odata.type":"#microsoft.graph.identityCustomUserFlowAttribute","displayName":"Hobby","dataType":"string","description":"d"}`},
	"authenticationStrengthPolicies": {"Keys": `{"displayName":"Keys","policyType":"custom","allowedCombinations":["fido2"],"combinationConfigurations":[{"@odata.type":"#microsoft.graph.fido2CombinationConfiguration",` +
		`"appliesToCombinations":["fido2"],"allowedAAGUIDs":["` + guidA + `"]}]}`},
	"crossTenantAccessPolicyPartners": {guidA: `{"tenantId":"` + guidA + `","identitySynchronization":{"userSyncInbound":{"isSyncAllowed":true}}}`, guidB: `{"tenantId":"` + guidB + `"}`},
	"featureRolloutPolicies":          {"Hash": `{"displayName":"Hash","feature":"passwordHashSync","isEnabled":true,"isAppliedToOrganization":false,"appliesTo":["${groups/Sales}"]}`},
	"tokenIssuancePolicies":           {"SAML": `{"displayName":"SAML","definition":["{}"],"isOrganizationDefault":false}`},
	"mobileDeviceManagementPolicies":  {"Microsoft Intune": `{"displayName":"Microsoft Intune","appliesTo":"all","discoveryUrl":"https://a.example"}`},
	"accessPackageCatalogs":           {"General": `{"displayName":"General","state":"published"}`},
	"accessPackages":                  {"Project": `{"displayName":"Project","isHidden":false,"catalog":{"id":"${accessPackageCatalogs/General}"}}`},
	"accessPackageAssignmentPolicies": {"Project - All": `{"displayName":"All","allowedTargetScope":"specificDirectoryUsers","accessPackage":{"id":"${accessPackages/Project}"},` +
		`"specificAllowedTargets":[{"@odata.type":"#microsoft.graph.groupMembers","groupId":"${groups/Sales}"}],"requestApprovalSettings":{"isApprovalRequiredForAdd":true,"stages":[{"durationBeforeAutomaticDenial":"P7D",` +
		`"primaryApprovers":[{"@odata.type":"#microsoft.graph.groupMembers","groupId":"${groups/Staff}"}]}]}}`},
	"connectedOrganizations": {"Fabrikam": `{"displayName":"Fabrikam","description":"d","state":"configured","identitySources":[{"@odata.type":"#microsoft.graph.azureActiveDirectoryTenant","tenantId":"` + guidA + `","displayName":"F"}],` +
		`"externalSponsors":["` + guidA + `"],"internalSponsors":["` + guidB + `"]}`},
	"lifecycleWorkflows":            {"Joiner": `{"displayName":"Joiner","category":"joiner","isEnabled":true,"isSchedulingEnabled":false,"tasks":[{"displayName":"Mail","taskDefinitionId":"` + guidA + `","executionSequence":1,"isEnabled":true,"category":"joiner","arguments":[]}]}`},
	"lifecycleCustomTaskExtensions": {"Hook": `{"displayName":"Hook","endpointConfiguration":{"@odata.type":"#microsoft.graph.logicAppTriggerEndpointConfiguration","logicAppWorkflowName":"l"}}`},
	"profileCardProperties":         {"CustomAttribute1": `{"directoryPropertyName":"CustomAttribute1","annotations":[{"displayName":"Cost Center"}]}`},
	"configurationMonitors":         {"Monitor": `{"displayName":"Monitor","mode":"monitorOnly","baseline":{"displayName":"B"}}`},
	"networkFilteringPolicies":      {"Block": `{"name":"Block","action":"block","policyRules":[{"@odata.type":"#microsoft.graph.networkaccess.fqdnFilteringRule","name":"r","ruleType":"fqdn"}]}`},
	"networkFilteringProfiles": {"Base": `{"name":"Base","state":"enabled","priority":100,"policies":[{"@odata.type":"#microsoft.graph.networkaccess.filteringPolicyLink","priority":1,"state":"enabled",` +
		`"policy":{"@odata.type":"#microsoft.graph.networkaccess.filteringPolicy","id":"${networkFilteringPolicies/Block}"}}]}`},
	"connectorGroups":        {"Europe": `{"name":"Europe","region":"eur"}`},
	"roleManagementPolicies": {"": ""}, // see below
}

// Kinds of Entra with all their pieces come into a tenant from their files, rest there,
// come back after everything was deleted, and rest again, also where the service
// answers in other forms.
func TestEntraKindsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &pieceHost{t: t, server: graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")}), repository: tenant.NewMemoryRepository(), store: state.NewMemory(), parts: []string{"*"}, enforce: true}
		h.server.Fake.Seed("mobileDeviceManagementPolicies", `{"displayName":"Microsoft Intune","appliesTo":"none"}`)
		policy := h.server.Fake.Seed("roleManagementPolicies", `{"displayName":"DirectoryRole","scopeId":"/","scopeType":"Directory","rules":[{"@odata.type":"#microsoft.graph.unifiedRoleManagementPolicyExpirationRule","id":"r","maximumDuration":"P1D"}]}`)
		entraFiles := maps.Clone(entraFiles)
		entraFiles["roleManagementPolicies"] = map[string]string{policy: `{"displayName":"DirectoryRole","scopeId":"/","scopeType":"Directory","rules":[{"@odata.type":"#microsoft.graph.unifiedRoleManagementPolicyExpirationRule","id":"r","maximumDuration":"P2D"}]}`}
		for _, kind := range slices.Sorted(maps.Keys(entraFiles)) {
			for key, body := range entraFiles[kind] {
				h.edit(kind, key, body)
			}
		}
		h.sync(syncer.Deployed)
		for kind, files := range entraFiles {
			if n := len(h.server.Fake.Objects(kind)); n != len(files) {
				t.Errorf("%s: %d objects of %d files", kind, n, len(files))
			}
		}
		h.sync(syncer.NoChanges)
		for _, e := range catalogue.Default().Entries {
			if _, mine := entraFiles[e.Name]; mine && e.Delete {
				for _, o := range h.server.Fake.Objects(e.Name) {
					h.server.Fake.Remove(e.Name, o.ID)
				}
			}
		}
		h.sync(syncer.Deployed)
		for kind, files := range entraFiles {
			if n := len(h.server.Fake.Objects(kind)); n != len(files) {
				t.Errorf("%s: %d objects of %d files after a restore", kind, n, len(files))
			}
		}
		for kind, files := range entraFiles {
			for key, body := range files {
				if file := h.file(kind, key); strings.Count(file, "${") < strings.Count(body, "${") {
					t.Errorf("%s/%s lost a reference: %s", kind, key, file)
				}
			}
		}
		h.server.Spell(graphtest.AllForms())
		h.sync(syncer.NoChanges)
	})
}
