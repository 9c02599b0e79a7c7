package syncer_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A handler gets the review that an Approver gets.
func TestReviewIsTheApprovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		asked := syncertest.Answers(syncertest.Passes())
		w := h.Worker("a", syncertest.WorkerConfig{Approver: asked})
		if _, err := w.Review(t.Context(), syncer.RunRef{Tenant: "contoso"}); !errors.Is(err, syncer.ErrNotPending) {
			t.Errorf("before the first run: got %v, want %v", err, syncer.ErrNotPending)
		}
		run := start(t, w, "contoso").Run
		if _, err := w.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		for _, ref := range []syncer.RunRef{{Tenant: "contoso"}, {Tenant: "contoso", Run: run}} {
			got, err := w.Review(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			if shown := asked.Shown(); len(shown) != 1 || cmp.Diff(shown[0], got) != "" {
				t.Errorf("%+v: got another review than the approver's:\n%s", ref, cmp.Diff(shown, []syncer.Review{got}))
			}
		}
		if _, err := w.Review(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "another"}); !errors.Is(err, syncer.ErrStalePlan) {
			t.Errorf("another run: got %v, want %v", err, syncer.ErrStalePlan)
		}
		got, err := w.Review(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		if row, err := w.Decide(t.Context(), got.Reject("bob", "not now")); err != nil || row.Status != state.InProgress {
			t.Errorf("got %s, %v, want the answer to be taken", row.Status, err)
		}
	})
}
