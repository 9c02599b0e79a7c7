package graph_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// A file that is replaced by one with another name renames the object of the
// tenant: it keeps its id, and the next sync has nothing to do. That holds for a
// change of name alone, and for one of name and content where both files carry
// the id of the tenant that they were exported from.
func TestRenameKeepsTheObject(t *testing.T) {
	const (
		kind = "namedLocations"
		rest = `"isTrusted":true,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"192.0.2.0/24"}]}`
		head = `{"@odata.type":"#microsoft.graph.ipNamedLocation",`
		id   = `"id":"0d7b9a53-2f6e-4f0a-9c0e-1d2c3b4a5f60",`
	)
	for name, files := range map[string][2]string{
		"name alone":              {head + `"displayName":"P",` + rest, head + `"displayName":"P2",` + rest},
		"name and content, by id": {head + id + `"displayName":"P",` + rest, head + id + `"displayName":"P2","isTrusted":false,"ipRanges":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")})
				r := &restorer{server: server, catalogue: catalogue.Default(), repository: tenant.NewMemoryRepository(), store: state.NewMemory()}
				edit := func(key string, body []byte) {
					if err := r.repository.Edit("contoso", kind, key, body); err != nil {
						t.Fatal(err)
					}
				}
				sync := func(outcome syncer.Outcome) {
					if err := r.sync(t.Context(), adopt, outcome); err != nil {
						t.Fatal(err)
					}
				}
				edit("P", []byte(files[0]))
				sync(syncer.Deployed)
				before := server.Fake.Objects(kind)
				if len(before) != 1 {
					t.Fatalf("%d objects were created, want 1", len(before))
				}
				edit("P", nil)
				edit("P2", []byte(files[1]))
				sync(syncer.Deployed)
				after := server.Fake.Objects(kind)
				if len(after) != 1 || after[0].ID != before[0].ID {
					t.Fatalf("the tenant has %+v, want the one object with the id %s", after, before[0].ID)
				}
				var body struct{ DisplayName string }
				if err := json.Unmarshal(after[0].Body, &body); err != nil || body.DisplayName != "P2" {
					t.Errorf("the object is called %q (%v), want P2", body.DisplayName, err)
				}
				sync(syncer.NoChanges)
			})
		})
	}
}
