package oracle

import (
	"slices"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// outcomes checks that the status in which a run ends agrees with its report.
type outcomes struct {
	*book
	cfg *Config
}

// check compares the report of a run with the move that ends the run.
func (c outcomes) check(r *Run, d syncer.EntryData) {
	rep := r.Report
	n := tallyOf(rep)
	broken := func(rule string) {
		c.violate(Endings, "%s: run %s ended %s (%s) with %+v and the error %+v", rule, r.ID, d.To, d.Outcome, n, rep.Error)
	}
	class := ""
	if rep.Error != nil {
		class = string(rep.Error.Class)
	}
	if slices.Contains(c.cfg.Never, class) {
		broken("no run ends by an error of this class")
	}
	if u := rep.Undone; d.Event == state.SucceedPartially && (u.Failed != n.open-n.unknown || u.Unknown != n.unknown || u.NotKept != n.notKept || u.Unconfirmed != n.unconfirmed || u.Refused != n.refused) {
		broken("the report counts what was not done")
	}
	switch d.Event {
	case state.Succeed:
		if n.left()+n.missing+len(rep.Lost) > 0 || rep.Error != nil {
			broken("Idle means that everything was done")
		}
	case state.SucceedPartially:
		if n.left() == 0 && class != "storage" && d.From != state.PendingAuthentication && rep.Outcome != syncer.Reverted && rep.Outcome != syncer.Cancelled {
			broken("Partially successful means that something was not done")
		}
		if n.touched()+n.unread+n.problems+n.refused == 0 && rep.Outcome != syncer.Reverted {
			broken("Partially successful means that something was done")
		}
		if rep.Error == nil {
			broken("Partially successful says why")
		}
	case state.Fail, state.TimeOut:
		if n.touched() > 0 || len(r.effects) > 0 && n.open == 0 {
			broken("New error means that nothing was done")
		}
		if rep.Error == nil {
			broken("New error says why")
		}
	case state.RequireConsent:
		if n.open > 0 && n.applied > 0 {
			broken("Pending admin consent means that nothing else was left")
		}
		if n.missing == 0 && class != "consent_needed" {
			broken("Pending admin consent names what is missing")
		}
	}
}

// tally counts the parts of the work that a report lists as done or as open.
type tally struct {
	applied, open, unknown, notKept, unconfirmed, unread, problems, refused, missing int
}

// touched returns the number of items that the tenant has or may have.
func (n tally) touched() int { return n.applied + n.unknown }

// left returns the number of parts that were not done.
func (n tally) left() int {
	return n.open + n.notKept + n.unconfirmed + n.unread + n.problems + n.refused
}

// tallyOf counts the parts in a report.
func tallyOf(rep *syncer.Report) tally {
	n := tally{refused: len(rep.Refused), missing: len(rep.Missing)}
	for _, it := range rep.Items {
		if len(it.NotKept) > 0 {
			n.notKept++
		}
		switch it.Status {
		case syncer.ItemApplied:
			n.applied++
			if !it.Verified && len(it.NotKept) == 0 {
				n.unconfirmed++
			}
		case syncer.ItemUnsupported:
		case syncer.ItemUnknown:
			n.open++
			n.unknown++
		default:
			n.open++
		}
	}
	for _, note := range rep.Notes {
		if note.Class.Failure() && rep.Options.Mode == syncer.Full {
			n.problems++
		}
	}
	for _, k := range rep.Kinds {
		known := slices.ContainsFunc(rep.Missing, func(m syncer.MissingPermission) bool { return slices.Contains(m.Kinds, k.Kind) })
		if k.Completeness == tenant.Partial || k.Completeness == tenant.Failed || k.Completeness == tenant.Forbidden && (len(k.Missing) == 0 || !known) {
			n.unread++
		}
	}
	return n
}
