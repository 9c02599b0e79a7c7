package ending

import (
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
)

// row is a row of the table of endings.
type row struct {
	name  string
	when  func(facts) bool
	event state.Event // "" restores the status from before the run
	// outcome is the outcome of the run. "" stands for the result of its work,
	// or for the stop.
	outcome string
	// explain makes the error of a run without one, and completes the error of
	// a run that is partially successful. With replaces, its error always
	// replaces the run's error, and the class of that error is the reason.
	explain  func(account) *Info
	replaces bool
	// reason is the default reason.
	reason string
	// consent: permissions are missing.
	consent bool
}

// table lists all endings. A run ends by the first row that fits and that the
// status allows. The last row fits every run, so every run can end.
var table = []row{
	{name: "cancelled before it wrote", when: func(f facts) bool { return f.stop == Cancelled && !f.wrote && !f.done() }},
	{name: "permissions are missing", when: func(f facts) bool { return f.stop == ConsentMissing },
		event: state.RequireConsent, consent: true},
	{name: "permissions are missing while a person is waited for", when: func(f facts) bool { return f.stop == ConsentMissing },
		event: state.Fail, explain: account.consentNeeded},
	{name: "nothing can be read without permissions", when: func(f facts) bool { return f.stop == NothingRead && f.forbidden == f.asked },
		event: state.RequireConsent, consent: true, reason: "nothing can be read without the missing permissions"},
	{name: "nothing can be read", when: func(f facts) bool { return f.stop == NothingRead },
		event: state.Fail, explain: account.nothingRead},
	{name: "parts of a run that has written are lost", when: func(f facts) bool { return f.lost > 0 && f.touched() },
		event: state.SucceedPartially, explain: account.lostParts},
	{name: "parts of the run are lost", when: func(f facts) bool { return f.lost > 0 && f.done() },
		event: state.Fail, outcome: word.FailedWith, explain: account.lostParts, replaces: true},
	{name: "stopped when a part was applied", when: facts.half,
		event: state.SucceedPartially, explain: account.partlyApplied},
	{name: "timed out", when: func(f facts) bool { return f.stop == TimedOut && !f.done() },
		event: state.TimeOut, explain: account.stopped},
	{name: "failed, or cancelled after it wrote", when: func(f facts) bool { return !f.done() },
		event: state.Fail, explain: account.stopped},
	{name: "nothing was applied", when: func(f facts) bool { return f.deploys() && !f.touched() && f.open+f.problems > 0 },
		event: state.Fail, outcome: word.FailedWith, explain: account.nothingApplied, replaces: true},
	{name: "a part was applied", when: func(f facts) bool { return f.open > 0 || f.problems > 0 && f.plans() },
		event: state.SucceedPartially, explain: account.partlyApplied},
	{name: "not kept by the service", when: func(f facts) bool { return f.notKept > 0 },
		event: state.SucceedPartially, explain: account.notKept},
	{name: "not confirmed by reading back", when: func(f facts) bool { return f.unconfirmed > 0 },
		event: state.SucceedPartially, explain: account.unconfirmed, reason: word.ClassUnverified},
	{name: "not all taken back", when: func(f facts) bool { return f.refused > 0 },
		event: state.SucceedPartially, explain: account.refused},
	{name: "not all read", when: func(f facts) bool { return f.unread > 0 },
		event: state.SucceedPartially, explain: account.unread},
	{name: "done, with permissions missing", when: func(f facts) bool { return f.missing > 0 },
		event: state.RequireConsent, consent: true},
	{name: "roll back without effect", when: facts.withoutEffect, event: state.Succeed, outcome: word.NothingToRollBack,
		reason: "the roll back changed nothing"},
	{name: "rejected", when: func(f facts) bool { return f.verdict == word.Reject }, event: state.Succeed, outcome: word.Rejected},
	{name: "reverted", when: func(f facts) bool { return f.verdict == word.RejectAndRevert }, event: state.Succeed, outcome: word.Reverted},
	{name: "deployed", when: func(f facts) bool { return f.verdict == word.Approve }, event: state.Succeed, outcome: word.Deployed},
	{name: "backed up", when: func(f facts) bool { return f.mode == word.BackupOnly }, event: state.Succeed, outcome: word.BackedUp},
	{name: "previewed", when: func(f facts) bool { return f.mode == word.Preview }, event: state.Succeed, outcome: word.Previewed},
	{name: "adopted", when: func(f facts) bool { return f.adopted > 0 }, event: state.Succeed, outcome: word.Adopted},
	{name: "no changes", when: func(facts) bool { return true }, event: state.Succeed, outcome: word.NoChanges},
	// A status that waits for a person may forbid all rows above.
	{name: "applied, and not read back", when: func(f facts) bool { return f.applied > 0 },
		event: state.SucceedPartially, outcome: word.Deployed, explain: account.unverified, replaces: true},
	{name: "no ending fits", when: func(facts) bool { return true },
		event: state.Fail, outcome: word.FailedWith, explain: account.impossible},
}

// leads returns the event of a row and the status that the event leads to. ok
// is false if the present status does not allow the event.
func (r row) leads(f facts) (ev state.Event, to state.Status, ok bool) {
	if ev = r.event; ev == "" {
		ev, _ = state.RestoreTo(f.before)
	}
	to, err := state.Next(f.from, ev)
	return ev, to, err == nil
}

// decide finds the row by which a run ends.
func decide(rows []row, f facts) (fits row, ev state.Event, to state.Status) {
	for _, r := range rows {
		if !r.when(f) {
			continue
		}
		if ev, to, ok := r.leads(f); ok {
			return r, ev, to
		}
	}
	return row{}, "", ""
}
