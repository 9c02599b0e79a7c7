package graphtest_test

import (
	"net/http"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// Some properties are in an answer only where the query names them: of one object, of
// a list, and of a change.
func TestPropertiesShownOnSelect(t *testing.T) {
	const connections = "/beta/deviceManagement/virtualEndpoint/onPremisesConnections"
	for _, tt := range []struct{ kind, path, property, value string }{
		{"groups", groups, "assignedLabels", `[{"labelId":"l"}]`},
		{"groups", groups, "isManagementRestricted", `true`},
		{"groups", groups, "licenseProcessingState", `{"state":"x"}`},
		{"servicePrincipals", "/v1.0/servicePrincipals", "customSecurityAttributes", `{"E":{"@odata.type":"#microsoft.graph.customSecurityAttributeValue","P":"a"}}`},
		{"cloudPcOnPremisesConnections", connections, "alternateResourceUrl", `"u"`},
		{"cloudPcOnPremisesConnections", connections, "healthCheckStatusDetail", `{"startDateTime":"2026-01-01T00:00:00Z"}`},
		{"cloudPcOnPremisesConnections", connections, "healthCheckStatusDetails", `{"startDateTime":"2026-01-01T00:00:00Z"}`},
		{"cloudPcOnPremisesConnections", connections, "inUse", `true`},
	} {
		t.Run(tt.kind+" "+tt.property, func(t *testing.T) {
			s := graphtest.New(graphtest.Config{})
			id := s.Fake.Seed(tt.kind, `{"displayName":"A","`+tt.property+`":`+tt.value+`}`)
			item := func(body map[string]any) map[string]any {
				all, _ := body["value"].([]any)
				if len(all) != 1 {
					t.Fatalf("the list is %v", body)
				}
				return all[0].(map[string]any)
			}
			for query, shows := range map[string]bool{"": false, "?$select=id,displayName": false, "?$select=*": false, "?$select=id," + tt.property: true} {
				one := ask(t, s, http.MethodGet, tt.path+"/"+id+query, "")
				if has := one.body[tt.property] != nil; one.status != 200 || has != shows {
					t.Errorf("one object, %q: %d %s", query, one.status, one.text)
				}
				list := ask(t, s, http.MethodGet, tt.path+query, "")
				if has := item(list.body)[tt.property] != nil; has != shows {
					t.Errorf("a list, %q: %d %s", query, list.status, list.text)
				}
			}
			if r := ask(t, s, http.MethodPatch, tt.path+"/"+id, `{"displayName":"B"}`); r.status >= 300 || r.body[tt.property] != nil {
				t.Errorf("a change: %d %s", r.status, r.text)
			}
		})
	}
}
