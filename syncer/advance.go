package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/slot"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Advance works on one tenant until it rests or waits, and says when to look at it
// again. [Syncer.Sync] and [Syncer.Await] call Advance, and [Syncer.Run] does the
// same work for each tenant that is due. Advance blocks while it works and while a
// person has a code to sign in with. The lease lets one call at a time work on a
// tenant; another call returns at once with [Next].Held.
//
// Advance returns ErrInvalid for a name that no tenant can have, ErrNotFound for a
// tenant that was never started, ErrNewerFormat, the store's error when the store
// fails, and the context's error when the context ends. The next Advance then
// resumes the recorded work. A sync that fails ends its run, and Advance returns
// nil.
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

// advance works under a lease and releases it. If the store failed, the tenant's row
// says so. If the store refuses even that, the tenant stays due, and Next says how
// long the caller should leave it alone.
func (s *Syncer) advance(ctx context.Context, hold *lease.Hold, mine *slot.Slot) (Next, error) {
	c, err := s.open(hold)
	if err != nil {
		s.leave(ctx, hold, min(s.cfg.LeaseDuration, s.cfg.PollInterval))
		return Next{}, err
	}
	next, err := c.workOn(ctx, mine)
	if err != nil {
		switch failure.Dispose(ctx, err).How {
		case failure.ShutDown:
		case failure.Newer:
			c.forgo(ctx)
			return next, err
		default:
			// Before the release: after it a worker can claim the tenant, and its commits
			// clear what the row says. After the log: its commit clears that too.
			c.keepLog(ctx)
			if !s.postpone(ctx, RunRef{Tenant: c.tenant, Run: c.now().runID()}, c.failedIn, err) {
				next.In = s.cfg.LeaseDuration
			}
		}
	}
	c.close(ctx)
	return next, err
}

// workOn renews the lease while the loop works.
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
	return next, err
}

// loop takes steps until the tenant rests or waits. It begins no step after the
// worker was told to shut down or has lost the lease.
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
				return Next{Held: true, In: c.cfg.PollInterval}, nil
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

// oneStep takes one step, and decides what its error means for the run.
func (c *session) oneStep(ctx context.Context) (*Next, error) {
	step, cancel := context.WithCancelCause(ctx)
	c.mu.Lock()
	c.interrupt, c.timeUp, c.unfinished, c.begun = cancel, nil, nil, c.cur
	c.mu.Unlock()
	var wait *Next
	err := c.safely("the sync", func() (err error) {
		wait, err = c.step(step)
		if e, ok := errors.AsType[*endsRun](err); ok {
			return c.finish(step, e.runEnd)
		}
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
	case d.How == failure.Newer: // the run has not failed: a newer process can resume it
		return nil, fmt.Errorf("syncer: %s: run %s is left to a process that can read it: %w", c.tenant, c.now().runID(), err)
	case d.How.LeavesRun():
		return nil, err
	case d.How == failure.SignIn && c.run().closing() == "":
		c.client, c.fresh = nil, true
		if c.run().Reconnects < c.cfg.MaxAttempts {
			return nil, c.reconnect(ctx, err)
		}
		err = failure.New(tenant.Unauthenticated, "the tenant keeps refusing credentials that the authenticator gives: %w", err)
	}
	next, err := c.fail(ctx, err)
	if e, ok := errors.AsType[*endsRun](err); ok { // the sign-in's time was up before the commit
		return nil, c.finish(ctx, e.runEnd)
	}
	return next, err
}

// step does the next piece of work that the tenant's record asks for. A nil Next
// means that there may be more to do.
func (c *session) step(ctx context.Context) (*Next, error) {
	cur := c.now()
	r, status := cur.d.Run, cur.rec.Status
	switch {
	case status.Resting() && cur.d.Removing != nil:
		return &Next{}, removal{c.holding, *cur.d.Removing}.run(ctx)
	case status.Resting():
		return c.rest(ctx)
	}
	c.logCancel(r)
	if r.Cancel != nil && !r.underway() {
		return nil, c.finish(ctx, runEnd{stop: ending.Cancelled, reason: "cancelled by " + r.Cancel.Actor})
	}
	switch status {
	case state.PendingAuthentication:
		if r.closing() != "" { // the journal says which writes were begun
			return nil, c.finish(ctx, r.decidedEnding())
		}
		return nil, c.signIn(ctx, c.request(r))
	case state.PendingApproval:
		return c.work(ctx)
	}
	if len(cur.d.Paused) > 0 && r.closing() == "" {
		var lines *logChunk
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
	if left := r.Left(cur.storeTime()); left <= 0 && r.closing() == "" {
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
		return &Next{In: wait}, nil // an attempt failed; its pause is not over
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

// runTimedOut ends a run whose time is up. A run that has begun to write closes its
// journal first.
func (c *session) runTimedOut(ctx context.Context) error {
	info := c.errorInfo(word.ClassTimedOut, fmt.Errorf("the run did not finish within %s", c.run().WorkFor))
	c.logRunTimedOut()
	if c.run().underway() {
		return c.commit(ctx, func(t *draft) error { t.d.Run.Trouble = info; return nil })
	}
	return c.finish(ctx, runEnd{stop: ending.TimedOut, reason: "run", err: info})
}

// fail ends the run after an error. A transient error does not end it before
// MaxAttempts: fail then lets the phase be retried, after a pause that costs no
// goroutine.
func (c *session) fail(ctx context.Context, err error) (*Next, error) {
	r := c.run()
	if r.closing() != "" { // the run keeps the reason that it has already
		c.log.Warn("the run ends without more", "phase", c.phase(), "error", err)
		return nil, c.finish(ctx, r.decidedEnding())
	}
	d := failure.Dispose(ctx, err)
	if d.How == failure.Retry && r.Attempt+1 < c.cfg.MaxAttempts {
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
	if r.underway() && r.Phase == PhaseDeploy && info.Class != word.ClassNotApproved { // without its plan no journal can be closed
		return nil, c.commit(ctx, func(t *draft) error { t.d.Run.Trouble = info; return nil })
	}
	if info.Class == Class(auth.ConsentNeeded) && !r.Wrote {
		return nil, c.consentNeeded(ctx, info)
	}
	return nil, c.finish(ctx, runEnd{stop: ending.Failed, reason: string(info.Class), err: info})
}

// logCancel logs who has cancelled the run, once in a session.
func (c *session) logCancel(r *run) {
	if r.Cancel == nil || c.cancelled == r.ID {
		return
	}
	c.cancelled = r.ID
	c.log.Info("cancelled", "actor", r.Cancel.Actor, "comment", r.Cancel.Comment, "phase", c.phase(), "at", r.Cancel.Time)
}

// maxUnfinished bounds the acts that the line of a time-out names.
const maxUnfinished = 5

// logRunTimedOut logs the acts that were unfinished when the run's time was up.
func (c *session) logRunTimedOut() {
	r := c.run()
	c.mu.Lock()
	acts := slices.Clone(c.unfinished)
	c.mu.Unlock()
	slices.Sort(acts)
	acts = slices.Compact(acts)
	left := max(0, len(acts)-maxUnfinished)
	attrs := []any{"phase", c.phase(), "time limit", r.WorkFor, "during", joinActors(acts[:len(acts)-left])}
	if left > 0 {
		attrs = append(attrs, "and more", left)
	}
	if p := r.Progress; p.Total > 0 && p.Phase == c.phase() {
		attrs = append(attrs, "done", p.Done, "of", p.Total)
	}
	if r.Attempt > 0 {
		attrs = append(attrs, "failed attempts", r.Attempt)
	}
	c.log.Error("the run has timed out", attrs...)
}

// phaseWork is the code of one phase.
type phaseWork struct {
	// work does the phase and returns its successor.
	work func(*session, context.Context) (onward, error)
	// needs reports whether this process has the results of earlier phases that
	// this phase works on. They are in memory only. A process without them begins
	// again at connect. That is safe: the run has not written to the tenant, and
	// writes to the repository can be repeated. A nil func needs no results.
	needs func(*session) bool
}

// phaseWorks has the work of each phase of phaseTable. The loop enters a phase by
// these two tables and in no other way.
var phaseWorks = map[Phase]phaseWork{
	PhaseConnect: {(*session).connectPhase, nil},
	PhaseConsent: {(*session).consentPhase, (*session).connected},
	PhaseBackup:  {(*session).backupPhase, (*session).permitted},
	PhasePlan:    {(*session).planPhase, (*session).compared},
	PhaseApprove: {(*session).approvePhase, nil},
	PhaseDeploy:  {(*session).deployPhase, nil},
	PhaseRevert:  {(*session).revertPhase, nil},
	PhaseVerify:  {(*session).verifyPhase, nil},
	PhaseReport:  {(*session).reportPhase, nil},
}

// ready reports whether this process has the results that a phase needs.
func (c *session) ready(p Phase) bool {
	needs := phaseWorks[p].needs
	return needs == nil || needs(c)
}

// next returns the phase to work on. A run that is in another phase enters this one
// first.
func (c *session) next(ctx context.Context) (*phaseRow, error) {
	cur := c.now()
	if id := cur.runID(); c.walk.run != id {
		c.forget()
		c.walk.run = id
	}
	row := phaseNamed(c.phase())
	if row == nil || row.in != cur.rec.Status || !c.ready(row.phase) {
		row = phaseNamed(PhaseConnect)
		if cur.rec.Status == state.PendingApproval {
			row = phaseNamed(PhaseApprove)
		}
		if row.phase != c.phase() {
			if err := c.note(ctx, row.phase); err != nil {
				return nil, err
			}
		}
	}
	return row, nil
}

// work does the phase that the run is in. Then it enters the next phase or ends the
// run.
func (c *session) work(ctx context.Context) (*Next, error) {
	row, err := c.next(ctx)
	if err != nil {
		return nil, err
	}
	c.began(row.phase)
	var on onward
	err = c.s.telemetry.Phase(ctx, c.tenant, c.now().runID(), string(row.phase), func(ctx context.Context) error {
		err := c.slot.Take(ctx)
		if err == nil {
			on, err = phaseWorks[row.phase].work(c, ctx)
		}
		if e, ok := errors.AsType[*endsRun](err); ok {
			on, err = onward{end: &e.runEnd}, nil
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case on.end != nil:
		return nil, c.finish(ctx, *on.end)
	case on.phase == "":
		return on.wait, nil
	case on.change == nil:
		return nil, c.note(ctx, on.phase)
	}
	if err := checkFollows(row.phase, on.phase); err != nil {
		return nil, err
	}
	var lines *logChunk
	if on.phase == PhaseApprove { // the process releases the run, with its log stored
		c.began(on.phase)
		if on.tell != nil {
			on.tell()
		}
		lines = c.flush(ctx)
	}
	return nil, c.commit(ctx, func(t *draft) error {
		t.logEntry(lines)
		if err := on.change(t); err != nil {
			return err
		}
		t.phase(on.phase)
		return nil
	})
}

// postpone makes a tenant wait after its storage failed, so that workers do not
// retry it without a pause. The tenant's row says why it waits. postpone reports
// false if that cannot be stored either.
func (s *Syncer) postpone(ctx context.Context, ref RunRef, in Phase, why error) bool {
	class := Class(word.ClassStorage)
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
	return err == nil
}

// consentNeeded ends a run that cannot even connect before an administrator has
// consented to the application.
func (c *session) consentNeeded(ctx context.Context, info *ErrorInfo) error {
	if c.now().rec.Status == state.PendingAuthentication { // the person was there, and could not give it
		if err := c.signedIn(ctx); err != nil {
			return err
		}
	}
	return c.finish(ctx, runEnd{stop: ending.ConsentMissing, reason: string(info.Class), err: info})
}
