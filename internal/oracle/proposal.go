package oracle

import (
	"context"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// proposals checks the plans that runs propose, and the parts of plans that
// people approve.
type proposals struct {
	*book
	cfg *Config
}

// proposed begins the wait for a decision on the plan of a run. If a superseded
// run has proposed the same plan, its wait continues, with its votes.
func (c proposals) proposed(r *Run, now time.Time, digest string) {
	if r.Mode != syncer.Full {
		c.violate(Approval, "run %s of mode %s proposes a plan", r.ID, r.Mode)
	}
	if digest == "" {
		c.violate(Approval, "run %s proposes a plan without a digest", r.ID)
	}
	r.Planned, r.Digest, r.Deadline = true, digest, now.Add(c.cfg.ApprovalTimeout)
	if old := r.superseded; old != nil && old.Digest == r.Digest {
		r.Same = append(slices.Clone(old.Same), old.ID)
		r.Deadline = old.Deadline
		r.Votes = slices.DeleteFunc(slices.Clone(old.Votes), func(v Vote) bool { return c.cfg.same(v.Actor, r.Actor) && !c.cfg.AllowRequester })
	}
}

// read reads the plan of a run, and compares it with the history. Decoding a
// plan recomputes its digest.
func (c proposals) read(r *Run, ref *state.BlobRef) {
	if r.Plan != nil {
		return
	}
	if ref == nil {
		c.violate(Approval, "run %s has no plan", r.ID)
		return
	}
	raw, err := c.cfg.Store.Get(context.Background(), *ref)
	if err == nil {
		r.Plan, err = plan.DecodePlan(raw)
	}
	if err != nil {
		c.violate(Approval, "the plan of run %s cannot be read: %v", r.ID, err)
		return
	}
	if r.Plan.Digest != r.Digest {
		c.violate(Approval, "run %s proposes a plan of the digest %s, and it has %s", r.ID, r.Digest, r.Plan.Digest)
	}
	if len(r.Plan.Items) == 0 {
		c.violate(Approval, "run %s proposes a plan without items", r.ID)
	}
}

// allowed compares an approval with the plan. The approval must accept each
// rule that its items break, and must include each item that one of its items
// depends on.
func (c proposals) allowed(r *Run, accept []string) {
	if r.Plan == nil {
		return
	}
	for _, b := range r.Plan.BrokenBy(r.Items) {
		if !slices.Contains(accept, b.Rule) {
			c.violate(Approval, "run %s is approved although the plan breaks %s, which nobody accepted", r.ID, b.Rule)
		}
	}
	for _, id := range r.Items {
		it := r.Plan.Item(id)
		if it == nil {
			c.violate(Approval, "%s is approved and not in the plan of run %s", id, r.ID)
			continue
		}
		for _, dep := range it.DependsOn {
			if !r.covers(dep) {
				c.violate(Approval, "%s is approved without %s, which it depends on", id, dep)
			}
		}
	}
}
