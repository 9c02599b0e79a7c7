package syncer

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// claimDue claims due tenants, at most limit.
func (s *Syncer) claimDue(ctx context.Context, limit int) (state.Claimed, error) {
	return toItsEnd(ctx, s.cfg.LeaseDuration, func(ctx context.Context) (state.Claimed, error) {
		return s.cfg.Store.Claim(ctx, state.ClaimRequest{Owner: s.cfg.WorkerID, For: s.cfg.LeaseDuration, Limit: limit})
	})
}

// acquire acquires one tenant's lease.
func (s *Syncer) acquire(ctx context.Context, tenantName string) (state.Lease, error) {
	return toItsEnd(ctx, s.cfg.LeaseDuration, func(ctx context.Context) (state.Lease, error) {
		return s.cfg.Store.Acquire(ctx, state.AcquireRequest{Tenant: tenantName, Owner: s.cfg.WorkerID, For: s.cfg.LeaseDuration})
	})
}

// toItsEnd makes a call that gets leases. It is not begun once ctx has ended,
// and not broken off when ctx ends in the middle: the store might have given a
// lease of which nobody would know, and the tenant be left alone until it runs
// out. A call that takes longer than the lease is of no use.
func toItsEnd[T any](ctx context.Context, lease time.Duration, call func(context.Context) (T, error)) (T, error) {
	if ctx.Err() != nil {
		return *new(T), context.Cause(ctx)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), lease)
	defer stop()
	return call(ctx)
}
