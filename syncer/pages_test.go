package syncer_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A base outlives its runs: the store prunes none of its pages, although several runs
// have stored them and none of these is the tenant's last.
func TestPagesOfTheBaseAreNotPruned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{})
		fake := h.Tenant("contoso")
		for n := range 50 {
			fake.Seed("groups", fmt.Sprintf(`{"displayName":"G%d"}`, n))
		}
		syncTenant(t, w, "contoso")
		syncTenant(t, w, "contoso")
		fake.Set("groups", fake.Find("groups", "G7"), `{"kind":"mail"}`)
		for range 3 {
			syncTenant(t, w, "contoso")
		}
		<-time.After(72 * time.Hour)
		if pruned, err := h.Store.Prune(t.Context(), state.PruneRequest{}); err != nil || pruned.Blobs == 0 {
			t.Fatalf("pruned %+v, %v; want the blobs of former runs gone", pruned, err)
		}
		loaded, err := h.Store.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		pages := map[string]bool{}
		for _, ref := range loaded.Record.Refs {
			if ref.Kind == baseline.Kind {
				pages[ref.Run] = ref.Run != loaded.Record.Run
			}
		}
		if len(pages) < 2 {
			t.Errorf("the base's pages are of the runs %v, want several", pages)
		}
		base, err := baseline.OfRecord(t.Context(), h.Store, loaded.Record)
		if err != nil || len(base.Objects) < 50 {
			t.Fatalf("the base cannot be read whole: %v", err)
		}
		if row := syncTenant(t, w, "contoso"); row.Outcome != syncer.NoChanges {
			t.Errorf("the sync afterwards ends %s: %+v", row.Outcome, row.Error)
		}
	})
}
