package ending

import (
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// facts are what became of a run, as counts and flags. The table looks at
// nothing else.
type facts struct {
	from    state.Status // the status in which the run ends
	before  state.Status // the tenant's before the run
	stop    Stop
	mode    string
	verdict string
	wrote   bool
	// rollsBack: the run was to roll the tenant back.
	rollsBack bool
	adopted   int // changes taken over into the repository
	applied   int // approved items that the tenant has
	open      int // approved items that it has not, for whatever reason
	unknown   int // those of the open items that the tenant may have all the same
	// problems are differences that could not be planned, notKept the applied
	// items that do not read back as written, and refused the items that a revert
	// left alone.
	problems, notKept, refused int
	// unconfirmed are the applied items that were not read back.
	unconfirmed int
	// unread are kinds that could not be read, permissions apart.
	unread int
	// asked are the kinds that were to be read of a tenant when none of them could
	// be, and forbidden those of them that lack a permission.
	asked, forbidden int
	missing          int // permissions that are not granted
	lost             int // parts of the run that the store no longer has
}

// factsOf counts what became of a run.
func factsOf(run Run, end End, n Tally) facts {
	f := facts{
		from: run.Status, before: run.Before, stop: end.Stop, mode: run.Mode, verdict: run.Verdict, wrote: run.Wrote, rollsBack: run.RollsBack,
		adopted: n.Adopted, applied: n.Applied, open: n.Open, unknown: n.Unknown,
		problems: len(n.Problems), notKept: n.NotKept, unconfirmed: n.Unconfirmed, refused: len(end.Refused), unread: len(n.Unread),
		missing: run.Missing, lost: len(n.Lost),
	}
	for _, k := range end.Kinds {
		if k.Completeness == tenant.NotInScope {
			continue
		}
		f.asked++
		if k.Completeness == tenant.Forbidden && len(k.Missing) > 0 {
			f.forbidden++
		}
	}
	return f
}

// done reports whether the run's work was done. Once all changes are applied it
// is, whatever came after.
func (f facts) done() bool {
	late := f.stop == Cancelled || f.stop == TimedOut || f.stop == Failed
	return f.stop == NotStopped || late && f.applied > 0 && f.open == 0
}

// touched reports whether the run has changed the tenant, or may have.
func (f facts) touched() bool { return f.applied+f.unknown > 0 }

// half reports whether a run that was stopped has applied a part of its changes.
func (f facts) half() bool { return !f.done() && f.touched() }

// deploys reports whether the run was to bring the tenant to the desired side.
func (f facts) deploys() bool {
	return f.verdict == word.Approve || f.verdict == word.Undecided && f.plans()
}

// plans reports whether the run was to do more than to show what it would do.
func (f facts) plans() bool { return f.mode != word.Preview && f.mode != word.BackupOnly }

// withoutEffect reports whether a roll back has come to its end and has changed
// nothing: the tenant is as the backup has it, or no difference may be changed.
func (f facts) withoutEffect() bool {
	return f.rollsBack && f.done() && f.deploys() && f.applied+f.open+f.problems == 0
}

// came returns the outcome that the run's work came to, or the one of what
// stopped it.
func (f facts) came() string {
	switch {
	case f.withoutEffect():
		return word.NothingToRollBack
	case f.done() && f.verdict == word.Reject:
		return word.Rejected
	case f.done() && f.verdict == word.RejectAndRevert:
		return word.Reverted
	case f.done() && f.verdict == word.Approve:
		return word.Deployed
	case f.done() && f.mode == word.BackupOnly:
		return word.BackedUp
	case f.done() && f.mode == word.Preview:
		return word.Previewed
	case f.done() && f.adopted > 0:
		return word.Adopted
	case f.done():
		return word.NoChanges
	case f.stop == Cancelled:
		return word.Cancelled
	case f.stop == TimedOut:
		return word.TimedOut
	}
	return word.FailedWith
}
