package syncer_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A reader of the feed that keeps its cursor misses no change, and one that has
// caught up reads nothing but what is new.
func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{})
		cursor, seen := "", map[string]int64{}
		news := func() (out []string) {
			for {
				got, err := w.Changes(t.Context(), syncer.ChangesRequest{Cursor: cursor, Limit: 2})
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range got.Items {
					if seen[row.Tenant] < row.Version {
						seen[row.Tenant] = row.Version
						out = append(out, fmt.Sprint(row.Tenant, " ", row.Label))
					}
				}
				cursor = got.Next
				if !got.More {
					return out
				}
			}
		}
		want := func(want ...string) {
			t.Helper()
			if got := news(); !slices.Equal(got, want) {
				t.Errorf("news %q, want %q", got, want)
			}
		}
		want() // no tenant yet, and no cursor
		for _, name := range []string{"fabrikam", "contoso", "adatum"} {
			syncTenant(t, w, name)
			<-time.After(time.Second)
		}
		want("fabrikam Idle", "contoso Idle", "adatum Idle")
		want()
		<-time.After(time.Hour)
		want()
		if got, err := w.Changes(t.Context(), syncer.ChangesRequest{Cursor: cursor}); err != nil || len(got.Items) != 0 || got.Next != cursor {
			t.Errorf("an hour later the feed shows %d rows, %v; want none, and the same cursor", len(got.Items), err)
		}
		start(t, w, "contoso")
		want("contoso Starting")
		syncTenant(t, w, "adatum")
		want("adatum Idle")
		got, err := w.Changes(t.Context(), syncer.ChangesRequest{Prefix: "con"})
		if err != nil || len(got.Items) != 1 || got.Items[0].Status != state.Starting {
			t.Errorf("with a prefix: %+v, %v", got.Items, err)
		}
		if _, err := w.Changes(t.Context(), syncer.ChangesRequest{Cursor: "no cursor"}); err == nil {
			t.Error("anything is taken for a cursor")
		}
	})
}
