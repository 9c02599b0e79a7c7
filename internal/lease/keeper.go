// Package lease acquires and keeps the leases of tenants for one worker, so that
// one worker at a time works on a tenant.
//
// A [Keeper] acquires leases. Each lease is a [Hold]. [Hold.Keep] renews it,
// [Hold.Left] says how long it certainly lasts, and [Hold.Watch] receives the
// record of each renewal.
package lease

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// Keeper acquires leases for one worker.
type Keeper struct {
	Store state.Leaser
	// Owner names the worker.
	Owner string
	// Duration is how long a lease lasts without a renewal.
	Duration time.Duration
	// Attempts bounds the attempts of a release that fails with transient errors,
	// as Transient reports.
	Attempts  int
	Transient func(error) bool
}

// Claim acquires the leases of at most limit tenants that are due.
func (k Keeper) Claim(ctx context.Context, limit int) ([]*Hold, error) {
	asked := time.Now()
	got, err := finish(ctx, k.Duration, func(ctx context.Context) (state.Claimed, error) {
		return k.Store.Claim(ctx, state.ClaimRequest{Owner: k.Owner, For: k.Duration, Limit: limit})
	})
	holds := make([]*Hold, len(got.Leases))
	for i, l := range got.Leases {
		holds[i] = k.hold(l, asked)
	}
	return holds, err
}

// Acquire acquires one tenant's lease, due or not. It returns the errors of
// [state.Leaser].
func (k Keeper) Acquire(ctx context.Context, tenant string) (*Hold, error) {
	asked := time.Now()
	got, err := finish(ctx, k.Duration, func(ctx context.Context) (state.Lease, error) {
		return k.Store.Acquire(ctx, state.AcquireRequest{Tenant: tenant, Owner: k.Owner, For: k.Duration})
	})
	if err != nil {
		return nil, err
	}
	return k.hold(got, asked), nil
}

func (k Keeper) hold(l state.Lease, asked time.Time) *Hold {
	return &Hold{keeper: k, acquired: l, nudged: make(chan struct{}, 1), until: newSureEnd(asked, k.Duration)}
}

// finish makes a call that acquires leases. It does not begin the call once ctx
// has ended. It does not interrupt the call when ctx ends later: the store
// might have granted a lease that no worker knows of, and the tenant would wait
// until that lease ends. A call that takes longer than a lease lasts is
// useless, so finish ends it.
func finish[T any](ctx context.Context, length time.Duration, call func(context.Context) (T, error)) (T, error) {
	if ctx.Err() != nil {
		return *new(T), context.Cause(ctx)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), length)
	defer stop()
	return call(ctx)
}
