package lease

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
)

// ErrLost says that another worker has the lease, or may have it by now.
var ErrLost = errors.New("the lease was lost")

// Hold is one tenant's lease that this worker holds. It is safe for concurrent
// use, but [Hold.Watch] and [Hold.Note] must be called first.
type Hold struct {
	keeper   Keeper
	acquired state.Lease
	watch    func(state.Lease) bool
	note     func() json.RawMessage
	nudged   chan struct{}

	mu    sync.Mutex
	until sureEnd
}

// Acquired returns the lease from the store, with the tenant's record at that
// time.
func (h *Hold) Acquired() state.Lease { return h.acquired }

// Tenant returns the tenant's name.
func (h *Hold) Tenant() string { return h.acquired.Record.Tenant }

// Fence returns the lease's fence, for commits under the lease.
func (h *Hold) Fence() int64 { return h.acquired.Record.Fence }

// Watch makes each renewal call f with the renewed lease. If f returns false,
// the worker cannot use the record, and the lease counts as lost.
func (h *Hold) Watch(f func(state.Lease) bool) { h.watch = f }

// Note makes each renewal of [Hold.Keep] and [Hold.Ensure] store the note that f
// returns ([state.RenewRequest].Note). It must be called first, as [Hold.Watch].
func (h *Hold) Note(f func() json.RawMessage) { h.note = f }

// Keep renews the lease at a third of its duration, and when [Hold.Nudge] asks
// for it. Keep returns nil when ctx ends, and ErrLost when the lease is lost. A
// renewal that fails is reported to failed; Keep attempts the next one when it is
// due.
func (h *Hold) Keep(ctx context.Context, failed func(error)) error {
	tick := time.NewTicker(h.keeper.Duration / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-h.nudged:
		}
		err := h.renew(ctx)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrLost):
			return ErrLost
		default:
			failed(err)
		}
	}
}

// Nudge makes [Hold.Keep] renew the lease now, because the tenant's record has
// changed.
func (h *Hold) Nudge() {
	select {
	case h.nudged <- struct{}{}:
	default:
	}
}

// Left returns how long the lease certainly lasts.
func (h *Hold) Left() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.until.left(time.Now())
}

// Ensure makes sure that the lease lasts for more than d from now, and renews it
// if it must. It returns ErrLost if the lease is lost or stays too short, and
// the store's error if a renewal fails.
func (h *Hold) Ensure(ctx context.Context, d time.Duration) error {
	const renewals = 2 // the answer to the first one may come late
	for n := 0; ; n++ {
		if h.Left() > d {
			return nil
		}
		if n == renewals {
			return ErrLost
		}
		if err := h.renew(ctx); err != nil {
			return err
		}
	}
}

// renew renews the lease and passes the record to the function of Watch.
func (h *Hold) renew(ctx context.Context) error {
	req := state.RenewRequest{Tenant: h.Tenant(), Fence: h.Fence(), For: h.keeper.Duration}
	if h.note != nil {
		req.Note = h.note()
	}
	asked := time.Now()
	got, err := h.keeper.Store.Renew(ctx, req)
	switch {
	case errors.Is(err, state.ErrLeaseLost), errors.Is(err, state.ErrNotFound), err != nil && h.Left() <= 0:
		return ErrLost
	case err != nil:
		return err
	}
	h.mu.Lock()
	h.until = newSureEnd(asked, h.keeper.Duration)
	h.mu.Unlock()
	if h.watch != nil && !h.watch(got) {
		return ErrLost
	}
	return nil
}

// Shorten makes the lease end after d, in place of a release. Until then no
// worker acquires the tenant. A record that this worker cannot use stays due, so
// after a release the same worker would acquire it again without end.
func (h *Hold) Shorten(ctx context.Context, d time.Duration) error {
	_, err := h.keeper.Store.Renew(ctx, state.RenewRequest{Tenant: h.Tenant(), Fence: h.Fence(), For: d})
	return err
}

// Release ends the lease. A lost lease has ended already, and a removed tenant
// has no lease.
func (h *Hold) Release(ctx context.Context) error {
	_, err := retry.Do(ctx, h.keeper.Attempts, h.keeper.Transient, func() (struct{}, error) {
		return struct{}{}, h.keeper.Store.Release(ctx, state.ReleaseRequest{Tenant: h.Tenant(), Fence: h.Fence()})
	})
	if errors.Is(err, state.ErrLeaseLost) || errors.Is(err, state.ErrNotFound) {
		return nil
	}
	return err
}

// sureEnd is the time until which a lease certainly lasts, by both clocks of
// this process: the monotonic clock stands still while a machine sleeps, and
// the wall clock may be set back.
type sureEnd struct{ monotonic, wall time.Time }

// newSureEnd counts from the moment before the call of the store, because the
// lease began later.
func newSureEnd(asked time.Time, length time.Duration) sureEnd {
	until := asked.Add(length)
	return sureEnd{monotonic: until, wall: until.Round(0)} // Round strips the monotonic reading
}

// left returns how long the lease lasts by the clock that shows less time.
func (e sureEnd) left(now time.Time) time.Duration {
	return min(e.monotonic.Sub(now), e.wall.Sub(now))
}
