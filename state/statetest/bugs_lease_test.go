package statetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

type (
	claimFunc   = func(context.Context, state.ClaimRequest) (state.Claimed, error)
	acquireFunc = func(context.Context, state.AcquireRequest) (state.Lease, error)
	renewFunc   = func(context.Context, state.RenewRequest) (state.Lease, error)
	releaseFunc = func(context.Context, state.ReleaseRequest) error
)

func brokenClaim(broken func(m *state.Memory) claimFunc) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) { f.Leaser = brokenLeaser{Leaser: m, claim: broken(m)} }
}

func brokenAcquire(broken func(m *state.Memory) acquireFunc) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) { f.Leaser = brokenLeaser{Leaser: m, acquire: broken(m)} }
}

func brokenRenew(broken func(m *state.Memory) renewFunc) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) { f.Leaser = brokenLeaser{Leaser: m, renew: broken(m)} }
}

func brokenRelease(broken func(m *state.Memory) releaseFunc) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) { f.Leaser = brokenLeaser{Leaser: m, release: broken(m)} }
}

func recordOf(m *state.Memory, tenant string) state.Record {
	got, _ := m.Load(context.Background(), state.LoadRequest{Tenant: tenant})
	return got.Record
}

// stolen acquires a lease even while another owner has it.
func stolen(m *state.Memory, ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	got, err := m.Acquire(ctx, req)
	if errors.Is(err, state.ErrLeased) {
		_ = m.Release(ctx, state.ReleaseRequest{Tenant: req.Tenant, Fence: recordOf(m, req.Tenant).Fence})
		return m.Acquire(ctx, req)
	}
	return got, err
}

var stealing = brokenAcquire(func(m *state.Memory) acquireFunc {
	return func(ctx context.Context, req state.AcquireRequest) (state.Lease, error) { return stolen(m, ctx, req) }
})

var leaserBugs = []bug{
	{"a lease is not exclusive", "acquire/exclusive", stealing},
	{"a lease is not exclusive at one time", "acquire/at the same time", stealing},
	{"a claimed lease is not exclusive", "acquire/after a claim", stealing},
	{"the same owner may acquire again", "acquire/exclusive", brokenAcquire(func(m *state.Memory) acquireFunc {
		return func(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
			if recordOf(m, req.Tenant).LeaseOwner == req.Owner {
				return stolen(m, ctx, req)
			}
			return m.Acquire(ctx, req)
		}
	})},
	{"the fence is not raised", "acquire/exclusive", brokenAcquire(func(m *state.Memory) acquireFunc {
		return func(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
			got, err := m.Acquire(ctx, req)
			got.Record.Fence = 1
			return got, err
		}
	})},
	{"a lease raises the version", "acquire/lease", brokenAcquire(func(m *state.Memory) acquireFunc {
		return func(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
			got, err := m.Acquire(ctx, req)
			if err == nil {
				committed, _ := m.Commit(ctx, state.CommitRequest{Record: got.Record})
				got.Record = committed.Record
			}
			return got, err
		}
	})},
	{"a claim raises the version", "claim/lease", brokenClaim(func(m *state.Memory) claimFunc {
		return func(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
			got, err := m.Claim(ctx, req)
			for i, lease := range got.Leases {
				committed, _ := m.Commit(ctx, state.CommitRequest{Record: lease.Record})
				got.Leases[i].Record = committed.Record
			}
			return got, err
		}
	})},
	{"a missing tenant is leased by another", "lease/missing", brokenAcquire(func(m *state.Memory) acquireFunc {
		return func(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
			got, err := m.Acquire(ctx, req)
			if errors.Is(err, state.ErrNotFound) {
				err = state.ErrLeased
			}
			return got, err
		}
	})},
	{"an empty claim is an error", "claim/none", brokenClaim(func(m *state.Memory) claimFunc {
		return func(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
			got, err := m.Claim(ctx, req)
			if err == nil && len(got.Leases) == 0 {
				err = state.ErrNotFound
			}
			return got, err
		}
	})},
	{"due is by the host's clock", "claim/due", brokenClaim(func(m *state.Memory) claimFunc {
		return func(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
			got, err := m.Claim(ctx, req)
			got.Leases = slices.DeleteFunc(got.Leases, func(l state.Lease) bool { return l.Record.WakeAt.After(time.Now()) })
			return got, err
		}
	})},
	{"the latest is claimed first", "claim/order", brokenClaim(func(m *state.Memory) claimFunc {
		return func(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
			got, err := m.Claim(ctx, req)
			slices.Reverse(got.Leases)
			return got, err
		}
	})},
	{"a claim stops at a leased tenant", "claim/not leased", brokenClaim(func(m *state.Memory) claimFunc {
		return func(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
			page, err := m.List(ctx, state.ListRequest{Order: state.ByWake, Limit: 1})
			if err == nil && len(page.Records) == 1 && page.Records[0].LeaseUntil.After(page.Now) {
				return state.Claimed{Now: page.Now}, nil
			}
			return m.Claim(ctx, req)
		}
	})},
	{"a claim goes by old wake-ups", "claim/as committed", brokenClaim(func(m *state.Memory) claimFunc {
		return func(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
			got, err := m.Claim(ctx, req)
			if err == nil && len(got.Leases) == 0 {
				if lease, err := m.Acquire(ctx, state.AcquireRequest{Tenant: "a", For: req.For}); err == nil {
					got.Leases = append(got.Leases, lease)
				}
			}
			return got, err
		}
	})},
	{"two claims get the same tenant", "claim/at the same time", brokenClaim(func(m *state.Memory) claimFunc {
		var mu sync.Mutex
		var last *state.Lease
		return func(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
			got, err := m.Claim(ctx, req)
			mu.Lock()
			defer mu.Unlock()
			if last != nil && len(got.Leases) > 1 {
				got.Leases[0] = *last
			}
			if len(got.Leases) > 0 {
				last = &got.Leases[len(got.Leases)-1]
			}
			return got, err
		}
	})},
	{"a leaser lets out what it keeps", "lease/caller owns", func(m *state.Memory, f *Fixture) {
		var kept []byte
		f.Leaser = brokenLeaser{Leaser: m, claim: func(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
			got, err := m.Claim(ctx, req)
			if len(got.Leases) == 1 {
				kept = got.Leases[0].Record.Data
			}
			return got, err
		}}
		f.Store = brokenStore{Records: m, load: func(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
			got, err := m.Load(ctx, req)
			if kept != nil {
				got.Record.Data = kept
			}
			return got, err
		}}
	}},
	{"a cancelled release continues", "lease/cancelled", brokenRelease(func(m *state.Memory) releaseFunc {
		return func(ctx context.Context, req state.ReleaseRequest) error {
			return m.Release(context.WithoutCancel(ctx), req)
		}
	})},
	{"a lease may last no time", "lease/invalid", brokenAcquire(func(m *state.Memory) acquireFunc {
		return func(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
			req.For = max(req.For, 1)
			return m.Acquire(ctx, req)
		}
	})},
	{"a long name is cut off by Acquire", "lease/invalid", brokenAcquire(func(m *state.Memory) acquireFunc {
		return func(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
			req.Tenant = cutName(req.Tenant)
			return m.Acquire(ctx, req)
		}
	})},
	{"a long name is cut off by Renew", "lease/invalid", brokenRenew(func(m *state.Memory) renewFunc {
		return func(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
			req.Tenant = cutName(req.Tenant)
			return m.Renew(ctx, req)
		}
	})},
	{"a long name is cut off by Release", "lease/invalid", brokenRelease(func(m *state.Memory) releaseFunc {
		return func(ctx context.Context, req state.ReleaseRequest) error {
			req.Tenant = cutName(req.Tenant)
			return m.Release(ctx, req)
		}
	})},
	{"a lease is never made shorter", "renew/shorter", brokenRenew(func(m *state.Memory) renewFunc {
		return func(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
			req.For = max(req.For, time.Until(recordOf(m, req.Tenant).LeaseUntil))
			return m.Renew(ctx, req)
		}
	})},
	{"a renewal adds to the lease", "renew/longer", brokenRenew(func(m *state.Memory) renewFunc {
		return func(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
			if left := recordOf(m, req.Tenant).LeaseUntil.Sub(nowOf(m)); left > 0 && req.For > 0 {
				req.For += left
			}
			return m.Renew(ctx, req)
		}
	})},
	{"a lease that ran out is lost", "renew/after the end", brokenRenew(func(m *state.Memory) renewFunc {
		return func(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
			if r := recordOf(m, req.Tenant); r.Fence > 0 && !nowOf(m).Before(r.LeaseUntil) {
				return state.Lease{}, state.ErrLeaseLost
			}
			return m.Renew(ctx, req)
		}
	})},
	{"a lost lease is renewed", "renew/lost", brokenRenew(func(m *state.Memory) renewFunc {
		return func(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
			if r := recordOf(m, req.Tenant); req.Fence > 0 && r.Fence > 0 {
				req.Fence = r.Fence
			}
			return m.Renew(ctx, req)
		}
	})},
	{"a renewal returns an old record", "renew/current record", func(m *state.Memory, f *Fixture) {
		old := make(map[string]state.Record)
		f.Leaser = brokenLeaser{
			Leaser: m,
			acquire: func(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
				got, err := m.Acquire(ctx, req)
				old[req.Tenant] = got.Record
				return got, err
			},
			renew: func(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
				got, err := m.Renew(ctx, req)
				got.Record = old[req.Tenant]
				return got, err
			},
		}
	}},
	{"a release does nothing", "release/ends", brokenRelease(func(m *state.Memory) releaseFunc {
		return func(ctx context.Context, req state.ReleaseRequest) error { return ctx.Err() }
	})},
	{"a second release is an error", "release/twice", brokenRelease(func(m *state.Memory) releaseFunc {
		return func(ctx context.Context, req state.ReleaseRequest) error {
			if r := recordOf(m, req.Tenant); r.Fence == req.Fence && r.LeaseUntil.IsZero() {
				return state.ErrLeaseLost
			}
			return m.Release(ctx, req)
		}
	})},
	{"a release ends the lease of another", "release/lost", brokenRelease(func(m *state.Memory) releaseFunc {
		return func(ctx context.Context, req state.ReleaseRequest) error {
			if r := recordOf(m, req.Tenant); req.Fence > 0 && r.Fence > 0 {
				req.Fence = r.Fence
			}
			return m.Release(ctx, req)
		}
	})},
}

// brokenPrune is a Prune that changes its request.
func brokenPrune(prune func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error)) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) {
		f.Pruner = prunerFunc(func(ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
			return prune(m, ctx, req)
		})
	}
}

// unnamed removes references from the records before a Prune, so that their
// data is not kept.
func unnamed(forget func(*state.Record)) func(*state.Memory, *Fixture) {
	return brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		page, err := m.List(ctx, state.ListRequest{Limit: 100})
		if err != nil {
			return state.Pruned{}, err
		}
		for _, r := range page.Records {
			forget(&r)
			if _, err := m.Commit(ctx, state.CommitRequest{Record: r}); err != nil {
				return state.Pruned{}, err
			}
		}
		return m.Prune(ctx, req)
	})
}

var prunerBugs = []bug{
	{"a live run is pruned", "prune/run", unnamed(func(r *state.Record) {
		if r.Status.Active() {
			r.Run = ""
		}
	})},
	{"a last run is pruned", "prune/run", unnamed(func(r *state.Record) {
		if r.Status.Resting() {
			r.Run = ""
		}
	})},
	{"a blob with a reference is pruned", "prune/refs", unnamed(func(r *state.Record) { r.Refs = nil })},
	{"pruning is a commit", "prune/age", unnamed(func(*state.Record) {})},
	{"age is ignored", "prune/age", brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		req.Age = min(req.Age, 0)
		return m.Prune(ctx, req)
	})},
	{"age is by the host's clock", "prune/age", brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		if req.Age >= 0 {
			req.Age += time.Until(nowOf(m)).Abs()
		}
		return m.Prune(ctx, req)
	})},
	{"young blobs are pruned", "prune/young blobs", func(m *state.Memory, f *Fixture) {
		ref := plan("contoso", []byte("data")).Ref()
		gone := false
		f.Pruner = prunerFunc(func(ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
			got, err := m.Prune(ctx, req)
			if _, missing := m.Get(ctx, ref); missing == nil && !gone {
				gone = true
				got.Blobs++
			}
			return got, err
		})
	}},
	{"what belongs to no run is kept", "prune/no run", brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		if req.Age == day {
			return state.Pruned{Now: nowOf(m)}, ctx.Err()
		}
		return m.Prune(ctx, req)
	})},
	{"the tenant is ignored", "prune/tenant", brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		if req.Tenant != "\x00" {
			req.Tenant = ""
		}
		return m.Prune(ctx, req)
	})},
	{"the limit is ignored", "prune/limit", brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		req.Limit = min(req.Limit, 0)
		return m.Prune(ctx, req)
	})},
	{"pruning nothing is an error", "prune/nothing", brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		got, err := m.Prune(ctx, req)
		if err == nil && got.Entries+got.Blobs == 0 {
			err = state.ErrNotFound
		}
		return got, err
	})},
	{"a cancelled prune continues", "prune/cancelled", brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		return m.Prune(context.WithoutCancel(ctx), req)
	})},
	{"a long name is cut off by Prune", "prune/invalid", brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		req.Tenant = cutName(req.Tenant)
		return m.Prune(ctx, req)
	})},
	{"a negative age is taken for zero", "prune/invalid", brokenPrune(func(m *state.Memory, ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
		req.Age = max(req.Age, 0)
		return m.Prune(ctx, req)
	})},
}
