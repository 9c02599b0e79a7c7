package syncer_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// People edit a file in a folder, and take the edit back: the plan is behind the
// line, and then current again. The edit is in no revision that the repository
// keeps.
func TestPlanBehindFilesEditedByHand(t *testing.T) {
	dir := t.TempDir()
	repository, err := tenant.NewDirRepository(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repository.Close()
	h := syncertest.New(syncertest.Config{Repository: repository})
	desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
	w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Settings.Approval.RequireCurrent = true }})
	ref := start(t, w, "contoso").RunRef
	if _, err := w.Advance(t.Context(), "contoso"); err != nil {
		t.Fatal(err)
	}
	var file string
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Base(path) == "Staff.json" {
			file = path
		}
		return err
	})
	before, rerr := os.ReadFile(file)
	if err := errors.Join(err, rerr); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		content []byte
		behind  bool
	}{
		{"as planned", before, false},
		{"edited", []byte(`{"displayName":"Staff","kind":"mail"}`), true},
		{"edit taken back", before, false},
	} {
		if err := os.WriteFile(file, tt.content, 0o600); err != nil {
			t.Fatal(err)
		}
		review, err := w.Review(t.Context(), ref)
		if err != nil || (review.Newer != nil) != tt.behind || (review.Plan.NewerRevision != "") != tt.behind {
			t.Fatalf("%s: the review names %v and its plan %q, %v; want a newer revision: %v", tt.name, review.Newer, review.Plan.NewerRevision, err, tt.behind)
		}
		p, err := w.Plan(t.Context(), ref)
		if err != nil || (p.NewerRevision != "") != tt.behind {
			t.Errorf("%s: the plan names %q, %v; want a newer revision: %v", tt.name, p.NewerRevision, err, tt.behind)
		}
		if tt.behind {
			if _, err := w.Decide(t.Context(), review.Approve("bob", "")); !errors.Is(err, syncer.ErrStalePlan) {
				t.Errorf("%s: Decide: got %v, want %v", tt.name, err, syncer.ErrStalePlan)
			}
		}
	}
	review, err := w.Review(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Decide(t.Context(), review.Approve("bob", "")); err != nil {
		t.Errorf("Decide on the current plan: %v", err)
	}
}

// The Approver is told that the line has moved on.
func TestApproverSeesTheNewerRevision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		var seen []*syncer.NewerRevision
		asked := syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
			if seen = append(seen, r.Newer); len(seen) == 1 {
				desire(t, h, "contoso", "groups", "Leads", `{"displayName":"Leads"}`)
				return syncer.Decision{}, errors.New("ask again")
			}
			return syncer.Decision{}, nil
		})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: asked})
		start(t, w, "contoso")
		for range 2 {
			next, err := w.Advance(t.Context(), "contoso")
			if err != nil {
				t.Fatal(err)
			}
			<-time.After(next.In)
		}
		head, err := h.Repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
		if err != nil || len(seen) != 2 || seen[0] != nil || seen[1] == nil || seen[1].Revision != head.Revision {
			t.Errorf("the approver was shown %v, %v; want none, then %s", seen, err, head.Revision)
		}
	})
}
