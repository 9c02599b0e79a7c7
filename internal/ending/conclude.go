package ending

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
)

// Result describes how a run ends.
type Result struct {
	// Event ends the run, and To is the status that it leads to.
	Event   state.Event
	To      state.Status
	Outcome string
	Reason  string
	// Err is nil for a run that ends without an error.
	Err *Info
	// Consent reports whether the run ends because permissions are missing.
	Consent bool
	// Undone counts the work that was asked for and not done.
	Undone Undone
}

// Conclude ends a run by the table.
func Conclude(run Run, end End, n Tally) Result { return conclude(table, run, end, n) }

// Came returns the outcome of a run if the end of its work is all that is
// known.
func Came(run Run, end End) string { return factsOf(run, end, Tally{}).came() }

func conclude(rows []row, run Run, end End, n Tally) Result {
	f := factsOf(run, end, n)
	row, ev, to := decide(rows, f)
	why := end.why()
	if f.stop != NotStopped && f.done() && f.lost == 0 { // the work was done before the end came
		end.Reason, end.Err = "", nil
	}
	a := account{facts: f, end: end, tally: n, phase: run.Phase, why: why}
	if row.replaces {
		end.Err = row.explain(a)
		end.Reason = end.Err.Class
	}
	if row.explain != nil && (end.Err == nil || row.event == state.SucceedPartially) {
		end.Err = row.explain(a)
	}
	res := Result{Event: ev, To: to, Outcome: row.outcome, Reason: end.Reason, Err: end.Err, Consent: row.consent, Undone: undoneOf(f, n)}
	if res.Outcome == "" {
		res.Outcome = f.came()
	}
	switch {
	case res.Reason != "":
	case row.reason != "":
		res.Reason = row.reason
	case res.Outcome == word.FailedWith && res.Err != nil:
		res.Reason = res.Err.Class
	}
	return res
}

// Succeeded reports whether the run counts as the tenant's last success.
func (r Result) Succeeded() bool {
	return r.Err == nil && !r.Consent && !slices.Contains([]string{word.Cancelled, word.TimedOut, word.FailedWith, word.NothingToRollBack}, r.Outcome)
}

// Restored reports whether the run leads back to the status from before it.
func (r Result) Restored() bool { return r.Outcome == word.Cancelled && r.Err == nil }

// RestsIn returns the status that the tenant would rest in with all permissions
// granted, or "" if no permission is missing. before is the status from before
// the run. now is the record's present value.
func (r Result) RestsIn(before, now state.Status) state.Status {
	switch {
	case r.Restored():
		return now
	case !r.Consent:
		return ""
	case r.Outcome != word.FailedWith:
		return state.Idle
	case before != state.PendingAdminConsent: // nothing was synced
		return before
	}
	return now
}
