package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// scripted is a service that gives its answers one after the other, and notes what
// it was asked.
type scripted struct {
	answers []string
	asked   []string
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	line := r.Method + " " + r.URL.Path
	if r.URL.RawQuery != "" {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil {
			return nil, err
		}
		line += "?" + query
	}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		line = strings.TrimSpace(line + " " + string(body))
	}
	s.asked = append(s.asked, line)
	w := httptest.NewRecorder()
	if len(s.answers) > 0 {
		w.Body.WriteString(s.answers[0])
		s.answers = s.answers[1:]
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

func scriptedClient(t *testing.T, c *catalogue.Catalogue, answers ...string) (*graph.Client, *scripted) {
	t.Helper()
	service := &scripted{answers: answers}
	return newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
		cfg.Catalogue, cfg.Unproven, cfg.Cloud = c, []string{"*"}, catalogue.China
		cfg.HTTPClient = &http.Client{Transport: service}
	}), service
}

// Of a batch, the requests that may be sent again are sent again, wherever they
// stand between others. An answer to no request of the batch is overlooked, and a
// request that is answered twice is not answered.
func TestBatchOfEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, service := scriptedClient(t, &catalogue.Catalogue{Entries: []catalogue.Entry{entry("things", nil)}},
			`{"responses":[{"id":"0","status":500},{"id":"x","status":500},{"id":"9","status":500},
				{"id":"+2","status":200},{"id":"02","status":200},{"id":"1","status":200,"body":{"id":"a"}},{"id":"1","status":500},{"id":"2","status":404,"body":{}},{"id":"3","status":429,"body":{}},{"id":"4","status":200,"body":{"id":"d"}},{"id":"5","status":503,"body":{}}]}`,
			`{"responses":[{"id":"3","status":200,"body":{"id":"e"}},{"id":"2","status":200,"body":{"id":"c"}},{"id":"1","status":200,"body":{"id":"a"}}]}`)
		var got []string
		res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "things", IDs: []string{"a", "", "b", "c", "d", "e", "a"}}, func(r tenant.Resource) error {
			got = append(got, r.ID)
			return nil
		})
		if err != nil || res.Completeness != tenant.Complete || !slices.Equal(got, []string{"a", "c", "d", "e"}) || !slices.Equal(res.Absent, []string{"b"}) {
			t.Errorf("got %q, %+v, %v, want all but b", got, res, err)
		}
		if len(service.asked) != 2 || strings.Count(service.asked[0], `"GET"`) != 5 || strings.Count(service.asked[1], `"GET"`) != 3 {
			t.Errorf("asked %q, want 5 and then 3 objects", service.asked)
		}
	})
}

// A batch whose answer cannot be read is sent again as a whole. If that goes on, the
// objects count as not read, and never as absent.
func TestBatchWithoutAnswer(t *testing.T) {
	const whole = `{"responses":[{"id":"1","status":200,"body":{"id":"a"}},{"id":"2","status":404,"body":{}}]}`
	for name, tt := range map[string]struct {
		answers []string
		want    []string
		absent  []string
	}{
		"at once":                  {[]string{whole}, []string{"a"}, []string{"b"}},
		"after no JSON":            {[]string{`<html>`, whole}, []string{"a"}, []string{"b"}},
		"after half of it":         {[]string{whole[:60], whole}, []string{"a"}, []string{"b"}},
		"after one without a list": {[]string{`{}`, whole}, []string{"a"}, []string{"b"}},
		"never":                    {nil, nil, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, service := scriptedClient(t, &catalogue.Catalogue{Entries: []catalogue.Entry{entry("things", nil)}}, tt.answers...)
			var got []string
			res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "things", IDs: []string{"a", "b"}}, func(r tenant.Resource) error {
				got = append(got, r.ID)
				return nil
			})
			complete := tenant.Complete
			if tt.want == nil {
				complete = tenant.Failed
			}
			if err != nil || res.Completeness != complete || !slices.Equal(got, tt.want) || !slices.Equal(res.Absent, tt.absent) {
				t.Errorf("%s: got %q, %+v, %v, want %q, absent %q", name, got, res, err, tt.want, tt.absent)
			}
			if asked := len(service.asked); asked != len(tt.answers) && tt.want != nil || asked < 2 && tt.want == nil {
				t.Errorf("%s: asked %d times: %q", name, asked, service.asked)
			}
		})
	}
}

// Each match is searched for, by the service where it can, and else in the list.
func TestMatchesOfEach(t *testing.T) {
	c, service := scriptedClient(t, &catalogue.Catalogue{Entries: []catalogue.Entry{entry("things", func(e *catalogue.Entry) { e.List.Filter = []string{"name"} })}},
		`{"value":[{"id":"1","name":"it's"}]}`, `{"value":[{"id":"2","name":"b"}]}`, `{"value":[{"id":"1","name":"it's","place":"x"},{"id":"3","place":"x"},{"id":"4","place":"y"}]}`)
	var got []string
	_, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "things", Matches: []tenant.Match{{"/place": "x"}, {"/name": "it's"}, {"/place": "z"}, {"/name": "b"}}}, func(r tenant.Resource) error {
		got = append(got, r.ID)
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("got %q, %v, want each object once", got, err)
	}
	if diff := cmp.Diff([]string{"GET /v1.0/things?$filter=name eq 'it''s'", "GET /v1.0/things?$filter=name eq 'b'", "GET /v1.0/things"}, service.asked); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

// The permissions are those of every kind that the cloud has, and the scopes those
// of the named kinds.
func TestPermissionsOfEach(t *testing.T) {
	read := func(name string, unavailable ...catalogue.Cloud) catalogue.Entry {
		return entry(name, func(e *catalogue.Entry) {
			e.Read, e.Unavailable = catalogue.Scopes{Delegated: [][]string{{"Read." + name, "All"}}}, unavailable
		})
	}
	cat := &catalogue.Catalogue{Entries: []catalogue.Entry{read("a"), read("b", catalogue.China), read("c"), read("d")}}
	c, _ := scriptedClient(t, cat)
	p, err := c.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{"a", "b", "d"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range p.Required {
		got = append(got, r.AnyOf[0])
	}
	if !slices.Equal(got, []string{"Read.a", "Read.d"}) {
		t.Errorf("got %q, want those of a and d", got)
	}
	if got := cat.Scopes([]string{"b", "d"}, false, false); !slices.Equal(got, []string{"Read.b", "Read.d"}) {
		t.Errorf("scopes: got %q, want those of b and d", got)
	}
}

// A request has no property that the service sets, except those that it needs, and
// the type that the object will have.
func TestContentOfEach(t *testing.T) {
	things := entry("things", func(e *catalogue.Entry) {
		e.Create, e.Update, e.Write = true, true, e.Read
		e.ReadOnly = []string{"/first", "/@odata.type", "/kept", "/last"}
		e.Requests.Create = catalogue.Request{Keep: []string{"kept"}, Drop: []string{"dropped"}}
	})
	c, service := scriptedClient(t, &catalogue.Catalogue{Entries: []catalogue.Entry{things}}, `{"id":"1"}`, `{"id":"1"}`, `{"id":"1"}`)
	for _, op := range []tenant.Operation{
		{Verb: tenant.Create, After: json.RawMessage(`{"@odata.type":"#t","first":1,"kept":2,"last":3,"dropped":4,"x":5}`)},
		{Verb: tenant.Update, ID: "1", Before: json.RawMessage(`{"@odata.type":"#old"}`), After: json.RawMessage(`{"@odata.type":"#new"}`), Patch: json.RawMessage(`{"first":1,"kept":2,"x":5}`)},
		{Verb: tenant.Update, ID: "1", Before: json.RawMessage(`{"@odata.type":"#old"}`), After: json.RawMessage(`{}`), Patch: json.RawMessage(`{"x":5}`)},
	} {
		op.Kind = "things"
		if _, err := c.Apply(t.Context(), op); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{`POST /v1.0/things {"@odata.type":"#t","kept":2,"x":5}`, `PATCH /v1.0/things/1 {"@odata.type":"#new","x":5}`, `PATCH /v1.0/things/1 {"@odata.type":"#old","x":5}`}, service.asked); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

// A part with an action is written by it, also where the entry has an address of members.
// A part with neither is written to the object itself.
func TestActionOfEach(t *testing.T) {
	things := entry("things", func(e *catalogue.Entry) {
		e.Update, e.Write = true, e.Read
		e.Parts = []tenant.Part{{Name: "both", Path: "/both"}, {Name: "neither", Path: "/neither"}}
		e.PartRequests = map[string]catalogue.PartRequest{"both": {Action: "/set", Each: &catalogue.Each{Collection: "/both"}}, "neither": {Method: http.MethodPatch, Wrap: "neither"}}
	})
	c, service := scriptedClient(t, &catalogue.Catalogue{Entries: []catalogue.Entry{things}})
	for _, part := range []string{"both", "neither"} {
		op := tenant.Operation{Verb: tenant.Update, Kind: "things", ID: "1", Part: part, Before: json.RawMessage(`{}`), Patch: json.RawMessage(`{"` + part + `":["a"]}`)}
		if _, err := c.Apply(t.Context(), op); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{`POST /v1.0/things/1/set ["a"]`, `PATCH /v1.0/things/1 {"neither":["a"]}`}, service.asked); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}
