package tenanttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// RepositoryFixture is one fresh, empty repository with functions that change it.
// A case whose function is nil is skipped.
type RepositoryFixture struct {
	// Repository is required.
	Repository tenant.Repository
	// Reopen returns the same repository as another process sees it after a
	// restart.
	Reopen func() tenant.Repository
	// Edit changes one resource of the desired line as people do, without the
	// repository: by a text editor, by a commit. A nil body removes it.
	Edit func(tenantID, kind, key string, body []byte) error
}

// TestRepository checks that a [tenant.Repository] keeps its contract. The
// factory is called once per case. It closes its resources with t.Cleanup.
func TestRepository(t *testing.T, factory func(t *testing.T) RepositoryFixture) {
	runCases(t, factory, repositoryCases())
}

type (
	repositoryKit  = *kit[RepositoryFixture]
	repositoryCase = kitCase[RepositoryFixture]
)

func repositoryCases() []repositoryCase {
	return slices.Concat(desiredCases, repeatCases, backupCases, deltaCases, historyCases, removeCases)
}

// contoso is the tenant of most cases.
const contoso = "contoso"

func put(kind, key, body string) tenant.Change {
	return tenant.Change{Kind: kind, Key: key, Body: json.RawMessage(body)}
}

func remove(kind, key string) tenant.Change { return tenant.Change{Kind: kind, Key: key} }

// desired returns the head of the desired line.
func desired(k repositoryKit, tenantID string) tenant.Desired {
	k.Helper()
	got, err := k.fixture.Repository.Desired(k.Context(), tenant.DesiredRequest{Tenant: tenantID})
	k.must(err, "Desired")
	return got
}

// tryUpdate makes changes against the head under a key.
func tryUpdate(k repositoryKit, requestKey string, changes ...tenant.Change) (tenant.Revision, error) {
	k.Helper()
	return k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{
		Tenant: contoso, Parent: desired(k, contoso).Revision, Key: requestKey, Changes: changes,
		Message: "message of " + requestKey, Author: "author of " + requestKey,
	})
}

// update is tryUpdate that must succeed.
func update(k repositoryKit, requestKey string, changes ...tenant.Change) tenant.Revision {
	k.Helper()
	r, err := tryUpdate(k, requestKey, changes...)
	k.must(err, "Update "+requestKey)
	return r
}

// wantResources checks resources by "kind/key" and body.
func wantResources(k repositoryKit, got []tenant.Resource, want map[string]string) {
	k.Helper()
	seen := make(map[string]bool)
	for _, r := range got {
		name := r.Kind + "/" + r.Key
		body, wanted := want[name]
		switch {
		case seen[name]:
			k.errorf("%q is there twice", name)
		case !wanted:
			k.errorf("%q is there and should not be", name)
		case !sameJSON(r.Body, json.RawMessage(body)):
			k.errorf("the body of %q is %s, want %s", name, r.Body, body)
		case r.ID != "":
			k.errorf("%q has the id %q: a repository has none", name, r.ID)
		}
		seen[name] = true
	}
	for name := range want {
		if !seen[name] {
			k.errorf("%q is missing", name)
		}
	}
}

// wantHead checks the resources of the desired line's head.
func wantHead(k repositoryKit, want map[string]string) {
	k.Helper()
	d := desired(k, contoso)
	wantResources(k, d.Resources, want)
	if len(d.Problems) > 0 {
		k.errorf("there are problems: %v", d.Problems)
	}
}

// wantError checks that err is target.
func wantError(k repositoryKit, err, target error, what string) {
	k.Helper()
	if !errors.Is(err, target) {
		k.errorf("%s: the error is %v, want %v", what, err, target)
	}
}

var repeatCases = []repositoryCase{
	{
		name:        "repeated update",
		explanation: "Repeating a write with the same key, also when the line has moved on, changes nothing and returns the first result.",
		run: func(k repositoryKit) {
			parent := desired(k, contoso).Revision
			first := update(k, "one", put("groups", "A", `{"n":1}`))
			update(k, "two", put("groups", "A", `{"n":2}`))
			again, err := k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{
				Tenant: contoso, Parent: parent, Key: "one", Changes: []tenant.Change{put("groups", "A", `{"n":1}`)},
			})
			k.must(err, "the repeated Update")
			wantSameRevision(k, again, first)
			wantHead(k, map[string]string{"groups/A": `{"n":2}`})
		},
	},
	{
		name:        "repeated update after a restart",
		explanation: "Repeating a write with the same key, also after a restart, changes nothing and returns the first result.",
		run: func(k repositoryKit) {
			if k.fixture.Reopen == nil {
				k.Skipf("the fixture has no Reopen")
			}
			first := update(k, "one", put("groups", "A", `{"n":1}`))
			k.fixture.Repository = k.fixture.Reopen()
			again := update(k, "one", put("groups", "A", `{"n":2}`))
			wantSameRevision(k, again, first)
			wantHead(k, map[string]string{"groups/A": `{"n":1}`})
		},
	},
	{
		name:        "a refused key is not spent",
		explanation: "A write that was refused was not made: the same key can be used for it again.",
		run: func(k repositoryKit) {
			_, err := k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{
				Tenant: contoso, Parent: "nonsense", Key: "one", Changes: []tenant.Change{put("groups", "A", `{}`)},
			})
			wantError(k, err, tenant.ErrMoved, "Update with a parent that never was")
			update(k, "one", put("groups", "A", `{}`))
			wantHead(k, map[string]string{"groups/A": `{}`})
		},
	},
	{
		name:        "repeated backup",
		explanation: "Repeating a backup with the same key changes nothing and returns the first result.",
		run: func(k repositoryKit) {
			first := backUp(k, "one", snapshot(tenant.Complete, resource("groups", "A", `{"n":1}`)))
			backUp(k, "two", snapshot(tenant.Complete, resource("groups", "A", `{"n":2}`)))
			again := backUp(k, "one", snapshot(tenant.Complete, resource("groups", "A", `{"n":1}`)))
			wantSameRevision(k, again, first)
			wantResources(k, snapshotAt(k, "").Resources, map[string]string{"groups/A": `{"n":2}`})
		},
	},
	{
		name:        "one key at once",
		explanation: "Implementations are safe for concurrent use; the same write made by several at once is made once.",
		run: func(k repositoryKit) {
			parent := desired(k, contoso).Revision
			ids := atOnce(8, func(int) string {
				r, err := k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{
					Tenant: contoso, Parent: parent, Key: "one", Changes: []tenant.Change{put("groups", "A", `{}`)},
				})
				return fmt.Sprint(r.ID, err)
			})
			if slices.Sort(ids); ids[0] != ids[len(ids)-1] {
				k.errorf("the answers differ: %q", slices.Compact(ids))
			}
			if got := len(history(k, tenant.DesiredLine)); got != 1 {
				k.errorf("the line has %d revisions, want 1", got)
			}
		},
	},
	{
		name:        "one parent at once",
		explanation: "Of several updates made against one head, one is made; the others get ErrMoved.",
		run: func(k repositoryKit) {
			parent := desired(k, contoso).Revision
			errs := atOnce(8, func(i int) error {
				_, err := k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{
					Tenant: contoso, Parent: parent, Key: fmt.Sprint("key ", i),
					Changes: []tenant.Change{put("groups", fmt.Sprint(i), `{}`)},
				})
				return err
			})
			made := 0
			for _, err := range errs {
				if err == nil {
					made++
				} else {
					wantError(k, err, tenant.ErrMoved, "Update by another")
				}
			}
			if got := len(desired(k, contoso).Resources); made != 1 || got != 1 {
				k.errorf("%d updates succeeded and there are %d resources, want 1 and 1", made, got)
			}
		},
	},
	{
		name:        "cancelled",
		explanation: "Implementations honor the context's cancellation.",
		run: func(k repositoryKit) {
			parent := desired(k, contoso).Revision
			ctx, cancel := context.WithCancel(k.Context())
			cancel()
			r := k.fixture.Repository
			_, desiredErr := r.Desired(ctx, tenant.DesiredRequest{Tenant: contoso})
			_, updateErr := r.Update(ctx, tenant.UpdateRequest{Tenant: contoso, Parent: parent, Key: "one", Changes: []tenant.Change{put("groups", "A", `{}`)}})
			_, backupErr := r.Backup(ctx, tenant.BackupRequest{Tenant: contoso, Key: "one", Snapshot: snapshot(tenant.Complete)})
			_, snapshotErr := r.Snapshot(ctx, tenant.SnapshotRequest{Tenant: contoso})
			_, historyErr := r.History(ctx, tenant.RepositoryHistoryRequest{Tenant: contoso, Line: tenant.DesiredLine})
			for name, err := range map[string]error{"Desired": desiredErr, "Update": updateErr, "Backup": backupErr, "Snapshot": snapshotErr, "History": historyErr} {
				wantError(k, err, context.Canceled, name+" with a cancelled context")
			}
			wantHead(k, nil)
		},
	},
}

func wantSameRevision(k repositoryKit, got, want tenant.Revision) {
	k.Helper()
	if got.ID != want.ID || got.Message != want.Message || got.Author != want.Author || !got.Time.Equal(want.Time) {
		k.errorf("the revision is %+v, want %+v", got, want)
	}
}

// atOnce calls do n times at once and returns the results.
func atOnce[T any](n int, do func(i int) T) []T {
	results := make([]T, n)
	done := make(chan struct{})
	for i := range n {
		go func() {
			results[i] = do(i)
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
	return results
}
