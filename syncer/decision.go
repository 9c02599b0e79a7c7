package syncer

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/plan"
)

// Review is a plan that waits for a decision.
type Review struct {
	// RunRef names the run that waits.
	RunRef
	// Requester asked for the run; Comment is theirs.
	Requester string
	Comment   string
	// Plan is a copy for this review. Do not change it: a decision names the digest
	// of the plan as it was made. The engine compares the decision with the stored
	// plan, not with this copy.
	Plan *plan.Plan
	// Since is when the proposal was first made; Deadline when it expires.
	Since    time.Time
	Deadline time.Time
	// Votes are the approvals so far, where several are needed, with their Items.
	Votes []Vote
	// Demands lists the approvals that the whole plan needs and has. After a vote
	// on some of the items it lists those of these items.
	Demands []Demand
	// Newer is the head of the desired line if the line has moved on since the
	// plan was made, as of this review; Plan names it too. Approving the plan
	// carries it out without change, unless the rules forbid that
	// ([ApprovalRules].RequireCurrent). To plan from the newer revision, start the
	// sync again with Supersede.
	Newer *NewerRevision
}

// Approve returns the decision to carry the plan out. If the plan breaks guard rules,
// set Accept. To approve a part of the plan, set Items.
func (r Review) Approve(actor, comment string) Decision {
	return r.decide(Approve, actor, comment)
}

// Reject returns the decision that leaves tenant and repository untouched; the
// next sync proposes the same again.
func (r Review) Reject(actor, comment string) Decision {
	return r.decide(Reject, actor, comment)
}

// RejectAndRevert returns the decision that leaves the tenant untouched and
// takes the proposed changes back in the repository.
func (r Review) RejectAndRevert(actor, comment string) Decision {
	return r.decide(RejectAndRevert, actor, comment)
}

func (r Review) decide(v Verdict, actor, comment string) Decision {
	return Decision{RunRef: r.RunRef, Digest: r.Plan.Digest, Verdict: v, Actor: actor, Comment: comment}
}

// Decision is a person's verdict on one plan. The zero value is undecided.
type Decision struct {
	// RunRef and Digest name the plan that the person saw. All of their fields
	// are required. The decision is also good for a run that superseded Run with a
	// plan of the same Digest, through up to 64 runs. So a ticket stays good while a
	// nightly sync proposes the same changes.
	RunRef
	Digest string `json:"digest"`
	// Verdict is required.
	Verdict Verdict `json:"verdict"`
	// Actor is the person. Required.
	Actor string `json:"actor"`
	// Comment is kept with the run. Optional.
	Comment string `json:"comment,omitempty"`
	// Accept names the broken guard rules that the person accepts; an approval
	// must name all that it breaks ([plan.Plan.BrokenBy] of Items). Only these
	// count as accepted: further names are ignored, and not stored.
	Accept []string `json:"accept,omitempty"`
	// Items are the IDs of the items that an approval covers; nil, in JSON absent
	// or null, covers them all. The rest is left undone and proposed again next
	// time. An item whose dependency is left out is refused, and so is an ID that
	// the plan lacks: the list has at most as many items as the plan. Where several
	// approvals are needed, only those with the same Items, in any order, count
	// together. An empty list is refused. So is any list with a rejection, which
	// is always of the whole plan. A report has the list sorted.
	Items []string `json:"items,omitzero"` // omitempty would make an approval of everything of an empty list
}

// checkRequired refuses a decision without a run, a digest or a verdict.
func (d Decision) checkRequired() error {
	switch {
	case d.Run == "":
		return fieldMissing("Run")
	case d.Digest == "":
		return fieldMissing("Digest")
	case d.Verdict == Undecided:
		return fieldMissing("Verdict")
	}
	return nil
}

// choice is a decision with the stored form of its list of items.
type choice struct {
	Decision
	list *runrecord.Content // nil for the whole plan
}

// choose puts the decision's list of items into its stored form.
func (d Decision) choose(owner runrecord.Owner) (choice, error) {
	if err := d.checkItems(); err != nil || d.Items == nil {
		return choice{Decision: d}, err
	}
	d.Items = slices.Compact(slices.Sorted(slices.Values(d.Items)))
	list, err := owner.ListItems(d.Digest, d.Items)
	return choice{d, &list}, err
}

// chosen returns the items that the decision covers, as the record holds them.
func (c choice) chosen() runrecord.Chosen {
	if c.list == nil {
		return runrecord.Chosen{}
	}
	return runrecord.Chosen{List: &c.list.List}
}

// checkItems refuses an empty list of items, and any list with a rejection. A form
// without a tick sends an empty list, which must not approve everything.
func (d Decision) checkItems() error {
	switch {
	case d.Items == nil:
		return nil
	case len(d.Items) == 0:
		return fmt.Errorf("%w: %s: the decision's list of items is empty, so it chooses nothing: name the items, or leave the list out to decide on the whole plan", ErrInvalid, d.Tenant)
	case d.Verdict == Reject || d.Verdict == RejectAndRevert:
		return fmt.Errorf("%w: %s: a rejection is of the whole plan: leave the list of items out, or approve the items that are wanted", ErrInvalid, d.Tenant)
	}
	return nil
}
