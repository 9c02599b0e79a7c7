package oracle

import (
	"context"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// Offer notes a decision that somebody sends.
func (o *Oracle) Offer(d syncer.Decision) { o.offers = append(o.offers, d) }

// proposed begins the wait for a decision: anew, or as long as the superseded
// run that proposed the same, and with its votes.
func (o *Oracle) proposed(now time.Time, d syncer.EntryData) {
	r := o.run
	if r.Mode != syncer.Full {
		o.violate(Approval, "run %s of mode %s proposes a plan", r.ID, r.Mode)
	}
	if d.Digest == "" {
		o.violate(Approval, "run %s proposes a plan without a digest", r.ID)
	}
	r.Planned, r.Digest, r.Deadline = true, d.Digest, now.Add(o.cfg.ApprovalTimeout)
	if old := r.superseded; old != nil && old.Digest == r.Digest {
		r.Same = append(slices.Clone(old.Same), old.ID)
		r.Deadline = old.Deadline
		r.Votes = slices.DeleteFunc(slices.Clone(old.Votes), func(v Vote) bool { return o.same(v.Actor, r.Actor) && !o.cfg.AllowRequester })
	}
	if o.cfg.ApprovalTimeout > 0 {
		o.until = r.Deadline
	}
	if o.data != nil && o.data.Run != nil {
		o.read(r, o.data.Run.Plan)
	}
}

// read reads the run's plan, and holds it against what is known of it. Decoding
// works the digest out again.
func (o *Oracle) read(r *Run, ref *state.BlobRef) {
	if r.Plan != nil {
		return
	}
	if ref == nil {
		o.violate(Approval, "run %s has no plan", r.ID)
		return
	}
	raw, err := o.cfg.Store.Get(context.Background(), *ref)
	if err == nil {
		r.Plan, err = plan.DecodePlan(raw)
	}
	if err != nil {
		o.violate(Approval, "the plan of run %s cannot be read: %v", r.ID, err)
		return
	}
	if r.Plan.Digest != r.Digest {
		o.violate(Approval, "run %s proposes a plan of the digest %s, and it has %s", r.ID, r.Digest, r.Plan.Digest)
	}
	if len(r.Plan.Items) == 0 {
		o.violate(Approval, "run %s proposes a plan without items", r.ID)
	}
}

// voted counts an approval that does not decide yet.
func (o *Oracle) voted(now time.Time, d syncer.EntryData) {
	r := o.run
	o.answered(now, d, syncer.Approve)
	r.Votes = append(r.Votes, Vote{d.Actor, d.Items})
	if n := r.Agreeing(d.Items); n >= o.cfg.Approvals && !o.cfg.MoreRules {
		o.violate(Approval, "%d people approved run %s, which is enough, and it still waits", n, r.ID)
	}
}

var verdicts = map[state.Event]syncer.Verdict{state.Approve: syncer.Approve, state.Reject: syncer.Reject, state.Revert: syncer.RejectAndRevert}

// decided takes a decision into account.
func (o *Oracle) decided(now time.Time, d syncer.EntryData) {
	r := o.run
	verdict := verdicts[d.Event]
	o.answered(now, d, verdict)
	r.Verdict, r.Items, r.Decided = verdict, d.Items, now
	if verdict == syncer.Approve {
		r.Votes = append(r.Votes, Vote{d.Actor, d.Items})
		if n := r.Agreeing(d.Items); n < o.cfg.Approvals {
			o.violate(Approval, "run %s is approved by %d people, and %d have to", r.ID, n, o.cfg.Approvals)
		}
	}
	if o.data == nil || o.data.Run == nil {
		return // the report will tell
	}
	got := o.data.Run.Decision
	if got == nil || got.Verdict != verdict || !slices.Equal(got.Items, d.Items) {
		o.violate(Approval, "%s of run %s on items %v, and the stored decision is %+v", d.Event, r.ID, d.Items, got)
		return
	}
	if verdict != syncer.Approve {
		return
	}
	for _, who := range got.Actors {
		if !slices.ContainsFunc(r.Votes, func(v Vote) bool { return o.same(v.Actor, who) }) {
			o.violate(Approval, "the stored decision on run %s names %s, whose approval is not in the history", r.ID, who)
		}
	}
	o.allowed(r, got.Accept)
}

// allowed holds an approval against the plan: each rule that it breaks is
// accepted, and no item is chosen without what it depends on.
func (o *Oracle) allowed(r *Run, accept []string) {
	if r.Plan == nil {
		return
	}
	for _, b := range r.Plan.BrokenBy(r.Items) {
		if !slices.Contains(accept, b.Rule) {
			o.violate(Approval, "run %s is approved although the plan breaks %s, which nobody accepted", r.ID, b.Rule)
		}
	}
	for _, id := range r.Items {
		it := r.Plan.Item(id)
		if it == nil {
			o.violate(Approval, "%s is approved and not in the plan of run %s", id, r.ID)
			continue
		}
		for _, dep := range it.DependsOn {
			if !r.covers(dep) {
				o.violate(Approval, "%s is approved without %s, which it depends on", id, dep)
			}
		}
	}
}

// answered holds an answer to the proposal against the rules.
func (o *Oracle) answered(now time.Time, d syncer.EntryData, verdict syncer.Verdict) {
	r := o.run
	if d.Digest != r.Digest {
		o.violate(Approval, "%s decides on the digest %s, and run %s proposes %s", d.Actor, d.Digest, r.ID, r.Digest)
	}
	if r.Cancelled {
		o.violate(Approval, "%s decides on run %s, which was cancelled", d.Actor, r.ID)
	}
	if o.late(now) {
		o.violate(Deadlines, "%s decides at %s, and the deadline was %s", d.Actor, now, o.until)
	}
	if o.cfg.Offers && !o.offered(r, d, verdict) {
		o.violate(Approval, "the history has %s by %s on items %v of run %s, and they never sent that", verdict, d.Actor, d.Items, r.ID)
	}
	if verdict != syncer.Approve {
		return
	}
	if o.same(d.Actor, r.Actor) && !o.cfg.AllowRequester {
		o.violate(Approval, "%s asked for run %s and approves it", d.Actor, r.ID)
	}
	if slices.ContainsFunc(r.Votes, func(v Vote) bool { return o.same(v.Actor, d.Actor) }) {
		o.violate(Approval, "%s approves run %s twice", d.Actor, r.ID)
	}
}

// offered reports whether a person has sent such a decision on exactly the plan
// that is decided on.
func (o *Oracle) offered(r *Run, d syncer.EntryData, verdict syncer.Verdict) bool {
	return slices.ContainsFunc(o.offers, func(f syncer.Decision) bool {
		return o.same(f.Actor, d.Actor) && f.Verdict == verdict && f.Digest == r.Digest && slices.Equal(f.Items, d.Items)
	})
}

// same reports whether two names are one person's.
func (o *Oracle) same(a, b string) bool { return o.cfg.Person(a) == o.cfg.Person(b) }

// phase takes a phase into account: a decision is carried out, and nothing else.
// A phase that failed is stored with what became of it, so that a plan was made if
// the phase is the last line of its commit.
func (o *Oracle) phase(p syncer.Phase, last bool) {
	r, want := o.run, syncer.Verdict("")
	switch p {
	case syncer.PhaseReport:
		return
	case syncer.PhasePlan:
		r.Planned = r.Planned || last
	case syncer.PhaseDeploy, syncer.PhaseVerify:
		want = syncer.Approve
	case syncer.PhaseRevert:
		want = syncer.RejectAndRevert
	}
	if r.Verdict != want {
		o.violate(Approval, "run %s enters the phase %s with the verdict %q", r.ID, p, r.Verdict)
	}
}
