package syncer

import (
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// runEnd is how the work on a run ends, as the phase at work says. The zero value
// ends a run whose work is done.
type runEnd struct {
	// stop is what has stopped the run, if anything, and reason says why.
	stop   ending.Stop
	reason string
	err    *ErrorInfo
	// while, if not empty, is the only status in which the run may end this way.
	while state.Status
	// kinds are the kinds of a tenant when none of them could be read.
	kinds []tenant.KindState
	// refused are the items that a revert left alone.
	refused []string
	// base is where a revert moved the base to.
	base *diff.Base
	// verified is what reading back showed; nil if nothing was read back.
	verified *verified
}

// verified is what reading back has shown.
type verified struct {
	items map[string]bool // by item ID
	// unmet has, by item ID, the properties that the tenant has otherwise than
	// written.
	unmet map[string][]apply.Difference
	base  *diff.Base
	after *state.BlobRef
}

// why says for people why the run has ended.
func (e runEnd) why() string {
	if e.err != nil {
		return e.err.Message
	}
	return e.reason
}

// endsRun is an error that ends the run in this way.
type endsRun struct{ runEnd }

func (e *endsRun) Error() string { return "the run ends: " + e.why() }

// decidedEnding is the ending of a run whose work is done.
func (r *run) decidedEnding() runEnd {
	if r.Decision != nil {
		switch r.Decision.Verdict {
		case Reject:
			return runEnd{reason: "rejected by " + joinActors(r.Decision.Actors)}
		case RejectAndRevert:
			return runEnd{reason: "rejected and reverted by " + joinActors(r.Decision.Actors)}
		}
	}
	switch r.closing() {
	case word.Cancelled:
		return runEnd{stop: ending.Cancelled, reason: "cancelled by " + r.Cancel.Actor}
	case word.TimedOut:
		return runEnd{stop: ending.TimedOut, reason: "run", err: r.Trouble}
	case word.FailedWith:
		return runEnd{stop: ending.Failed, reason: string(r.Trouble.Class), err: r.Trouble}
	}
	return runEnd{}
}

// toConclude returns what decides how the run ends.
func (e runEnd) toConclude() ending.End {
	end := ending.End{Stop: e.stop, Reason: e.reason, Kinds: e.kinds, Refused: e.refused}
	if i := e.err; i != nil {
		end.Err = &ending.Info{Class: string(i.Class), Phase: string(i.Phase), Message: i.Message, RequestID: i.RequestID, Time: i.Time}
	}
	return end
}

// concluded returns the error by which a run ends, or nil.
func concluded(i *ending.Info) *ErrorInfo {
	if i == nil {
		return nil
	}
	return &ErrorInfo{Class: Class(i.Class), Phase: Phase(i.Phase), Message: i.Message, RequestID: i.RequestID, Time: i.Time}
}
