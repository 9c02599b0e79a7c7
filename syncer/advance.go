package syncer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/slot"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Next says where a tenant is and when to look at it again.
type Next struct {
	Status state.Status
	// Held: another worker holds the tenant.
	Held bool
	// In is how long there is nothing to do. 0 means until something happens:
	// a decision, a start, a resume.
	In time.Duration
}

// Advance moves one tenant as far as it can go now, and says when to look
// again. Everything else that runs syncs only calls it. It blocks while it
// works and while a person has a code to sign in with, and returns when the
// tenant rests or waits for anything else.
//
// It returns ErrNotFound for a tenant that was never started, the context's
// error when that ends (what was begun is recorded, and the next Advance goes
// on), and the storage's error when that fails; a failure of the sync itself
// is no error here, but ends the run in New error.
func (s *Syncer) Advance(ctx context.Context, tenantName string) (Next, error) {
	if err := checkTenant(tenantName); err != nil {
		return Next{}, err
	}
	hold, err := s.leases().Acquire(ctx, tenantName)
	switch {
	case errors.Is(err, state.ErrLeased):
		return Next{Held: true, In: s.cfg.PollInterval}, nil
	case errors.Is(err, state.ErrNotFound):
		return Next{}, fmt.Errorf("%w: %s was never started", ErrNotFound, tenantName)
	case err != nil:
		return Next{}, fmt.Errorf("syncer: %s: acquire lease: %w", tenantName, err)
	}
	return s.advance(ctx, hold, nil)
}

// advance works under a lease and releases it. If a tenant's storage failed, the
// tenant's row says so.
func (s *Syncer) advance(ctx context.Context, hold *lease.Hold, mine *slot.Slot) (Next, error) {
	c, err := s.open(hold)
	if err != nil {
		s.leave(ctx, hold, min(s.cfg.LeaseDuration, s.cfg.PollInterval))
		return Next{}, err
	}
	next, err := c.workOn(ctx, mine)
	if err != nil {
		switch failure.Dispose(ctx, err).How {
		case failure.ShutDown, failure.Newer: // the lease of a newer one already keeps it for a while
		default:
			s.postpone(ctx, RunRef{Tenant: c.tenant, Run: c.now().runID()}, c.failedIn, err)
		}
	}
	return next, err
}

func (c *session) workOn(ctx context.Context, mine *slot.Slot) (Next, error) {
	c.slot = mine
	held, lost := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() {
		err := c.hold.Keep(held, func(err error) { c.log.Warn("the lease could not be renewed; trying again", "error", err) })
		if err != nil {
			lost(err)
		}
	})
	var next Next
	err := c.safely("the work on the tenant", func() (err error) {
		next, err = c.loop(held)
		return err
	})()
	lost(nil)
	keeper.Wait()
	if err != nil && failure.Dispose(ctx, err).How == failure.Newer {
		c.forgo(ctx)
	} else {
		c.close(ctx)
	}
	return next, err
}

// loop takes steps until the tenant rests or waits, and begins none once the
// worker shuts down or has lost the lease.
func (c *session) loop(ctx context.Context) (Next, error) {
	for {
		var wait *Next
		err := context.Cause(ctx)
		if err == nil {
			wait, err = c.oneStep(ctx)
		}
		if err != nil {
			switch failure.Dispose(ctx, err).How {
			case failure.LeaseLost:
				return Next{Held: true, In: c.s.cfg.PollInterval}, nil
			case failure.Interrupted:
				continue
			case failure.ShutDown:
				return Next{}, context.Cause(ctx)
			}
			return Next{}, err
		}
		if wait != nil {
			wait.Status = c.now().rec.Status
			return *wait, nil
		}
	}
}

// oneStep takes one step, and turns what it fails with into what it means for
// the run.
func (c *session) oneStep(ctx context.Context) (*Next, error) {
	step, cancel := context.WithCancelCause(ctx)
	c.mu.Lock()
	c.interrupt, c.timeUp, c.unfinished = cancel, nil, nil
	c.mu.Unlock()
	var wait *Next
	err := c.safely("the sync", func() (err error) {
		wait, err = c.step(step)
		return err
	})()
	d := failure.Dispose(step, err)
	c.mu.Lock()
	c.interrupt = nil
	c.mu.Unlock()
	cancel(nil)
	if err == nil {
		return wait, nil
	}
	c.stopped(false)
	defer func() {
		c.failedIn = c.phase()
		c.forget()
	}()
	switch {
	case d.How == failure.Interrupted:
		return nil, failure.ErrInterrupted
	case d.How == failure.Newer: // not a failure of the run: another process can go on with it
		return nil, fmt.Errorf("syncer: %s: run %s is left to a process that can read it: %w", c.tenant, c.now().runID(), err)
	case d.How.LeavesRun():
		return nil, err
	case d.How == failure.SignIn && c.run().closing() == "":
		return nil, c.reconnect(ctx, err)
	}
	return c.fail(ctx, err)
}

// step does the next thing for the tenant, by its record alone. A nil Next
// means that there may be more to do.
func (c *session) step(ctx context.Context) (*Next, error) {
	cur := c.now()
	r, status := cur.d.Run, cur.rec.Status
	if status.Resting() {
		return c.rest(ctx)
	}
	c.logCancel(r)
	if r.Cancel != nil && !r.underway() {
		return nil, c.finish(ctx, ending{stop: stopCancelled, reason: "cancelled by " + r.Cancel.Actor})
	}
	switch status {
	case state.PendingAuthentication:
		if r.closing() != "" { // what was begun stays as the journal has it
			return nil, c.finish(ctx, r.decidedEnding())
		}
		return nil, c.signIn(ctx, c.request(r))
	case state.PendingApproval:
		return c.work(ctx)
	}
	if len(cur.d.Paused) > 0 && r.closing() == "" {
		var lines *state.BlobRef
		if !cur.rec.WakeAt.IsZero() {
			c.log.Info("waiting until nobody pauses the tenant", "phase", c.phase(), "paused by", holders(cur.d.Paused))
			lines = c.flush(ctx)
		}
		return &Next{}, c.commit(ctx, func(t *draft) error {
			idle := len(t.d.Paused) == 0 || t.rec.WakeAt.IsZero()
			if idle && lines == nil {
				return errNoChange
			}
			t.logEntry(lines)
			if !idle {
				t.rec.WakeAt = time.Time{}
			}
			return nil
		})
	}
	if left := r.WorkUntil.Sub(cur.storeTime()); left <= 0 && r.closing() == "" {
		return nil, c.runTimedOut(ctx)
	} else if r.closing() == "" {
		timed, stop := context.WithTimeoutCause(ctx, left, failure.ErrRunTimedOut)
		defer stop()
		ctx = timed
		c.mu.Lock()
		c.timeUp = func() bool { return errors.Is(context.Cause(timed), failure.ErrRunTimedOut) }
		c.mu.Unlock()
	}
	if wait := cur.rec.WakeAt.Sub(cur.storeTime()); wait > 0 && r.Attempt > 0 && r.closing() == "" {
		return &Next{In: wait}, nil // a try failed; its pause is not over
	}
	if status == state.Starting {
		err := c.commit(ctx, func(t *draft) error {
			t.phase(PhaseConnect)
			return t.move(state.Begin, EntryData{Phase: PhaseConnect})
		})
		if err == nil {
			c.log.Info("run began", "actor", r.Actor, "mode", r.Options.Mode, "retry of", r.Options.RetryOf, "time limit", r.WorkFor)
		}
		return nil, err
	}
	next, err := c.work(ctx)
	if err != nil && errors.Is(context.Cause(ctx), failure.ErrRunTimedOut) {
		return nil, c.runTimedOut(context.WithoutCancel(ctx))
	}
	return next, err
}

// underway reports whether writes have begun, so that a cancel has to let the
// deploy close its journal first.
func (r *run) underway() bool {
	return r.Wrote && (r.Phase == PhaseDeploy || r.Phase == PhaseVerify || r.Phase == PhaseReport)
}

// closing says why no further write is to be begun, or "".
func (r *run) closing() Outcome {
	switch {
	case r.Cancel != nil:
		return Cancelled
	case r.Trouble != nil && r.Trouble.Class == ClassTimedOut:
		return TimedOut
	case r.Trouble != nil:
		return FailedWith
	}
	return ""
}

// decidedEnding is the ending of a run whose work is done.
func (r *run) decidedEnding() ending {
	if r.Decision != nil {
		switch r.Decision.Verdict {
		case Reject:
			return ending{reason: "rejected by " + joinActors(r.Decision.Actors)}
		case RejectAndRevert:
			return ending{reason: "rejected and reverted by " + joinActors(r.Decision.Actors)}
		}
	}
	switch r.closing() {
	case Cancelled:
		return ending{stop: stopCancelled, reason: "cancelled by " + r.Cancel.Actor}
	case TimedOut:
		return ending{stop: stopTimedOut, reason: "run", err: r.Trouble}
	case FailedWith:
		return ending{stop: stopFailed, reason: string(r.Trouble.Class), err: r.Trouble}
	}
	return ending{}
}

// runTimedOut ends a run whose time is up. One that has begun to write closes
// its journal first.
func (c *session) runTimedOut(ctx context.Context) error {
	info := c.errorInfo(ClassTimedOut, fmt.Errorf("the run did not finish within %s", c.run().WorkFor))
	c.logRunTimedOut()
	if c.run().underway() {
		return c.commit(ctx, func(t *draft) error { t.d.Run.Trouble = info; return nil })
	}
	return c.finish(ctx, ending{stop: stopTimedOut, reason: "run", err: info})
}

// fail ends the run, or, for what may pass by itself, lets the phase be tried
// again after a pause that holds no goroutine.
func (c *session) fail(ctx context.Context, err error) (*Next, error) {
	r := c.run()
	if r.closing() != "" { // it ends for the reason that it has
		c.log.Warn("the run ends without more", "phase", c.phase(), "error", err)
		return nil, c.finish(ctx, r.decidedEnding())
	}
	d := failure.Dispose(ctx, err)
	if d.How == failure.Retry && r.Attempt+1 < c.s.cfg.MaxAttempts {
		wait := max(d.After, retry.Backoff(r.Attempt+1, time.Second, time.Minute))
		c.log.Warn("will try again", "phase", c.phase(), "attempt", r.Attempt+1, "in", wait, "error", err)
		lines := c.flush(ctx)
		return &Next{In: wait}, c.commit(ctx, func(t *draft) error {
			t.d.Run.Attempt++
			t.wakeIn = wait
			t.logEntry(lines)
			t.entry(EntryRetry, EntryData{Phase: t.d.Run.Phase, Message: err.Error()})
			return nil
		})
	}
	info := c.errorInfo(Class(d.Class), err)
	if d.How == failure.Retry {
		info.Message = fmt.Sprintf("%s (given up after %d attempts)", info.Message, r.Attempt+1)
	}
	c.log.Error("the run failed", "phase", info.Phase, "class", info.Class, "error", err)
	if r.underway() && r.Phase == PhaseDeploy && info.Class != ClassNotApproved { // without its plan no journal can be closed
		return nil, c.commit(ctx, func(t *draft) error { t.d.Run.Trouble = info; return nil })
	}
	if info.Class == ClassConsentNeeded && !r.Wrote {
		return nil, c.consentNeeded(ctx, info)
	}
	return nil, c.finish(ctx, ending{stop: stopFailed, reason: string(info.Class), err: info})
}

// errorInfo describes an error of the present phase.
func (c *session) errorInfo(class Class, err error) *ErrorInfo {
	info := &ErrorInfo{Class: class, Phase: c.phase(), Message: err.Error(), Time: c.now().storeTime()}
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		info.RequestID = e.RequestID
	}
	return info
}

// rest looks after a tenant at rest: whether a permission is missing now, or a
// missing one was granted.
func (c *session) rest(ctx context.Context) (*Next, error) {
	cur := c.now()
	if cur.d.Removing != nil {
		return &Next{}, c.removeTenant(ctx)
	}
	if !cur.rec.WakeAt.IsZero() && !cur.rec.WakeAt.After(cur.storeTime()) {
		// Permissions that could not be looked at are no failure of a run.
		err := c.safely("recheck", func() error { return c.lookAtRest(ctx) })()
		if err != nil && failure.Dispose(ctx, err).How.LeavesRun() {
			return nil, err
		}
		cur = c.now()
	}
	switch {
	case cur.rec.Status.Active():
		return nil, nil // started meanwhile
	case cur.rec.WakeAt.IsZero():
		return &Next{}, nil
	}
	return &Next{In: max(time.Millisecond, cur.rec.WakeAt.Sub(cur.storeTime()))}, nil
}

// lookAtRest looks at the permissions of a resting tenant that is due, unless its
// settings say that no worker does.
func (c *session) lookAtRest(ctx context.Context) error {
	set, err := c.s.settings(ctx, c.tenant, "")
	if err == nil && set.lookInterval(c.tenant, c.now().rec.Status) <= 0 {
		return c.commit(ctx, func(t *draft) error {
			if !t.rec.Status.Resting() {
				return failure.ErrInterrupted
			}
			t.rec.WakeAt = time.Time{}
			return nil
		})
	}
	return c.recheck(ctx) // which says, too, that the settings cannot be read
}
