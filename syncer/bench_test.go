package syncer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// maxCommits is the budget of a sync without changes.
const maxCommits = 6

// A sync that finds nothing to do must not cost the store much.
func TestCommitsOfASyncWithoutChanges(t *testing.T) {
	h := syncertest.New(syncertest.Config{})
	w := h.Worker("a", syncertest.WorkerConfig{})
	h.Tenant("contoso").Seed("groups", `{"displayName":"Staff"}`)
	syncTenant(t, w, "contoso") // adopts
	before := count(w, "Store.Commit")
	if row := syncTenant(t, w, "contoso"); row.Outcome != syncer.NoChanges {
		t.Fatalf("got outcome %q, want %q", row.Outcome, syncer.NoChanges)
	}
	if got := count(w, "Store.Commit") - before; got > maxCommits {
		t.Errorf("got %d commits, want at most %d", got, maxCommits)
	}
}

// BenchmarkSyncWithoutChanges is a whole sync on memory fakes: what the engine
// itself costs.
func BenchmarkSyncWithoutChanges(b *testing.B) {
	for _, n := range []int{0, 100, 1000} {
		b.Run(fmt.Sprintf("objects=%d", n), func(b *testing.B) {
			h := syncertest.New(syncertest.Config{})
			for i := range n {
				h.Tenant("contoso").Seed("groups", fmt.Sprintf(`{"displayName":"Group %d","kind":"security"}`, i))
			}
			w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
				c.Store = h.Store // counted by version, without a list of calls
				c.Repository = h.Repository
				c.Observer = nil
				c.Connector = syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
					return h.Tenant("contoso").Client(tenanttest.ClientConfig{}), nil
				})
			}})
			row := syncTenant(b, w, "contoso")
			first := row.Version
			b.ReportAllocs()
			syncs := 0
			for b.Loop() {
				row = syncTenant(b, w, "contoso")
				syncs++
			}
			b.ReportMetric(float64(row.Version-first)/float64(syncs), "commits/op")
		})
	}
}

// BenchmarkCommit is what the commits of a sync cost on the same store alone.
func BenchmarkCommit(b *testing.B) {
	m := state.NewMemory()
	rec := state.Record{Tenant: "contoso", Data: json.RawMessage(`{"format":1}`)}
	for b.Loop() {
		done, err := m.Commit(b.Context(), state.CommitRequest{Record: rec})
		if err != nil {
			b.Fatal(err)
		}
		rec = done.Record
	}
}
