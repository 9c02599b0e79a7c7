package graph_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// From the file to the request, for kinds of Entra: what the service sets is not sent,
// what it needs is, and what means the same is no change.
func TestEntraShapes(t *testing.T) {
	const (
		tenants = `"conditions":{"clientAppTypes":["all"],"users":{"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"b2bCollaborationGuest","externalTenants":{"@odata.type":"#microsoft.graph.conditionalAccessEnumeratedExternalTenants","membershipKind":"enumerated","members":`
		monitor = `"displayName":"M","description":"d","mode":"monitorOnly"`
	)
	for _, tc := range []struct {
		name, kind   string
		object, file string
		sent         []string // as "METHOD path body"
	}{
		{
			name: "group settings are created from a template",
			kind: "groupSettings",
			file: `{"displayName":"Group.Unified","templateId":"62375ab9-6b52-47ed-826b-58e47e0e304b","values":[{"name":"EnableMIPLabels","value":"true"}]}`,
			sent: []string{`POST /v1.0/groupSettings {"displayName":"Group.Unified","templateId":"62375ab9-6b52-47ed-826b-58e47e0e304b","values":[{"name":"EnableMIPLabels","value":"true"}]}`},
		},
		{
			name:   "the template of group settings stays",
			kind:   "groupSettings",
			object: `{"id":"s","displayName":"Group.Unified","templateId":"62375ab9-6b52-47ed-826b-58e47e0e304b","values":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}`,
			file:   `{"displayName":"Group.Unified","templateId":"62375ab9-6b52-47ed-826b-58e47e0e304b","values":[{"name":"B","value":"2"},{"name":"A","value":"3"}]}`,
			sent:   []string{`PATCH /v1.0/groupSettings/s {"values":[{"name":"A","value":"3"},{"name":"B","value":"2"}]}`},
		},
		{
			name:   "what a group shows only where it is asked for",
			kind:   "groups",
			object: `{"id":"g","displayName":"G","description":"d","allowExternalSenders":false,"groupTypes":["Unified"]}`,
			file:   `{"displayName":"G","description":"e","allowExternalSenders":true,"groupTypes":["Unified"]}`,
			sent:   []string{`PATCH /v1.0/groups/g {"description":"e"}`},
		},
		{
			name: "an enterprise app is created by its app id",
			kind: "servicePrincipals",
			file: `{"appId":"11111111-1111-1111-1111-111111111111","displayName":"S","appDisplayName":"S","appOwnerOrganizationId":"9cdead84-a844-4324-93f2-b2e6bb768d07","servicePrincipalType":"Application",` +
				`"verifiedPublisher":{"displayName":null},"disabledByMicrosoftStatus":"x","createdDateTime":"2026-01-01T00:00:00Z","passwordCredentials":[{"displayName":"p"}],"info":{"logoUrl":"https://l","termsOfServiceUrl":"https://t"},"tags":["a"]}`,
			sent: []string{`POST /v1.0/servicePrincipals {"appId":"11111111-1111-1111-1111-111111111111","displayName":"S","info":{"termsOfServiceUrl":"https://t"},"tags":["a"]}`},
		},
		{
			name: "an app registration is created without what Microsoft sets",
			kind: "applications",
			file: `{"displayName":"A","applicationTemplateId":"t","certification":{"isCertifiedByMicrosoft":true},"verifiedPublisher":{"displayName":"V"},"disabledByMicrosoftStatus":"x","info":{"logoUrl":"https://l"},"notes":"n"}`,
			sent: []string{`POST /v1.0/applications {"displayName":"A","info":{},"notes":"n"}`},
		},
		{
			name:   "tenants in a policy keep their type",
			kind:   "conditionalAccessPolicies",
			object: `{"id":"p","displayName":"P","state":"disabled",` + tenants + `["a"]}}}}}`,
			file:   `{"displayName":"P","state":"disabled",` + tenants + `["b"]}}}}}`,
			sent:   []string{`PATCH /v1.0/identity/conditionalAccess/policies/p {"conditions":{"users":{"includeGuestsOrExternalUsers":{"externalTenants":{"@odata.type":"#microsoft.graph.conditionalAccessEnumeratedExternalTenants","members":["a","b"]}}}}}`},
		},
		{
			name:   "flags in another order",
			kind:   "conditionalAccessPolicies",
			object: `{"id":"p","displayName":"P","state":"enabled","conditions":{"clientAppTypes":["all"],"insiderRiskLevels":"minor,moderate","authenticationFlows":{"transferMethods":"deviceCodeFlow,authenticationTransfer"}}}`,
			file:   `{"displayName":"P","state":"enabled","conditions":{"clientAppTypes":["all"],"insiderRiskLevels":"moderate,minor","authenticationFlows":{"transferMethods":"authenticationTransfer,deviceCodeFlow"}}}`,
		},
		{
			name:   "a property of the profile card",
			kind:   "profileCardProperties",
			object: `{"id":"x","directoryPropertyName":"CustomAttribute1","annotations":[{"displayName":"Cost"}]}`,
			file:   `{"directoryPropertyName":"CustomAttribute1","annotations":[{"displayName":"Cost Center"}]}`,
			sent:   []string{`PATCH /v1.0/admin/people/profileCardProperties/CustomAttribute1 {"annotations":[{"displayName":"Cost Center"}]}`},
		},
		{
			name: "an attribute is created with its allowed values",
			kind: "customSecurityAttributeDefinitions",
			file: `{"attributeSet":"E","name":"P","type":"String","status":"Available","usePreDefinedValuesOnly":true,"allowedValues":[{"id":"Alpine","isActive":true}]}`,
			sent: []string{`POST /v1.0/directory/customSecurityAttributeDefinitions {"allowedValues":[{"id":"Alpine","isActive":true}],"attributeSet":"E","name":"P","status":"Available","type":"String","usePreDefinedValuesOnly":true}`},
		},
		{
			name: "a monitor without what the service sets",
			kind: "configurationMonitors",
			file: `{` + monitor + `,"status":"active","tenantId":"t","monitorRunFrequencyInHours":6,"baseline":{"displayName":"B","resources":[]}}`,
			sent: []string{`POST /v1.0/admin/configurationManagement/configurationMonitors {"baseline":{"displayName":"B","resources":[]},"description":"d","displayName":"M","mode":"monitorOnly"}`},
		},
		{
			name:   "the scope of device management goes alone",
			kind:   "mobileDeviceManagementPolicies",
			object: `{"id":"0000000a-0000-0000-c000-000000000000","displayName":"Microsoft Intune","appliesTo":"none","discoveryUrl":"https://a"}`,
			file:   `{"displayName":"Microsoft Intune","appliesTo":"all","discoveryUrl":"https://b"}`,
			sent: []string{`PATCH /beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000 {"discoveryUrl":"https://b"}`,
				`PATCH /beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000 {"appliesTo":"all"}`},
		},
		{
			name:   "a policy of assignments is put whole",
			kind:   "accessPackageAssignmentPolicies",
			object: `{"id":"p","displayName":"All","allowedTargetScope":"allMemberUsers","accessPackage":{"id":"k"}}`,
			file:   `{"displayName":"All","allowedTargetScope":"allDirectoryUsers","accessPackage":{"id":"k"}}`,
			sent:   []string{`PUT /v1.0/identityGovernance/entitlementManagement/assignmentPolicies/p {"accessPackage":{"id":"k"},"allowedTargetScope":"allDirectoryUsers","displayName":"All"}`},
		},
		{
			name:   "a built-in attribute is left alone",
			kind:   "userFlowAttributes",
			object: `{"id":"city","displayName":"City","userFlowAttributeType":"builtIn","dataType":"string","description":"d"}`,
			file:   `{"displayName":"City","dataType":"string","description":"e"}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			service := &oneObject{t: t, kind: tc.kind, object: json.RawMessage(tc.object)}
			notes := service.deploy(tc.file)
			if d := cmp.Diff(tc.sent, service.sent); d != "" {
				t.Errorf("sent (-want +got)\n%s%+v", d, notes)
			}
		})
	}
}

// A change of a workflow is a new version of it, which has the whole workflow.
func TestNewVersion(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	id := server.Fake.Seed("lifecycleWorkflows", `{"displayName":"W","category":"joiner","isEnabled":true,"tasks":[]}`)
	c, lines := writer(t, server, nil)
	before, err := c.Get(t.Context(), tenant.GetRequest{Kind: "lifecycleWorkflows", ID: id})
	if err != nil {
		t.Fatal(err)
	}
	after := `{"displayName":"W","category":"joiner","isEnabled":false,"version":3,"tasks":[{"id":"x","displayName":"Mail","taskDefinitionId":"t","executionSequence":1,"isEnabled":true}]}`
	if _, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "lifecycleWorkflows", ID: id, Before: before.Body, Patch: json.RawMessage(after), After: json.RawMessage(after)}); err != nil {
		t.Fatal(err)
	}
	want := []string{`POST /v1.0/identityGovernance/lifecycleWorkflows/workflows/` + id + `/createNewVersion {"workflow":{"category":"joiner","displayName":"W","isEnabled":false,` +
		`"tasks":[{"displayName":"Mail","executionSequence":1,"isEnabled":true,"taskDefinitionId":"t"}]}}`}
	if d := cmp.Diff(want, *lines); d != "" {
		t.Errorf("sent (-want +got)\n%s", d)
	}
}
