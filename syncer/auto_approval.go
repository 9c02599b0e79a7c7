package syncer

import (
	"context"
	"errors"
	"slices"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// AutomaticApproval approves plans without a person. A plan fits if all of its
// items do. A plan that an [ApprovalRule] matches never fits: that rule asks for
// people.
type AutomaticApproval struct {
	// Name is recorded as the actor of the approval. Required.
	Name string
	// Kinds are the kinds of items that fit. Empty means all kinds.
	Kinds []string
	// AtMost is the largest number of items. Required.
	AtMost int
	// Deletes and Conflicts let items fit that delete an object, and items whose
	// change both sides have made differently.
	Deletes   bool
	Conflicts bool
	// Accept names the guard rules that a plan may break.
	Accept []string
}

// fits reports whether the rule approves the plan.
func (a AutomaticApproval) fits(p *plan.Plan) bool {
	if len(p.Items) == 0 || len(p.Items) > a.AtMost {
		return false
	}
	for i := range p.Items {
		it := &p.Items[i]
		switch {
		case len(a.Kinds) > 0 && !slices.Contains(a.Kinds, it.Kind),
			!a.Deletes && it.Verb != tenant.Create && it.Verb != tenant.Update,
			!a.Conflicts && conflicts(it):
			return false
		}
	}
	for _, name := range brokenBy(p, nil) {
		if !slices.Contains(a.Accept, name) {
			return false
		}
	}
	return true
}

// conflicts reports whether both sides have changed a value of the item.
func conflicts(it *plan.Item) bool {
	return it.Origin == plan.Clash ||
		slices.ContainsFunc(it.Changes, func(c plan.PropertyChange) bool { return c.Origin == plan.Clash })
}

// automatic returns the rule that approves the plan without a person, if any.
func (y policy) automatic(p *plan.Plan) (AutomaticApproval, bool) {
	if len(y.demands(p, nil)) > 1 {
		return AutomaticApproval{}, false
	}
	i := slices.IndexFunc(y.Automatic, func(a AutomaticApproval) bool { return a.fits(p) })
	if i < 0 {
		return AutomaticApproval{}, false
	}
	return y.Automatic[i], true
}

// approveByRule approves the waiting plan if a rule of the settings does, and
// reports whether it did. The settings are read again: a decision is held
// against the rules of its moment.
func (c *session) approveByRule(ctx context.Context) (bool, error) {
	r := c.run()
	y, err := c.s.policy(ctx, c.tenant)
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
	if err := c.s.checkKey(p, d); err != nil { // a person rejects it, or starts another sync
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
		return t.decided(state.Approve, PhaseDeploy, d, []string{rule.Name})
	})
}
