package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// requireApproval enters Pending approval. A run that superseded another with
// the same digest carries on its wait: votes and age.
func (t *draft) requireApproval(cfg Config, y policy, p *plan.Plan) error {
	r := t.d.Run
	r.Since = t.now
	deadline := time.Time{}
	if old := r.Carried; old == nil || old.Digest != p.Digest {
		t.d.Same = nil
	} else {
		t.d.Same = append(t.d.Same, old.Run)
		r.Since, r.Reviewed, deadline = old.Since, old.Reviewed, old.Deadline
		r.Votes = slices.DeleteFunc(old.Votes, func(v Vote) bool { return y.people.Same(v.Actor, r.Actor) && !y.AllowRequester })
	}
	if err := t.move(state.RequireApproval, EntryData{Phase: PhaseApprove, Digest: p.Digest}); err != nil {
		return err
	}
	if deadline.IsZero() {
		t.deadlineIn = y.Timeout
	} else {
		t.rec.Deadline = deadline
	}
	t.await()
	r.Demands = y.current(p, r.Votes, r.Actor)
	if _, automatic := y.automatic(p); automatic || cfg.Approver != nil && !r.Reviewed {
		t.due()
	} else {
		t.wakeAtDeadline(deadline, y)
	}
	t.event(Event{Type: PlanReady, Digest: p.Digest, Counts: p.Counts()})
	return nil
}

// wakeAtDeadline makes the tenant due when its deadline has passed, or for the
// first look at the desired line.
func (t *draft) wakeAtDeadline(deadline time.Time, y policy) {
	switch {
	case !deadline.IsZero():
		t.waitForDecision(y.looks)
	case y.looks > 0:
		t.wakeIn = min(y.looks, y.Timeout)
	default:
		t.wakeIn = y.Timeout
	}
}

// approvePhase looks after a run that waits for a decision.
func (c *session) approvePhase(ctx context.Context) (onward, error) {
	wait, err := c.approve(ctx)
	return onward{wait: wait}, err
}

// approve looks after a run that waits for a decision: it expires, and the
// Approver is asked. Otherwise it waits without goroutine or lease.
func (c *session) approve(ctx context.Context) (*Next, error) {
	cur := c.now()
	if cur.rec.Status != state.PendingApproval {
		return nil, failure.ErrInterrupted // decided since the step began; the deadline went with the status
	}
	r := cur.d.Run
	left := cur.rec.Deadline.Sub(cur.storeTime())
	if left <= 0 {
		return nil, c.finish(ctx, ending{stop: stopTimedOut, reason: "approval", while: state.PendingApproval, err: c.errorInfo(ClassTimedOut,
			fmt.Errorf("nobody decided within %s; start the sync again for a fresh plan", cur.rec.Deadline.Sub(r.Since).Round(time.Second)))})
	}
	if !cur.rec.WakeAt.After(cur.storeTime()) {
		done, err := c.approveByRule(ctx)
		switch {
		case context.Cause(ctx) != nil:
			return nil, context.Cause(ctx)
		case err != nil && !failure.Dispose(ctx, err).Undecided():
			return nil, err
		case err != nil:
			return nil, c.reviewFailed(ctx, "the approval rules could not be read", err)
		case done:
			return nil, nil
		}
	}
	if c.s.cfg.Approver == nil || r.Reviewed {
		err := c.watchLine(ctx)
		cur = c.now()
		return &Next{In: max(time.Millisecond, cur.rec.WakeAt.Sub(cur.storeTime()))}, err
	}
	if wait := cur.rec.WakeAt.Sub(cur.storeTime()); r.Attempt > 0 && wait > 0 {
		return &Next{In: wait}, nil // a Review failed; its pause is not over
	}
	err := c.review(ctx, left)
	switch {
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case err != nil && failure.Dispose(ctx, err).Undecided():
		return nil, c.reviewFailed(ctx, "the approver failed", err)
	}
	return nil, err
}

// review asks the Approver and carries out its decision by the same rules as
// anybody's.
func (c *session) review(ctx context.Context, left time.Duration) error {
	cur := c.now()
	r := cur.d.Run
	p, err := c.s.readPlan(ctx, c.tenant, r)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, left)
	defer stop()
	y, err := c.s.policy(ctx, c.tenant)
	if err != nil {
		return err
	}
	seen := c.s.glance(ctx, c.tenant, r)
	var d Decision
	err = c.safely("the approver", func() (err error) {
		d, err = c.s.cfg.Approver.Review(ctx, cur.review(y, p, seen))
		return err
	})()
	switch {
	case err != nil:
		return err
	case d.Verdict == Undecided:
		return c.undecided(ctx, y, seen)
	case d.Tenant != c.tenant:
		return fmt.Errorf("the decision is about tenant %q", d.Tenant)
	}
	if err := c.s.permit(ctx, d.Actor, ActDecide, c.tenant, bounds.Comment("Comment", d.Comment)); err != nil {
		return err
	}
	// The decision is held against the plan as it is stored, whatever the
	// approver did to the copy that it was shown.
	if p, err = c.s.readPlan(ctx, c.tenant, r); err != nil {
		return err
	}
	if err := c.s.checkKey(p, d); err != nil {
		return err
	}
	if y, err = c.s.policy(ctx, c.tenant); err != nil { // those of the decision's moment
		return err
	}
	if seen, err = c.s.checkCurrent(ctx, y, r, d); err != nil {
		return err
	}
	return c.commit(ctx, func(t *draft) error {
		t.d.Run.Reviewed = true
		t.looked(seen)
		return t.decide(y, p, d)
	})
}

// undecided stores that the Approver leaves the plan to Decide.
func (c *session) undecided(ctx context.Context, y policy, seen lookedAt) error {
	return c.commit(ctx, func(t *draft) error {
		if t.rec.Status != state.PendingApproval {
			return failure.ErrInterrupted
		}
		t.d.Run.Reviewed = true
		t.looked(seen)
		t.waitForDecision(y.looks)
		t.entry(EntryReview, EntryData{Phase: PhaseApprove, Message: "undecided", Digest: t.d.Run.Digest})
		return nil
	})
}

// reviewFailed waits before a decision is looked for again: longer every time.
func (c *session) reviewFailed(ctx context.Context, what string, err error) error {
	wait := retry.Backoff(c.run().Attempt+1, 10*time.Second, time.Hour)
	c.log.Warn(what+"; the plan stays undecided", "again in", wait, "error", err)
	lines := c.flush(ctx)
	seen := c.s.glance(ctx, c.tenant, c.run())
	return c.commit(ctx, func(t *draft) error {
		if t.rec.Status != state.PendingApproval {
			return failure.ErrInterrupted
		}
		t.looked(seen)
		t.d.Run.Attempt++
		t.logEntry(lines)
		t.rec.WakeAt = t.now.Add(wait)
		if t.rec.WakeAt.After(t.rec.Deadline) {
			t.rec.WakeAt = t.rec.Deadline
		}
		t.entry(EntryReview, EntryData{Phase: PhaseApprove, Message: err.Error()})
		return nil
	})
}

// Decide carries out a person's verdict on a plan. It is accepted by any
// process, whoever works on the tenant.
//
// It returns ErrNoActor, ErrNotPending, ErrStalePlan, ErrExpired, ErrInvalid,
// ErrSelfApproval, ErrAlreadyVoted, a *[BrokenRulesError] or a
// *[plan.SubsetError]; then nothing has changed. ErrStalePlan is also returned
// where the store no longer holds the plan that waits under the run's name, and
// for an approval where the rules ask for a current plan
// ([ApprovalRules].RequireCurrent) and the repository has moved on. While the
// repository cannot be read, its error is returned there.
// Where several approvals are needed, one that does not decide yet leaves the
// tenant in Pending approval.
func (s *Syncer) Decide(ctx context.Context, d Decision) (Row, error) {
	if err := cmp.Or(checkAsked(d.Tenant, d.Actor), d.checkRequired()); err != nil {
		return Row{}, err
	}
	if err := s.permit(ctx, d.Actor, ActDecide, d.Tenant, bounds.Name("Run", d.Run), bounds.Name("Digest", d.Digest),
		bounds.Comment("Comment", d.Comment)); err != nil {
		return Row{}, err
	}
	cur, err := s.load(ctx, d.Tenant)
	if err != nil {
		return Row{}, err
	}
	if err := cur.pending(d); err != nil {
		return rowOf(cur), err
	}
	p, err := s.readPlan(ctx, d.Tenant, cur.d.Run)
	if err != nil {
		return rowOf(cur), err
	}
	if err := s.checkKey(p, d); err != nil {
		return rowOf(cur), err
	}
	var y policy
	if d.Verdict == Approve { // a rejection needs no rules, and works while there are none
		if y, err = s.policy(ctx, d.Tenant); err != nil {
			return rowOf(cur), err
		}
	}
	seen, err := s.checkCurrent(ctx, y, cur.d.Run, d)
	if err != nil {
		return rowOf(cur), err
	}
	after, err := s.commit(ctx, cur, 0, nil, func(t *draft) error {
		t.looked(seen)
		return t.decide(y, p, d)
	})
	if errors.Is(err, state.ErrExpired) {
		err = fmt.Errorf("%w: %s", ErrExpired, d.Tenant)
	}
	return rowOf(after), err
}

// pending reports whether the decision is about what is pending.
func (l loaded) pending(d Decision) error {
	r := l.d.Run
	same := r != nil && (d.Run == r.ID || slices.Contains(l.d.Same, d.Run))
	switch {
	case l.rec.Status != state.PendingApproval:
		if r != nil && r.ID != d.Run {
			return fmt.Errorf("%w: %s: the run is %s, not %s", ErrStalePlan, d.Tenant, r.ID, d.Run)
		}
		return fmt.Errorf("%w: %s is %s", ErrNotPending, d.Tenant, l.rec.Status.Label())
	case r.Cancel != nil:
		return fmt.Errorf("%w: %s: run %s was cancelled by %s", ErrNotPending, d.Tenant, r.ID, r.Cancel.Actor)
	case !same:
		return fmt.Errorf("%w: %s: the run is %s, not %s", ErrStalePlan, d.Tenant, r.ID, d.Run)
	case r.Digest != d.Digest:
		return fmt.Errorf("%w: %s: the digest is %s, not %s", ErrStalePlan, d.Tenant, short(r.Digest), short(d.Digest))
	}
	return nil
}

// short is the beginning of a digest, for messages.
func short(digest string) string { return digest[:min(12, len(digest))] }

// decide holds a decision against the rules and carries it out.
func (t *draft) decide(y policy, p *plan.Plan, d Decision) error {
	if err := (loaded{rec: t.rec, d: t.d}).pending(d); err != nil {
		return err
	}
	if p.Digest != d.Digest { // the record has changed since the plan was read
		return fmt.Errorf("%w: %s: the plan is %s, not %s", ErrStalePlan, d.Tenant, short(p.Digest), short(d.Digest))
	}
	if err := d.checkItems(); err != nil {
		return err
	}
	d.Items = distinct(d.Items)
	r := t.d.Run
	t.beforeDeadline = true
	switch d.Verdict {
	case Approve:
		var err error
		if d.Accept, err = y.check(p, r, d); err != nil {
			return err
		}
		r.Votes = append(r.Votes, Vote{Actor: d.Actor, Comment: d.Comment, Items: d.Items, Digest: d.Digest, Time: t.now})
		if r.Demands = y.current(p, r.Votes, r.Actor); met(r.Demands) {
			return t.decided(state.Approve, PhaseDeploy, d, y.alike(r.Votes, d.Digest, d.Items))
		}
		if r.Reviewed { // the Approver is not asked again; the next vote comes by itself
			t.waitForDecision(y.looks)
		}
		t.entry(EntryVote, EntryData{Actor: d.Actor, Comment: d.Comment, Items: d.Items, Digest: d.Digest})
		return nil
	case Reject:
		return t.decided(state.Reject, PhaseReport, d, []string{d.Actor})
	case RejectAndRevert:
		return t.decided(state.Revert, PhaseRevert, d, []string{d.Actor})
	}
	return fmt.Errorf("%w: verdict %q", ErrInvalid, d.Verdict)
}

// decided leaves Pending approval.
func (t *draft) decided(ev state.Event, next Phase, d Decision, actors []string) error {
	r := t.d.Run
	r.Decision = &decided{Verdict: d.Verdict, Actors: actors, Comment: d.Comment, Accept: d.Accept, Items: d.Items, Time: t.now,
		Digest: d.Digest, Plan: r.Plan, Bindings: r.Bindings}
	r.Demands = nil
	t.resume()
	if err := t.move(ev, EntryData{Phase: next, Actor: d.Actor, Comment: d.Comment, Items: d.Items, Digest: d.Digest}); err != nil {
		return err
	}
	t.phase(next)
	t.due()
	return nil
}

// joinActors lists names for people.
func joinActors(names []string) string { return strings.Join(names, ", ") }

// checkKey refuses to approve a plan whose hashes of secrets were made with
// another key than this process's: they cannot be compared with anything.
func (s *records) checkKey(p *plan.Plan, d Decision) error {
	if d.Verdict == Approve && !deploy.OwnKey(p.KeyID, s.cfg.keys(p.Tenant).Tenant) {
		return fmt.Errorf("%w: %s: its hashes of secrets were made with another secret of the configuration (Config.Secret); start the sync again for a fresh plan", ErrStalePlan, d.Tenant)
	}
	return nil
}
