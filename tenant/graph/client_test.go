package graph_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// newClient returns a client of the server.
func newClient(t *testing.T, server *graphtest.Server, edit func(*graph.Config)) *graph.Client {
	t.Helper()
	cfg := graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL(), HTTPClient: server.HTTPClient(), Directory: server.Fake.Directory()}
	if edit != nil {
		edit(&cfg)
	}
	c, err := graph.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kitCatalogue is three kinds in the ways that the kit needs.
func kitCatalogue() *catalogue.Catalogue {
	read, write := catalogue.Scopes{Delegated: [][]string{{"Read"}}}, catalogue.Scopes{Delegated: [][]string{{"Write"}}}
	return &catalogue.Catalogue{Entries: []catalogue.Entry{
		{Kind: tenant.Kind{Name: "things", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"}},
			Endpoint: "/things", Version: "v1.0", Read: read, Write: write},
		{Kind: tenant.Kind{Name: "setting", Singleton: true, Update: true, ReadOnly: []string{"/id"}},
			Endpoint: "/policies/setting", Version: "beta", Read: read, Write: write},
		{Kind: tenant.Kind{Name: "facts", ReadOnly: []string{"/id"}}, Endpoint: "/facts", Version: "v1.0", Read: read},
	}}
}

// The client keeps the contract of tenant.Client, through a fake Graph over
// HTTP, in process and over real TLS.
func TestClientKit(t *testing.T) {
	for _, real := range []bool{false, true} {
		t.Run(map[bool]string{false: "in process", true: "over TLS"}[real], func(t *testing.T) {
			tenanttest.TestClient(t, func(t *testing.T) tenanttest.ClientFixture {
				accepted := true
				server := graphtest.New(graphtest.Config{Catalogue: kitCatalogue(), PageSize: 2, Accepts: func(string) bool { return accepted }})
				if real {
					server.Start(t)
				}
				return tenanttest.ClientFixture{
					Client: newClient(t, server, func(c *graph.Config) {
						c.Catalogue = kitCatalogue()
						c.ReadBudget = 50 * time.Millisecond // faults that stay are given up soon
					}),
					Kind: "things", Singleton: "setting", ReadOnly: "facts",
					Forbid:    func() { server.Fake.Forbid("things") },
					Unlicense: func() { server.Fake.Unlicense("things") },
					Fail:      func() { server.Fake.FailReads("things", tenant.Transient) },
					Cut:       func(n int) { server.CutReads("things", n) },
					Revoke:    func() { accepted = false },
					Lose:      func() { server.Fail("", "things", 0, graphtest.Fault{Cut: true, Effect: true}) },
					Attempts: func() int {
						n := 0
						for _, r := range server.Requests() {
							if r.Method != http.MethodGet && !strings.Contains(r.Path, "$batch") {
								n++
							}
						}
						return n
					},
				}
			})
		})
	}
}
