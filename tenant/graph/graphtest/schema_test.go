package graphtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// Bodies and queries that Microsoft's metadata does not know at the version are
// refused. A preview's properties and types pass where the test says so; values of
// the wrong type, and of abstract types, do not.
func TestMetadataIsHeld(t *testing.T) {
	const (
		rings   = "/beta/deviceManagement/deviceConfigurations"
		ring    = `{"@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","displayName":"R"`
		beta    = "/beta/identity/conditionalAccess/policies"
		preview = true
	)
	tests := []struct {
		name, method, path, body string
		words                    string // of the refusal; "" is taken
		preview                  bool   // it passes as a preview
	}{
		{"a policy", http.MethodPost, policies, `{"displayName":"P","state":"disabled","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}}}`, "", false},
		{"an unknown property", http.MethodPost, policies, `{"displayName":"P","state":"disabled","conditions":{},"stat":"disabled"}`, "Could not find a property named 'stat' on type 'microsoft.graph.conditionalAccessPolicy'", preview},
		{"a property in another case", http.MethodPost, policies, `{"DisplayName":"P","state":"disabled","conditions":{}}`, "'DisplayName'", preview},
		{"an unknown property within", http.MethodPost, policies, `{"displayName":"P","state":"disabled","conditions":{"users":{"includeUser":["All"]}}}`, "'includeUser' on type 'microsoft.graph.conditionalAccessUsers'", preview},
		{"an unknown property of a change", http.MethodPatch, policies + "/POLICY", `{"stat":"x"}`, "'stat' on type 'microsoft.graph.conditionalAccessPolicy'", preview},
		{"a property of beta at v1.0", http.MethodPost, policies, `{"displayName":"P","conditions":{"agentIdRiskLevels":"high"}}`, "'agentIdRiskLevels' does not exist", false},
		{"a property of beta", http.MethodPost, beta, `{"displayName":"P","state":"disabled","conditions":{"agentIdRiskLevels":"high"}}`, "", false},
		{"an open type, of queries", http.MethodGet, groups + query("$filter=extension_0123_costCentre eq '5'"), "", "", false},
		{"an open type", http.MethodPost, "/v1.0/servicePrincipals", `{"appId":"a","displayName":"S","customSecurityAttributes":{"Engineering":{"@odata.type":"#microsoft.graph.customSecurityAttributeValue","Project":"A"}}}`, "", false},

		{"a type", http.MethodPost, rings, ring + `,"installationSchedule":{"@odata.type":"#microsoft.graph.windowsUpdateActiveHoursInstall","activeHoursStart":"08:00:00.0000000"}}`, "", false},
		{"an abstract type", http.MethodPost, rings, `{"displayName":"R"}`, "Cannot create an abstract class: 'microsoft.graph.deviceConfiguration'", false},
		{"an abstract value", http.MethodPost, rings, ring + `,"installationSchedule":{"activeHoursStart":"08:00:00.0000000"}}`, "Cannot create an abstract class: 'microsoft.graph.windowsUpdateInstallScheduleType'", false},
		{"a named abstract type", http.MethodPost, rings, `{"@odata.type":"#microsoft.graph.deviceConfiguration","displayName":"R"}`, "Cannot create an abstract class", false},
		{"an unknown type", http.MethodPost, rings, `{"@odata.type":"#microsoft.graph.windowsConfigurationOfTomorrow","displayName":"R"}`, "'microsoft.graph.windowsConfigurationOfTomorrow' could not be resolved", preview},
		{"a type of another kind", http.MethodPost, rings, `{"@odata.type":"#microsoft.graph.windows10CompliancePolicy","displayName":"R"}`, "not assignable to the expected type 'microsoft.graph.deviceConfiguration'", false},
		{"a property of another type", http.MethodPost, rings, ring + `,"kioskModeAppStoreUrl":"x"}`, "'kioskModeAppStoreUrl'", preview},

		{"a text for a truth", http.MethodPost, groups, `{"displayName":"G","mailEnabled":"false"}`, "Cannot convert the literal 'false' to the expected type 'Edm.Boolean'", false},
		{"a number for a text", http.MethodPost, groups, `{"displayName":5}`, "'Edm.String'", false},
		{"a truth for a text", http.MethodPost, groups, `{"displayName":true}`, "'Edm.String'", false},
		{"a list for a text", http.MethodPost, groups, `{"displayName":["G"]}`, "'displayName' is no collection", false},
		{"an object for a text", http.MethodPost, groups, `{"displayName":{"a":1}}`, "An object was found", false},
		{"an object for a list", http.MethodPost, groups, `{"displayName":"G","groupTypes":{"a":1}}`, "An object was found", false},
		{"a number in a list of texts", http.MethodPost, groups, `{"displayName":"G","groupTypes":["Unified",5]}`, "'Edm.String'", false},
		{"null", http.MethodPost, groups, `{"displayName":"G","mailEnabled":false,"mailNickname":"g","securityEnabled":true,"description":null}`, "", false},

		{"a part", http.MethodPost, rings + "/RING/assign", `{"assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}]}`, "", false},
		{"an unknown property of a part", http.MethodPost, rings + "/RING/assign", `{"assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget","groupid":"x"}}]}`, "'groupid'", preview},
		{"an unknown type of a part", http.MethodPost, rings + "/RING/assign", `{"assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesTarget"}}]}`, "could not be resolved", preview},

		{"a selected property", http.MethodGet, groups + query("$select=displayname,membershipRule"), "", "", false},
		{"an unknown selected property", http.MethodGet, policies + query("$select=id,name"), "", "'name' on type 'microsoft.graph.conditionalAccessPolicy'", preview},
		{"an unknown property of an object", http.MethodGet, policies + "/POLICY" + query("$select=name"), "", "'name'", preview},
		{"an unknown property in a filter", http.MethodGet, policies + query("$filter=displayName eq 'x' or nme eq 'y'"), "", "'nme'", preview},
		{"an unknown property of an order", http.MethodGet, rings + query("$orderby=displayName,nme"), "", "'nme'", preview},
		{"a property of a derived type", http.MethodGet, rings + query("$select=qualityUpdatesPaused"), "", "", false},
		{"all properties", http.MethodGet, rings + query("$select=*"), "", "", false},
	}
	for _, previews := range []bool{false, true} {
		s := graphtest.New(graphtest.Config{Previews: previews})
		id := s.Fake.Seed("conditionalAccessPolicies", `{"displayName":"P"}`)
		seeded := s.Fake.Seed("deviceConfigurations", ring+`}`)
		for _, tt := range tests {
			r := send(t, s, tt.method, strings.NewReplacer("POLICY", id, "RING", seeded).Replace(tt.path), tt.body, nil)
			refused := tt.words != "" && !(previews && tt.preview)
			if !refused && r.status >= 300 {
				t.Errorf("%s, previews %v: %d %s, want it to be taken", tt.name, previews, r.status, r.text)
			}
			if refused && (r.status != 400 || r.errorCode(t) != "BadRequest" || !strings.Contains(r.text, tt.words)) {
				t.Errorf("%s, previews %v: %d %s, want 400 BadRequest with %q", tt.name, previews, r.status, r.text, tt.words)
			}
		}
	}
}

// Some properties of groups go in a request of their own, which answers with the
// group.
func TestPropertiesThatGoAlone(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	object := groups + "/" + s.Fake.Seed("groups", `{"displayName":"G","description":"was","groupTypes":["Unified"],"allowExternalSenders":false}`)
	for _, tt := range []struct {
		body   string
		status int
	}{
		{`{"description":"is","allowExternalSenders":true}`, 400}, {`{"hideFromAddressLists":true,"visibility":"Private"}`, 400},
		{`{"allowExternalSenders":true,"hideFromOutlookClients":true}`, 200}, {`{"@odata.type":"#microsoft.graph.group","autoSubscribeNewMembers":true}`, 200}, {`{"displayName":"H"}`, 204},
	} {
		r := ask(t, s, http.MethodPatch, object, tt.body)
		if r.status != tt.status || r.status == 400 && r.errorCode(t) != "BadRequest" || (r.status == 200) != (r.id() != "") {
			t.Errorf("%s: %d %s, want %d", tt.body, r.status, r.text, tt.status)
		}
	}
	if r := ask(t, s, http.MethodGet, object+"?$select=description,displayName,allowExternalSenders", ""); r.body["description"] != "was" || r.body["allowExternalSenders"] != true || r.body["displayName"] != "H" {
		t.Errorf("the group becomes %s", r.text)
	}
	if r := ask(t, s, http.MethodGet, object, ""); r.body["allowExternalSenders"] != nil || r.body["displayName"] != "H" {
		t.Errorf("what is shown on $select only is shown without it: %s", r.text)
	}
	if r := ask(t, s, http.MethodGet, groups+"/"+s.Fake.Seed("groups", `{"displayName":"Security"}`)+"?$select=allowExternalSenders", ""); r.status != 404 {
		t.Errorf("a group without a mailbox: %d %s, want 404", r.status, r.text)
	}
	if r := ask(t, s, http.MethodPost, groups, `{"displayName":"N","mailEnabled":true,"mailNickname":"n","securityEnabled":false,"allowExternalSenders":true}`); r.status != 201 {
		t.Errorf("a new group: %d %s", r.status, r.text)
	}
}
