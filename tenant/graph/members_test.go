package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// statusService is a service that answers each request with the next of the
// statuses, and with the last of them when these are used up.
type statusService struct {
	statuses []int
	requests int
}

func (a *statusService) RoundTrip(r *http.Request) (*http.Response, error) {
	status := a.statuses[min(a.requests, len(a.statuses)-1)]
	a.requests++
	w := httptest.NewRecorder()
	w.Header().Set("Request-Id", fmt.Sprintf("request %d", a.requests))
	w.WriteHeader(status)
	res := w.Result()
	res.Request = r
	return res, nil
}

// memberCatalogue has a kind with members that are written in each way: as
// references, as whole values, and by a property that names them.
func memberCatalogue() *catalogue.Catalogue {
	scopes := catalogue.Scopes{Delegated: [][]string{{"Some"}}}
	return &catalogue.Catalogue{Entries: []catalogue.Entry{{
		Kind: tenant.Kind{Name: "things", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id", "/named/*/id", "/named/*/time"},
			Parts: []tenant.Part{{Name: "owners", Path: "/owners"}, {Name: "values", Path: "/values"}, {Name: "named", Path: "/named"}, {Name: "added", Path: "/added"}}},
		Endpoint: "/things", Version: "v1.0", Read: scopes, Write: scopes,
		PartRequests: map[string]catalogue.PartRequest{
			"owners": {Each: &catalogue.Each{Collection: "/owners/$ref", Item: "/owners/{member}/$ref", Ref: "/directoryObjects/{id}"}},
			"values": {Each: &catalogue.Each{Collection: "/values", Item: "/values/{member}"}},
			"named":  {Each: &catalogue.Each{Collection: "/named", Item: "/named/{member}", By: []string{"name", "place"}}},
			"added":  {Each: &catalogue.Each{Collection: "/added", By: []string{"name"}}},
		},
	}}}
}

func memberClient(t *testing.T, service *statusService) (*graph.Client, *[]string) {
	t.Helper()
	lines := new([]string)
	return newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
		cfg.Catalogue, cfg.Unproven = memberCatalogue(), []string{"*"}
		cfg.HTTPClient = &http.Client{Transport: &sent{next: service, lines: lines}}
	}), lines
}

// Of the members of a part, those that are equal stay, and all others come, go
// or change, wherever they stand.
func TestMembers(t *testing.T) {
	const things = "/v1.0/things/1"
	tests := []struct {
		name, part, before, after string
		want                      []string
	}{
		{"references", "owners", `["a","b","c"]`, `["b","d","c","e"]`, []string{
			`POST ` + things + `/owners/$ref {"@odata.id":"ENDPOINT/v1.0/directoryObjects/d"}`,
			`POST ` + things + `/owners/$ref {"@odata.id":"ENDPOINT/v1.0/directoryObjects/e"}`,
			`DELETE ` + things + `/owners/a/$ref`}},
		{"references as objects", "owners", `[{"id":"a","displayName":"A"},{"id":"b"}]`, `[{"id":"b"},{"id":"c"}]`, []string{
			`POST ` + things + `/owners/$ref {"@odata.id":"ENDPOINT/v1.0/directoryObjects/c"}`,
			`DELETE ` + things + `/owners/a/$ref`}},
		{"references in another case", "owners", `["a","B"]`, `["A","b"]`, nil},
		{"whole values", "values", `[{"id":"1","v":1},{"id":"2","v":2}]`, `[{"id":"2","v":2},{"v":3}]`, []string{
			`POST ` + things + `/values {"v":3}`,
			`DELETE ` + things + `/values/1`}},
		{"by two properties", "named", `[{"id":"1","name":"a","place":"x","v":1},{"id":"2","name":"a","place":"y","v":1},{"id":"3","name":"b","place":"x","v":1}]`,
			`[{"id":"1","name":"a","place":"x","v":1},{"name":"a","place":"y","v":2},{"name":"b","place":"y","v":1}]`, []string{
				`POST ` + things + `/named {"name":"b","place":"y","v":1}`,
				`DELETE ` + things + `/named/2`,
				`POST ` + things + `/named {"name":"a","place":"y","v":2}`,
				`DELETE ` + things + `/named/3`}},
		{"what the service sets is no change", "named", `[{"id":"1","name":"a","time":"1"}]`, `[{"id":"1","name":"a","time":"2"}]`, nil},
		{"none before", "values", `null`, `[{"v":1},{"v":2}]`, []string{`POST ` + things + `/values {"v":1}`, `POST ` + things + `/values {"v":2}`}},
		{"none after", "values", `[{"id":"1","v":1},{"id":"2","v":2}]`, `[]`, []string{`DELETE ` + things + `/values/1`, `DELETE ` + things + `/values/2`}},
		{"only additions where nothing can be removed", "added", `[{"name":"a"}]`, `[{"name":"a"},{"name":"b"}]`, []string{`POST ` + things + `/added {"name":"b"}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, lines := memberClient(t, &statusService{statuses: []int{http.StatusNoContent}})
			_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "things", ID: "1", Part: tt.part,
				Before: json.RawMessage(`{"` + tt.part + `":` + tt.before + `}`), Patch: json.RawMessage(`{"` + tt.part + `":` + tt.after + `}`)})
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range *lines {
				before, after, ok := strings.Cut(line, `"@odata.id":"`)
				if _, path, found := strings.Cut(after, "/v1.0/"); ok && found {
					(*lines)[i] = before + `"@odata.id":"ENDPOINT/v1.0/` + path
				}
			}
			if diff := cmp.Diff(tt.want, *lines); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// Members that cannot be told apart or addressed are refused before anything is
// sent.
func TestMembersRefused(t *testing.T) {
	tests := []struct{ name, part, before, after, want string }{
		{"the tenant's part is no array", "values", `{}`, `[]`, `the part "values" of the tenant's object is no array`},
		{"the file's part is no array", "values", `[]`, `{}`, `the part "values" is no array`},
		{"a reference without an id", "owners", `["a"]`, `["a",{"displayName":"B"}]`, `a member of "owners" has no id`},
		{"a removal of what shows no id", "values", `[{"v":1},{"id":"2","v":2}]`, `[{"id":"2","v":2}]`, "it shows no id"},
		{"a change of what shows no id", "named", `[{"name":"a","v":1}]`, `[{"name":"a","v":2}]`, "it shows no id"},
		{"a removal from what is only added to", "added", `[{"id":"1","name":"a"}]`, `[]`, "it shows no id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, lines := memberClient(t, &statusService{statuses: []int{http.StatusNoContent}})
			_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "things", ID: "1", Part: tt.part,
				Before: json.RawMessage(`{"` + tt.part + `":` + tt.before + `}`), Patch: json.RawMessage(`{"` + tt.part + `":` + tt.after + `}`)})
			if tenant.ClassOf(err) != tenant.Invalid || tenant.MaybeApplied(err) || !strings.Contains(err.Error(), tt.want) || len(*lines) > 0 {
				t.Errorf("got %v after %q, want Invalid with %q and no request", err, *lines, tt.want)
			}
		})
	}
}

// Members are written until one is refused. If it is not the first, the part has
// changed.
func TestMembersUntilOneFails(t *testing.T) {
	for failing := range 3 {
		service := &statusService{statuses: append(make([]int, 0, 3), []int{http.StatusNoContent, http.StatusNoContent}[:failing]...)}
		service.statuses = append(service.statuses, http.StatusBadRequest)
		c, lines := memberClient(t, service)
		applied, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "things", ID: "1", Part: "values",
			Before: json.RawMessage(`{}`), Patch: json.RawMessage(`{"values":[1,2,3]}`)})
		if tenant.ClassOf(err) != tenant.Invalid || tenant.MaybeApplied(err) != (failing > 0) || len(*lines) != failing+1 {
			t.Errorf("request %d fails: got %v (maybe applied: %v) after %q", failing, err, tenant.MaybeApplied(err), *lines)
		}
		if want := fmt.Sprintf("request %d", failing+1); applied.RequestID != want {
			t.Errorf("got the request id %q, want %q", applied.RequestID, want)
		}
	}
}
