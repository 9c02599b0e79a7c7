package syncer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/slot"
)

// Run claims tenants that are due and works on them, several at a time, until ctx
// ends. Then it begins nothing new, finishes the writes in flight, releases its
// leases, and returns nil. Any number of processes may Run on one store.
//
// A tenant that waits for a sign-in costs one goroutine and its lease. A tenant
// that waits for anything else costs nothing. Run logs storage errors and retries
// without limit, with growing pauses: a worker outlives its database.
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
		if !idle(ctx, changes, wait) {
			return nil
		}
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
			next, err := s.advance(ctx, hold, mine)
			if err == nil || ctx.Err() != nil {
				return
			}
			s.cfg.Logger.Warn("a tenant could not be worked on; trying again", "tenant", hold.Tenant(), "run", hold.Acquired().Record.Run, "error", err)
			// A tenant that could not be postponed is due at once. Keeping the slot
			// for a while bounds how often this process claims it.
			_ = retry.Pause(ctx, next.In)
		})
	}
	return len(holds), nil
}

// Sync starts a run and works on it until it ends: for command lines and tests.
// It also waits for the decision. It notices a decision of this process at once,
// and one of another process within PollInterval. When ctx ends, Sync leaves the
// run, and Sync or Run of any process resumes it.
//
// Sync returns the errors of [Syncer.Start] and [Syncer.Advance]. After a run that ended
// in New error it returns the row and nil.
func (s *Syncer) Sync(ctx context.Context, req StartRequest) (Row, error) {
	row, err := s.Start(ctx, req)
	if err != nil {
		return row, err
	}
	return s.Await(ctx, row.RunRef)
}

// Await works on a tenant's run until it ends or another run has taken its place. It
// also resumes a run that another process has left. Await returns the errors of
// [Syncer.Advance], with the row as last read.
func (s *Syncer) Await(ctx context.Context, run RunRef) (Row, error) {
	changes, stop := s.watch()
	defer stop()
	var row Row
	for {
		next, err := s.Advance(ctx, run.Tenant)
		if err != nil {
			return row, err
		}
		now, err := s.load(ctx, run.Tenant)
		if err != nil {
			return row, err
		}
		if row = rowOf(now); row.Status.Resting() || run.Run != "" && row.Run != run.Run {
			return row, nil
		}
		wait := s.cfg.PollInterval
		if next.In > 0 {
			wait = min(wait, next.In)
		}
		if !idle(ctx, changes, wait) {
			return row, context.Cause(ctx)
		}
	}
}
