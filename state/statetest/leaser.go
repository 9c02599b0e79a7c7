package statetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// TestLeaser checks that a [state.Leaser] keeps its contract.
func TestLeaser(t *testing.T, factory Factory) {
	runCases(t, "TestLeaser", factory, leaserCases(), leaserNeeds...)
}

func leaserCases() []kitCase {
	return slices.Concat(claimCases, acquireCases, renewCases, noteCases, queueCases, claimLimitCases)
}

var claimCases = []kitCase{
	{
		"claim/none",
		"Claim returns no error if no tenant is due.",
		func(k *kit) {
			k.create("contoso")
			got, err := k.Leaser.Claim(k.Context(), state.ClaimRequest{For: time.Minute, Limit: 1})
			if err != nil || len(got.Leases) != 0 || got.Now.IsZero() {
				k.errorf("Claim without due tenants: %+v, %v", got, err)
			}
		},
	},
	{
		"claim/due",
		"Claim acquires tenants whose WakeAt is not zero and not after now, by the store's clock.",
		func(k *kit) {
			k.create("never")
			k.put(due("overdue", 0))
			k.commit(state.CommitRequest{Record: newRecord("soon"), WakeIn: time.Hour})
			k.commit(state.CommitRequest{Record: newRecord("later"), WakeIn: 3 * time.Hour})
			k.wantTenants("Claim at once", k.claim(10, time.Minute), "overdue")
			k.Pass(time.Hour - slack)
			k.wantTenants("Claim half a minute before the hour", k.claim(10, 24*time.Hour), "overdue")
			k.Pass(slack)
			k.wantTenants("Claim after an hour", k.claim(10, 24*time.Hour), "soon")
			k.Pass(2 * time.Hour)
			k.wantTenants("Claim after three hours", k.claim(10, 24*time.Hour), "later")
		},
	},
	{
		"claim/order",
		"Claim takes the soonest WakeAt first, and at most Limit.",
		func(k *kit) {
			for i := range 9 {
				minutes := (i*5)%9 + 1 // not in the order of their creation
				// And not in the order of the tenants' names.
				k.put(due(fmt.Sprintf("tenant-%d", minutes), time.Duration(minutes)*time.Minute))
			}
			k.wantTenants("first Claim", k.claim(4, time.Hour), "tenant-9", "tenant-8", "tenant-7", "tenant-6")
			k.wantTenants("second Claim", k.claim(4, time.Hour), "tenant-5", "tenant-4", "tenant-3", "tenant-2")
			k.wantTenants("third Claim", k.claim(4, time.Hour), "tenant-1")
			k.wantTenants("fourth Claim", k.claim(4, time.Hour))
		},
	},
	{
		"claim/lease",
		"A claimed record has the owner, the end of the lease and a raised fence; its version and UpdatedAt stay.",
		func(k *kit) {
			before := k.put(due("contoso", 0))
			got, err := k.Leaser.Claim(k.Context(), state.ClaimRequest{Owner: "worker 1", For: time.Minute, Limit: 1})
			if err != nil || len(got.Leases) != 1 {
				k.fatalf("Claim: %+v, %v", got, err)
			}
			lease := got.Leases[0]
			k.wantLease("Claim", lease, before, "worker 1", time.Minute)
			if !near(lease.Now, got.Now) {
				k.errorf("the lease's Now is %v, the claim's %v", lease.Now, got.Now)
			}
		},
	},
	{
		"claim/not leased",
		"Claim skips a leased tenant until its lease ends or is released, whichever method leased it.",
		func(k *kit) {
			for i, tenant := range []string{"a", "b", "c"} {
				k.put(due(tenant, time.Duration(9-i)*time.Minute))
			}
			a := k.acquire("a", time.Hour)
			k.wantTenants("Claim beside a lease", k.claim(1, time.Minute), "b")
			k.Pass(time.Minute)
			k.wantTenants("Claim after b's lease has run out", k.claim(1, time.Hour), "b")
			k.release(a)
			k.wantTenants("Claim after a's release", k.claim(9, time.Hour), "a", "c")
		},
	},
	{
		"claim/as committed",
		"Claim uses the record of the last commit.",
		func(k *kit) {
			r := k.put(due("a", time.Minute))
			r.WakeAt = time.Time{}
			k.put(r)
			k.commit(state.CommitRequest{Record: k.put(due("b", time.Minute)), WakeIn: time.Hour})
			k.wantTenants("Claim after both were put off", k.claim(9, time.Minute))
			k.put(due("c", time.Minute))
			again := due("a", 2*time.Minute)
			again.Version = 2
			k.put(again)
			k.wantTenants("Claim after one was put on again", k.claim(9, time.Hour), "a", "c")
			// A commit under the lease changes neither the lease nor its end.
			r = k.load("a")
			k.commit(state.CommitRequest{Record: r, Fence: r.Fence})
			k.wantTenants("Claim after a commit under the lease", k.claim(9, time.Hour))
			k.release(k.load("a"))
			k.wantTenants("Claim after the release", k.claim(9, time.Hour), "a")
		},
	},
	{
		"claim/at the same time",
		"Two claims at the same time never get the same tenant, and together they get all.",
		func(k *kit) {
			const tenants, workers = 200, 8
			for i := range tenants {
				k.put(due(fmt.Sprintf("tenant-%03d", i), time.Duration(i)*time.Second))
			}
			var mu sync.Mutex
			var got []string
			k.inParallel(workers, func(i int) error {
				for {
					claimed, err := k.Leaser.Claim(k.Context(), state.ClaimRequest{Owner: fmt.Sprint(i), For: time.Hour, Limit: 7})
					if err != nil || len(claimed.Leases) == 0 {
						return err
					}
					mu.Lock()
					for _, lease := range claimed.Leases {
						got = append(got, lease.Record.Tenant)
					}
					mu.Unlock()
				}
			})
			// A store may skip tenants that other calls are claiming at that time.
			got = append(got, tenantsOf(k.claim(tenants, time.Hour))...)
			all := len(got)
			slices.Sort(got)
			if got = slices.Compact(got); len(got) != all || all != tenants {
				k.errorf("%d leases were claimed, of %d tenants, where %d were due", all, len(got), tenants)
			}
		},
	},
}

var acquireCases = []kitCase{
	{
		"acquire/lease",
		"Acquire acquires one tenant's lease, due or not.",
		func(k *kit) {
			before := k.put(fullRecord("contoso"))
			lease, err := k.Leaser.Acquire(k.Context(), state.AcquireRequest{Tenant: "contoso", Owner: "worker 1", For: time.Minute})
			if err != nil {
				k.fatalf("Acquire: %v", err)
			}
			k.wantLease("Acquire", lease, before, "worker 1", time.Minute)
		},
	},
	{
		"acquire/exclusive",
		"Acquire returns ErrLeased while any lease is live, also one of the same owner; then the fence is raised again.",
		func(k *kit) {
			k.create("contoso")
			first := k.acquire("contoso", time.Hour)
			k.Pass(time.Hour - slack)
			for _, owner := range []string{"kit", "other", ""} {
				_, err := k.Leaser.Acquire(k.Context(), state.AcquireRequest{Tenant: "contoso", Owner: owner, For: time.Minute})
				k.wantError(fmt.Sprintf("Acquire by %q of a leased tenant", owner), err, state.ErrLeased)
			}
			if got := k.load("contoso").Fence; got != first.Fence {
				k.errorf("the fence is %d after Acquire was refused, want %d", got, first.Fence)
			}
			k.Pass(slack)
			second := k.acquire("contoso", time.Hour)
			k.release(second)
			third := k.acquire("contoso", time.Hour)
			if first.Fence >= second.Fence || second.Fence >= third.Fence {
				k.errorf("the fences of three leases are %d, %d, %d", first.Fence, second.Fence, third.Fence)
			}
		},
	},
	{
		"acquire/after a claim",
		"Claim and Acquire hand out the same lease.",
		func(k *kit) {
			k.put(due("contoso", 0))
			k.wantTenants("Claim", k.claim(1, time.Hour), "contoso")
			_, err := k.Leaser.Acquire(k.Context(), state.AcquireRequest{Tenant: "contoso", For: time.Minute})
			k.wantError("Acquire of a claimed tenant", err, state.ErrLeased)
		},
	},
	{
		"acquire/at the same time",
		"Of several calls that acquire a lease at the same time, one gets it and the others return ErrLeased.",
		func(k *kit) {
			k.create("contoso")
			var mu sync.Mutex
			won := 0
			k.inParallel(16, func(i int) error {
				_, err := k.Leaser.Acquire(k.Context(), state.AcquireRequest{Tenant: "contoso", Owner: fmt.Sprint(i), For: time.Hour})
				if err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				} else if !errors.Is(err, state.ErrLeased) {
					return err
				}
				return nil
			})
			if won != 1 {
				k.errorf("%d calls acquired the lease", won)
			}
		},
	},
	{
		"lease/missing",
		"Acquire, Renew and Release return ErrNotFound for a tenant that has no record.",
		func(k *kit) {
			_, err := k.Leaser.Acquire(k.Context(), state.AcquireRequest{Tenant: "nobody", For: time.Minute})
			k.wantError("Acquire", err, state.ErrNotFound)
			_, err = k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "nobody", Fence: 1, For: time.Minute})
			k.wantError("Renew", err, state.ErrNotFound)
			err = k.Leaser.Release(k.Context(), state.ReleaseRequest{Tenant: "nobody", Fence: 1})
			k.wantError("Release", err, state.ErrNotFound)
		},
	},
	{
		"lease/caller owns",
		"Results of a Leaser belong to the caller.",
		func(k *kit) {
			r := fullRecord("contoso")
			r.WakeAt = due("contoso", 0).WakeAt
			want := k.put(r)
			claimed := k.claim(1, time.Hour)[0]
			overwrite(claimed)
			renewed, err := k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "contoso", Fence: claimed.Fence, For: time.Hour})
			if err != nil {
				k.fatalf("Renew: %v", err)
			}
			overwrite(renewed.Record)
			k.release(claimed)
			overwrite(k.acquire("contoso", time.Hour))
			got := k.load("contoso")
			want.Fence, want.LeaseOwner, want.LeaseUntil = got.Fence, got.LeaseOwner, got.LeaseUntil
			k.wantRecord("after the caller changed the results", got, want)
		},
	},
	{
		"lease/cancelled",
		"Methods honor the context's cancellation: they return its error, and no lease changes.",
		func(k *kit) {
			k.put(due("contoso", 0))
			r := k.acquire("contoso", time.Hour)
			k.put(due("fabrikam", 0))
			k.wantCancelled(
				call{"Claim", func(ctx context.Context) error {
					_, err := k.Leaser.Claim(ctx, state.ClaimRequest{For: time.Minute, Limit: 1})
					return err
				}},
				call{"Acquire", func(ctx context.Context) error {
					_, err := k.Leaser.Acquire(ctx, state.AcquireRequest{Tenant: "fabrikam", For: time.Minute})
					return err
				}},
				call{"Renew", func(ctx context.Context) error {
					_, err := k.Leaser.Renew(ctx, state.RenewRequest{Tenant: "contoso", Fence: r.Fence, For: 9 * time.Hour})
					return err
				}},
				call{"Release", func(ctx context.Context) error {
					return k.Leaser.Release(ctx, state.ReleaseRequest{Tenant: "contoso", Fence: r.Fence})
				}},
			)
			k.wantRecord("after the cancelled calls", k.load("contoso"), r)
			if got := k.load("fabrikam").Fence; got != 0 {
				k.errorf("after the cancelled calls the fence of fabrikam is %d", got)
			}
		},
	},
	{
		"lease/invalid",
		"A request that can never succeed is ErrInvalid: a name that no tenant can have, no time, no limit, a fence that no lease has.",
		func(k *kit) {
			k.put(due("contoso", 0))
			claim := func(what string, req state.ClaimRequest) call {
				return call{"Claim " + what, func(ctx context.Context) error { _, err := k.Leaser.Claim(ctx, req); return err }}
			}
			acquire := func(what string, req state.AcquireRequest) call {
				return call{"Acquire " + what, func(ctx context.Context) error { _, err := k.Leaser.Acquire(ctx, req); return err }}
			}
			renew := func(what string, req state.RenewRequest) call {
				return call{"Renew " + what, func(ctx context.Context) error { _, err := k.Leaser.Renew(ctx, req); return err }}
			}
			release := func(what string, req state.ReleaseRequest) call {
				return call{"Release " + what, func(ctx context.Context) error { return k.Leaser.Release(ctx, req) }}
			}
			k.wantInvalid(
				claim("for no time", state.ClaimRequest{Limit: 1}),
				claim("for a negative time", state.ClaimRequest{Limit: 1, For: -time.Second}),
				claim("without a limit", state.ClaimRequest{For: time.Minute}),
				claim("with a negative limit", state.ClaimRequest{For: time.Minute, Limit: -1}),
				claim("by an owner with a NUL", state.ClaimRequest{For: time.Minute, Limit: 1, Owner: "\x00"}),
				acquire("for no time", state.AcquireRequest{Tenant: "contoso"}),
				renew("without a fence", state.RenewRequest{Tenant: "contoso", For: time.Minute}),
				renew("with a negative fence", state.RenewRequest{Tenant: "contoso", Fence: -1, For: time.Minute}),
				renew("for no time", state.RenewRequest{Tenant: "contoso", Fence: 1}),
				release("without a fence", state.ReleaseRequest{Tenant: "contoso"}),
			)
			k.wantNameChecked("Acquire", true, func(ctx context.Context, name string) error {
				_, err := k.Leaser.Acquire(ctx, state.AcquireRequest{Tenant: name, For: time.Minute})
				return err
			})
			k.wantNameChecked("Renew", true, func(ctx context.Context, name string) error {
				_, err := k.Leaser.Renew(ctx, state.RenewRequest{Tenant: name, Fence: 1, For: time.Minute})
				return err
			})
			k.wantNameChecked("Release", true, func(ctx context.Context, name string) error {
				return k.Leaser.Release(ctx, state.ReleaseRequest{Tenant: name, Fence: 1})
			})
			if got := k.load("contoso").Fence; got != 0 {
				k.errorf("after the invalid requests the fence is %d", got)
			}
		},
	},
}

// wantLease checks a new lease against the record before it, and then the
// stored record.
func (k *kit) wantLease(act string, lease state.Lease, before state.Record, owner string, d time.Duration) {
	k.Helper()
	got := lease.Record
	if got.Fence <= before.Fence {
		k.errorf("%s: the fence is %d after %d", act, got.Fence, before.Fence)
	}
	if want := lease.Now.Add(d); !near(got.LeaseUntil, want) {
		k.errorf("%s: LeaseUntil is %v, want %v", act, got.LeaseUntil, want)
	}
	want := before
	want.Fence, want.LeaseOwner, want.LeaseUntil = got.Fence, owner, got.LeaseUntil
	k.wantRecord(act, got, want)
	k.wantRecord(act+", as loaded", k.load(before.Tenant), want)
}
