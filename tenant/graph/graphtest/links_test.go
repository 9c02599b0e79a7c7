package graphtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// Links between objects are written as links: to objects that are there, at the
// version of the request, by the properties that have them.
func TestLinks(t *testing.T) {
	const assignments = "/beta/deviceManagement/roleAssignments"
	for _, tt := range []struct {
		name, body string
		status     int
		words      string
	}{
		{"a link", `{"displayName":"A","roleDefinition@odata.bind":"https://graph.example/beta/deviceManagement/roleDefinitions('ROLE')"}`, 201, ""},
		{"a link in the other form", `{"displayName":"A","roleDefinition@odata.bind":"https://graph.example/beta/deviceManagement/roleDefinitions/ROLE"}`, 201, ""},
		{"no link", `{"displayName":"A"}`, 400, "roleDefinition@odata.bind"},
		{"the object in place of the link", `{"displayName":"A","roleDefinition":{"id":"ROLE"}}`, 400, "set by a link"},
		{"a role that is not there", `{"displayName":"A","roleDefinition@odata.bind":"https://graph.example/beta/deviceManagement/roleDefinitions('none')"}`, 400, "does not exist"},
		{"an address elsewhere", `{"displayName":"A","roleDefinition@odata.bind":"https://other.example/beta/deviceManagement/roleDefinitions('ROLE')"}`, 400, "no address of this service"},
		{"another version", `{"displayName":"A","roleDefinition@odata.bind":"https://graph.example/v1.0/deviceManagement/roleDefinitions('ROLE')"}`, 400, "another version"},
		{"an address of nothing", `{"displayName":"A","roleDefinition@odata.bind":"https://graph.example/beta/deviceManagement/roles('ROLE')"}`, 400, "leads to no object"},
		{"a property without links", `{"displayName":"A","description@odata.bind":"https://graph.example/beta/deviceManagement/roleDefinitions('ROLE')"}`, 400, "cannot be bound"},
		{"a collection", `{"displayName":"A","roleScopeTags@odata.bind":"https://graph.example/beta/deviceManagement/roleDefinitions('ROLE')"}`, 400, "cannot be bound"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := graphtest.New(graphtest.Config{})
			role := s.Fake.Seed("intuneRoleDefinitions", `{"displayName":"R"}`)
			r := ask(t, s, http.MethodPost, assignments, strings.ReplaceAll(tt.body, "ROLE", role))
			if r.status != tt.status || !strings.Contains(r.text, tt.words) {
				t.Fatalf("%d %s, want %d and %q", r.status, r.text, tt.status, tt.words)
			}
			got := s.Fake.Objects("intuneRoleAssignments")
			if done := len(got) == 1 && strings.Contains(string(got[0].Body), `"roleDefinition":{"id":"`+role+`"}`); done != (tt.status == 201) {
				t.Errorf("the tenant has %+v", got)
			}
		})
	}
}

// definition is a setting of an administrative template as an action takes it.
func definition(id, rest string) string {
	return `{"definition@odata.bind":"https://graph.example/beta/deviceManagement/groupPolicyDefinitions('` + id + `')","enabled":true` + rest + `}`
}

// presentation is a value of such a setting.
func presentation(definition, id, value, rest string) string {
	return `{"@odata.type":"#microsoft.graph.groupPolicyPresentationValueText","value":"` + value + `","presentation@odata.bind":"https://graph.example/beta/deviceManagement/groupPolicyDefinitions('` + definition + `')/presentations('` + id + `')"` + rest + `}`
}

// An action that takes what changes adds, changes and removes what it names, and
// leaves the rest, also within a member that it changes.
func TestChangesOfACollection(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("groupPolicyConfigurations", `{"displayName":"T"}`)
	path := "/beta/deviceManagement/groupPolicyConfigurations/" + id
	update := func(body string) reply {
		return ask(t, s, http.MethodPost, path+"/updateDefinitionValues", body)
	}
	if r := update(`{"added":[` + definition("d1", `,"presentationValues":[`+presentation("d1", "p1", "a", "")+`,`+presentation("d1", "p2", "b", "")+`]`) + `,` + definition("d2", "") + `],"updated":[],"deletedIds":[]}`); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.text)
	}
	values := func() []any {
		list, _ := ask(t, s, http.MethodGet, path+"/definitionValues?$expand=definition", "").body["value"].([]any)
		return list
	}
	idOf := func(v any) string {
		id, _ := v.(map[string]any)["id"].(string)
		return id
	}
	all := values()
	if len(all) != 2 || all[0].(map[string]any)["presentationValues"] != nil {
		t.Fatalf("got %v, want two without their values", all)
	}
	inner := ask(t, s, http.MethodGet, path+"/definitionValues/"+idOf(all[0])+"/presentationValues?$expand=presentation", "")
	kids, _ := inner.body["value"].([]any)
	if len(kids) != 2 || !strings.Contains(inner.text, `"presentation":{"id":"p1"}`) {
		t.Fatalf("got %s, want two values", inner.text)
	}
	r := update(`{"added":[],"updated":[` + definition("d1", `,"id":"`+idOf(all[0])+`","presentationValues":[`+presentation("d1", "p1", "c", `,"id":"`+idOf(kids[0])+`"`)+`]`) + `],"deletedIds":["` + idOf(all[1]) + `"]}`)
	if r.status != 204 {
		t.Fatalf("%d %s", r.status, r.text)
	}
	if got := string(s.Fake.Object("groupPolicyConfigurations", id)); strings.Contains(got, "d2") || !strings.Contains(got, `"value":"c"`) || !strings.Contains(got, `"value":"b"`) || strings.Contains(got, `"value":"a"`) {
		t.Errorf("the tenant has %s", got)
	}
}

// Changes of what is not there, and parameters of another action, are refused.
func TestChangesAreRefused(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("groupPolicyConfigurations", `{"displayName":"T","definitionValues":[{"enabled":true,"definition":{"id":"d1"}}]}`)
	set := s.Fake.Seed("policySets", `{"displayName":"S"}`)
	template, sets := "/beta/deviceManagement/groupPolicyConfigurations/"+id, "/beta/deviceAppManagement/policySets/"+set
	for _, tt := range []struct{ name, path, body, words string }{
		{"a removal of nothing", template + "/updateDefinitionValues", `{"deletedIds":["none"]}`, "no member with the id 'none'"},
		{"a change of nothing", template + "/updateDefinitionValues", `{"updated":[` + definition("d1", `,"id":"none"`) + `]}`, "no member with the id 'none'"},
		{"one that is there", template + "/updateDefinitionValues", `{"added":[` + definition("d1", "") + `]}`, "there already"},
		{"one without its definition", template + "/updateDefinitionValues", `{"added":[{"enabled":true}]}`, "definition@odata.bind"},
		{"a definition that is no link", template + "/updateDefinitionValues", `{"added":[{"enabled":true,"definition":{"id":"d2"}}]}`, "set by a link"},
		{"a value without its presentation", template + "/updateDefinitionValues", `{"added":[` + definition("d2", `,"presentationValues":[{"@odata.type":"#microsoft.graph.groupPolicyPresentationValueText","value":"x"}]`) + `]}`, "presentation@odata.bind"},
		{"a value of another type", template + "/updateDefinitionValues", `{"added":[` + definition("d2", `,"@odata.type":"#microsoft.graph.policySet"`) + `]}`, "not assignable"},
		{"another parameter", template + "/updateDefinitionValues", `{"definitionValues":[]}`, "added, deletedIds, updated"},
		{"a parameter of another action", sets + "/update", `{"items":[]}`, "addedPolicySetItems, assignments, deletedPolicySetItems, updatedPolicySetItems"},
		{"an item of an abstract type", sets + "/update", `{"addedPolicySetItems":[{"payloadId":"x"}]}`, "abstract"},
		{"no body", sets + "/update", ``, "Empty Payload"},
	} {
		before := string(s.Fake.Object("groupPolicyConfigurations", id)) + string(s.Fake.Object("policySets", set))
		if r := ask(t, s, http.MethodPost, tt.path, tt.body); r.status != 400 || !strings.Contains(r.text, tt.words) {
			t.Errorf("%s: %d %s, want 400 and %q", tt.name, r.status, r.text, tt.words)
		}
		if after := string(s.Fake.Object("groupPolicyConfigurations", id)) + string(s.Fake.Object("policySets", set)); after != before {
			t.Errorf("%s: it was carried out: %s", tt.name, after)
		}
	}
	if r := ask(t, s, http.MethodGet, template+"/definitionValues/none/presentationValues", ""); r.status != 404 {
		t.Errorf("values of nothing: %d %s", r.status, r.text)
	}
}

// One request to an action that several collections share can change them all.
func TestActionsOfSeveralCollections(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	set, app := s.Fake.Seed("policySets", `{"displayName":"S"}`), s.Fake.Seed("mobileApps", `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"A"}`)
	r := ask(t, s, http.MethodPost, "/beta/deviceAppManagement/policySets/"+set+"/update", `{"addedPolicySetItems":[{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","payloadId":"`+app+`"}],"assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}]}`)
	got := string(s.Fake.Object("policySets", set))
	if r.status != 204 || !strings.Contains(got, `"payloadId":"`+app) || !strings.Contains(got, "allDevices") {
		t.Errorf("%d %s, the tenant has %s", r.status, r.text, got)
	}
}

// The locale of a message is fixed, and an image that is null has no content.
func TestIntuneHabits(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	template := s.Fake.Seed("notificationMessageTemplates", `{"displayName":"N","localizedNotificationMessages":[{"locale":"en-us","subject":"a"}]}`)
	path := "/beta/deviceManagement/notificationMessageTemplates/" + template + "/localizedNotificationMessages"
	list, _ := ask(t, s, http.MethodGet, path, "").body["value"].([]any)
	if len(list) != 1 {
		t.Fatalf("%d messages", len(list))
	}
	message := path + "/" + list[0].(map[string]any)["id"].(string)
	if r := ask(t, s, http.MethodPatch, message, `{"locale":"en-us","subject":"b"}`); r.status != 400 || !strings.Contains(r.text, "locale") {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := ask(t, s, http.MethodPatch, message, `{"subject":"b"}`); r.status != 204 {
		t.Errorf("%d %s", r.status, r.text)
	}
	profile := s.Fake.Seed("intuneBrandingProfiles", `{"profileName":"B","themeColorLogo":{"type":"image/png","value":"AAAA"}}`)
	for name, status := range map[string]int{"themeColorLogo": 200, "lightBackgroundLogo": 204, "lightBackgroundLogo/$count": 404} {
		if r := ask(t, s, http.MethodGet, "/beta/deviceManagement/intuneBrandingProfiles/"+profile+"/"+name, ""); r.status != status {
			t.Errorf("%s: %d %s, want %d", name, r.status, r.text, status)
		}
	}
}
