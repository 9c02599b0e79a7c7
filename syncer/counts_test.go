package syncer_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// A sync that deploys compiles each kind once per client, and sorts the three
// sides twice: to plan, and to see what the tenant has afterwards.
func TestKindsAreCompiledOnceAndSidesSortedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		var clients atomic.Int64
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
			connect := c.Connector
			c.Connector = syncer.ConnectorFunc(func(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
				clients.Add(1)
				return connect.Connect(ctx, req)
			})
		}})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		desire(t, h, "contoso", "locations", "Berlin", `{"displayName":"Berlin"}`)
		desire(t, h, "contoso", "policies", "Old", `{"displayName":"Old","state":"enabled"}`)
		if row := syncTenant(t, w, "contoso"); row.Outcome != syncer.Deployed {
			t.Fatalf("the first sync ends %s: %+v", row.Outcome, row.Error)
		}
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff","description":"all of us"}`)
		desire(t, h, "contoso", "policies", "Old", "")
		desire(t, h, "contoso", "policies", "New", `{"displayName":"New","groups":["${groups/Staff}"],"assignments":["${groups/Staff}"],"location":"${locations/Berlin}"}`)
		// And the tenant has drifted, so that the run commits to the repository.
		fake := h.Tenant("contoso")
		fake.Set("locations", fake.Find("locations", "Berlin"), `{"country":"DE"}`)

		clients.Store(0)
		compilations, preparations := schema.Compilations.Load(), diff.Preparations.Load()
		row := syncTenant(t, w, "contoso")
		if want := (plan.Counts{Create: 1, Update: 1, Delete: 1}); row.Outcome != syncer.Deployed || row.Counts == nil || *row.Counts != want {
			t.Fatalf("the sync ends %s with %+v, want %+v deployed: %+v", row.Outcome, row.Counts, want, row.Error)
		}
		compilations, preparations = schema.Compilations.Load()-compilations, diff.Preparations.Load()-preparations
		if want := clients.Load() * int64(len(syncertest.Kinds())); clients.Load() == 0 || compilations != want {
			t.Errorf("%d compilations for %d clients, want %d: each kind once for each client", compilations, clients.Load(), want)
		}
		if preparations > 2 {
			t.Errorf("the sides were sorted %d times, want at most twice", preparations)
		}
	})
}

// Phases that are entered between two commits ride on the second: they raise no
// count of commits.
func TestCommitsOfASyncWithOneChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		syncTenant(t, w, "contoso")
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		before := len(w.Calls.Calls())
		syncTenant(t, w, "contoso")
		n := 0
		for _, c := range w.Calls.Calls()[before:] {
			if c.Op == "Store.Commit" {
				n++
			}
		}
		if n > 9 { // two of them are the change's own: its intent and its result
			t.Errorf("a sync with one change made %d commits, want at most 9", n)
		}
	})
}
