package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// blobNames collects the names of all blobs that are put.
type blobNames struct {
	state.Store
	put map[state.BlobRef]bool
}

func (b blobNames) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	ref, err := b.Store.Put(ctx, req)
	b.put[ref] = true
	return ref, err
}

// wantRemoved checks that nothing is left of the tenant but the audit entry.
func wantRemoved(t *testing.T, h *syncertest.Harness, w *syncertest.Worker, put map[state.BlobRef]bool) {
	t.Helper()
	if _, err := h.Store.Load(t.Context(), state.LoadRequest{Tenant: "contoso"}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("the record: got %v, want %v", err, state.ErrNotFound)
	}
	page, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso"})
	if err != nil || len(page.Items) != 1 || page.Items[0].Type != syncer.EntryRemove || page.Items[0].Actor != "olga" {
		t.Errorf("the history: got %+v, %v, want the audit entry by olga alone", page.Items, err)
	}
	if page, err := w.Runs(t.Context(), syncer.RunsRequest{Tenant: "contoso"}); err != nil || len(page.Items) > 0 {
		t.Errorf("the runs: got %d, %v, want none", len(page.Items), err)
	}
	if len(put) == 0 {
		t.Error("no blob was put: the test shows nothing about blobs")
	}
	for ref := range put {
		if _, err := h.Store.Get(t.Context(), ref); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("the blob %s: got %v, want %v", ref.Kind, err, state.ErrNotFound)
		}
	}
	if _, err := h.Auth.Credential(t.Context(), auth.Request{Tenant: "contoso"}); auth.ClassOf(err) != auth.SignInNeeded {
		t.Errorf("the tokens: got %v, want that a person must sign in", err)
	}
	d, err := h.Repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil || len(d.Resources) > 0 {
		t.Errorf("the repository: got %d files, %v, want none", len(d.Resources), err)
	}
	if n := len(h.Tenant("contoso").Objects("groups")); n != 1 {
		t.Errorf("got %d groups in the tenant itself, want the one of before", n)
	}
}

// A removal that fails or is cut off anywhere is finished by a worker.
func TestRemovalIsFinished(t *testing.T) {
	boom := errors.New("boom")
	for _, op := range []string{"", "Authenticator.Forget", "Repository.Remove", "Blobs.Remove", "Store.Commit", "Leaser.Acquire"} {
		for _, way := range []string{"fails", "is unknown", "dies before", "dies after"} {
			t.Run(fmt.Sprint(op, " ", way), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := syncertest.New(syncertest.Config{})
					desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
					put := map[state.BlobRef]bool{}
					edit := func(c *syncer.Config) { c.Store = blobNames{c.Store, put} }
					w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: edit})
					syncTenant(t, w, "contoso")
					struck := false
					w.Strike(func(c statetest.Call) statetest.Fault {
						if struck || c.Op != op {
							return statetest.Fault{}
						}
						struck = true
						switch way {
						case "fails":
							return statetest.Fault{Before: boom}
						case "is unknown":
							return statetest.Fault{After: state.ErrUnknown}
						}
						return w.Dies(way == "dies after")
					})
					err := w.Remove(w.Context(), syncer.RemoveRequest{Tenant: "contoso", Actor: "olga", Repository: true})
					if op == "" && err != nil {
						t.Fatal(err)
					}
					if op != "" && !struck {
						t.Fatalf("no call of %s was struck", op)
					}
					other := h.Worker("b", syncertest.WorkerConfig{Edit: edit})
					if row, err := other.Status(t.Context(), "contoso"); err != nil || row.Version > 0 && row.Removing == nil && way != "dies before" {
						t.Errorf("got %+v, %v, want a row that is being removed, or none", row.Removing, err)
					} else if row.Version > 0 && row.Removing != nil {
						if _, err := other.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); !errors.Is(err, syncer.ErrRemoving) {
							t.Errorf("Start: got %v, want %v", err, syncer.ErrRemoving)
						}
					} else if row.Version > 0 { // it died before it had asked
						if err := other.Remove(t.Context(), syncer.RemoveRequest{Tenant: "contoso", Actor: "olga", Repository: true}); err != nil {
							t.Fatal(err)
						}
					}
					ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
					defer stop()
					if err := other.Run(ctx); err != nil {
						t.Fatal(err)
					}
					wantRemoved(t, h, other, put)
				})
			})
		}
	}
}

// Asking to remove a tenant's part of a repository that cannot is refused before
// anything is removed.
func TestRemoveFromARepositoryThatCannot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
			c.Repository = struct{ tenant.Repository }{h.Repository}
		}})
		before := syncTenant(t, w, "contoso")
		err := w.Remove(t.Context(), syncer.RemoveRequest{Tenant: "contoso", Actor: "olga", Repository: true})
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v, want %v", err, errors.ErrUnsupported)
		}
		if row, err := w.Status(t.Context(), "contoso"); err != nil || row.Version != before.Version || row.Removing != nil {
			t.Errorf("got version %d, removing %+v, %v, want the row as it was", row.Version, row.Removing, err)
		}
		if err := w.Remove(t.Context(), syncer.RemoveRequest{Tenant: "contoso", Actor: "olga"}); err != nil {
			t.Errorf("without the repository: %v", err)
		}
	})
}

// A removal whose store cannot be read says so. Nothing is removed.
func TestRemoveWithoutAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w := deployed(t)
		away := errors.New("the database is away")
		w.Strike(func(c statetest.Call) statetest.Fault {
			if c.Op == "Store.Load" {
				return statetest.Fault{Before: away}
			}
			return statetest.Fault{}
		})
		if err := w.Remove(t.Context(), syncer.RemoveRequest{Tenant: "contoso", Actor: "ann"}); !errors.Is(err, away) {
			t.Errorf("got %v, want the store's error", err)
		}
		w.Strike(nil)
		if row, err := w.Status(t.Context(), "contoso"); err != nil || row.Status != state.Idle || row.Removing != nil {
			t.Errorf("got %s, %+v, %v, want Idle", row.Status, row.Removing, err)
		}
	})
}
