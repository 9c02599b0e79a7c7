package syncer_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A store that refuses an event has the last word: the commit is not tried again,
// and the caller sees the store's error.
func TestStoreRefusesAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{})
		refused := &state.TransitionError{Event: state.Start, From: state.Starting}
		w.Strike(statetest.FaultEvery(statetest.Fault{Before: refused}, "Store.Commit"))
		_, err := w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ada"})
		var illegal *state.TransitionError
		if !errors.As(err, &illegal) || illegal.From != state.Starting {
			t.Errorf("Start: got error %v, want the store's", err)
		}
		if got := count(w, "Store.Commit"); got != 1 {
			t.Errorf("%d commits were tried, want 1", got)
		}
	})
}

// The engine commits the events of each move, several in one commit where a run
// takes the place of another, and the store's status is the one that the history
// names.
func TestCommitsNameTheirEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		start(t, w, "contoso")
		if row, err := w.Advance(t.Context(), "contoso"); err != nil || row.Status != state.PendingApproval {
			t.Fatalf("the run is %s, %v; want it to wait for approval", row.Status, err)
		}
		if _, err := w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ada", Supersede: true}); err != nil {
			t.Fatal(err)
		}
		loaded, err := h.Store.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
		if err != nil || loaded.Record.Status != state.Starting {
			t.Errorf("the stored status is %q, %v; want starting", loaded.Record.Status, err)
		}
		page, err := h.Store.History(t.Context(), state.HistoryRequest{Tenant: "contoso", Types: []string{string(syncer.EntryMove)}})
		n := len(page.Entries)
		if err != nil || n != 5 || page.Entries[n-2].Version != page.Entries[n-1].Version {
			t.Errorf("the moves are %+v, %v; want three, and then two of one commit", page.Entries, err)
		}
	})
}
