package statetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// TestPruner checks that a [state.Pruner] keeps its contract.
func TestPruner(t *testing.T, factory Factory) { runCases(t, factory, prunerCases) }

const day = 24 * time.Hour

// prune calls Prune until nothing goes any more, and returns how much went.
func (k *kit) prune(req state.PruneRequest) (entries, blobs int) {
	k.Helper()
	limit := req.Limit
	if limit == 0 {
		limit = state.DefaultPruneLimit
	}
	for range 1000 {
		got, err := k.Pruner.Prune(k.Context(), req)
		if err != nil {
			k.fatalf("Prune(%+v): %v", req, err)
		}
		if got.Now.IsZero() {
			k.errorf("Prune(%+v): Now is not set", req)
		}
		if got.Entries > limit || got.Blobs > limit {
			k.errorf("Prune with limit %d removed %d entries and %d blobs", limit, got.Entries, got.Blobs)
		}
		if got.Entries == 0 && got.Blobs == 0 {
			return entries, blobs
		}
		entries += got.Entries
		blobs += got.Blobs
	}
	k.fatalf("Prune(%+v) does not come to an end", req)
	return 0, 0
}

// wantPruned prunes and checks how much went.
func (k *kit) wantPruned(act string, req state.PruneRequest, wantEntries, wantBlobs int) {
	k.Helper()
	if entries, blobs := k.prune(req); entries != wantEntries || blobs != wantBlobs {
		k.errorf("%s: %d entries and %d blobs went, want %d and %d", act, entries, blobs, wantEntries, wantBlobs)
	}
}

// inRun returns the tenant's record with another run, and an entry of that run.
func inRun(r state.Record, run string) (state.Record, state.Entry) {
	r.Run = run
	return r, state.Entry{Type: "t", Run: run}
}

var prunerCases = []kitCase{
	{
		"prune/nothing",
		"Having nothing to prune is no error.",
		func(k *kit) {
			k.wantPruned("of an empty store", state.PruneRequest{}, 0, 0)
		},
	},
	{
		"prune/age",
		"Prune removes what is older than the store's time less Age, and nothing else; the record stays as it is.",
		func(k *kit) {
			k.put(newRecord("contoso"), state.Entry{Type: "old"}, state.Entry{Type: "old"})
			old := k.putBlob(plan("contoso", []byte("old")))
			k.Pass(5 * day)
			k.put(k.load("contoso"), state.Entry{Type: "new"})
			young := k.putBlob(plan("contoso", []byte("new")))
			k.Pass(5 * day)
			r := k.load("contoso")
			k.wantPruned("older than 11 days", state.PruneRequest{Age: 11 * day}, 0, 0)
			k.wantPruned("older than 7 days", state.PruneRequest{Age: 7 * day}, 2, 1)
			k.wantEntries("History after it", k.history(state.HistoryRequest{Tenant: "contoso"}), "2.0:new")
			k.wantEntries("History after it, newest first", k.history(state.HistoryRequest{Tenant: "contoso", Newest: true}), "2.0:new")
			_, err := k.Blobs.Get(k.Context(), old)
			k.wantError("Get of what was pruned", err, state.ErrNotFound)
			k.wantBlob("of what is young", young, []byte("new"))
			k.wantRecord("after it", k.load("contoso"), r)
			k.put(r, state.Entry{Type: "next"})
			k.wantEntries("History after the next commit", k.history(state.HistoryRequest{Tenant: "contoso"}), "2.0:new", "3.0:next")
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
				k.putBlob(state.PutRequest{Tenant: tenant, Run: "run-0", Kind: "plan"})
				k.putBlob(plan(tenant, []byte("of the run")))
				// The same run of a tenant that does not name it.
				k.put(newRecord("other-"+tenant), entry)
				k.putBlob(plan("other-"+tenant, nil))
			}
			k.Pass(1000 * day)
			k.wantPruned("older than nothing", state.PruneRequest{}, 4, 4)
			for _, tenant := range []string{string(state.InProgress), string(state.Idle)} {
				k.wantEntries("History of "+tenant, k.history(state.HistoryRequest{Tenant: tenant}), "2.0:t")
				k.wantBlob("of the run of "+tenant, plan(tenant, []byte("of the run")).Ref(), []byte("of the run"))
			}
		},
	},
	{
		"prune/no run",
		"A record that names no run keeps nothing: what belongs to no run is pruned like the rest.",
		func(k *kit) {
			k.put(newRecord("contoso"), state.Entry{Type: "t"})
			k.putBlob(state.PutRequest{Tenant: "contoso", Kind: "plan"})
			k.Pass(2 * day)
			k.wantPruned("of no run", state.PruneRequest{Age: day}, 1, 1)
		},
	},
	{
		"prune/refs",
		"A blob in a record's Refs is never pruned; once it is in none, it is.",
		func(k *kit) {
			kept := k.putBlob(state.PutRequest{Tenant: "contoso", Run: "run-0", Kind: "base", Data: []byte("base")})
			k.putBlob(state.PutRequest{Tenant: "contoso", Run: "run-0", Kind: "plan", Data: []byte("base")})
			k.putBlob(state.PutRequest{Tenant: "fabrikam", Run: "run-0", Kind: "base", Data: []byte("base")})
			r := newRecord("contoso")
			r.Refs = []state.BlobRef{kept}
			k.put(r)
			k.Pass(1000 * day)
			k.wantPruned("beside a reference", state.PruneRequest{}, 0, 2)
			k.wantBlob("that is referred to", kept, []byte("base"))
			r = k.load("contoso")
			r.Refs = nil
			k.put(r)
			k.wantPruned("after the reference went", state.PruneRequest{}, 0, 1)
		},
	},
	{
		"prune/young blobs",
		"A blob younger than a day is never pruned, whatever Age is: it may belong to a commit that is about to come. Putting it again makes it young.",
		func(k *kit) {
			ref := k.putBlob(plan("contoso", []byte("data")))
			k.Pass(day - slack)
			k.wantPruned("of less than a day", state.PruneRequest{}, 0, 0)
			k.Pass(slack)
			k.putBlob(plan("contoso", []byte("data")))
			k.Pass(day - slack)
			k.wantPruned("of less than a day since it was put again", state.PruneRequest{}, 0, 0)
			k.wantBlob("of less than a day since it was put again", ref, []byte("data"))
			k.Pass(2 * slack)
			k.wantPruned("of more than a day", state.PruneRequest{}, 0, 1)
		},
	},
	{
		"prune/tenant",
		"Tenant limits Prune to one tenant.",
		func(k *kit) {
			for _, tenant := range []string{"a", "b"} {
				k.put(newRecord(tenant), state.Entry{Type: "t"})
				k.putBlob(plan(tenant, nil))
			}
			k.putBlob(plan("no record", nil))
			k.Pass(2 * day)
			k.wantPruned("of a", state.PruneRequest{Tenant: "a"}, 1, 1)
			k.wantPruned("of one without a record", state.PruneRequest{Tenant: "no record"}, 0, 1)
			if got := len(k.history(state.HistoryRequest{Tenant: "b"})); got != 1 {
				k.errorf("after Prune of others the history of b has %d entries, want 1", got)
			}
			k.wantBlob("of another tenant", plan("b", nil).Ref(), nil)
		},
	},
	{
		"prune/limit",
		"Prune removes at most Limit, oldest or not, and comes to an end when it is called until nothing goes.",
		func(k *kit) {
			for i := range 5 {
				tenant := fmt.Sprint("tenant-", i)
				k.put(newRecord(tenant), state.Entry{Type: "t"}, state.Entry{Type: "t"})
				for run := range 2 {
					k.putBlob(state.PutRequest{Tenant: tenant, Run: fmt.Sprint(run), Kind: "plan"})
				}
			}
			kept, entry := inRun(newRecord("kept"), "run-1")
			k.put(kept, entry, entry, entry)
			for i := range 4 {
				k.putBlob(plan("kept", []byte{byte(i)}))
			}
			k.Pass(2 * day)
			k.wantPruned("three at a time", state.PruneRequest{Limit: 3}, 10, 10)
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
			k.wantPruned("after the cancelled call", state.PruneRequest{}, 1, 0)
		},
	},
	{
		"prune/invalid",
		"A request that can never succeed is ErrInvalid: a negative age or limit, a name that is none.",
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
				prune("a tenant with a NUL", state.PruneRequest{Tenant: "\x00"}),
			)
		},
	},
}
