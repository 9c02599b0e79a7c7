package graph_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// seenBy notes whose token each request carries.
type seenBy struct {
	http.RoundTripper
	mu   sync.Mutex
	with map[string][]string // paths, by token
}

func (s *seenBy) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	token := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
	s.with[token] = append(s.with[token], req.Method+" "+req.URL.Path)
	s.mu.Unlock()
	return s.RoundTripper.RoundTrip(req)
}

// With two credentials each kind is read and written with the one that it needs,
// and what is granted is told of both.
func TestHybrid(t *testing.T) {
	catalogue := kitCatalogue()
	for i := range catalogue.Entries {
		e := &catalogue.Entries[i]
		e.Read.Application, e.Write.Application = [][]string{{"App.Read"}}, [][]string{{"App.Write"}}
		if e.Name == "setting" { // applications may look at it, and no more
			e.Write.Application, e.Write.DelegatedOnly = nil, true
		}
		if e.Name == "facts" {
			e.Read.Application, e.Read.DelegatedOnly = nil, true
		}
	}
	const directory = "11111111-0000-4000-8000-000000000000"
	app, person := graphtest.ApplicationToken(directory, "App.Read", "App.Write"), graphtest.Token(directory, "Read")
	server := graphtest.New(graphtest.Config{Catalogue: catalogue, Accepts: func(string) bool { return true }})
	seen := &seenBy{RoundTripper: server.HTTPClient().Transport, with: map[string][]string{}}
	c := newClient(t, server, func(cfg *graph.Config) {
		cfg.Catalogue, cfg.Unproven, cfg.Directory = catalogue, []string{"*"}, ""
		cfg.Credential, cfg.Delegated = graphtest.Static(app), graphtest.Static(person)
		cfg.HTTPClient = &http.Client{Transport: seen}
	})
	got, err := c.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{"things", "setting", "facts"}, Write: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"App.Read", "App.Write", "Read"}; !slices.Equal(got.Granted, want) {
		t.Errorf("granted is %q, want %q", got.Granted, want)
	}
	required := map[string][]string{}
	for _, p := range got.Required {
		for _, kind := range p.Kinds {
			required[kind] = append(required[kind], p.AnyOf...)
		}
	}
	for kind, want := range map[string][]string{"things": {"App.Read", "App.Write"}, "setting": {"App.Read", "Write"}, "facts": {"Read"}} {
		if !slices.Equal(required[kind], want) {
			t.Errorf("%s needs %q, want %q", kind, required[kind], want)
		}
	}
	// Of a person whose token cannot be read nothing is missed, but of the
	// application all that it lacks.
	for _, unreadable := range []string{"opaque", "a.!.c", "a.W10.c", "a.e30.c.d"} {
		blind := newClient(t, server, func(cfg *graph.Config) {
			cfg.Catalogue, cfg.Unproven = catalogue, []string{"*"}
			cfg.Credential, cfg.Delegated = graphtest.Static(graphtest.ApplicationToken(directory, "App.Read")), graphtest.Static(unreadable)
		})
		got, err = blind.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{"things", "setting", "facts"}, Write: true})
		if want := []string{"App.Read", "Read", "Write"}; err != nil || !slices.Equal(got.Granted, want) {
			t.Errorf("with the token %q granted is %q, %v, want %q", unreadable, got.Granted, err, want)
		}
	}
	for _, kind := range []string{"things", "setting", "facts"} {
		readAll(t, c, kind)
	}
	var setting tenant.Resource
	for _, r := range server.Fake.Objects("setting") {
		setting = r
	}
	after := json.RawMessage(`{"displayName":"changed"}`)
	if _, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "setting", ID: setting.ID, Before: setting.Body, After: after, Patch: after}); err == nil {
		t.Error("the fake allows a write without the permission")
	} else if class := tenant.ClassOf(err); class != tenant.AccessDenied {
		t.Errorf("the write is refused as %s: %v", class, err)
	}
	if want := []string{"GET /v1.0/facts", "PATCH /beta/policies/setting"}; !slices.Equal(seen.with[person], want) {
		t.Errorf("with the person's token there is %q, want %q", seen.with[person], want)
	}
	if want := []string{"GET /v1.0/things", "GET /beta/policies/setting"}; !slices.Equal(seen.with[app], want) {
		t.Errorf("with the application's token there is %q, want %q", seen.with[app], want)
	}
}
