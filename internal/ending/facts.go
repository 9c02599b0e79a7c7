package ending

import (
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// facts describe the results of a run as counts and flags. The table looks at
// nothing else.
type facts struct {
	from    state.Status // the status in which the run ends
	before  state.Status // the tenant's before the run
	stop    Stop
	mode    string
	verdict string
	wrote   bool
	// rollsBack reports whether the run is a roll back.
	rollsBack bool
	adopted   int // drift that the repository adopted
	applied   int // approved items that the tenant has
	open      int // approved items that were not applied, for any reason
	unknown   int // open items that may have been applied
	waits     int // open items that the tenant holds for approval
	// problems are differences that could not be planned, notKept the applied
	// items that do not read back as written, and refused the items that a revert
	// left alone.
	problems, notKept, refused int
	// unconfirmed counts applied items that were not read back.
	unconfirmed int
	// unread counts kinds that could not be read for another reason than a
	// missing permission.
	unread int
	// If no kind could be read, asked counts the kinds in scope, and forbidden
	// counts those that lack a permission.
	asked, forbidden int
	missing          int // permissions that are not granted
	lost             int // parts of the run that the store no longer has
}

// factsOf counts the results of a run.
func factsOf(run Run, end End, n Tally) facts {
	f := facts{
		from: run.Status, before: run.Before, stop: end.Stop, mode: run.Mode, verdict: run.Verdict, wrote: run.Wrote, rollsBack: run.RollsBack,
		adopted: n.Adopted, applied: n.Applied, open: n.Open, unknown: n.Unknown, waits: n.Waits,
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

// done reports whether the run has done its work. The work is done once all
// changes are applied, even if an error follows.
func (f facts) done() bool {
	late := f.stop == Cancelled || f.stop == TimedOut || f.stop == Failed
	return f.stop == NotStopped || late && f.applied > 0 && f.open == 0
}

// touched reports whether the run has changed the tenant, or may have. A change that
// waits for approval there counts: it can still be carried out.
func (f facts) touched() bool { return f.applied+f.unknown+f.waits > 0 }

// half reports whether a run that was stopped has applied a part of its changes.
func (f facts) half() bool { return !f.done() && f.touched() }

// deploys reports whether the run was to deploy its plan.
func (f facts) deploys() bool {
	return f.verdict == word.Approve || f.verdict == word.Undecided && f.plans()
}

// plans reports whether the run's mode goes beyond a preview or a backup.
func (f facts) plans() bool { return f.mode != word.Preview && f.mode != word.BackupOnly }

// withoutEffect reports whether a roll back has finished without a change:
// either the tenant equals the backup, or no difference may be changed.
func (f facts) withoutEffect() bool {
	return f.rollsBack && f.done() && f.deploys() && f.applied+f.open+f.problems == 0
}

// came returns the outcome of the run's work, or the outcome of the stop that
// ended it.
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
