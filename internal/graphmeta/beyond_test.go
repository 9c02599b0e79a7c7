package graphmeta_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

func TestBeyondV1(t *testing.T) {
	for _, tt := range []struct {
		name, endpoint, body string
		want                 []string
	}{
		{"nothing", "/identity/conditionalAccess/policies", `{"displayName":"P","conditions":{"users":{"includeUsers":["All"]}}}`, nil},
		{"a property below", "/identity/conditionalAccess/policies", `{"conditions":{"agents":{"x":1},"agentIdRiskLevels":null,"platforms":{}}}`,
			[]string{"/conditions/agentIdRiskLevels", "/conditions/agents"}},
		{"what no version declares", "/identity/conditionalAccess/policies", `{"partialEnablementStrategy":"x","conditions":{"times":{}}}`, nil},
		{"a property of the object", "/groups", `{"displayName":"G","writebackConfiguration":{},"membershipRuleProcessingStatus":{}}`, []string{"/membershipRuleProcessingStatus"}},
		{"a property of elements", "/deviceManagement/deviceCompliancePolicies",
			`{"assignments":[{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"g","deviceAndAppManagementAssignmentFilterId":"f"}},{"target":{"deviceAndAppManagementAssignmentFilterType":"include"}}]}`,
			[]string{"/assignments/0/target/deviceAndAppManagementAssignmentFilterId", "/assignments/1/target/deviceAndAppManagementAssignmentFilterType"}},
		{"a type", "/deviceAppManagement/mobileApps", `{"@odata.type":"#microsoft.graph.winGetApp","packageIdentifier":"x"}`, []string{"/@odata.type"}},
		{"a type of both", "/deviceAppManagement/mobileApps", `{"@odata.type":"#microsoft.graph.webApp","appUrl":"x","roleScopeTagIds":[]}`, []string{"/roleScopeTagIds"}},
		{"a type of none", "/deviceAppManagement/mobileApps", `{"@odata.type":"#microsoft.graph.unheardOf","appUrl":"x"}`, nil},
		{"a property of a derived type that is not told", "/deviceManagement/deviceConfigurations", `{"omaSettings":[],"preSharedKey":"x"}`, []string{"/preSharedKey"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, ok := graphmeta.BeyondV1(tt.endpoint)
			if !ok {
				t.Fatal("there is nothing to compare")
			}
			var body map[string]any
			if err := json.Unmarshal([]byte(tt.body), &body); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, hit := range b.In(body) {
				got = append(got, hit.Path)
				if _, there := hit.Holder[hit.Name]; !there {
					t.Errorf("%s: the holder has no %s", hit.Path, hit.Name)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for _, endpoint := range []string{"/groupSettings", "/deviceManagement/configurationPolicies", "/nothing"} {
		if _, ok := graphmeta.BeyondV1(endpoint); ok {
			t.Errorf("%s is compared, and one version lacks it", endpoint)
		}
	}
}

func TestBeyondBelow(t *testing.T) {
	for _, tt := range []struct{ endpoint, property, want string }{
		{"/deviceManagement/deviceCompliancePolicies", "assignments", "/assignments/*/target/deviceAndAppManagementAssignmentFilterId"},
		{"/deviceManagement/deviceCompliancePolicies", "roleScopeTagIds", "/roleScopeTagIds"},
		{"/deviceManagement/deviceCompliancePolicies", "displayName", ""},
		{"/deviceManagement/deviceCompliancePolicies", "nothing", ""},
		{"/policies/authenticationStrengthPolicies", "allowedCombinations", ""},
	} {
		b, ok := graphmeta.BeyondV1(tt.endpoint)
		if !ok {
			t.Fatal(tt.endpoint)
		}
		skip := func(path string) bool { return strings.HasPrefix(path, "/assignments/*/source") }
		if got := b.Below(tt.property, skip); got != tt.want {
			t.Errorf("%s/%s: got %q, want %q", tt.endpoint, tt.property, got, tt.want)
		}
	}
}
