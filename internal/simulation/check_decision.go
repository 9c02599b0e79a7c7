package simulation

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// proposed reads the plan that now waits for a decision.
func (s *subject) proposed(d syncer.EntryData) {
	r := s.run
	r.plan = s.readPlan()
	if r.plan == nil {
		return
	}
	r.digest = r.plan.Digest
	var ids struct {
		Bindings reference.Bindings `json:"bindings"`
	}
	raw, err := s.w.store.Get(context.Background(), *s.data.Run.Bindings)
	if err == nil {
		err = json.Unmarshal(raw, &ids)
	}
	if err != nil {
		s.w.violateLocked(s, "approval", "the plan's ids cannot be read: %v", err)
	}
	r.bindings = ids.Bindings
	if r.digest != s.data.Run.Digest || r.digest != d.Digest {
		s.w.violateLocked(s, "approval", "the plan's digest is %s, the record says %s and the history %s", r.digest, s.data.Run.Digest, d.Digest)
	}
	if len(r.plan.Items) == 0 {
		s.w.violateLocked(s, "approval", "a plan without items waits for a decision")
	}
	if r.options.Mode != syncer.Full {
		s.w.violateLocked(s, "approval", "a run of mode %s waits for a decision", r.options.Mode)
	}
}

// readPlan reads the stored plan. Reading works the digests out again.
func (s *subject) readPlan() *plan.Plan {
	if s.data.Run == nil || s.data.Run.Plan == nil {
		s.w.violateLocked(s, "approval", "there is no plan")
		return nil
	}
	raw, err := s.w.store.Get(context.Background(), *s.data.Run.Plan)
	if err != nil {
		s.w.violateLocked(s, "approval", "the plan is gone: %v", err)
		return nil
	}
	p, err := plan.DecodePlan(raw)
	if err != nil {
		s.w.violateLocked(s, "approval", "the plan cannot be read: %v", err)
		return nil
	}
	return p
}

// decided holds a decision that was stored against what people have sent.
func (s *subject) decided(d syncer.EntryData) {
	violate := func(format string, args ...any) { s.w.violateLocked(s, "approval", format, args...) }
	r, got := s.run, s.data.Run.Decision
	if got == nil {
		violate("%s without a decision", d.Event)
		return
	}
	verdict := map[state.Event]syncer.Verdict{state.Approve: syncer.Approve, state.Reject: syncer.Reject, state.Revert: syncer.RejectAndRevert}[d.Event]
	s.w.count1("people: decided "+string(verdict), 1)
	if got.Verdict != verdict {
		violate("%s for the verdict %s", d.Event, got.Verdict)
	}
	for _, who := range got.Actors {
		if !s.offered(who, verdict, got.Items) {
			violate("the stored decision is %s by %s on items %v of the plan %s, and they never sent that", verdict, who, got.Items, r.digest)
		}
	}
	if verdict != syncer.Approve {
		r.reverted = verdict == syncer.RejectAndRevert
		return
	}
	r.approved = true
	if len(got.Items) > 0 {
		r.chosen = map[string]bool{}
		for _, it := range got.Items {
			r.chosen[it] = true
			if r.plan.Item(it) == nil {
				violate("%s was approved and is not in the plan", it)
			}
		}
		for _, it := range r.plan.Items {
			for _, dep := range it.DependsOn {
				if r.chosen[it.ID] && !r.chosen[dep] {
					violate("%s was approved without %s, which it depends on", it.ID, dep)
				}
			}
		}
	}
	actors := slices.Compact(slices.Sorted(slices.Values(got.Actors)))
	if len(actors) < s.w.cfg.approvals {
		violate("approved by %v, and %d people have to", got.Actors, s.w.cfg.approvals)
	}
	if slices.Contains(actors, r.actor) {
		violate("%s asked for the run and approved it", r.actor)
	}
	for _, b := range r.plan.BrokenBy(got.Items) {
		if !slices.Contains(got.Accept, b.Rule) {
			violate("approved although the plan breaks %s, which nobody accepted", b.Rule)
		}
	}
}

// offered reports whether a person has sent such a decision, on exactly the
// plan that is decided on.
func (s *subject) offered(who string, verdict syncer.Verdict, items []string) bool {
	return slices.ContainsFunc(s.offers, func(o offer) bool {
		return o.Actor == who && o.Verdict == verdict && o.Digest == s.run.digest && slices.Equal(o.Items, items)
	})
}
