package syncer

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// stop is what ended a run before its work was done.
type stop string

const (
	// notStopped: the run has done its work.
	notStopped      stop = ""
	stopCancelled   stop = "cancelled"
	stopTimedOut    stop = "timed_out"
	stopFailed      stop = "failed"
	stopConsent     stop = "consent"
	stopNothingRead stop = "nothing_read"
)

// ending is how a run comes to its end. A phase says what has stopped the run,
// if anything, and why; conclude fills in the rest by the table.
type ending struct {
	stop   stop
	reason string
	err    *ErrorInfo
	// while, if not empty, is the only status in which the run may end this way.
	while state.Status
	// kinds are those of a tenant of which nothing could be read.
	kinds []tenant.KindState
	// refused are the items that a revert left alone.
	refused []string
	// base is where a revert moved it to.
	base *diff.Base
	// verified is what reading back showed; nil if nothing was.
	verified *verified
	// seen is the look at the desired line of a run that ends undecided.
	seen lookedAt

	outcome Outcome
	// undone counts what was asked for and not done.
	undone Undone
	// consent: the run ends because permissions are missing.
	consent bool
}

// facts are what became of a run, as counts and flags. The table of endings
// looks at nothing else.
type facts struct {
	from    state.Status // the status in which the run ends
	before  state.Status // the tenant's before the run
	stop    stop
	mode    Mode
	verdict Verdict
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
	// unread are kinds that could not be read, permissions apart.
	unread int
	// asked are the kinds that were to be read of a tenant of which nothing could
	// be, and forbidden those of them that lack a permission.
	asked, forbidden int
	missing          int // permissions that are not granted
	lost             int // parts of the run that the store no longer has
}

// done reports whether the run's work was done. Once all changes are applied it
// is, whatever came after.
func (f facts) done() bool {
	late := f.stop == stopCancelled || f.stop == stopTimedOut || f.stop == stopFailed
	return f.stop == notStopped || late && f.applied > 0 && f.open == 0
}

// touched reports whether the run has changed the tenant, or may have.
func (f facts) touched() bool { return f.applied+f.unknown > 0 }

// half reports whether a run that was stopped has applied a part of its changes.
func (f facts) half() bool { return !f.done() && f.touched() }

// withoutEffect reports whether a roll back has come to its end and has changed
// nothing: the tenant is as the backup has it, or no difference may be changed.
func (f facts) withoutEffect() bool {
	return f.rollsBack && f.done() && f.deploys() && f.applied+f.open+f.problems == 0
}

// deploys reports whether the run was to bring the tenant to the desired side.
func (f facts) deploys() bool {
	return f.verdict == Approve || f.verdict == Undecided && f.mode != Preview && f.mode != BackupOnly
}

// endingRow is a row of the table of endings.
type endingRow struct {
	name  string
	when  func(facts) bool
	event state.Event // "" leads back to the status from before the run
	// outcome is the run's; "" is what its work came to, or what stopped it.
	outcome Outcome
	// explain makes the error of a run that has none yet, and completes the one of
	// a run that is partially successful. Where it replaces, its error is the run's
	// whatever there was, and its class the reason.
	explain  func(account) *ErrorInfo
	replaces bool
	// reason says why, if nothing else does.
	reason string
	// consent: permissions are missing.
	consent bool
}

// endingTable has all endings; the first row that fits and that the status
// allows is the run's. The last one fits every run: each can end.
var endingTable = []endingRow{
	{name: "cancelled before it wrote", when: func(f facts) bool { return f.stop == stopCancelled && !f.wrote }},
	{name: "permissions are missing", when: func(f facts) bool { return f.stop == stopConsent },
		event: state.RequireConsent, consent: true},
	{name: "permissions are missing while a person is waited for", when: func(f facts) bool { return f.stop == stopConsent },
		event: state.Fail, explain: account.consentNeeded},
	{name: "nothing can be read without permissions", when: func(f facts) bool { return f.stop == stopNothingRead && f.forbidden == f.asked },
		event: state.RequireConsent, consent: true, reason: "nothing can be read without the missing permissions"},
	{name: "nothing can be read", when: func(f facts) bool { return f.stop == stopNothingRead },
		event: state.Fail, explain: account.nothingRead},
	{name: "parts of a run that has written are lost", when: func(f facts) bool { return f.lost > 0 && f.touched() },
		event: state.SucceedPartially, explain: account.lostParts},
	{name: "parts of the run are lost", when: func(f facts) bool { return f.lost > 0 && f.done() },
		event: state.Fail, outcome: FailedWith, explain: account.lostParts, replaces: true},
	{name: "stopped when a part was applied", when: facts.half,
		event: state.SucceedPartially, explain: account.partlyApplied},
	{name: "timed out", when: func(f facts) bool { return f.stop == stopTimedOut && !f.done() },
		event: state.TimeOut, explain: account.stopped},
	{name: "failed, or cancelled after it wrote", when: func(f facts) bool { return !f.done() },
		event: state.Fail, explain: account.stopped},
	{name: "nothing was applied", when: func(f facts) bool { return f.deploys() && !f.touched() && f.open+f.problems > 0 },
		event: state.Fail, outcome: FailedWith, explain: account.nothingApplied, replaces: true},
	{name: "a part was applied", when: func(f facts) bool {
		return f.open > 0 || f.problems > 0 && f.mode != Preview && f.mode != BackupOnly
	}, event: state.SucceedPartially, explain: account.partlyApplied},
	{name: "not kept by the service", when: func(f facts) bool { return f.notKept > 0 },
		event: state.SucceedPartially, explain: account.notKept},
	{name: "not all taken back", when: func(f facts) bool { return f.refused > 0 },
		event: state.SucceedPartially, explain: account.refused},
	{name: "not all read", when: func(f facts) bool { return f.unread > 0 },
		event: state.SucceedPartially, explain: account.unread},
	{name: "done, with permissions missing", when: func(f facts) bool { return f.missing > 0 },
		event: state.RequireConsent, consent: true},
	{name: "roll back without effect", when: facts.withoutEffect, event: state.Succeed, outcome: NothingToRollBack,
		reason: "the roll back changed nothing"},
	{name: "rejected", when: func(f facts) bool { return f.verdict == Reject }, event: state.Succeed, outcome: Rejected},
	{name: "reverted", when: func(f facts) bool { return f.verdict == RejectAndRevert }, event: state.Succeed, outcome: Reverted},
	{name: "deployed", when: func(f facts) bool { return f.verdict == Approve }, event: state.Succeed, outcome: Deployed},
	{name: "backed up", when: func(f facts) bool { return f.mode == BackupOnly }, event: state.Succeed, outcome: BackedUp},
	{name: "previewed", when: func(f facts) bool { return f.mode == Preview }, event: state.Succeed, outcome: Previewed},
	{name: "adopted", when: func(f facts) bool { return f.adopted > 0 }, event: state.Succeed, outcome: Adopted},
	{name: "no changes", when: func(facts) bool { return true }, event: state.Succeed, outcome: NoChanges},
	// A status in which a person is waited for allows no more than this.
	{name: "applied, and not read back", when: func(f facts) bool { return f.applied > 0 },
		event: state.SucceedPartially, outcome: Deployed, explain: account.unverified, replaces: true},
	{name: "no ending fits", when: func(facts) bool { return true },
		event: state.Fail, outcome: FailedWith, explain: account.impossible},
}

// came is what the run's work came to, or what stopped it.
func (f facts) came() Outcome {
	switch {
	case f.withoutEffect():
		return NothingToRollBack
	case f.done() && f.verdict == Reject:
		return Rejected
	case f.done() && f.verdict == RejectAndRevert:
		return Reverted
	case f.done() && f.verdict == Approve:
		return Deployed
	case f.done() && f.mode == BackupOnly:
		return BackedUp
	case f.done() && f.mode == Preview:
		return Previewed
	case f.done() && f.adopted > 0:
		return Adopted
	case f.done():
		return NoChanges
	case f.stop == stopCancelled:
		return Cancelled
	case f.stop == stopTimedOut:
		return TimedOut
	}
	return FailedWith
}

// leads returns the event of a row and the status that it leads to; not ok if
// the present status does not allow it.
func (row endingRow) leads(f facts) (ev state.Event, to state.Status, ok bool) {
	if ev = row.event; ev == "" {
		ev, _ = state.RestoreTo(f.before)
	}
	to, err := state.Next(f.from, ev)
	return ev, to, err == nil
}

// decideEnding finds the row by which a run ends.
func decideEnding(table []endingRow, f facts) (row endingRow, ev state.Event, to state.Status) {
	for _, row = range table {
		if !row.when(f) {
			continue
		}
		if ev, to, ok := row.leads(f); ok {
			return row, ev, to
		}
	}
	return endingRow{}, "", ""
}

// conclude ends a run by the table. in is the phase that the end came in.
func conclude(table []endingRow, from state.Status, d *data, in Phase, end ending, n tally) (state.Event, state.Status, ending) {
	f := factsOf(from, d, end, n)
	row, ev, to := decideEnding(table, f)
	why := end.why()
	if f.stop != notStopped && f.done() && f.lost == 0 { // the work was done before the end came
		end.reason, end.err = "", nil
	}
	a := account{facts: f, end: end, tally: n, phase: in, why: why}
	if row.replaces {
		end.err = row.explain(a)
		end.reason = string(end.err.Class)
	}
	if row.explain != nil && (end.err == nil || row.event == state.SucceedPartially) {
		end.err = row.explain(a)
	}
	end.outcome, end.consent, end.undone = row.outcome, row.consent, undoneOf(f, n)
	if end.outcome == "" {
		end.outcome = f.came()
	}
	switch {
	case end.reason != "":
	case row.reason != "":
		end.reason = row.reason
	case end.outcome == FailedWith && end.err != nil:
		end.reason = string(end.err.Class)
	}
	return ev, to, end
}

// factsOf counts what became of a run.
func factsOf(from state.Status, d *data, end ending, n tally) facts {
	r := d.Run
	f := facts{from: from, before: r.Before, stop: end.stop, mode: r.Options.Mode, wrote: r.Wrote,
		rollsBack: r.Options.DesiredFrom != "",
		adopted:   n.adopted, applied: n.applied, open: n.open, unknown: n.unknown, problems: len(n.problems), notKept: len(n.notKept),
		refused: len(end.refused), unread: len(n.unread), missing: len(d.Missing), lost: len(n.lost)}
	if r.Decision != nil {
		f.verdict = r.Decision.Verdict
	}
	for _, k := range end.kinds {
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

// account is a run's end with its particulars, for what is said about it.
type account struct {
	facts facts
	end   ending
	tally tally
	phase Phase
	// why the run has ended, for people.
	why string
}

// why says for people why the run has ended.
func (e ending) why() string {
	if e.err != nil {
		return e.err.Message
	}
	return e.reason
}

func (a account) consentNeeded() *ErrorInfo {
	return &ErrorInfo{Class: ClassConsentNeeded, Phase: PhaseReport, Message: "permissions are missing"}
}

func (a account) nothingRead() *ErrorInfo {
	kinds := slices.DeleteFunc(slices.Clone(a.end.kinds), func(k tenant.KindState) bool { return k.Completeness == tenant.NotInScope })
	return &ErrorInfo{Class: ClassRead, Phase: PhaseBackup, RequestID: kinds[0].RequestID,
		Message: fmt.Sprintf("none of %d kinds could be read; the first, %s: %s", len(kinds), kinds[0].Kind, kinds[0].Reason)}
}

func (a account) lostParts() *ErrorInfo {
	first := a.tally.lost[0]
	message := fmt.Sprintf("%s lost; the first: %v", counted(len(a.tally.lost), "part of the run is", "parts of the run are"), first)
	if !a.facts.touched() {
		return &ErrorInfo{Class: Class(failure.Classify(first)), Phase: PhaseReport, Message: message}
	}
	info := &ErrorInfo{Class: Class(failure.Classify(first)), Phase: PhaseReport, Message: a.progress()}
	a.addStop(info)
	info.Message += "; " + message
	return info
}

// stopped is the error of a run that gave no other.
func (a account) stopped() *ErrorInfo {
	return &ErrorInfo{Class: Class(a.facts.came()), Phase: a.phase, Message: a.end.reason}
}

// progress says how many of the approved changes the tenant has.
func (a account) progress() string {
	return fmt.Sprintf("%d of %d changes applied", a.facts.applied, a.facts.applied+a.facts.open)
}

func (a account) partlyApplied() *ErrorInfo {
	info := &ErrorInfo{Class: ClassPartial, Phase: PhaseDeploy}
	if a.facts.applied+a.facts.open > 0 {
		info.Message = a.progress()
	} else {
		info.Phase, info.Message = PhasePlan, "no change was applied"
	}
	if a.facts.unknown > 0 {
		info.Message += fmt.Sprintf(", %d of unknown outcome", a.facts.unknown)
	}
	a.addStop(info)
	a.tally.explain(info)
	return info
}

// addStop adds to the error of a partial run what has stopped it, which says more
// than an item that it left open.
func (a account) addStop(info *ErrorInfo) {
	switch stopped := a.end.err; {
	case stopped != nil:
		info.Class, info.Phase, info.RequestID, info.Time = stopped.Class, cmp.Or(stopped.Phase, info.Phase), stopped.RequestID, stopped.Time
		info.Message += ": " + stopped.Message
	case a.end.reason != "":
		info.Message += ": " + a.end.reason
	}
}

func (a account) nothingApplied() *ErrorInfo {
	info := &ErrorInfo{Class: ClassItems, Phase: PhaseDeploy, Message: fmt.Sprintf("none of %d changes applied", a.facts.open)}
	if a.facts.open == 0 {
		info.Phase, info.Message = PhasePlan, "no change was applied"
	}
	if first := a.tally.explain(info); first != "" {
		info.Class = first
	}
	return info
}

// notKept says how many changes the service has not kept, and names the first.
func (a account) notKept() *ErrorInfo {
	first := a.tally.notKept[0]
	info := &ErrorInfo{Class: ClassNotKept, Phase: PhaseVerify, RequestID: first.RequestID}
	info.Message = fmt.Sprintf("%d of %d changes written and not kept by the service; first: %s: %s",
		a.facts.notKept, a.facts.applied, first.Item, first.NotKept[0])
	return info
}

func (a account) refused() *ErrorInfo {
	if a.end.err != nil { // the revert knows why it left each alone
		return a.end.err
	}
	return &ErrorInfo{Class: ClassEdited, Phase: PhaseRevert, Message: refusedMessage(a.end.refused)}
}

// unread says how many kinds were not completely read, and why the first was not.
func (a account) unread() *ErrorInfo {
	first := a.tally.unread[0]
	var kinds []string
	for _, k := range a.tally.unread {
		kinds = append(kinds, k.Kind)
	}
	info := &ErrorInfo{Class: ClassUnread, Phase: PhaseBackup, RequestID: first.RequestID}
	info.Message = fmt.Sprintf("%d of %s not completely read: %s", len(kinds), counted(a.tally.kinds, "kind", "kinds"), joinActors(kinds))
	if first.Reason != "" {
		info.Message += fmt.Sprintf("; first failure: %s: %s", first.Kind, first.Reason)
	}
	return info
}

func (a account) unverified() *ErrorInfo {
	info := &ErrorInfo{Class: ClassUnverified, Phase: PhaseVerify, Message: fmt.Sprintf("%s, and not confirmed by reading back: %s", a.progress(), a.why)}
	if a.end.err != nil {
		info.RequestID = a.end.err.RequestID
	}
	return info
}

func (a account) impossible() *ErrorInfo {
	return &ErrorInfo{Class: ClassInternal, Phase: PhaseReport, Message: fmt.Sprintf("the run could not end as %s while %s", a.facts.came(), a.facts.from.Label())}
}

// explain adds to a message how much could not be planned, and the first of
// what went wrong, whose class it returns.
func (n tally) explain(info *ErrorInfo) (class Class) {
	if len(n.problems) > 0 {
		info.Message += fmt.Sprintf(", %d could not be planned", len(n.problems))
	}
	for _, it := range n.items {
		if it.Status != ItemApplied && it.Status != ItemUnsupported && it.Status != ItemSkipped && it.Status != ItemNotAttempted {
			info.RequestID = cmp.Or(info.RequestID, it.RequestID)
			info.Message += fmt.Sprintf("; first failure: %s: %s", it.Item, it.Message)
			return it.Class
		}
	}
	if len(n.problems) > 0 {
		note := n.problems[0]
		info.Message += fmt.Sprintf("; first failure: %s: %s", subject(note), note.Message)
		return Class(note.Class)
	}
	return ""
}

// counted is a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// tally counts what became of a run.
type tally struct {
	items   []ItemResult
	adopted int
	applied int
	// open are items that were approved and not applied, whatever the reason.
	open int
	// problems are failures of the plan itself: notes of failure classes.
	problems []plan.Note
	// unknown are those of the open items whose outcome could not be found out.
	unknown int
	// leftOut are items of the plan that the decision did not choose.
	leftOut int
	// unsupported and deletesOff are changes that are not allowed, by whom.
	unsupported, deletesOff int
	// kinds are those in scope, and namesOnly those of them that were read for the
	// names of their objects alone.
	kinds, namesOnly int
	// unread are kinds in scope that could not be read, permissions apart.
	unread []tenant.KindState
	// lost is what was stored of the run and cannot be read any more.
	lost []error
	// notKept are the applied items that did not read back as written.
	notKept []ItemResult
}
