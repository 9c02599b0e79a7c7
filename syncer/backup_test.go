package syncer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/syncer"
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
		if _, err := b.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run}); err != nil {
			t.Fatal(err)
		}
		snap, err := h.Repository.Snapshot(t.Context(), tenant.SnapshotRequest{Tenant: "contoso"})
		if err != nil || len(snap.Resources) != 1 || !strings.Contains(string(snap.Resources[0].Body), "blue") {
			t.Errorf("the backup is %+v, %v; want what the tenant was when the run was planned", snap.Resources, err)
		}
		rep, err := b.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		revs, err := h.Repository.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.BackupLine})
		if err != nil || len(revs) != 2 || revs[0].ID != rep.Backup {
			t.Errorf("the report names the backup %s of %+v, %v; want the newest of two", rep.Backup, revs, err)
		}
	})
}

// backups is a repository that remembers what it was asked to back up, and may
// have lost the parents of its backup line.
type backups struct {
	tenant.Repository
	asked []tenant.BackupRequest
	lost  bool
}

func (b *backups) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	b.asked = append(b.asked, req)
	if b.lost && req.Parent != "" {
		return tenant.Revision{}, fmt.Errorf("pruned: %w", tenant.ErrNoRevision)
	}
	return b.Repository.Backup(ctx, req)
}

// Only what has changed since the last backup goes to the repository, and all of
// it again where the repository has lost that one.
func TestBackupIsTheDifferenceToTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repository := &backups{Repository: tenant.NewMemoryRepository()}
		h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1], Repository: repository})
		f := h.Tenant("contoso")
		a, b := f.Seed("groups", `{"displayName":"A"}`), f.Seed("groups", `{"displayName":"B"}`)
		w := h.Worker("a", syncertest.WorkerConfig{})
		sent := func(what string, parent bool, changed, removed int) {
			t.Helper()
			repository.asked = nil
			row := syncTenant(t, w, "contoso")
			if row.Label != "Idle" {
				t.Fatalf("%s: %s: %+v", what, row.Label, row.Error)
			}
			last := repository.asked[len(repository.asked)-1]
			if (last.Parent != "") != parent || len(last.Snapshot.Resources) != changed || len(last.Removed) != removed {
				t.Errorf("%s: got parent %q, %d resources, removed %v; want a parent: %v, %d, %d", what, last.Parent, len(last.Snapshot.Resources), last.Removed, parent, changed, removed)
			}
		}
		sent("first", false, 2, 0)
		sent("unchanged", true, 0, 0)
		f.Set("groups", a, `{"color":"blue"}`)
		sent("one changed", true, 1, 0)
		f.Remove("groups", b)
		sent("one removed", true, 0, 1)
		repository.lost = true
		sent("the parent is lost", false, 1, 0)
		repository.lost = false
		sent("from then on", true, 0, 0)
		snap, err := repository.Snapshot(t.Context(), tenant.SnapshotRequest{Tenant: "contoso"})
		if err != nil || len(snap.Resources) != 1 || !strings.Contains(string(snap.Resources[0].Body), "blue") {
			t.Errorf("the backup line has %+v, %v", snap.Resources, err)
		}
	})
}
