package syncer

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// planPhase makes the plan, stores it, and either asks for a decision or ends
// the run.
func (c *session) planPhase(ctx context.Context) (onward, error) {
	made, opt := c.walk.compared, c.run().Options
	cmp, res, sum := made.cmp, made.res, made.sum
	var err error
	switch {
	case opt.Mode == BackupOnly:
	case opt.DesiredFrom != "":
		res, err = c.compareRolledBack(ctx, cmp, res)
	case opt.Mode == Preview:
		sum.Adopted = res.Adopted
		// As if drift were adopted.
		res, err = compareKeepingBase(ctx, cmp.WithDesired(withChanges(cmp.Desired(), res.Adopt)), res)
	}
	if err != nil {
		return onward{}, err
	}
	made.backup.MarkIn(res.Base, sum.Backup)
	res.Plan.Revision = cmp.Desired().Revision
	return c.propose(ctx, cmp.Current(), res, sum)
}

// compareKeepingBase compares with a desired side that is not the line's, and
// so must not move the base.
func compareKeepingBase(ctx context.Context, cmp *diff.Comparison, now *diff.Result) (*diff.Result, error) {
	res, err := compareAgain(ctx, cmp, now.Backup)
	if err != nil {
		return nil, err
	}
	res.Base = now.Base
	return res, nil
}

// propose stores the plan and the moved base, and either waits for approval or
// ends the run.
func (c *session) propose(ctx context.Context, current tenant.Snapshot, res *diff.Result, sum *comparison) (onward, error) {
	sum.Kinds, sum.Unchanged, sum.Notes = current.Kinds, unchanged(res, sum.Adopted), res.Plan.Notes
	sum.Read = map[string]int{}
	for _, r := range current.Resources {
		sum.Read[r.Kind]++
	}
	if err := c.guard(ctx, res); err != nil {
		return onward{}, err
	}
	store, err := c.storePlan(ctx, res, sum)
	if err != nil {
		return onward{}, err
	}
	c.logPlan(res.Plan)
	mode := c.run().Options.Mode
	if mode == Full && len(res.Plan.Items) > 0 {
		y := c.set.policy(c.cfg.people())
		return onward{phase: PhaseApprove, change: func(t *draft) error {
			store(t)
			return t.requireApproval(c.cfg, y, res.Plan)
		}, tell: func() { c.logApprovalWait(y, res.Plan) }}, nil
	}
	return onward{end: new(runEnd)}, c.commit(ctx, func(t *draft) error { store(t); t.due(); return nil })
}

// unchanged counts, by kind, the tenant's objects that neither side wants to
// change and about which there is nothing to say. Of a kind that was not
// completely read nothing is known to be unchanged.
func unchanged(res *diff.Result, adopted []plan.AdoptedChange) map[string]int {
	type id struct{ kind, key string }
	touched := map[id]bool{}
	for _, it := range res.Plan.Items {
		touched[id{it.Kind, it.Key}] = true
	}
	for _, a := range adopted {
		touched[id{a.Kind, a.Key}] = true
	}
	for _, n := range res.Plan.Notes {
		touched[id{n.Kind, n.Key}] = true
	}
	count := maps.Clone(res.Backup.Counts)
	for t := range touched {
		if res.Backup.Holds(t.kind, t.key) {
			count[t.kind]--
		}
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n == 0 })
	return count
}

// storePlan stores what the comparison made, and returns the change that
// refers to it.
func (c *session) storePlan(ctx context.Context, res *diff.Result, sum *comparison) (func(*draft), error) {
	planJSON, err := res.Plan.Encode()
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	baseJSON, err := res.Base.Encode()
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	refs := map[string]*state.BlobRef{}
	for _, b := range []struct {
		kind string
		data []byte
		v    any
	}{
		{kind: "plan", data: planJSON}, {kind: "base", data: baseJSON},
		{kind: "bindings", v: bindingsForm{Format: bindingsFormat, Bindings: res.Bindings()}}, {kind: "comparison", v: sum},
	} {
		if b.data == nil {
			if b.data, err = json.Marshal(bounds.Of(b.v)); err != nil {
				return nil, fmt.Errorf("plan: encode %s: %w", b.kind, err)
			}
		}
		if refs[b.kind], err = c.put(ctx, b.kind, b.data); err != nil {
			return nil, err
		}
	}
	counts := res.Plan.Counts()
	return func(t *draft) {
		t.d.Base = refs["base"]
		r := t.d.Run
		r.Backup, r.Desired = sum.Backup, res.Plan.Revision
		r.Plan, r.Bindings, r.Comparison = refs["plan"], refs["bindings"], refs["comparison"]
		r.Digest, r.ChangeDigest, r.Counts = res.Plan.Digest, res.Plan.ChangeDigest, &counts
	}, nil
}

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

// logPlan counts what the plan is about.
func (c *session) logPlan(p *plan.Plan) {
	n := p.Counts()
	c.log.Info("plan made", "digest", short(p.Digest), "items", len(p.Items), "create", n.Create, "update", n.Update, "delete", n.Delete,
		"conflicts", n.Conflicts, "problems", n.Problems)
}

// logApprovalWait says whose decision the run is about to wait for.
func (c *session) logApprovalWait(y policy, p *plan.Plan) {
	r := c.run()
	attrs := []any{"needed", demandNames(y.current(p, nil, r.Actor)), "asked by", r.Actor, "for", y.Timeout}
	if old := r.Carried; old != nil && old.Digest == p.Digest { // that run's wait goes on, with its votes
		attrs = append(attrs, "since", old.Since, "votes", len(old.Votes), "superseded", old.Run)
	}
	c.log.Info("waiting for approval", attrs...)
}
