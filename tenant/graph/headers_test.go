package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// languages notes the header Accept-Language of every request, those in batches too.
type languages struct {
	next http.RoundTripper
	got  []string
}

func (l *languages) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "$batch") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		var batch struct {
			Requests []struct{ Headers map[string]string }
		}
		if err := json.Unmarshal(body, &batch); err != nil {
			return nil, err
		}
		for _, inner := range batch.Requests {
			l.got = append(l.got, inner.Headers["Accept-Language"])
		}
	} else {
		l.got = append(l.got, r.Header.Get("Accept-Language"))
	}
	return l.next.RoundTrip(r)
}

// The headers of a kind are sent with reads, batches and writes, and with no other
// kind's.
func TestHeaders(t *testing.T) {
	cat := catalogue.Default()
	for i := range cat.Entries {
		if e := &cat.Entries[i]; e.Name == "brandingLocalizations" {
			e.Headers = map[string]string{"Accept-Language": "fr"}
		}
	}
	server := graphtest.New(graphtest.Config{Catalogue: cat})
	server.Fake.Seed("organizationalBranding", `{"signInPageText":"a"}`)
	for _, id := range []string{"de-DE", "fr-FR"} {
		server.Fake.Seed("brandingLocalizations", `{"id":"`+id+`"}`)
	}
	seen := &languages{next: server.HTTPClient().Transport}
	c := newClient(t, server, func(cfg *graph.Config) {
		cfg.Catalogue, cfg.Directory, cfg.HTTPClient = cat, server.Fake.Directory(), &http.Client{Transport: seen}
	})
	check := func(what string, want ...string) {
		t.Helper()
		if strings.Join(seen.got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: languages %q, want %q", what, seen.got, want)
		}
		seen.got = nil
	}
	if _, err := c.Get(t.Context(), tenant.GetRequest{Kind: "organizationalBranding"}); err != nil {
		t.Fatal(err)
	}
	check("a read", "0")
	if _, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "organizationalBranding", Patch: json.RawMessage(`{"signInPageText":"b"}`)}); err != nil {
		t.Fatal(err)
	}
	check("a write", "0")
	if _, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "brandingLocalizations", IDs: []string{"de-DE", "fr-FR"}}, func(tenant.Resource) error { return nil }); err != nil {
		t.Fatal(err)
	}
	check("a batch", "fr", "fr")
	if _, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "groups", All: true}, func(tenant.Resource) error { return nil }); err != nil {
		t.Fatal(err)
	}
	check("another kind", "")
}

// The service refuses a change of the branding without its language.
func TestBrandingNeedsItsLanguage(t *testing.T) {
	cat := catalogue.Default()
	for i := range cat.Entries {
		cat.Entries[i].Headers = nil
	}
	server := graphtest.New(graphtest.Config{})
	c := newClient(t, server, func(cfg *graph.Config) { cfg.Catalogue, cfg.Directory = cat, server.Fake.Directory() })
	_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "organizationalBranding", Patch: json.RawMessage(`{"signInPageText":"b"}`)})
	if tenant.ClassOf(err) != tenant.Invalid || !strings.Contains(err.Error(), "Accept-Language") {
		t.Errorf("got %v, want a refusal that names the header", err)
	}
}
