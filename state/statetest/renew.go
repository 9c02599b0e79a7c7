package statetest

import (
	"time"

	"github.com/tenantsync/tenantsync/state"
)

var renewCases = []kitCase{
	{
		"renew/longer",
		"Renew makes a lease last For from now, and raises neither fence nor version.",
		func(k *kit) {
			k.create("contoso")
			before := k.acquire("contoso", 2*time.Minute)
			k.Pass(time.Minute)
			lease, err := k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "contoso", Fence: before.Fence, For: 10 * time.Minute})
			if err != nil {
				k.fatalf("Renew: %v", err)
			}
			if want := lease.Now.Add(10 * time.Minute); !near(lease.Record.LeaseUntil, want) {
				k.errorf("LeaseUntil is %v, want %v", lease.Record.LeaseUntil, want)
			}
			loaded := k.load("contoso")
			k.wantRecord("Renew", lease.Record, loaded)
			if loaded.Fence != before.Fence || loaded.Version != before.Version || loaded.LeaseOwner != "kit" {
				k.errorf("Renew left fence %d, version %d, owner %q; want %d, %d, %q",
					loaded.Fence, loaded.Version, loaded.LeaseOwner, before.Fence, before.Version, "kit")
			}
			k.Pass(10*time.Minute - slack)
			_, err = k.Leaser.Acquire(k.Context(), state.AcquireRequest{Tenant: "contoso", For: time.Minute})
			k.wantError("Acquire during the renewed lease", err, state.ErrLeased)
			k.Pass(slack)
			k.acquire("contoso", time.Minute)
		},
	},
	{
		"renew/shorter",
		"Renew makes a lease last For from now, even if that is sooner than its present end.",
		func(k *kit) {
			k.put(due("contoso", 0))
			r := k.acquire("contoso", time.Hour)
			if _, err := k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "contoso", Fence: r.Fence, For: time.Minute}); err != nil {
				k.fatalf("Renew: %v", err)
			}
			k.Pass(time.Minute)
			k.wantTenants("Claim after the renewed lease", k.claim(1, time.Minute), "contoso")
		},
	},
	{
		"renew/after the end",
		"Renew renews an expired lease that no other worker has acquired, and the lease is exclusive again.",
		func(k *kit) {
			k.put(due("contoso", 0))
			r := k.acquire("contoso", time.Minute)
			k.Pass(time.Hour)
			if _, err := k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "contoso", Fence: r.Fence, For: time.Minute}); err != nil {
				k.fatalf("Renew of a lease that ran out: %v", err)
			}
			k.wantTenants("Claim after the renewal", k.claim(1, time.Minute))
		},
	},
	{
		"renew/lost",
		"Renew returns ErrLeaseLost when the fence has been raised since, whether the other lease is live or not, and does not change that lease.",
		func(k *kit) {
			k.create("contoso")
			old := k.acquire("contoso", time.Minute)
			k.Pass(time.Minute)
			r := k.acquire("contoso", time.Hour)
			renew := func() error {
				_, err := k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "contoso", Fence: old.Fence, For: 9 * time.Hour})
				return err
			}
			k.wantError("Renew of a lease that another worker acquired", renew(), state.ErrLeaseLost)
			k.wantRecord("after it", k.load("contoso"), r)
			k.release(r)
			k.wantError("Renew of a lease that another worker acquired and released", renew(), state.ErrLeaseLost)
		},
	},
	{
		"renew/current record",
		"The lease's Record is the current one, so that its holder sees commits of others.",
		func(k *kit) {
			k.create("contoso")
			r := k.acquire("contoso", time.Hour)
			other := r
			other.Status, other.Run = state.InProgress, "run-2"
			k.put(other)
			lease, err := k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "contoso", Fence: r.Fence, For: time.Hour})
			if err != nil {
				k.fatalf("Renew: %v", err)
			}
			if got := lease.Record; got.Version != r.Version+1 || got.Status != state.InProgress || got.Run != "run-2" {
				k.errorf("Renew returned version %d, status %q, run %q; want those of the other commit", got.Version, got.Status, got.Run)
			}
			k.wantRecord("Renew", lease.Record, k.load("contoso"))
		},
	},
	{
		"release/ends",
		"Release ends a lease: the record has neither owner nor end, the fence and the version stay.",
		func(k *kit) {
			k.put(due("contoso", 0))
			r := k.acquire("contoso", time.Hour)
			k.release(r)
			want := r
			want.LeaseOwner, want.LeaseUntil = "", time.Time{}
			k.wantRecord("after Release", k.load("contoso"), want)
			k.wantTenants("Claim after Release", k.claim(1, time.Hour), "contoso")
		},
	},
	{
		"release/twice",
		"A second Release of a lease returns no error, and neither does a Release of an expired lease.",
		func(k *kit) {
			k.create("contoso")
			r := k.acquire("contoso", time.Minute)
			k.release(r)
			k.release(r)
			r = k.acquire("contoso", time.Minute)
			k.Pass(time.Hour)
			k.release(r)
		},
	},
	{
		"release/lost",
		"Release returns ErrLeaseLost when the fence has been raised since, and does not end the other's lease.",
		func(k *kit) {
			k.create("contoso")
			old := k.acquire("contoso", time.Minute)
			k.release(old)
			r := k.acquire("contoso", time.Hour)
			err := k.Leaser.Release(k.Context(), state.ReleaseRequest{Tenant: "contoso", Fence: old.Fence})
			k.wantError("Release of a lease that another worker acquired", err, state.ErrLeaseLost)
			k.wantRecord("after it", k.load("contoso"), r)
		},
	},
}
