package graphtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// Each form is answered in its own way and no other, of one object, in lists, of
// what is below an object and of what is expanded; what is stored stays.
func TestForms(t *testing.T) {
	const (
		policy = `{"displayName":"All of 2026-03-01T00:00:00Z","state":"disabled","createdDateTime":"2026-03-01T00:00:00Z",
			"conditions":{"clientAppTypes":["all","browser"],"insiderRiskLevels":"minor,moderate",
			"users":{"includeUsers":["all"],"excludeUsers":[],"includeRoles":["62e90394-69f5-4237-9190-012177145e10"]}},"grantControls":null}`
		catalog = `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[{"settingInstance":{"settingDefinitionId":"a"}},{"settingInstance":{"settingDefinitionId":"b"}}],
			"assignments":[{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"62e90394-69f5-4237-9190-012177145e10"}}]}`
	)
	tests := []struct {
		name  string
		forms graphtest.Forms
		// shown and hidden are texts of the answer for the policy, below and expanded
		// those of the answers for the catalogue policy's parts.
		shown, hidden, below, expanded []string
	}{
		{"none", graphtest.Forms{}, []string{`"state":"disabled"`, `"minor,moderate"`, `"all","browser"`, `62e90394`, `:00Z"`, `"excludeUsers":[]`}, []string{`OfALater`, `.0000000`},
			[]string{`62e90394`}, []string{`62e90394`}},
		{"case", graphtest.Forms{Case: true}, []string{`"state":"Disabled"`, `"Minor,moderate"`, `"All","Browser"`, `"includeUsers":["All"]`, `"displayName":"All of 2026`}, []string{`"state":"disabled"`}, nil, nil},
		{"undeclared", graphtest.Forms{Case: true, Undeclared: true}, []string{`"state":"Disabled"`, `"displayName":"All of 2026`}, []string{`"state":"disabled"`}, nil, nil},
		{"order", graphtest.Forms{Order: true}, []string{`"moderate,minor"`, `"browser","all"`, `"state":"disabled"`}, []string{`"minor,moderate"`}, nil, nil},
		{"nulls", graphtest.Forms{Nulls: true}, []string{`"propertyOfALaterRelease":null`, `"excludeUsers":null`, `"grantControls":null`}, []string{`"excludeUsers":[]`},
			[]string{`"propertyOfALaterRelease":null`}, []string{`"propertyOfALaterRelease":null`}},
		{"defaults", graphtest.Forms{Defaults: true}, nil, nil, []string{`"deviceAndAppManagementAssignmentFilterType":"none"`}, []string{`"deviceAndAppManagementAssignmentFilterType":"none"`}},
		{"dates", graphtest.Forms{Dates: true}, []string{`"createdDateTime":"2026-03-01T00:00:00.0000000Z"`, `"displayName":"All of 2026-03-01T00:00:00Z"`}, []string{`"createdDateTime":"2026-03-01T00:00:00Z"`}, nil, nil},
		{"ids", graphtest.Forms{IDs: true}, []string{`62E90394-69F5-4237-9190-012177145E10`}, []string{`62e90394`}, []string{`62E90394`}, []string{`62E90394`}},
	}
	for _, tt := range tests {
		s := graphtest.New(graphtest.Config{Forms: tt.forms})
		id := s.Fake.Seed("conditionalAccessPolicies", policy)
		stored := string(s.Fake.Object("conditionalAccessPolicies", id))
		other := s.Fake.Seed("configurationPolicies", catalog)
		s.Fake.Seed("authenticationMethodConfigurations", `{"@odata.type":"#microsoft.graph.smsAuthenticationMethodConfiguration","id":"Sms","state":"enabled"}`)
		const config = "/beta/deviceManagement/configurationPolicies/"
		check := func(path string, shown, hidden []string) {
			t.Helper()
			r := ask(t, s, http.MethodGet, path, "")
			for _, text := range shown {
				if r.status != 200 || !strings.Contains(r.text, text) {
					t.Errorf("%s: %s lacks %s: %s", tt.name, path, text, r.text)
				}
			}
			for _, text := range hidden {
				if strings.Contains(r.text, text) {
					t.Errorf("%s: %s has %s: %s", tt.name, path, text, r.text)
				}
			}
		}
		ca := strings.Replace(policies, "v1.0", "beta", 1)
		check(ca, tt.shown, tt.hidden)
		check(ca+"/"+id, tt.shown, tt.hidden)
		check(ca+"/"+strings.ToUpper(id), tt.shown, tt.hidden) // an id that was answered leads to its object
		check(config+other+"/assignments", tt.below, nil)
		check(config+other+"?$expand=assignments", tt.expanded, nil)
		if tt.forms.Order {
			if r := ask(t, s, http.MethodGet, config+other+"/settings", ""); strings.Index(r.text, `"b"`) > strings.Index(r.text, `"a"`) {
				t.Errorf("the settings are in their order: %s", r.text)
			}
		}
		if r := ask(t, s, http.MethodGet, "/beta/policies/authenticationMethodsPolicy/authenticationMethodConfigurations", ""); tt.forms.Undeclared != strings.Contains(r.text, `"state":"Enabled"`) {
			t.Errorf("%s: what only the metadata calls an enumeration: %s", tt.name, r.text)
		}
		if now := string(s.Fake.Object("conditionalAccessPolicies", id)); now != stored {
			t.Errorf("%s: stored is %s, want %s", tt.name, now, stored)
		}
		s.Spell(graphtest.Forms{})
		check(ca+"/"+id, tests[0].shown, tests[0].hidden)
	}
}
