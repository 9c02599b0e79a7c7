package syncer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// The beginning of a digest, as logs show it, decides nothing, and the error says
// so: two plans can have digests that begin alike.
func TestTheBeginningOfADigestDecidesNothing(t *testing.T) {
	h := syncertest.New(syncertest.Config{})
	w := h.Worker("a", syncertest.WorkerConfig{})
	desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
	start(t, w, "contoso")
	if _, err := w.Advance(t.Context(), "contoso"); err != nil {
		t.Fatal(err)
	}
	row, err := w.Status(t.Context(), "contoso")
	if err != nil || row.Digest == "" {
		t.Fatalf("got %+v, %v, want a plan that waits", row, err)
	}
	_, err = w.Decide(t.Context(), syncer.Decision{RunRef: row.RunRef, Digest: row.Digest[:12], Verdict: syncer.Approve, Actor: "bob"})
	if !errors.Is(err, syncer.ErrStalePlan) || !strings.Contains(err.Error(), "whole digest of 64 characters") {
		t.Errorf("got %v, want an ErrStalePlan that asks for the whole digest", err)
	}
}
