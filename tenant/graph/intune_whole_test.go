package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

func entryOf(t *testing.T, kind string) catalogue.Entry {
	t.Helper()
	e, ok := catalogue.Default().Entry(kind)
	if !ok {
		t.Fatalf("the catalogue has no %s", kind)
	}
	return e
}

// template is an administrative template with two settings.
const template = `{"displayName":"Edge","definitionValues":[
	{"enabled":true,"definition":{"id":"d1"},"presentationValues":[
		{"@odata.type":"#microsoft.graph.groupPolicyPresentationValueText","value":"a","presentation":{"id":"p1"}},
		{"@odata.type":"#microsoft.graph.groupPolicyPresentationValueBoolean","value":true,"presentation":{"id":"p2"}}]},
	{"enabled":false,"definition":{"id":"d2"}}]}`

// Objects are read with what their own bodies lack.
func TestIntuneObjectsAreWhole(t *testing.T) {
	server := graphtest.New(graphtest.Config{PageSize: 1})
	role := server.Fake.Seed("intuneRoleDefinitions", `{"displayName":"Helpdesk"}`)
	category := server.Fake.Seed("mobileAppCategories", `{"displayName":"Business"}`)
	group := server.Fake.Seed("groups", `{"displayName":"Staff"}`)
	app := `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"A","categories":["` + category + `"]}`
	for _, tt := range []struct{ kind, object, pattern string }{
		{"groupPolicyConfigurations", template, `"definitionValues":\[\{"definition":\{"id":"d1"\},"enabled":true,"id":"[^"]+","presentationValues":\[` +
			`\{"@odata.type":"#microsoft.graph.groupPolicyPresentationValueText","id":"[^"]+","presentation":\{"id":"p1"\},"value":"a"\},` +
			`\{"@odata.type":"#microsoft.graph.groupPolicyPresentationValueBoolean","id":"[^"]+","presentation":\{"id":"p2"\},"value":true\}\]\},` +
			`\{"definition":\{"id":"d2"\},"enabled":false,"id":"[^"]+","presentationValues":\[\]\}\]`},
		{"intents", `{"displayName":"I","templateId":"t","settings":[{"@odata.type":"#microsoft.graph.deviceManagementBooleanSettingInstance","definitionId":"d","valueJson":"true"}]}`, `"settings":\[\{.*"valueJson":"true"`},
		{"policySets", `{"displayName":"S","items":[{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","payloadId":"x"}],"assignments":[{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"` + group + `"}}]}`,
			`"assignments":\[\{.*` + group + `.*"items":\[\{.*"payloadId":"x"`},
		{"intuneRoleAssignments", `{"displayName":"H","roleDefinition":{"id":"` + role + `"}}`, `"roleDefinition":\{"id":"` + role + `"\}`},
		{"roleScopeTags", `{"displayName":"T","assignments":[{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"` + group + `"}}]}`, `"assignments":\[\{.*` + group},
		{"mobileApps", app, `"categories":\["` + category + `"\]`},
		{"intuneBrandingProfiles", `{"profileName":"B","themeColorLogo":{"type":"image/png","value":"AAAA"}}`, `"themeColorLogo":\{"type":"image/png","value":"AAAA"\}`},
		{"depOnboardingSettings", `{"tokenName":"D","enrollmentProfiles":[{"@odata.type":"#microsoft.graph.depIOSEnrollmentProfile","displayName":"P"}]}`, `"enrollmentProfiles":\[\{.*"displayName":"P"`},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			id := server.Fake.Seed(tt.kind, tt.object)
			c := newClient(t, server, nil)
			res, err := c.Get(t.Context(), tenant.GetRequest{Kind: tt.kind, ID: id})
			if err != nil {
				t.Fatal(err)
			}
			if got := sortedJSON(t, res.Body); !regexp.MustCompile(tt.pattern).MatchString(got) {
				t.Errorf("got %s, want it to match %s", got, tt.pattern)
			}
			var listed json.RawMessage
			if _, err := c.Read(t.Context(), tenant.ReadRequest{Kind: tt.kind, All: true}, func(r tenant.Resource) error {
				if r.ID == id {
					listed = r.Body
				}
				return nil
			}); err != nil || sortedJSON(t, listed) != sortedJSON(t, res.Body) {
				t.Errorf("listed as %s (%v), read by id as %s", listed, err, res.Body)
			}
		})
	}
}

// An image that a profile does not have is a property without value, and no error.
func TestImagesThatAreNull(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	id := server.Fake.Seed("intuneBrandingProfiles", `{"profileName":"B","landingPageCustomizedImage":{"type":"image/png","value":"AAAA"}}`)
	res, err := newClient(t, server, nil).Get(t.Context(), tenant.GetRequest{Kind: "intuneBrandingProfiles", ID: id})
	if err != nil || strings.Contains(string(res.Body), "Logo") || !strings.Contains(string(res.Body), "landingPageCustomizedImage") {
		t.Errorf("got %s, %v", res.Body, err)
	}
	statuses := map[int]int{}
	for _, r := range server.Requests() {
		if r.Inner && strings.Contains(r.Path, "Logo") {
			statuses[r.Status]++
		}
	}
	if statuses[http.StatusNoContent] != 2 {
		t.Errorf("answers %v, want 204 twice", statuses)
	}
}

// Lists of reusable settings show the setting only if it is selected.
func TestReusableSettingsAreSelected(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	id := server.Fake.Seed("reusablePolicySettings", `{"displayName":"R","settingDefinitionId":"d","settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance","settingDefinitionId":"d"}}`)
	c := newClient(t, server, nil)
	if _, err := c.Get(t.Context(), tenant.GetRequest{Kind: "reusablePolicySettings", ID: id}); err != nil {
		t.Fatal(err)
	}
	if ids, res := readAll(t, c, "reusablePolicySettings"); len(ids) != 1 || res.Completeness != tenant.Complete {
		t.Fatalf("read %v, %+v", ids, res)
	}
	for _, r := range server.Requests() {
		if !strings.Contains(r.Path, "settingInstance") {
			t.Errorf("%s does not select the setting", r.Path)
		}
	}
}

// What is read whole is written whole: by requests that carry references as
// links, and only what changes.
func TestIntunePartsAreWritten(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	role := server.Fake.Seed("intuneRoleDefinitions", `{"displayName":"Helpdesk"}`)
	old, fresh := server.Fake.Seed("mobileAppCategories", `{"displayName":"Old"}`), server.Fake.Seed("mobileAppCategories", `{"displayName":"New"}`)
	policy := server.Fake.Seed("groupPolicyConfigurations", template)
	var apps [3]string
	for i := range apps {
		apps[i] = server.Fake.Seed("mobileApps", fmt.Sprintf(`{"@odata.type":"#microsoft.graph.winGetApp","displayName":"App %d"}`, i))
	}
	item := func(app, intent string) string {
		return `{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","intent":"` + intent + `","payloadId":"` + app + `"}`
	}
	set := server.Fake.Seed("policySets", `{"displayName":"S","items":[`+item(apps[0], "required")+`,`+item(apps[1], "required")+`]}`)
	app := server.Fake.Seed("mobileApps", `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"A","categories":["`+old+`"]}`)
	linux := server.Fake.Seed("compliancePolicies", `{"name":"L","platforms":"linux","technologies":"linuxMdm","settings":[],"scheduledActionsForRule":[]}`)
	c, lines := writer(t, server, nil)
	body := func(kind, id string) json.RawMessage {
		res, err := c.Get(t.Context(), tenant.GetRequest{Kind: kind, ID: id})
		if err != nil {
			t.Fatal(err)
		}
		return res.Body
	}
	const (
		definitions = `https://graph.example/beta/deviceManagement/groupPolicyDefinitions('`
		text        = `"@odata.type":"#microsoft.graph.groupPolicyPresentationValueText"`
	)
	ids := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	named := map[string]string{role: "ROLE", old: "OLD", fresh: "NEW", policy: "POLICY", set: "SET", app: "APP", linux: "LINUX", apps[0]: "A", apps[2]: "C"}
	for _, tt := range []struct {
		name string
		op   tenant.Operation
		want []string
		has  []string // in the object, after it
	}{
		{"a role assignment is bound to its role", tenant.Operation{Verb: tenant.Create, Kind: "intuneRoleAssignments", After: json.RawMessage(`{"displayName":"H","members":[],"roleDefinition":{"id":"` + role + `"}}`)},
			[]string{`POST /beta/deviceManagement/roleAssignments {"displayName":"H","members":[],"roleDefinition@odata.bind":"https://graph.example/beta/deviceManagement/roleDefinitions('ROLE')"}`}, []string{`"roleDefinition":{"id":"` + role}},
		{"settings of a template that change", tenant.Operation{Verb: tenant.Update, Kind: "groupPolicyConfigurations", ID: policy, Part: "definitionValues",
			Patch: json.RawMessage(`{"definitionValues":[{"enabled":true,"definition":{"id":"d1"},"presentationValues":[{` + text + `,"value":"b","presentation":{"id":"p1"}},{"@odata.type":"#microsoft.graph.groupPolicyPresentationValueBoolean","value":true,"presentation":{"id":"p2"}}]},{"enabled":true,"definition":{"id":"d3"},"presentationValues":[{` + text + `,"value":"c","presentation":{"id":"p3"}}]}]}`)},
			[]string{`POST /beta/deviceManagement/groupPolicyConfigurations/POLICY/updateDefinitionValues {"added":[{"definition@odata.bind":"` + definitions + `d3')","enabled":true,"presentationValues":[{` + text + `,"presentation@odata.bind":"` + definitions + `d3')/presentations('p3')","value":"c"}]}],` +
				`"deletedIds":["ID"],"updated":[{"definition@odata.bind":"` + definitions + `d1')","enabled":true,"id":"ID","presentationValues":[{` + text + `,"id":"ID","presentation@odata.bind":"` + definitions + `d1')/presentations('p1')","value":"b"},` +
				`{"@odata.type":"#microsoft.graph.groupPolicyPresentationValueBoolean","id":"ID","presentation@odata.bind":"` + definitions + `d1')/presentations('p2')","value":true}]}]}`}, []string{`"value":"b"`, `"d3"`, `"p3"`}},
		{"a setting that loses a value is made again", tenant.Operation{Verb: tenant.Update, Kind: "groupPolicyConfigurations", ID: policy, Part: "definitionValues",
			Patch: json.RawMessage(`{"definitionValues":[{"enabled":true,"definition":{"id":"d1"},"presentationValues":[{` + text + `,"value":"b","presentation":{"id":"p1"}}]},{"enabled":true,"definition":{"id":"d3"},"presentationValues":[{` + text + `,"value":"c","presentation":{"id":"p3"}}]}]}`)},
			[]string{`POST /beta/deviceManagement/groupPolicyConfigurations/POLICY/updateDefinitionValues {"added":[],"deletedIds":["ID"],"updated":[]}`,
				`POST /beta/deviceManagement/groupPolicyConfigurations/POLICY/updateDefinitionValues {"added":[{"definition@odata.bind":"` + definitions + `d1')","enabled":true,"presentationValues":[{` + text + `,"presentation@odata.bind":"` + definitions + `d1')/presentations('p1')","value":"b"}]}],"deletedIds":[],"updated":[]}`},
			[]string{`"p1"`, `"d3"`}},
		{"no setting that changes", tenant.Operation{Verb: tenant.Update, Kind: "groupPolicyConfigurations", ID: policy, Part: "definitionValues",
			Patch: json.RawMessage(`{"definitionValues":[{"enabled":true,"definition":{"id":"d3"},"presentationValues":[{` + text + `,"value":"c","presentation":{"id":"p3"}}]},{"enabled":true,"definition":{"id":"d1"},"presentationValues":[{` + text + `,"value":"b","presentation":{"id":"p1"}}]}]}`)}, nil, nil},
		{"items of a policy set", tenant.Operation{Verb: tenant.Update, Kind: "policySets", ID: set, Part: "items",
			Patch: json.RawMessage(`{"items":[` + item(apps[0], "available") + `,` + item(apps[2], "required") + `]}`)},
			[]string{`POST /beta/deviceAppManagement/policySets/SET/update {"addedPolicySetItems":[{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","intent":"required","payloadId":"C"}],"deletedPolicySetItems":["ID"],` +
				`"updatedPolicySetItems":[{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","id":"ID","intent":"available","payloadId":"A"}]}`}, []string{`"available"`, `"payloadId":"` + apps[2]}},
		{"assignments of a policy set", tenant.Operation{Verb: tenant.Update, Kind: "policySets", ID: set, Part: "assignments", Patch: json.RawMessage(`{"assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}]}`)},
			[]string{`POST /beta/deviceAppManagement/policySets/SET/update {"assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}]}`}, []string{`allDevicesAssignmentTarget`, `"payloadId":"` + apps[2]}},
		{"categories of an app", tenant.Operation{Verb: tenant.Update, Kind: "mobileApps", ID: app, Part: "categories", Patch: json.RawMessage(`{"categories":["` + fresh + `"]}`)},
			[]string{`POST /beta/deviceAppManagement/mobileApps/APP/categories/$ref {"@odata.id":"https://graph.example/beta/deviceAppManagement/mobileAppCategories/NEW"}`,
				`DELETE /beta/deviceAppManagement/mobileApps/APP/categories/OLD/$ref`}, []string{`"categories":["` + fresh + `"]`}},
		{"scheduled actions of Linux compliance", tenant.Operation{Verb: tenant.Update, Kind: "compliancePolicies", ID: linux, Part: "scheduledActions", Patch: json.RawMessage(`{"scheduledActionsForRule":[{"scheduledActionConfigurations":[{"actionType":"block"}]}]}`)},
			[]string{`POST /beta/deviceManagement/compliancePolicies/LINUX/setScheduledActions {"scheduledActions":[{"scheduledActionConfigurations":[{"actionType":"block"}]}]}`}, []string{`"block"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.op.ID != "" {
				tt.op.Before = body(tt.op.Kind, tt.op.ID)
			}
			*lines = nil
			got, err := c.Apply(t.Context(), tt.op)
			if err != nil {
				t.Fatal(err)
			}
			var sent []string
			for _, line := range *lines {
				path, content, _ := strings.Cut(line, " {")
				if content != "" {
					content = " " + sortedJSON(t, []byte("{"+content))
				}
				sent = append(sent, ids.ReplaceAllStringFunc(path+content, func(id string) string {
					if name, ok := named[id]; ok {
						return name
					}
					return "ID"
				}))
			}
			if d := cmp.Diff(tt.want, sent); d != "" {
				t.Errorf("sent (-want +got)\n%s", d)
			}
			after := sortedJSON(t, body(tt.op.Kind, got.Resource.ID))
			if !slices.ContainsFunc(tt.has, func(text string) bool { return !strings.Contains(after, text) }) {
				return
			}
			t.Errorf("the object is %s, want it to have %v", after, tt.has)
		})
	}
}
