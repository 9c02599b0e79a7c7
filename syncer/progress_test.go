package syncer_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// While a worker reads a large tenant it makes no commit. Other processes see its phase
// and its progress all the same: they ride on the renewal of the lease.
func TestProgressRidesOnRenewals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.LeaseDuration, c.ReadConcurrency = time.Minute, 1 }})
		host := h.Worker("host", syncertest.WorkerConfig{})
		syncTenant(t, w, "contoso") // the directory is known from here on
		start(t, w, "contoso")
		fake := h.Tenant("contoso")
		fake.SlowReads(90 * time.Second)
		done := make(chan error, 1)
		go func() {
			_, err := w.Advance(t.Context(), "contoso")
			done <- err
		}()
		status := func() syncer.Row {
			t.Helper()
			row, err := host.Status(t.Context(), "contoso")
			if err != nil || row.Status != state.InProgress {
				t.Fatalf("got %s, %v, want In progress", row.Status, err)
			}
			return row
		}
		<-time.After(time.Second)
		first := status()
		if first.Phase != syncer.PhaseConnect {
			t.Errorf("before the first renewal the phase is %s, want %s", first.Phase, syncer.PhaseConnect)
		}
		<-time.After(20 * time.Second)
		if row := status(); row.Phase != syncer.PhaseBackup || row.Progress.Done != 0 || row.Version != first.Version || !row.UpdatedAt.Equal(first.UpdatedAt) {
			t.Errorf("after a renewal: phase %s, %+v, version %d; want %s, nothing read, version %d", row.Phase, row.Progress, row.Version, syncer.PhaseBackup, first.Version)
		}
		<-time.After(2 * time.Minute)
		if row := status(); row.Phase != syncer.PhaseBackup || row.Progress.Done != 1 || row.Progress.Total < 2 || row.Version != first.Version {
			t.Errorf("after one kind: phase %s, %+v, version %d; want 1 of several, version %d", row.Phase, row.Progress, row.Version, first.Version)
		}
		fake.SlowReads(0)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		row, err := host.Status(t.Context(), "contoso")
		if err != nil || row.Status != state.Idle || row.Phase != "" || row.Progress != (syncer.Progress{}) {
			t.Errorf("at the end: %s, phase %q, %+v, %v", row.Status, row.Phase, row.Progress, err)
		}
	})
}

// A note of a phase that this version does not know, or one that is no progress at all,
// is overlooked: the row has the phase of the record.
func TestNotesOfANewerVersion(t *testing.T) {
	h := syncertest.New(syncertest.Config{})
	w := h.Worker("a", syncertest.WorkerConfig{})
	start(t, w, "contoso")
	lease, err := h.Store.Acquire(t.Context(), state.AcquireRequest{Tenant: "contoso", Owner: "b", For: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for note, want := range map[string]syncer.Progress{
		`{"phase":"backup","done":2,"total":3}`: {Phase: syncer.PhaseBackup, Done: 2, Total: 3},
		`{"phase":"polish","done":2,"total":3}`: {},
		`{"done":2,"total":3}`:                  {},
		`{"phase":7}`:                           {},
		`"backup"`:                              {},
	} {
		if _, err := h.Store.Renew(t.Context(), state.RenewRequest{Tenant: "contoso", Fence: lease.Record.Fence, For: time.Hour, Note: []byte(note)}); err != nil {
			t.Fatal(err)
		}
		phase := want.Phase
		if phase == "" {
			phase = syncer.PhaseConnect
		}
		if row, err := w.Status(t.Context(), "contoso"); err != nil || row.Phase != phase || row.Progress != want {
			t.Errorf("note %s: got %s, %+v, %v; want %s, %+v", note, row.Phase, row.Progress, err, phase, want)
		}
	}
}
