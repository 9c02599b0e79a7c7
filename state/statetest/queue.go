package statetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// renew renews the lease of a record that must be leased.
func (k *kit) renew(r state.Record, d time.Duration) {
	k.Helper()
	if _, err := k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: r.Tenant, Fence: r.Fence, For: d}); err != nil {
		k.fatalf("Renew of %q: %v", r.Tenant, err)
	}
}

// queueCases are for stores that keep leased tenants out of the queue of the
// due: each tenant must come back, at the right time and in the right place.
var queueCases = []kitCase{
	{
		"queue/renewed",
		"A renewed lease ends when the last renewal says, however often Claim has met the tenant before, and then Claim acquires it.",
		func(k *kit) {
			k.put(due("contoso", time.Hour))
			r := k.claim(1, time.Minute)[0]
			for range 3 {
				k.Pass(time.Minute - slack)
				k.renew(r, 10*time.Minute)
				k.Pass(slack)
				k.wantTenants("Claim after the first end of a renewed lease", k.claim(9, time.Minute))
				k.Pass(9 * time.Minute)
				k.renew(r, time.Minute)
				k.wantTenants("Claim after the first end of a renewed lease", k.claim(9, time.Minute))
			}
			k.Pass(time.Minute)
			again := k.claim(9, time.Minute)
			k.wantTenants("Claim after the end of a renewed lease", again, "contoso")
			k.Pass(time.Minute)
			k.wantTenants("Claim after the next lease, which was not renewed", k.claim(9, time.Minute), "contoso")
		},
	},
	{
		"queue/order",
		"Claim goes by WakeAt alone: a tenant whose lease has run out comes in its place among those that wait.",
		func(k *kit) {
			for i, tenant := range []string{"e", "d", "c", "b", "a"} {
				k.put(due(tenant, time.Duration(9-i)*time.Hour))
			}
			k.acquire("d", 2*time.Minute)
			k.acquire("b", time.Minute)
			k.Pass(2 * time.Minute)
			for _, want := range []string{"e", "d", "c", "b", "a"} {
				k.wantTenants("Claim of one", k.claim(1, time.Hour), want)
			}
		},
	},
	{
		"queue/as committed",
		"A commit under a lease decides when the tenant is due again, whether the lease is released or runs out.",
		func(k *kit) {
			for _, end := range []string{"released", "run out"} {
				tenants := []string{end + "-now", end + "-soon", end + "-never"}
				for i, tenant := range tenants {
					k.put(due(tenant, time.Duration(3-i)*time.Hour))
				}
				for i, r := range k.claim(9, time.Minute) {
					req := state.CommitRequest{Record: r, Fence: r.Fence}
					if req.Record.WakeAt = (time.Time{}); i < 2 {
						req.WakeIn = []time.Duration{time.Microsecond, time.Hour}[i]
					}
					r = k.commit(req)
					if end == "released" {
						k.release(r)
					}
				}
				k.Pass(time.Minute)
				k.wantTenants("Claim after the leases were "+end, k.claim(9, time.Minute), tenants[0])
				k.Pass(time.Hour)
				r := k.claim(9, time.Minute)
				k.wantTenants("Claim an hour after the leases were "+end, r, tenants[0], tenants[1])
				for _, r := range r {
					r.WakeAt = time.Time{}
					k.release(k.commit(state.CommitRequest{Record: r, Fence: r.Fence}))
				}
				k.Pass(1000 * time.Hour)
				k.wantTenants("Claim where every tenant waits for nothing", k.claim(9, time.Minute))
			}
		},
	},
	{
		"queue/woken",
		"A commit of another caller wakes a tenant whose lease has run out, and does not end one that is live.",
		func(k *kit) {
			k.create("contoso", "fabrikam")
			k.acquire("contoso", time.Minute)
			k.acquire("fabrikam", time.Hour)
			k.Pass(time.Minute)
			k.wantTenants("Claim where no tenant waits", k.claim(9, time.Minute))
			for _, tenant := range []string{"contoso", "fabrikam"} {
				r := k.load(tenant)
				r.WakeAt = due(tenant, time.Hour).WakeAt
				k.put(r)
			}
			k.wantTenants("Claim after both were woken", k.claim(9, 2*time.Hour), "contoso")
			k.Pass(time.Hour)
			k.wantTenants("Claim after the lease of the other", k.claim(9, time.Hour), "fabrikam")
		},
	},
	{
		"queue/renewed after its release",
		"A Renew with the fence of a released lease makes it live again: Claim skips the tenant until its new end.",
		func(k *kit) {
			k.put(due("contoso", time.Hour))
			r := k.claim(1, time.Minute)[0]
			k.release(r)
			k.renew(r, 10*time.Minute)
			k.wantTenants("Claim during the renewed lease", k.claim(9, time.Minute))
			k.Pass(10*time.Minute - slack)
			k.wantTenants("Claim half a minute before its end", k.claim(9, time.Minute))
			k.Pass(slack)
			k.wantTenants("Claim after it", k.claim(9, time.Minute), "contoso")
		},
	},
	{
		"queue/removed",
		"A tenant that was removed under a lease and created again is due by its own WakeAt.",
		func(k *kit) {
			k.put(due("contoso", time.Hour))
			r := k.claim(1, time.Hour)[0]
			k.commit(state.CommitRequest{Record: r, Fence: r.Fence, Remove: true, Entries: []state.Entry{{Type: "removed"}}})
			k.put(due("contoso", 0))
			k.wantTenants("Claim after it was created again", k.claim(9, time.Minute), "contoso")
		},
	},
	{
		"queue/many ended",
		"After many leases have ended at once, Claim acquires every tenant again.",
		func(k *kit) {
			const tenants = 120
			var want []string
			for i := range tenants {
				tenant := fmt.Sprintf("tenant-%03d", i)
				k.put(due(tenant, time.Duration(tenants-i)*time.Minute))
				want = append(want, tenant)
			}
			k.wantTenants("first Claim", k.claim(tenants, time.Minute), want...)
			k.Pass(time.Minute)
			var got []string
			for range tenants {
				claimed := k.claim(7, time.Hour)
				if len(claimed) == 0 {
					break
				}
				got = append(got, tenantsOf(claimed)...)
			}
			if !slices.Equal(got, want) {
				k.errorf("after all leases had ended, Claim acquired %q, want all %d in their order", got, tenants)
			}
		},
	},
}
