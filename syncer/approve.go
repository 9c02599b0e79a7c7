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
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// approvePhase does the work on a run that waits for a decision.
func (c *session) approvePhase(ctx context.Context) (onward, error) {
	wait, err := waiting{c}.look(ctx)
	return onward{wait: wait}, err
}

// waiting is the work on a run that waits for a decision.
type waiting struct{ *session }

// look ends a run whose deadline has passed, approves its plan by a rule of the
// settings, or asks the Approver. Otherwise the run waits without goroutine or
// lease.
func (c waiting) look(ctx context.Context) (*Next, error) {
	cur := c.now()
	if cur.rec.Status != state.PendingApproval {
		return nil, failure.ErrInterrupted // decided since the step began; the deadline went with the status
	}
	r := cur.d.Run
	left := cur.rec.Deadline.Sub(cur.storeTime())
	if left <= 0 {
		return nil, &endsRun{runEnd{stop: ending.TimedOut, reason: "approval", while: state.PendingApproval, err: c.errorInfo(word.ClassTimedOut,
			fmt.Errorf("nobody decided within %s; start the sync again for a fresh plan", cur.rec.Deadline.Sub(r.Since).Round(time.Second)))}}
	}
	if !cur.rec.WakeAt.After(cur.storeTime()) {
		done, err := c.byRule(ctx)
		switch {
		case context.Cause(ctx) != nil:
			return nil, context.Cause(ctx)
		case err != nil && !failure.Dispose(ctx, err).Undecided():
			return nil, err
		case err != nil:
			return nil, c.failed(ctx, "the approval rules could not be read", err)
		case done:
			return nil, nil
		}
	}
	if c.cfg.Approver == nil || r.Reviewed {
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
		return nil, c.failed(ctx, "the approver failed", err)
	}
	return nil, err
}

// review asks the Approver and stores its decision. The decision must meet the rules
// of [Syncer.Decide].
func (c waiting) review(ctx context.Context, left time.Duration) error {
	cur := c.now()
	r := cur.d.Run
	p, err := c.s.readPlan(ctx, c.tenant, r)
	if err != nil {
		return err
	}
	voted, err := r.lists(c.s, c.tenant).Voted(ctx, r.Votes)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, left)
	defer stop()
	y, err := c.cfg.policy(ctx, c.tenant)
	if err != nil {
		return err
	}
	seen := c.s.glance(ctx, c.tenant, r)
	var d Decision
	err = c.safely("the approver", func() (err error) {
		d, err = c.cfg.Approver.Review(ctx, cur.review(y, p, seen, voted))
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
	if err := c.cfg.permit(ctx, d.Actor, ActDecide, c.tenant, bounds.Comment("Comment", d.Comment)); err != nil {
		return err
	}
	// The decision is checked against the stored plan, because the approver may
	// have changed its copy.
	if p, err = c.s.readPlan(ctx, c.tenant, r); err != nil {
		return err
	}
	if err := c.cfg.checkKey(p, d); err != nil {
		return err
	}
	if y, err = c.cfg.policy(ctx, c.tenant); err != nil { // the rules that hold at the decision
		return err
	}
	if seen, err = c.s.checkCurrent(ctx, y, r, d); err != nil {
		return err
	}
	made, err := d.choose(r.owner(c.tenant))
	if err != nil {
		return err
	}
	return c.commit(ctx, func(t *draft) error {
		t.d.Run.Reviewed = true
		t.looked(seen)
		if err := t.decide(y, p, made); err != nil {
			return err
		}
		return r.lists(c.s, c.tenant).Store(ctx, made.list)
	})
}

// undecided stores that the Approver leaves the plan to Decide.
func (c waiting) undecided(ctx context.Context, y policy, seen lookedAt) error {
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

// failed makes the run wait before the next attempt to get a decision. The pauses
// grow.
func (c waiting) failed(ctx context.Context, what string, err error) error {
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

// Decide stores a person's verdict on a plan; a worker carries it out. Any process
// may call Decide, also while another one works on the tenant. If several approvals
// are needed, the tenant stays in Pending approval until the last of them.
//
// Decide returns ErrNoActor, ErrInvalid, ErrNotPending, ErrStalePlan, ErrExpired,
// ErrSelfApproval, ErrAlreadyVoted, a *[BrokenRulesError] or a *[plan.SubsetError].
// It also returns ErrNewerFormat, and the errors of Authorize, of
// [Config].SettingsFor and of the store. After an error nothing has changed, unless
// the store has lost the answer of the commit.
//
// ErrStalePlan has three causes besides another run or digest. The record leads to
// a plan that is not this run's. The plan's hashes of secrets were made with
// another [Config].Secret. Or the rules ask for a current plan
// ([ApprovalRules].RequireCurrent) and the repository has moved on; if the
// repository cannot be read then, Decide returns its error.
func (s *Syncer) Decide(ctx context.Context, d Decision) (Row, error) {
	if err := cmp.Or(checkAsked(d.Tenant, d.Actor), d.checkRequired()); err != nil {
		return Row{}, err
	}
	if err := s.cfg.permit(ctx, d.Actor, ActDecide, d.Tenant, bounds.Name("Run", d.Run), bounds.Name("Digest", d.Digest),
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
		return rowOf(cur), pruned(err)
	}
	if err := s.cfg.checkKey(p, d); err != nil {
		return rowOf(cur), err
	}
	var y policy
	if d.Verdict == Approve { // a rejection needs no rules, so it works while the settings cannot be read
		if y, err = s.cfg.policy(ctx, d.Tenant); err != nil {
			return rowOf(cur), err
		}
	}
	seen, err := s.checkCurrent(ctx, y, cur.d.Run, d)
	if err != nil {
		return rowOf(cur), err
	}
	made, err := d.choose(cur.d.Run.owner(d.Tenant))
	if err != nil {
		return rowOf(cur), err
	}
	after, err := s.commit(ctx, cur, 0, nil, func(t *draft) error {
		t.looked(seen)
		if err := t.decide(y, p, made); err != nil {
			return err
		}
		return cur.d.Run.lists(s.records, d.Tenant).Store(ctx, made.list) // only the list of a decision that is accepted
	})
	if errors.Is(err, state.ErrExpired) {
		err = fmt.Errorf("%w: %s", ErrExpired, d.Tenant)
	}
	return rowOf(after), err
}

// pending returns an error unless the decision is about the plan that waits.
func (l loaded) pending(d Decision) error {
	r := l.d.Run
	same := r != nil && (d.Run == r.ID || slices.Contains(l.d.Same, d.Run))
	switch {
	case l.rec.Status != state.PendingApproval:
		if r != nil && r.ID != d.Run {
			return fmt.Errorf("%w: %s: the run is %s, not %s", ErrStalePlan, d.Tenant, r.ID, d.Run)
		}
		if r != nil && r.Decision != nil {
			return fmt.Errorf("%w: %s is %s: %s decided on run %s (%s)", ErrNotPending, d.Tenant, l.rec.Status.Label(), joinActors(r.Decision.Actors), r.ID, r.Decision.Verdict)
		}
		return fmt.Errorf("%w: %s is %s", ErrNotPending, d.Tenant, l.rec.Status.Label())
	case r.Cancel != nil:
		return fmt.Errorf("%w: %s: run %s was cancelled by %s", ErrNotPending, d.Tenant, r.ID, r.Cancel.Actor)
	case !same:
		return fmt.Errorf("%w: %s: the run is %s, not %s", ErrStalePlan, d.Tenant, r.ID, d.Run)
	case r.Digest != d.Digest:
		if strings.HasPrefix(r.Digest, d.Digest) {
			return fmt.Errorf("%w: %s: a decision names the whole digest of %d characters, and %s is its beginning", ErrStalePlan, d.Tenant, len(r.Digest), d.Digest)
		}
		return fmt.Errorf("%w: %s: the digest is %s, not %s", ErrStalePlan, d.Tenant, runrecord.Short(r.Digest), runrecord.Short(d.Digest))
	}
	return nil
}

// decide checks a decision by the rules and puts it into the record.
func (t *draft) decide(y policy, p *plan.Plan, d choice) error {
	if err := (loaded{rec: t.rec, d: t.d}).pending(d.Decision); err != nil {
		return err
	}
	if p.Digest != d.Digest { // the record has changed since the plan was read
		return fmt.Errorf("%w: %s: the plan is %s, not %s", ErrStalePlan, d.Tenant, runrecord.Short(p.Digest), runrecord.Short(d.Digest))
	}
	r := t.d.Run
	t.beforeDeadline = true
	switch d.Verdict {
	case Approve:
		var err error
		if d.Accept, err = y.check(p, r, d.Decision); err != nil {
			return err
		}
		v := runrecord.Vote{Actor: d.Actor, Comment: d.Comment, Chosen: d.chosen(), Digest: d.Digest, Time: t.now}
		r.Votes = append(r.Votes, v)
		if r.Demands = y.standing(p, d.Items, v.Chosen, r.Votes, r.Actor); met(r.Demands) {
			return t.decided(state.Approve, PhaseDeploy, d, y.alike(r.Votes, d.Digest, v.Chosen))
		}
		if r.Reviewed { // the engine does not ask the Approver again; the next vote is by Decide
			t.waitForDecision(y.looks)
		}
		t.entry(EntryVote, EntryData{Actor: d.Actor, Comment: d.Comment, Items: d.Items, Digest: d.Digest})
		return nil
	case Reject:
		return t.decided(state.Reject, PhaseReport, d, []string{d.Actor})
	case RejectAndRevert:
		return t.decided(state.Revert, PhaseRevert, d, []string{d.Actor})
	}
	return fmt.Errorf("%w: %s: verdict %q, want one of %q", ErrInvalid, d.Tenant, d.Verdict, verdicts)
}

// decided leaves Pending approval.
func (t *draft) decided(ev state.Event, next Phase, d choice, actors []string) error {
	r := t.d.Run
	r.Decision = &decided{Verdict: d.Verdict, Actors: actors, Comment: d.Comment, Accept: d.Accept, Chosen: d.chosen(), Time: t.now,
		Binding: runrecord.Binding{Digest: d.Digest, Plan: r.Plan, Bindings: r.Bindings}}
	r.Demands = nil
	t.resume()
	if err := t.move(ev, EntryData{Phase: next, Actor: d.Actor, Comment: d.Comment, Items: d.Items, Digest: d.Digest}); err != nil {
		return err
	}
	t.phase(next)
	t.due()
	return nil
}

// checkKey refuses to approve a plan whose hashes of secrets were made with another
// key than this process's. This process cannot compare a secret with such a hash.
func (c Config) checkKey(p *plan.Plan, d Decision) error {
	if d.Verdict == Approve && !deploy.OwnKey(p.KeyID, c.keys(p.Tenant).Tenant) {
		return fmt.Errorf("%w: %s: its hashes of secrets were made with another secret of the configuration (Config.Secret); start the sync again for a fresh plan", ErrStalePlan, d.Tenant)
	}
	return nil
}

// byRule approves the waiting plan if an [AutomaticApproval] fits it, and reports
// whether it did. It reads the settings again, because a decision must meet the
// rules that hold when it is made.
func (c waiting) byRule(ctx context.Context) (bool, error) {
	r := c.run()
	y, err := c.cfg.policy(ctx, c.tenant)
	if err != nil || len(y.Automatic) == 0 {
		return false, err
	}
	p, err := c.s.readPlan(ctx, c.tenant, r)
	if err != nil {
		return false, err
	}
	rule, ok := y.automatic(p)
	if !ok {
		return false, nil
	}
	d := Decision{RunRef: RunRef{Tenant: c.tenant, Run: r.ID}, Digest: p.Digest, Verdict: Approve, Actor: rule.Name,
		Comment: "approved by a rule of the settings", Accept: brokenBy(p, nil)}
	if err := c.cfg.checkKey(p, d); err != nil { // a person rejects it, or starts another sync
		return false, nil
	}
	seen, err := c.s.checkCurrent(ctx, y, r, d)
	if errors.Is(err, ErrStalePlan) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, c.commit(ctx, func(t *draft) error {
		if t.rec.Status != state.PendingApproval || t.d.Run.Digest != d.Digest || t.d.Run.Cancel != nil {
			return failure.ErrInterrupted
		}
		t.beforeDeadline = true
		t.looked(seen)
		return t.decided(state.Approve, PhaseDeploy, choice{Decision: d}, []string{rule.Name})
	})
}

// checkCurrent reads the head of the desired line for a decision. If the rules ask
// for a plan made from the head, the read must succeed, and an approval of any other
// plan returns ErrStalePlan.
func (s *records) checkCurrent(ctx context.Context, y policy, r *run, d Decision) (lookedAt, error) {
	if d.Verdict != Approve || !y.RequireCurrent {
		return s.glance(ctx, d.Tenant, r), nil
	}
	seen, err := retry.Do(ctx, s.cfg.MaxAttempts, repo.Transient, func() (lookedAt, error) { return s.lookAtLine(ctx, d.Tenant, r) })
	switch {
	case err != nil:
		return seen, failure.New(word.ClassRepository, "syncer: the plan was not approved: %w", err)
	case seen.movedOn():
		return seen, fmt.Errorf("%w: %s: the plan was made from revision %s, and the repository has moved on to %s; sync again with Supersede to plan from it",
			ErrStalePlan, d.Tenant, seen.plan, seen.head)
	}
	return seen, nil
}

// watchLine looks at the desired line for a waiting run that is due. Its commit also
// makes the run due for the next look.
func (c waiting) watchLine(ctx context.Context) error {
	cur := c.now()
	if cur.rec.WakeAt.After(cur.storeTime()) {
		return nil
	}
	y, err := c.cfg.policy(ctx, c.tenant)
	if err != nil { // the approval rules could not be read either
		y.looks = NewerIntervalDefault
	}
	var seen lookedAt
	if y.looks > 0 {
		seen = c.s.glance(ctx, c.tenant, cur.d.Run)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return c.commit(ctx, func(t *draft) error {
		if t.rec.Status != state.PendingApproval || t.d.Run.Cancel != nil {
			return failure.ErrInterrupted
		}
		t.looked(seen)
		t.waitForDecision(y.looks)
		return nil
	})
}

// Review returns the plan of a run that waits for a decision, for the handler
// behind a button: show it, and pass the answer of its Approve, Reject or
// RejectAndRevert to [Syncer.Decide]. A handler that shows the plan in one
// request and decides in the next one keeps the digest in between: a decision
// on a plan that has changed since is refused. Review looks at the desired line
// now, for [Review].Newer.
//
// Review returns ErrInvalid, ErrNotPending when no plan of the tenant waits for a
// decision, ErrStalePlan for another run than the current one, ErrNotFound when the
// plan or the items of an approval are gone from the store, ErrNewerFormat, and the
// errors of [Config].SettingsFor and of the store.
func (s *Syncer) Review(ctx context.Context, ref RunRef) (Review, error) {
	cur, err := s.load(ctx, ref.Tenant)
	if err != nil {
		return Review{}, err
	}
	switch {
	case cur.rec.Status != state.PendingApproval:
		return Review{}, fmt.Errorf("%w: %s is %s", ErrNotPending, ref.Tenant, cur.rec.Status.Label())
	case ref.Run != "" && ref.Run != cur.d.Run.ID && !slices.Contains(cur.d.Same, ref.Run):
		return Review{}, fmt.Errorf("%w: %s: the run is %s, not %s", ErrStalePlan, ref.Tenant, cur.d.Run.ID, ref.Run)
	}
	p, err := s.readPlan(ctx, ref.Tenant, cur.d.Run)
	if err != nil {
		return Review{}, pruned(err)
	}
	y, err := s.cfg.policy(ctx, ref.Tenant)
	if err != nil {
		return Review{}, err
	}
	voted, err := cur.d.Run.lists(s.records, ref.Tenant).Voted(ctx, cur.d.Run.Votes)
	if err != nil {
		return Review{}, pruned(err)
	}
	return cur.review(y, p, s.glance(ctx, ref.Tenant, cur.d.Run), voted), nil
}

// review returns the Review of the waiting run and its plan. voted has the items of
// the votes.
func (l loaded) review(y policy, p *plan.Plan, seen lookedAt, voted map[string][]string) Review {
	r := l.d.Run
	newer := seen.newer(r, l.storeTime())
	p.NewerRevision = newer.revision()
	return Review{RunRef: RunRef{Tenant: l.rec.Tenant, Run: r.ID}, Requester: r.Actor, Comment: r.Options.Comment,
		Plan: p, Since: r.Since, Deadline: l.rec.Deadline, Votes: shown(r.Votes, voted),
		Demands: y.current(p, r.Votes, voted, r.Actor), Newer: newer}
}
