package statetest

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// removal returns the request that removes a tenant.
func removal(r state.Record) state.CommitRequest {
	return state.CommitRequest{
		Record: state.Record{Tenant: r.Tenant, Version: r.Version}, Remove: true,
		Entries: []state.Entry{{Type: "removed", Data: []byte(`{"by":"ada"}`)}},
	}
}

// fillTenant gives a tenant every kind of data that a store keeps, and returns
// its record.
func fillTenant(k *kit, tenant string) state.Record {
	k.Helper()
	r := fullRecord(tenant)
	r.WakeAt, r.Deadline = due(tenant, 0).WakeAt, time.Time{}
	r = k.put(r, state.Entry{Type: "t", Run: "run-1"}, state.Entry{Type: "t"})
	return k.commit(state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}, Runs: []state.Run{fullRun("run-1"), newRun("run-2", 1)}})
}

// wantGone checks that only the entry of its removal is left of a tenant.
func wantGone(k *kit, tenant string, version int64) {
	k.Helper()
	_, err := k.Store.Load(k.Context(), state.LoadRequest{Tenant: tenant})
	k.wantError("Load of the removed tenant", err, state.ErrNotFound)
	for _, req := range []state.ListRequest{
		{Prefix: tenant}, {Order: state.ByUpdated, Prefix: tenant}, {Order: state.ByWake, Prefix: tenant},
		{Statuses: state.Statuses(), Prefix: tenant}, {Labels: map[string]string{"region": "eu"}, Prefix: tenant},
	} {
		k.wantTenants("List after the removal", k.list(req))
	}
	wantRuns(k, "Runs of the removed tenant", allRuns(k, state.RunsRequest{Tenant: tenant}))
	for _, r := range allRuns(k, state.RunsRequest{}) {
		if r.Tenant == tenant {
			k.errorf("the run %q of the removed tenant is left", r.ID)
		}
	}
	for _, newest := range []bool{false, true} {
		got := k.history(state.HistoryRequest{Tenant: tenant, Newest: newest})
		if len(got) != 1 || got[0].Type != "removed" || got[0].Version != version || got[0].N != 0 ||
			got[0].Tenant != tenant || !sameJSON(got[0].Data, []byte(`{"by":"ada"}`)) || got[0].Time.IsZero() {
			k.errorf("the history of the removed tenant is %+v, want the entry of its removal with version %d", got, version)
		}
	}
	if len(k.history(state.HistoryRequest{Tenant: tenant, Run: "run-1"})) != 0 {
		k.errorf("the history of a run is left")
	}
}

var removeCases = []kitCase{
	{
		"remove/all",
		"A removal removes the tenant's record, history and runs, in one commit; only its own entries stay.",
		func(k *kit) {
			r := fillTenant(k, "contoso")
			got := k.commit(removal(r))
			k.wantRecord("as Commit returned it", got, state.Record{Tenant: "contoso", Fence: 3})
			wantGone(k, "contoso", 3)
		},
	},
	{
		"remove/others stay",
		"A removal does not change other tenants, also not those that are created later.",
		func(k *kit) {
			fillTenant(k, "contoso")
			other := fillTenant(k, "contoso2")
			k.commit(removal(k.load("contoso")))
			k.wantUnchanged("after the removal of another", other, 3)
			wantRuns(k, "Runs after the removal of another", allRuns(k, state.RunsRequest{}), "contoso2/run-2", "contoso2/run-1")
			k.wantTenants("List by label", k.list(state.ListRequest{Labels: map[string]string{"region": "eu"}}), "contoso2")
			k.commit(removal(other)) // the newest
			k.put(newRecord("later"), state.Entry{Type: "t"})
			wantEntries(k, "History of a tenant that was created later", k.history(state.HistoryRequest{Tenant: "later"}), "1.0:t")
			for _, removed := range []string{"contoso", "contoso2"} {
				wantGone(k, removed, 3)
			}
		},
	},
	{
		"remove/conflicts",
		"A removal at a stale version or with a raised fence fails with ErrConflict, one after the deadline with ErrExpired, and nothing is removed.",
		func(k *kit) {
			fillTenant(k, "contoso")
			r := k.commit(state.CommitRequest{Record: k.load("contoso"), DeadlineIn: time.Minute})
			stale := removal(r)
			stale.Record.Version--
			_, err := k.Store.Commit(k.Context(), stale)
			k.wantError("removal at a stale version", err, state.ErrConflict)
			fenced := removal(r)
			fenced.Fence = r.Fence + 1
			_, err = k.Store.Commit(k.Context(), fenced)
			k.wantError("removal with another fence", err, state.ErrConflict)
			k.Pass(time.Minute)
			r = k.load("contoso")
			late := removal(r)
			late.BeforeDeadline = true
			_, err = k.Store.Commit(k.Context(), late)
			k.wantError("removal after the deadline", err, state.ErrExpired)
			k.wantUnchanged("after the refused removals", r, 3)
			wantRuns(k, "Runs after the refused removals", allRuns(k, state.RunsRequest{}), "contoso/run-2", "contoso/run-1")
			k.commit(removal(r)) // without BeforeDeadline
			_, err = k.Store.Commit(k.Context(), removal(r))
			k.wantError("removal of a removed tenant", err, state.ErrConflict)
		},
	},
	{
		"remove/again",
		"A removed tenant can be created again: it begins as a new one, with entries after those of the removal, and with a version that the former tenant never had.",
		func(k *kit) {
			former := fillTenant(k, "contoso")
			k.commit(removal(former))
			r := k.put(newRecord("contoso"), state.Entry{Type: "first"})
			if r.Version != former.Version+2 || r.Status != state.NotRun || r.Labels != nil || r.Refs != nil || !r.WakeAt.IsZero() {
				k.errorf("the tenant begins as %+v, want a new record with version %d", r, former.Version+2)
			}
			k.wantRecord("as loaded", k.load("contoso"), r)
			got := k.history(state.HistoryRequest{Tenant: "contoso"})
			if len(got) != 2 || got[0].Type != "removed" || got[1].Type != "first" || got[1].Version != r.Version {
				k.errorf("the history is %+v, want the removal and then the entry of the new tenant", got)
			}
			for version := range former.Version + 2 {
				stale := newRecord("contoso")
				stale.Version = version
				_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: stale})
				k.wantError("Commit at a version of the removed tenant", err, state.ErrConflict)
			}
			k.wantTenants("List", k.list(state.ListRequest{}), "contoso")
			again := k.commit(removal(r))
			wantGone(k, "contoso", r.Version+1)
			k.wantRecord("as the second removal returned it", again, state.Record{Tenant: "contoso", Fence: r.Version + 1})
		},
	},
	{
		"remove/invalid",
		"A removal at version 0, one without an entry, and one with events or runs are ErrInvalid.",
		func(k *kit) {
			r := fillTenant(k, "contoso")
			invalid := func(what string, change func(*state.CommitRequest)) call {
				return call{"removal " + what, func(ctx context.Context) error {
					req := removal(r)
					change(&req)
					_, err := k.Store.Commit(ctx, req)
					return err
				}}
			}
			k.wantInvalid(
				invalid("at version 0", func(req *state.CommitRequest) { req.Record.Version = 0 }),
				invalid("without an entry", func(req *state.CommitRequest) { req.Entries = nil }),
				invalid("with an entry without a type", func(req *state.CommitRequest) { req.Entries[0].Type = "" }),
				invalid("with an event", func(req *state.CommitRequest) { req.Events = []state.Event{state.Fail} }),
				invalid("with a run", func(req *state.CommitRequest) { req.Runs = []state.Run{newRun("run-3", 0)} }),
				invalid("with a negative fence", func(req *state.CommitRequest) { req.Fence = -1 }),
			)
			k.wantUnchanged("after the invalid removals", r, 3)
		},
	},
	{
		"remove/lease",
		"A removal ends the tenant's lease: nothing is left to claim, to acquire, to renew or to release, and a tenant that is created again refuses the fence of a former lease.",
		func(k *kit) {
			k.needLeaser()
			fillTenant(k, "contoso")
			for range 5 { // more leases than commits
				k.release(k.acquire("contoso", time.Minute))
			}
			r := k.acquire("contoso", time.Hour)
			req := removal(r)
			req.Fence = r.Fence
			gone := k.commit(req)
			wantGone(k, "contoso", r.Fence+1)
			wantNoLease(k, r.Fence)
			again := due("contoso", 0)
			again = k.put(again)
			if again.Fence != gone.Fence || !again.LeaseUntil.IsZero() {
				k.errorf("created again with the fence %d and a lease until %v, want the fence %d and none", again.Fence, again.LeaseUntil, gone.Fence)
			}
			_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: again, Fence: r.Fence})
			k.wantError("Commit with a fence from before the removal", err, state.ErrConflict)
			_, err = k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "contoso", Fence: r.Fence, For: time.Minute})
			k.wantError("Renew of a lease from before the removal", err, state.ErrLeaseLost)
			if got := k.claim(1, time.Minute); len(got) != 1 || got[0].Fence <= r.Fence {
				k.errorf("Claim of the tenant that was created again: got %+v, want a fence above %d", got, r.Fence)
			}
		},
	},
}

// wantNoLease checks that a removed tenant has no lease and gets none.
func wantNoLease(k *kit, fence int64) {
	k.Helper()
	k.wantTenants("Claim after the removal", k.claim(1, time.Minute))
	_, err := k.Leaser.Acquire(k.Context(), state.AcquireRequest{Tenant: "contoso", For: time.Minute})
	k.wantError("Acquire after the removal", err, state.ErrNotFound)
	for _, f := range []int64{fence, fence + 1} {
		_, err = k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "contoso", Fence: f, For: time.Minute})
		k.wantError("Renew after the removal", err, state.ErrNotFound)
		err = k.Leaser.Release(k.Context(), state.ReleaseRequest{Tenant: "contoso", Fence: f})
		k.wantError("Release after the removal", err, state.ErrNotFound)
	}
	_, err = k.Store.Commit(k.Context(), state.CommitRequest{Record: newRecord("contoso"), Fence: fence + 1})
	k.wantError("Commit that creates again with a fence", err, state.ErrConflict)
}
