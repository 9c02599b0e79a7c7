package syncer

import (
	"context"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// planPhase makes the plan, and either stores it and asks for a decision, or ends the
// run with it.
func (c *session) planPhase(ctx context.Context) (onward, error) {
	opt := c.run().Options
	made, err := planning.Make(ctx, planning.Request{Made: c.walk.compared, Mode: string(opt.Mode), RollBackTo: opt.DesiredFrom, AnyTargets: opt.RetryOf != "",
		Lines: c.repository(), Client: c.client, Failed: failure.OfCall})
	if err != nil {
		return onward{}, err
	}
	c.logPlan(made.Plan)
	if !made.Asks {
		return onward{end: &runEnd{proposed: made}}, nil
	}
	root, err := c.saveBase(ctx, made.Base)
	if err != nil {
		return onward{}, err
	}
	store, err := c.storeProposal(ctx, made)
	if err != nil {
		return onward{}, err
	}
	var voted map[string][]string
	if old := c.run().Carried; old != nil && old.Digest == made.Plan.Digest {
		if voted, err = c.run().lists(c.s, c.tenant).Voted(ctx, old.Votes); err != nil {
			return onward{}, err
		}
	}
	y := c.set.policy(c.cfg.people())
	return onward{phase: PhaseApprove, change: func(t *draft) error {
		t.moveBase(root)
		store(t.d.Run)
		return t.requireApproval(c.cfg, y, made.Plan, voted)
	}, tell: func() { c.logApprovalWait(y, made.Plan) }}, nil
}

// maxSame is the number of superseded runs that a decision may name. With a sync each
// night, a request for a decision that is two months old still holds.
const maxSame = 64

// requireApproval enters Pending approval. A run that superseded another with the same
// digest continues its wait, with its votes and its age. voted has the items of these
// votes.
func (t *draft) requireApproval(cfg Config, y policy, p *plan.Plan, voted map[string][]string) error {
	r := t.d.Run
	r.Since = t.now
	deadline := time.Time{}
	if old := r.Carried; old == nil || old.Digest != p.Digest {
		t.d.Same = nil
	} else {
		t.d.Same = append(t.d.Same, old.Run)
		t.d.Same = t.d.Same[max(0, len(t.d.Same)-maxSame):]
		r.Since, r.Reviewed, deadline = old.Since, old.Reviewed, old.Deadline
		r.Votes = slices.DeleteFunc(old.Votes, func(v runrecord.Vote) bool { return y.people.Same(v.Actor, r.Actor) && !y.AllowRequester })
	}
	r.Carried = nil // its votes are the run's now, or count no more
	if err := t.move(state.RequireApproval, EntryData{Phase: PhaseApprove, Digest: p.Digest}); err != nil {
		return err
	}
	if deadline.IsZero() {
		t.deadlineIn = y.Timeout
	} else {
		t.rec.Deadline = deadline
	}
	t.await()
	r.Demands = y.current(p, r.Votes, voted, r.Actor)
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

// logPlan logs the plan's digest and counts.
func (c *session) logPlan(p *plan.Plan) {
	n := p.Counts()
	c.log.Info("plan made", "digest", runrecord.Short(p.Digest), "items", len(p.Items), "create", n.Create, "update", n.Update, "delete", n.Delete,
		"conflicts", n.Conflicts, "problems", n.Problems)
}

// logApprovalWait logs the approvals that the run is about to wait for.
func (c *session) logApprovalWait(y policy, p *plan.Plan) {
	r := c.run()
	attrs := []any{"needed", demandNames(y.current(p, nil, nil, r.Actor)), "asked by", r.Actor, "for", y.Timeout}
	if old := r.Carried; old != nil && old.Digest == p.Digest { // this run continues the old one's wait, with its votes
		attrs = append(attrs, "since", old.Since, "votes", len(old.Votes), "superseded", old.Run)
	}
	c.log.Info("waiting for approval", attrs...)
}
