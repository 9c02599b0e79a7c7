package oracle

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// decisions checks who decides on a proposed plan and when, and that the run
// carries the decision out.
type decisions struct {
	*book
	cfg       *Config
	proposals proposals
	offers    []syncer.Decision // fed by the harness
}

func newDecisions(b *book, c *Config) *decisions {
	return &decisions{book: b, cfg: c, proposals: proposals{b, c}}
}

// answer is a person's answer to a proposed plan.
type answer struct {
	now, until time.Time // until is the deadline at that time
	verdict    syncer.Verdict
	syncer.EntryData
}

// answerOf returns the answer in a line of history: an approval that does not
// decide yet, or a move by a decision.
func answerOf(d syncer.EntryData, now, until time.Time) answer {
	a := answer{now: now, until: until, verdict: syncer.Approve, EntryData: d}
	switch d.Event {
	case state.Reject:
		a.verdict = syncer.Reject
	case state.Revert:
		a.verdict = syncer.RejectAndRevert
	}
	return a
}

// voted counts an approval that does not decide yet.
func (c *decisions) voted(r *Run, a answer) {
	c.answered(r, a)
	r.Votes = append(r.Votes, Vote{a.Actor, a.Items})
	if n := r.Agreeing(a.Items); n >= c.cfg.Approvals && !c.cfg.MoreRules {
		c.violate(Approval, "%d people approved run %s, which is enough, and it still waits", n, r.ID)
	}
}

// decided checks the decision on a run, and compares it with the plan and with
// the decision in the record. stored is nil without a record. Then the accepted
// rules come later, from the report of the run.
func (c *decisions) decided(r *Run, a answer, stored *recordRun) {
	c.answered(r, a)
	r.Verdict, r.Items, r.Decided = a.verdict, a.Items, a.now
	if a.verdict == syncer.Approve {
		r.Votes = append(r.Votes, Vote{a.Actor, a.Items})
		if n := r.Agreeing(a.Items); n < c.cfg.Approvals {
			c.violate(Approval, "run %s is approved by %d people, and %d have to", r.ID, n, c.cfg.Approvals)
		}
	}
	if stored == nil {
		return
	}
	got := stored.Decision
	if got != nil && got.List != nil {
		got.Items = c.read(r, got.List)
	}
	if got == nil || got.Verdict != a.verdict || !slices.Equal(got.Items, a.Items) {
		c.violate(Approval, "%s of run %s on items %v, and the stored decision is %+v", a.Event, r.ID, a.Items, got)
		return
	}
	if a.verdict != syncer.Approve {
		return
	}
	for _, who := range got.Actors {
		if !slices.ContainsFunc(r.Votes, func(v Vote) bool { return c.cfg.same(v.Actor, who) }) {
			c.violate(Approval, "the stored decision on run %s names %s, whose approval is not in the history", r.ID, who)
		}
	}
	c.proposals.allowed(r, got.Accept)
}

// read reads the items of a stored decision.
func (c *decisions) read(r *Run, list *recordList) []string {
	var stored struct {
		Plan  string   `json:"plan"`
		Items []string `json:"items"`
	}
	raw, err := c.cfg.Store.Get(context.Background(), state.BlobRef{Tenant: c.cfg.Tenant, Run: list.Run, Kind: "items", SHA256: list.SHA256, Size: list.Size})
	if err == nil {
		err = json.Unmarshal(raw, &stored)
	}
	if err != nil || stored.Plan != r.Digest {
		c.violate(Approval, "the items of the decision on run %s cannot be read, or are of another plan than %s: %v", r.ID, r.Digest, err)
	}
	return stored.Items
}

// answered checks the rules that apply to every answer.
func (c *decisions) answered(r *Run, a answer) {
	if a.Digest != r.Digest {
		c.violate(Approval, "%s decides on the digest %s, and run %s proposes %s", a.Actor, a.Digest, r.ID, r.Digest)
	}
	if r.Cancelled {
		c.violate(Approval, "%s decides on run %s, which was cancelled", a.Actor, r.ID)
	}
	if late(a.now, a.until) {
		c.violate(Deadlines, "%s decides at %s, and the deadline was %s", a.Actor, a.now, a.until)
	}
	if c.cfg.Offers && !c.offered(r, a) {
		c.violate(Approval, "the history has %s by %s on items %v of run %s, and they never sent that", a.verdict, a.Actor, a.Items, r.ID)
	}
	if a.verdict != syncer.Approve {
		return
	}
	if c.cfg.same(a.Actor, r.Actor) && !c.cfg.AllowRequester {
		c.violate(Approval, "%s asked for run %s and approves it", a.Actor, r.ID)
	}
	if slices.ContainsFunc(r.Votes, func(v Vote) bool { return c.cfg.same(v.Actor, a.Actor) }) {
		c.violate(Approval, "%s approves run %s twice", a.Actor, r.ID)
	}
}

// entered checks that a phase fits the decision: a run deploys or reverts only
// after a decision for it, and after a decision it enters no other phase.
func (c *decisions) entered(r *Run, p syncer.Phase) {
	want := syncer.Verdict("")
	switch p {
	case syncer.PhaseReport:
		return
	case syncer.PhaseDeploy, syncer.PhaseVerify:
		want = syncer.Approve
	case syncer.PhaseRevert:
		want = syncer.RejectAndRevert
	}
	if r.Verdict != want {
		c.violate(Approval, "run %s enters the phase %s with the verdict %q", r.ID, p, r.Verdict)
	}
}

// offer notes a decision that a person sends.
func (c *decisions) offer(d syncer.Decision) { c.offers = append(c.offers, d) }

// offered reports whether the person has sent such a decision for exactly the
// plan that the run proposes.
func (c *decisions) offered(r *Run, a answer) bool {
	return slices.ContainsFunc(c.offers, func(f syncer.Decision) bool {
		return c.cfg.same(f.Actor, a.Actor) && f.Verdict == a.verdict && f.Digest == r.Digest && slices.Equal(slices.Compact(slices.Sorted(slices.Values(f.Items))), a.Items)
	})
}

// forget drops all but the newest n decisions that people have sent.
func (c *decisions) forget(n int) { c.offers = c.offers[max(0, len(c.offers)-n):] }
