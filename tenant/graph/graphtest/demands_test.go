package graphtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// What the documentation of single kinds demands of requests is demanded.
func TestDemandsOfKinds(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	const a = "aaaaaaaa-0000-4000-8000-000000000001"
	static := s.Fake.Seed("groups", `{"displayName":"Static","members":["`+a+`"]}`)
	rule := s.Fake.Seed("groups", `{"displayName":"Rule","groupTypes":["DynamicMembership"]}`)
	principal := s.Fake.Seed("servicePrincipals", `{"displayName":"SP"}`)
	attribute := s.Fake.Seed("customSecurityAttributeDefinitions", `{"attributeSet":"E","name":"P","type":"String","allowedValues":[{"id":"Alpine","isActive":true}]}`)
	policy := s.Fake.Seed("roleManagementPolicies", `{"displayName":"D","rules":[{"@odata.type":"#microsoft.graph.unifiedRoleManagementPolicyExpirationRule","id":"r"}]}`)
	all, selected := s.Fake.Seed("groupLifecyclePolicies", `{"managedGroupTypes":"All"}`), s.Fake.Seed("groupLifecyclePolicies", `{"managedGroupTypes":"Selected"}`)
	workflow := s.Fake.Seed("lifecycleWorkflows", `{"displayName":"W","category":"joiner","description":"d"}`)
	scope := s.Fake.Seed("mobileDeviceManagementPolicies", `{"displayName":"M"}`)
	app := s.Fake.Seed("applications", `{"displayName":"A","appRoles":[{"id":"`+a+`","isEnabled":true},{"id":"x","isEnabled":false}],"api":{"oauth2PermissionScopes":[{"id":"s","isEnabled":true}]}}`)
	ref := func(id string) string {
		return `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/` + id + `"}`
	}
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		words                    string
	}{
		{"group settings without a template", http.MethodPost, "/v1.0/groupSettings", `{"values":[]}`, 400, "templateId"},
		{"group settings", http.MethodPost, "/v1.0/groupSettings", `{"templateId":"t","values":[]}`, 201, ""},
		{"a member that is there", http.MethodPost, groups + "/" + static + "/members/$ref", ref(strings.ToUpper(a)), 400, "already exist"},
		{"a member", http.MethodPost, groups + "/" + static + "/members/$ref", ref(principal), 204, ""},
		{"a member of a rule", http.MethodPost, groups + "/" + rule + "/members/$ref", ref(a), 400, "by a rule"},
		{"an owner of a rule", http.MethodPost, groups + "/" + rule + "/owners/$ref", ref(a), 204, ""},
		{"a reference elsewhere", http.MethodPost, groups + "/" + static + "/members/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/devices2/x"}`, 400, "Invalid URL"},
		{"a reference and more", http.MethodPost, groups + "/" + static + "/members/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/users/x","x":1}`, 400, "@odata.id"},
		{"no reference", http.MethodPost, groups + "/" + static + "/members/$ref", `{}`, 400, "@odata.id"},
		{"an assignment of another resource", http.MethodPost, "/v1.0/servicePrincipals/" + principal + "/appRoleAssignedTo", `{"principalId":"` + a + `","resourceId":"` + a + `","appRoleId":"` + a + `"}`, 400, "resourceId"},
		{"an assignment without a role", http.MethodPost, "/v1.0/servicePrincipals/" + principal + "/appRoleAssignedTo", `{"principalId":"` + a + `","resourceId":"` + principal + `"}`, 400, "appRoleId"},
		{"an assignment", http.MethodPost, "/v1.0/servicePrincipals/" + principal + "/appRoleAssignedTo", `{"principalId":"` + a + `","resourceId":"` + principal + `","appRoleId":"` + a + `"}`, 204, ""},
		{"an allowed value goes", http.MethodDelete, "/v1.0/directory/customSecurityAttributeDefinitions/" + attribute + "/allowedValues/Alpine", "", 405, ""},
		{"a rule goes", http.MethodDelete, "/v1.0/policies/roleManagementPolicies/" + policy + "/rules/r", "", 405, ""},
		{"a group of a policy for all", http.MethodPost, "/v1.0/groupLifecyclePolicies/" + all + "/addGroup", `{"groupId":"` + static + `"}`, 400, "selected"},
		{"a group of a policy", http.MethodPost, "/v1.0/groupLifecyclePolicies/" + selected + "/addGroup", `{"groupId":"` + static + `"}`, 200, "true"},
		{"a group of a policy again", http.MethodPost, "/v1.0/groupLifecyclePolicies/" + selected + "/addGroup", `{"groupId":"` + static + `"}`, 200, "false"},
		{"no group of the tenant", http.MethodPost, "/v1.0/groupLifecyclePolicies/" + selected + "/addGroup", `{"groupId":"` + a + `"}`, 404, ""},
		{"another action", http.MethodPost, "/v1.0/groupLifecyclePolicies/" + selected + "/renewGroup", `{"groupId":"` + static + `"}`, 404, ""},
		{"a version without tasks", http.MethodPost, "/v1.0/identityGovernance/lifecycleWorkflows/workflows/" + workflow + "/createNewVersion", `{"workflow":{"displayName":"W","category":"joiner"}}`, 400, "tasks"},
		{"a version without its name", http.MethodPost, "/v1.0/identityGovernance/lifecycleWorkflows/workflows/" + workflow + "/createNewVersion", `{"displayName":"W","category":"joiner","tasks":[]}`, 400, "workflow"},
		{"a version", http.MethodPost, "/v1.0/identityGovernance/lifecycleWorkflows/workflows/" + workflow + "/createNewVersion", `{"workflow":{"displayName":"W2","category":"joiner","tasks":[]}}`, 201, "W2"},
		{"an enabled role goes", http.MethodPatch, "/v1.0/applications/" + app, `{"appRoles":[]}`, 400, "disabled first"},
		{"a disabled role goes", http.MethodPatch, "/v1.0/applications/" + app, `{"appRoles":[{"id":"` + a + `","isEnabled":true}]}`, 204, ""},
		{"an enabled scope goes", http.MethodPatch, "/v1.0/applications/" + app, `{"api":{"oauth2PermissionScopes":[]}}`, 400, "disabled first"},
		{"other properties of the api", http.MethodPatch, "/v1.0/applications/" + app, `{"api":{"requestedAccessTokenVersion":2}}`, 204, ""},
		{"a scope and more", http.MethodPatch, "/beta/policies/mobileDeviceManagementPolicies/" + scope, `{"appliesTo":"all","discoveryUrl":"https://a"}`, 400, "appliesTo"},
		{"a scope", http.MethodPatch, "/beta/policies/mobileDeviceManagementPolicies/" + scope, `{"appliesTo":"all"}`, 200, ""},
	} {
		r := ask(t, s, tt.method, tt.path, tt.body)
		if r.status != tt.status || !strings.Contains(r.text, tt.words) {
			t.Errorf("%s: %d %s, want %d with %q", tt.name, r.status, r.text, tt.status, tt.words)
		}
	}
	if body := string(s.Fake.Object("lifecycleWorkflows", workflow)); strings.Contains(body, `"d"`) || !strings.Contains(body, "joiner") {
		t.Errorf("a new version replaces the object, which is %s", body)
	}
	if body := string(s.Fake.Object("groups", static)); !strings.Contains(body, selected) {
		t.Errorf("the group of the policy is %s", body)
	}
}
