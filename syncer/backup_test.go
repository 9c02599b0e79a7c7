package syncer_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// A worker dies after the backup, and the tenant changes before another goes
// on: the backup line's head is what the run plans from, not what it was.
func TestBackupIsWhatIsPlannedFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
		f := h.Tenant("contoso")
		id := f.Seed("groups", `{"displayName":"G","color":"red"}`)
		a := h.Worker("a", syncertest.WorkerConfig{})
		row := start(t, a, "contoso")
		a.KillAt("Repository.Update", 0, false)
		if _, err := a.Advance(a.Context(), "contoso"); err == nil {
			t.Fatal("the worker did not die")
		}
		f.Set("groups", id, `{"color":"blue"}`)
		<-time.After(2 * time.Minute) // the dead worker's lease
		b := h.Worker("b", syncertest.WorkerConfig{})
		if _, err := b.Await(t.Context(), "contoso", row.Run); err != nil {
			t.Fatal(err)
		}
		snap, err := h.Repository.Snapshot(t.Context(), tenant.SnapshotRequest{Tenant: "contoso"})
		if err != nil || len(snap.Resources) != 1 || !strings.Contains(string(snap.Resources[0].Body), "blue") {
			t.Errorf("the backup is %+v, %v; want what the tenant was when the run was planned", snap.Resources, err)
		}
		rep, err := b.Report(t.Context(), "contoso", "")
		if err != nil {
			t.Fatal(err)
		}
		revs, err := h.Repository.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.BackupLine})
		if err != nil || len(revs) != 2 || revs[0].ID != rep.Backup {
			t.Errorf("the report names the backup %s of %+v, %v; want the newest of two", rep.Backup, revs, err)
		}
	})
}
