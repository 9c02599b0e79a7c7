package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/slot"
)

// Run works on whatever is due, several tenants at a time, until ctx ends; then
// it stops beginning anything new, lets writes in flight finish, gives up its
// leases, and returns nil. Any number of processes may Run on one store.
//
// A tenant that waits holds nothing here but, while somebody has a code to
// sign in with, one goroutine and its lease. Storage errors are logged and
// tried again with growing pauses, for ever: a worker outlives its database.
func (s *Syncer) Run(ctx context.Context) error {
	changes, stop := s.watch()
	defer stop()
	limit := semaphore.NewWeighted(int64(s.cfg.Concurrency))
	var workers sync.WaitGroup
	defer workers.Wait()
	failures := 0
	for {
		claimed, err := s.claim(ctx, limit, &workers)
		wait := s.cfg.PollInterval
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			failures++
			wait = retry.Backoff(failures, time.Second, time.Minute)
			s.cfg.Logger.Warn("no tenants could be claimed; trying again", "error", err, "in", wait)
		case claimed > 0:
			failures, wait = 0, 0
		default:
			failures = 0
		}
		if !s.idle(ctx, changes, wait) {
			return nil
		}
	}
}

// idle waits for the next look: for a while, or until a tenant changes here.
func (s *Syncer) idle(ctx context.Context, changes <-chan string, wait time.Duration) bool {
	if wait == 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changes:
		for { // one look serves all that have changed
			select {
			case <-changes:
				continue
			default:
				return true
			}
		}
	case <-t.C:
		return true
	}
}

// claim claims as many due tenants as there is room for and works on them.
func (s *Syncer) claim(ctx context.Context, limit *semaphore.Weighted, workers *sync.WaitGroup) (int, error) {
	if err := limit.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	room := 1
	for room < s.cfg.Concurrency && limit.TryAcquire(1) {
		room++
	}
	holds, err := s.leases().Claim(ctx, room)
	limit.Release(int64(room - len(holds)))
	if err != nil {
		return 0, fmt.Errorf("claim: %w", err)
	}
	for _, hold := range holds {
		workers.Go(func() {
			mine := slot.Of(limit)
			defer mine.Release()
			_, err := s.advance(ctx, hold, mine)
			if err == nil || ctx.Err() != nil {
				return
			}
			s.cfg.Logger.Warn("a tenant could not be worked on; trying again", "tenant", hold.Tenant(), "run", hold.Acquired().Record.Run, "error", err)
		})
	}
	return len(holds), nil
}

// postpone makes a tenant whose storage failed wait a little, so that it does
// not keep a worker spinning, and says in its row why it waits. Where even that
// cannot be stored, the pause is in the next claim's failure.
func (s *Syncer) postpone(ctx context.Context, ref RunRef, in Phase, why error) {
	class := ClassStorage
	if e, ok := errors.AsType[*failure.Error](why); ok {
		class = Class(e.Class)
	}
	_, err := s.act(ctx, ref.Tenant, func(t *draft) error {
		if t.rec.WakeAt.IsZero() || t.rec.WakeAt.After(t.now) {
			return errNoChange
		}
		if r := t.d.Run; r != nil && t.rec.Status.Active() {
			r.Stalled = &ErrorInfo{Class: class, Phase: cmp.Or(in, r.Phase), Message: why.Error() + "; it is tried again", Time: t.now}
		}
		t.wakeIn = retry.Backoff(2, 5*time.Second, time.Minute)
		return nil
	})
	if err != nil && ctx.Err() == nil && !failure.IsNewer(err) {
		s.cfg.Logger.Warn("a tenant could not be postponed", "tenant", ref.Tenant, "run", ref.Run, "error", err)
	}
}

// Sync starts a run and works on it until it ends: for command lines and tests.
// While it waits for a decision it waits here, for one made in this process or,
// within PollInterval, in any other. When ctx ends the run stays as it is, and
// Sync or Run of any process goes on with it.
//
// It returns what Start and Advance return. A run that ends in New error is no
// error of Sync: look at the row.
func (s *Syncer) Sync(ctx context.Context, req StartRequest) (Row, error) {
	row, err := s.Start(ctx, req)
	if err != nil {
		return row, err
	}
	return s.Await(ctx, row.RunRef)
}

// Await works on a tenant's run until it ends, or another has taken its place.
// It takes up a run that another process began and left. With an error it
// returns the row as last seen.
func (s *Syncer) Await(ctx context.Context, run RunRef) (Row, error) {
	changes, stop := s.watch()
	defer stop()
	var row Row
	for {
		next, err := s.Advance(ctx, run.Tenant)
		if err != nil {
			return row, err
		}
		now, err := s.Status(ctx, run.Tenant)
		if err != nil {
			return row, err
		}
		if row = now; row.Status.Resting() || run.Run != "" && row.Run != run.Run {
			return row, nil
		}
		wait := s.cfg.PollInterval
		if next.In > 0 {
			wait = min(wait, next.In)
		}
		if !s.idle(ctx, changes, wait) {
			return row, context.Cause(ctx)
		}
	}
}
