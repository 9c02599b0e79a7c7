package graph_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// namesOnlyCatalogue has a kind whose rules are in no read. Its objects can be
// written.
func namesOnlyCatalogue() *catalogue.Catalogue {
	scopes := catalogue.Scopes{Application: [][]string{{"All"}}}
	kind := tenant.Kind{Name: "rulesets", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"}}
	return &catalogue.Catalogue{Entries: []catalogue.Entry{{Kind: kind, Endpoint: "/rulesets", Version: "v1.0", NamesOnly: "their rules", Read: scopes, Write: scopes}}}
}

// A kind that the catalogue calls names only says so in the manifest of the
// snapshot, in the plan, the report and the row, over HTTP: and it is backed up and
// updated, and not created again once it was wiped.
func TestNamesOnlyOverHTTP(t *testing.T) {
	cat := namesOnlyCatalogue()
	server := graphtest.New(graphtest.Config{Catalogue: cat, Directory: authtest.DirectoryOf("contoso")})
	server.Fake.Seed("rulesets", `{"displayName":"A","note":"x"}`)
	server.Fake.Seed("rulesets", `{"displayName":"B","note":"x"}`)
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		r := &restorer{server: server, catalogue: cat, repository: tenant.NewMemoryRepository(), variables: map[string]string{}, store: state.NewMemory()}
		if err := r.sync(ctx, adopt, syncer.Adopted); err != nil {
			t.Fatal(err)
		}
		snap, err := r.repository.Snapshot(ctx, tenant.SnapshotRequest{Tenant: "contoso"})
		if err != nil || len(snap.Kinds) != 1 || len(snap.Resources) != 2 {
			t.Fatalf("the snapshot is %+v, %v, want two objects of one kind", snap, err)
		}
		if k := snap.Kinds[0]; k.Completeness != tenant.NamesOnly || !strings.Contains(k.Reason, "their rules") {
			t.Errorf("the manifest says %+v", k)
		}
		if k := r.last.Kinds[0]; k.Completeness != tenant.NamesOnly || r.last.Undone.NamesOnly != 1 {
			t.Errorf("the report says %+v, undone %+v", k, r.last.Undone)
		}

		if err := r.repository.Edit("contoso", "rulesets", "A", []byte(`{"displayName":"A","note":"y"}`)); err != nil {
			t.Fatal(err)
		}
		if err := r.sync(ctx, enforce, syncer.Deployed); err != nil {
			t.Fatal(err)
		}
		if got := string(server.Fake.Objects("rulesets")[0].Body); !strings.Contains(got, `"y"`) {
			t.Errorf("the update did not come to pass: %s", got)
		}

		r.wipe()
		if err := r.sync(ctx, enforce, syncer.NoChanges); err != nil {
			t.Fatal(err)
		}
		if left := server.Fake.Objects("rulesets"); len(left) > 0 {
			t.Errorf("%d objects were made again without their rules", len(left))
		}
		if r.last.Undone.Unsupported != 2 || len(r.last.Notes) != 2 || !strings.Contains(r.last.Notes[0].Message, "not read: their rules") {
			t.Errorf("undone %+v, notes %+v", r.last.Undone, r.last.Notes)
		}
	})
}

// Reads by id and by name say the same as those of all objects, and what failed
// stays failed.
func TestNamesOnlyResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{Catalogue: namesOnlyCatalogue()})
		id := server.Fake.Seed("rulesets", `{"displayName":"A"}`)
		client, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL(), HTTPClient: server.HTTPClient(), Catalogue: namesOnlyCatalogue()})
		if err != nil {
			t.Fatal(err)
		}
		read := func(req tenant.ReadRequest) tenant.ReadResult {
			req.Kind = "rulesets"
			res, err := client.Read(t.Context(), req, func(tenant.Resource) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
		for _, req := range []tenant.ReadRequest{{All: true}, {IDs: []string{id}}, {IDs: []string{"gone"}}, {Matches: []tenant.Match{{"/displayName": "A"}}}} {
			res := read(req)
			if res.Completeness != tenant.NamesOnly || res.Reason != "not read: their rules" || len(res.Absent) != len(req.IDs)-len(intersect(req.IDs, id)) {
				t.Errorf("%+v: got %+v", req, res)
			}
		}
		server.Fake.Forbid("rulesets")
		if res := read(tenant.ReadRequest{All: true}); res.Completeness != tenant.Forbidden {
			t.Errorf("a forbidden read says %+v", res)
		}
	})
}

// intersect returns those of ids that are id.
func intersect(ids []string, id string) (out []string) {
	for _, other := range ids {
		if other == id {
			out = append(out, other)
		}
	}
	return out
}
