package statetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/state"
)

// TestPruner checks that a [state.Pruner] keeps its contract.
func TestPruner(t *testing.T, factory Factory) {
	runCases(t, "TestPruner", factory, allPrunerCases(), prunerNeeds...)
}

func allPrunerCases() []kitCase { return slices.Concat(prunerCases, interleavedCases, pruneLimitCases) }

// inRun returns the tenant's record with another run, and an entry of that run.
func inRun(r state.Record, run string) (state.Record, state.Entry) {
	r.Run = run
	return r, state.Entry{Type: "t", Run: run}
}

var prunerCases = []kitCase{
	{
		"prune/nothing",
		"Prune returns no error if there is nothing to remove.",
		func(k *kit) {
			wantPruned(k, "of an empty store", state.PruneRequest{}, 0, 0)
		},
	},
	{
		"prune/age",
		"Prune removes entries and blobs older than the store's time less Age, and nothing else; the record does not change.",
		func(k *kit) {
			k.put(newRecord("contoso"), state.Entry{Type: "old"}, state.Entry{Type: "old"})
			old := putBlob(k, plan("contoso", []byte("old")))
			k.Pass(5 * day)
			k.put(k.load("contoso"), state.Entry{Type: "new"})
			young := putBlob(k, plan("contoso", []byte("new")))
			k.Pass(5 * day)
			r := k.load("contoso")
			wantPruned(k, "older than 11 days", state.PruneRequest{Age: 11 * day}, 0, 0)
			wantPruned(k, "older than 7 days", state.PruneRequest{Age: 7 * day}, 2, 1)
			wantEntries(k, "History after it", k.history(state.HistoryRequest{Tenant: "contoso"}), "2.0:new")
			wantEntries(k, "History after it, newest first", k.history(state.HistoryRequest{Tenant: "contoso", Newest: true}), "2.0:new")
			_, err := k.Blobs.Get(k.Context(), old)
			k.wantError("Get of a pruned blob", err, state.ErrNotFound)
			wantBlob(k, "of a young blob", young, []byte("new"))
			k.wantRecord("after it", k.load("contoso"), r)
			k.put(r, state.Entry{Type: "next"})
			wantEntries(k, "History after the next commit", k.history(state.HistoryRequest{Tenant: "contoso"}), "2.0:new", "3.0:next")
		},
	},
	{
		"prune/run",
		"The run that a record names, live or last, is never pruned: neither its entries nor its blobs.",
		func(k *kit) {
			for _, s := range []state.Status{state.InProgress, state.Idle} {
				tenant := string(s)
				r, entry := inRun(newRecord(tenant), "run-0")
				r, entry = inRun(k.put(r, entry), "run-1")
				r.Status = s
				k.put(r, entry)
				putBlob(k, state.PutRequest{Tenant: tenant, Run: "run-0", Kind: "plan"})
				putBlob(k, plan(tenant, []byte("of the run")))
				// The same run of a tenant that does not name it.
				k.put(newRecord("other-"+tenant), entry)
				putBlob(k, plan("other-"+tenant, nil))
			}
			k.Pass(1000 * day)
			wantPruned(k, "of any age", state.PruneRequest{}, 4, 4)
			for _, tenant := range []string{string(state.InProgress), string(state.Idle)} {
				wantEntries(k, "History of "+tenant, k.history(state.HistoryRequest{Tenant: tenant}), "2.0:t")
				wantBlob(k, "of the run of "+tenant, plan(tenant, []byte("of the run")).Ref(), []byte("of the run"))
			}
		},
	},
	{
		"prune/no run",
		"A record without a run keeps no entries and blobs: those without a run are pruned like others.",
		func(k *kit) {
			k.put(newRecord("contoso"), state.Entry{Type: "t"})
			putBlob(k, state.PutRequest{Tenant: "contoso", Kind: "plan"})
			k.Pass(2 * day)
			wantPruned(k, "of no run", state.PruneRequest{Age: day}, 1, 1)
		},
	},
	{
		"prune/refs",
		"A blob in a record's Refs is never pruned; once it is in no record's Refs, it is pruned.",
		func(k *kit) {
			kept := putBlob(k, state.PutRequest{Tenant: "contoso", Run: "run-0", Kind: "base", Data: []byte("base")})
			putBlob(k, state.PutRequest{Tenant: "contoso", Run: "run-0", Kind: "plan", Data: []byte("base")})
			putBlob(k, state.PutRequest{Tenant: "fabrikam", Run: "run-0", Kind: "base", Data: []byte("base")})
			r := newRecord("contoso")
			r.Refs = []state.BlobRef{kept}
			k.put(r)
			k.Pass(1000 * day)
			wantPruned(k, "beside a reference", state.PruneRequest{}, 0, 2)
			wantBlob(k, "that is referred to", kept, []byte("base"))
			r = k.load("contoso")
			r.Refs = nil
			k.put(r)
			wantPruned(k, "after the reference was removed", state.PruneRequest{}, 0, 1)
		},
	},
	{
		"prune/runs",
		"Prune removes runs whose last commit is older than the store's time less Age, at most Limit, but never the one that a record names.",
		func(k *kit) {
			r := storeRuns(k, "contoso", newRun("old-1", 1), newRun("old-2", 2), newRun("kept", 3), newRun("again", 4))
			r.Run = "kept"
			k.put(r)
			storeRuns(k, "fabrikam", newRun("kept", 1))
			k.Pass(5 * day)
			storeRuns(k, "contoso", newRun("again", 4), newRun("new", 5))
			k.Pass(5 * day)
			if got, err := k.Pruner.Prune(k.Context(), state.PruneRequest{Tenant: "contoso", Age: 7 * day, Limit: 1}); err != nil || got.Runs != 1 {
				k.errorf("Prune with Limit 1: %d runs were removed, %v; want 1", got.Runs, err)
			}
			if went := pruneAll(k, state.PruneRequest{Tenant: "contoso", Age: 7 * day}); went.Runs != 1 {
				k.errorf("the next Prune: %d runs were removed, want 1", went.Runs)
			}
			want := []string{"contoso/new", "contoso/again", "contoso/kept", "fabrikam/kept"}
			wantRuns(k, "Runs after Prune of one tenant", allRuns(k, state.RunsRequest{}), want...)
			if went := pruneAll(k, state.PruneRequest{Age: 7 * day, Limit: 1}); went.Runs != 1 {
				k.errorf("Prune of all: %d runs were removed, want 1", went.Runs)
			}
			wantRuns(k, "Runs after Prune of all", allRuns(k, state.RunsRequest{}), want[:3]...)
		},
	},
	{
		"prune/removed",
		"The entries that a removal leaves are pruned by their age like others; then the tenant can be created again.",
		func(k *kit) {
			req := removal(fillTenant(k, "contoso"))
			req.Entries[0].Run = "the removal"
			k.commit(req)
			k.Pass(2 * day)
			wantPruned(k, "older than three days", state.PruneRequest{Age: 3 * day}, 0, 0)
			wantGone(k, "contoso", 3)
			wantPruned(k, "older than a day", state.PruneRequest{Tenant: "contoso", Age: day}, 1, 0)
			if got := k.history(state.HistoryRequest{Tenant: "contoso"}); len(got) != 0 {
				k.errorf("%d entries are left", len(got))
			}
			k.put(newRecord("contoso"), state.Entry{Type: "first"})
			if got := k.history(state.HistoryRequest{Tenant: "contoso"}); len(got) != 1 || got[0].Type != "first" {
				k.errorf("the history of the tenant that was created again is %+v", got)
			}
		},
	},
	{
		"prune/young blobs",
		"A blob younger than a day is never pruned, whatever Age is: it may belong to a commit that is about to come. Putting it again makes it young.",
		func(k *kit) {
			ref := putBlob(k, plan("contoso", []byte("data")))
			k.Pass(day - slack)
			wantPruned(k, "of less than a day", state.PruneRequest{}, 0, 0)
			k.Pass(slack)
			putBlob(k, plan("contoso", []byte("data")))
			k.Pass(day - slack)
			wantPruned(k, "of less than a day since it was put again", state.PruneRequest{}, 0, 0)
			wantBlob(k, "of less than a day since it was put again", ref, []byte("data"))
			k.Pass(2 * slack)
			wantPruned(k, "of more than a day", state.PruneRequest{}, 0, 1)
		},
	},
	{
		"prune/tenant",
		"Tenant limits Prune to one tenant.",
		func(k *kit) {
			for _, tenant := range []string{"a", "b"} {
				k.put(newRecord(tenant), state.Entry{Type: "t"})
				putBlob(k, plan(tenant, nil))
			}
			putBlob(k, plan("no record", nil))
			k.Pass(2 * day)
			wantPruned(k, "of a", state.PruneRequest{Tenant: "a"}, 1, 1)
			wantPruned(k, "of one without a record", state.PruneRequest{Tenant: "no record"}, 0, 1)
			if got := len(k.history(state.HistoryRequest{Tenant: "b"})); got != 1 {
				k.errorf("after Prune of others the history of b has %d entries, want 1", got)
			}
			wantBlob(k, "of another tenant", plan("b", nil).Ref(), nil)
		},
	},
	{
		"prune/limit",
		"Prune removes at most Limit, oldest or not, and repeated calls come to an end.",
		func(k *kit) {
			for i := range 5 {
				tenant := fmt.Sprint("tenant-", i)
				k.put(newRecord(tenant), state.Entry{Type: "t"}, state.Entry{Type: "t"})
				for run := range 2 {
					putBlob(k, state.PutRequest{Tenant: tenant, Run: fmt.Sprint(run), Kind: "plan"})
				}
			}
			kept, entry := inRun(newRecord("kept"), "run-1")
			k.put(kept, entry, entry, entry)
			for i := range 4 {
				putBlob(k, plan("kept", []byte{byte(i)}))
			}
			k.Pass(2 * day)
			wantPruned(k, "three at a time", state.PruneRequest{Limit: 3}, 10, 10)
		},
	},
	{
		"prune/cancelled",
		"Prune honors the context's cancellation.",
		func(k *kit) {
			k.put(newRecord("contoso"), state.Entry{Type: "t"})
			k.Pass(2 * day)
			k.wantCancelled(call{"Prune", func(ctx context.Context) error {
				_, err := k.Pruner.Prune(ctx, state.PruneRequest{})
				return err
			}})
			wantPruned(k, "after the cancelled call", state.PruneRequest{}, 1, 0)
		},
	},
	{
		"prune/invalid",
		"A request that can never succeed is ErrInvalid: a negative age or limit, a name that no tenant can have.",
		func(k *kit) {
			prune := func(what string, req state.PruneRequest) call {
				return call{"Prune with " + what, func(ctx context.Context) error {
					_, err := k.Pruner.Prune(ctx, req)
					return err
				}}
			}
			k.wantInvalid(
				prune("a negative age", state.PruneRequest{Age: -1}),
				prune("a negative limit", state.PruneRequest{Limit: -1}),
			)
			k.wantNameChecked("Prune", false, func(ctx context.Context, name string) error {
				_, err := k.Pruner.Prune(ctx, state.PruneRequest{Tenant: name})
				return err
			})
		},
	},
}
