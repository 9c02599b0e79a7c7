package syncer

import (
	"context"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Review returns the plan of a run that waits for a decision, for the handler
// behind a button: show it, and pass the answer of its Approve, Reject or
// RejectAndRevert to [Syncer.Decide]. A handler that shows the plan in one
// request and decides in the next one keeps the digest in between: a decision
// on a plan that has changed since is refused. The desired line is looked at now,
// for [Review].Newer.
//
// It returns ErrNotPending when the tenant waits for no decision, ErrStalePlan
// for another run than the current one, what [Syncer.Plan] returns, and the
// errors of [Config].SettingsFor.
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
	y, err := s.policy(ctx, ref.Tenant)
	if err != nil {
		return Review{}, err
	}
	return cur.review(y, p, s.glance(ctx, ref.Tenant, cur.d.Run)), nil
}

// review shows the run and its plan to a person.
func (l loaded) review(y policy, p *plan.Plan, seen lookedAt) Review {
	r := l.d.Run
	newer := seen.newer(r, l.storeTime())
	p.NewerRevision = newer.revision()
	return Review{RunRef: RunRef{Tenant: l.rec.Tenant, Run: r.ID}, Requester: r.Actor, Comment: r.Options.Comment,
		Plan: p, Since: r.Since, Deadline: l.rec.Deadline, Votes: slices.Clone(r.Votes),
		Demands: y.current(p, r.Votes, r.Actor), Newer: newer}
}
