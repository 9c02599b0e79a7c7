package graph_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// changeCatalogue has a kind with a part whose action takes changes, and one that
// is created with a link.
func changeCatalogue() *catalogue.Catalogue {
	scopes := catalogue.Scopes{Delegated: [][]string{{"Some"}}}
	return &catalogue.Catalogue{Entries: []catalogue.Entry{{
		Kind: tenant.Kind{Name: "things", Create: true, Update: true, ReadOnly: []string{"/id", "/parts/*/id", "/parts/*/inner/*/id", "/parts/*/time"}, Sensitive: []string{"/parts/*/secret"},
			Parts: []tenant.Part{{Name: "parts", Path: "/parts"}}},
		Endpoint: "/things", Version: "v1.0", Read: scopes, Write: scopes,
		Requests: catalogue.Requests{Create: catalogue.Request{Bind: []catalogue.Bind{{Path: "/role", To: "/roles('{id}')"}, {Path: "/list/*/of/owner", To: "/owners/{/name}/kids/{id}"}}}},
		PartRequests: map[string]catalogue.PartRequest{"parts": {Action: "/change", Changes: &catalogue.Changes{Added: "plus", Updated: "change", Deleted: "minus", By: []string{"/key/a", "/key/b"},
			Within: []catalogue.Within{{Path: "/inner", By: []string{"/k"}}, {Path: "/deep/more", By: []string{"/k"}}}}}},
	}}}
}

func changeClient(t *testing.T) (*graph.Client, *[]string) {
	t.Helper()
	lines := new([]string)
	return newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
		cfg.Catalogue, cfg.Unproven = changeCatalogue(), []string{"*"}
		cfg.HTTPClient = &http.Client{Transport: &sent{next: &statusService{statuses: []int{http.StatusNoContent}}, lines: lines}}
	}), lines
}

// What changes of a collection goes in one request, with the ids that the tenant's
// members have; a member that loses one within it is removed before.
func TestChanges(t *testing.T) {
	const one, two, three = `"key":{"a":1,"b":1}`, `"key":{"a":1,"b":2}`, `"key":{"a":2,"b":1}`
	request := func(body string) string { return `POST /v1.0/things/1/change ` + body }
	for _, tt := range []struct {
		name, before, after string
		want                []string
	}{
		{"added, changed and removed", `[{"id":"x",` + one + `,"v":1},{"id":"y",` + two + `,"v":1}]`, `[{` + three + `,"v":1},{` + one + `,"v":2}]`,
			[]string{request(`{"change":[{"id":"x",` + one + `,"v":2}],"minus":["y"],"plus":[{` + three + `,"v":1}]}`)}},
		{"nothing", `[{"id":"x",` + one + `,"v":1,"time":1}]`, `[{` + one + `,"v":1,"time":2}]`, nil},
		{"another case", `[{"id":"x","key":{"a":"A","b":"b"},"v":1}]`, `[{"key":{"a":"a","b":"B"},"v":2}]`, []string{request(`{"change":[{"id":"x","key":{"a":"a","b":"B"},"v":2}],"minus":[],"plus":[]}`)}},
		{"none before", `null`, `[{` + one + `}]`, []string{request(`{"change":[],"minus":[],"plus":[{` + one + `}]}`)}},
		{"none after", `[{"id":"x",` + one + `},{"id":"y",` + two + `}]`, `[]`, []string{request(`{"change":[],"minus":["x","y"],"plus":[]}`)}},
		{"members within keep their ids", `[{"id":"x",` + one + `,"inner":[{"id":"1","k":"a"},{"id":"2","k":"b"}],"deep":{"more":[{"id":"3","k":"c"}]}}]`,
			`[{` + one + `,"inner":[{"k":"b","v":1},{"k":"c"},{"k":"a"}],"deep":{"more":[{"k":"c","v":2}]}}]`,
			[]string{request(`{"change":[{"deep":{"more":[{"id":"3","k":"c","v":2}]},"id":"x","inner":[{"id":"2","k":"b","v":1},{"k":"c"},{"id":"1","k":"a"}],` + one + `}],"minus":[],"plus":[]}`)}},
		{"a member that loses one within it", `[{"id":"x",` + one + `,"inner":[{"id":"1","k":"a"},{"id":"2","k":"b"}]},{"id":"y",` + two + `}]`, `[{` + one + `,"inner":[{"k":"b"}]},{` + two + `,"v":1}]`,
			[]string{request(`{"change":[],"minus":["x"],"plus":[]}`), request(`{"change":[{"id":"y",` + two + `,"v":1}],"minus":[],"plus":[{"inner":[{"k":"b"}],` + one + `}]}`)}},
		{"a member that loses all within it", `[{"id":"x",` + one + `,"deep":{"more":[{"id":"3","k":"c"}]}}]`, `[{` + one + `}]`,
			[]string{request(`{"change":[],"minus":["x"],"plus":[]}`), request(`{"change":[],"minus":[],"plus":[{` + one + `}]}`)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, lines := changeClient(t)
			_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "things", ID: "1", Part: "parts",
				Before: json.RawMessage(`{"parts":` + tt.before + `}`), Patch: json.RawMessage(`{"parts":` + tt.after + `}`)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, *lines); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// Changes that cannot be told or sent are refused before anything is.
func TestChangesRefused(t *testing.T) {
	for _, tt := range []struct{ name, before, after, want string }{
		{"the tenant's part is no array", `{}`, `[]`, `the part "parts" of the tenant's object is no array`},
		{"the file's part is no array", `[]`, `{}`, `the part "parts" is no array`},
		{"a removal of what shows no id", `[{"id":"x","key":{"a":1}},{"key":{"a":2}}]`, `[]`, "it shows no id"},
		{"what is made again shows no id", `[{"key":{"a":1},"inner":[{"k":"a"}]}]`, `[{"key":{"a":1}}]`, "it shows no id"},
		{"asterisks in what is added", `[]`, `[{"key":{"a":1}},{"key":{"a":2},"secret":"****"}]`, "asterisks"},
		{"asterisks in what changes", `[{"id":"x","key":{"a":1}}]`, `[{"key":{"a":1},"secret":"****"}]`, "asterisks"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, lines := changeClient(t)
			_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "things", ID: "1", Part: "parts",
				Before: json.RawMessage(`{"parts":` + tt.before + `}`), Patch: json.RawMessage(`{"parts":` + tt.after + `}`)})
			if tenant.ClassOf(err) != tenant.Invalid || !strings.Contains(err.Error(), tt.want) || len(*lines) > 0 {
				t.Errorf("got %v and %v, want %q and no request", err, *lines, tt.want)
			}
		})
	}
}

// References are written as links, wherever they stand; where there is none, there
// is no link.
func TestBinds(t *testing.T) {
	for _, tt := range []struct{ name, body, want, refused string }{
		{"a reference", `{"name":"n","role":{"id":"r/1"}}`, "", `the id "r/1" holds a slash`},
		{"an id that is escaped", `{"name":"n","role":{"id":"r 1","displayName":"R"}}`, `{"name":"n","role@odata.bind":"https://graph.example/v1.0/roles('r%201')"}`, ""},
		{"none", `{"name":"n"}`, `{"name":"n"}`, ""},
		{"null", `{"name":"n","role":null,"list":null}`, `{"list":null,"name":"n"}`, ""},
		{"references in a list", `{"name":"n","list":[{"of":{"owner":{"id":"1"}}},{"of":{}},{"v":1},{"of":{"owner":{"id":"2"}}}]}`,
			`{"list":[{"of":{"owner@odata.bind":"https://graph.example/v1.0/owners/n/kids/1"}},{"of":{}},{"v":1},{"of":{"owner@odata.bind":"https://graph.example/v1.0/owners/n/kids/2"}}],"name":"n"}`, ""},
		{"no id", `{"name":"n","role":{"displayName":"R"}}`, "", "role: the id"},
		{"no object", `{"name":"n","role":"r"}`, "", "role is no object"},
		{"no list", `{"name":"n","list":{"of":{}}}`, "", "cannot be written"},
		{"no text for the link", `{"list":[{"of":{"owner":{"id":"1"}}}]}`, "", "there is no text at /name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, lines := changeClient(t)
			_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "things", After: json.RawMessage(tt.body)})
			if tt.refused != "" {
				if tenant.ClassOf(err) != tenant.Invalid || !strings.Contains(err.Error(), tt.refused) || len(*lines) > 0 {
					t.Errorf("got %v and %v, want %q and no request", err, *lines, tt.refused)
				}
				return
			}
			if want := []string{"POST /v1.0/things " + tt.want}; err != nil || !cmp.Equal(want, *lines) {
				t.Errorf("got %v, %v, want %v", *lines, err, want)
			}
		})
	}
}
