package syncer

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Every ending leads somewhere from every status in which a run can be, and is
// never better than what is known.
func TestEveryRunCanEnd(t *testing.T) {
	failed := &ErrorInfo{Class: "boom", Message: "boom"}
	unreadable := []tenant.KindState{{Kind: "groups", Completeness: tenant.Failed}}
	forbidden := []tenant.KindState{{Kind: "groups", Completeness: tenant.Forbidden, Missing: []string{"P"}}}
	endings := []ending{{reason: "reason"}, {err: failed}, {refused: []string{"groups/G"}},
		{stop: stopConsent}, {stop: stopConsent, err: failed}, {stop: stopNothingRead, kinds: unreadable}, {stop: stopNothingRead, kinds: forbidden}}
	for _, why := range []stop{stopCancelled, stopTimedOut, stopFailed} {
		endings = append(endings, ending{stop: why, reason: "reason"})
		if why != stopCancelled { // it is nobody's error
			endings = append(endings, ending{stop: why, err: failed})
		}
	}
	tallies := []tally{{}, {applied: 2}, {open: 2}, {applied: 1, open: 1}, {unread: []tenant.KindState{{Kind: "groups"}}}, {adopted: 1},
		{applied: 1, unread: []tenant.KindState{{Kind: "groups"}}}, {problems: []plan.Note{{Class: "invalid"}}}}
	runs := []data{
		{Run: &run{Before: state.Idle}},
		{Run: &run{Before: state.NotRun, Wrote: true}},
		{Run: &run{Before: state.PendingAdminConsent}, Missing: []MissingPermission{{AnyOf: []string{"P"}}}},
		{Run: &run{Before: state.PendingAdminConsent, Wrote: true}, Missing: []MissingPermission{{AnyOf: []string{"P"}}}},
		{Run: &run{}},
	}
	for _, mode := range []Mode{Full, Preview, BackupOnly} {
		runs = append(runs, data{Run: &run{Before: state.Idle, Options: Options{Mode: mode}}})
	}
	for _, verdict := range []Verdict{Approve, Reject, RejectAndRevert} {
		runs = append(runs, data{Run: &run{Before: state.Idle, Wrote: true, Decision: &decided{Verdict: verdict}}})
	}
	for _, from := range []state.Status{state.Starting, state.InProgress, state.PendingAuthentication, state.PendingApproval} {
		for _, end := range endings {
			for _, n := range tallies {
				for _, d := range runs {
					event, to, got := conclude(endingTable, from, &d, PhaseVerify, end, n)
					at := fmt.Sprintf("from %s, %+v, %+v, run %+v: got %s → %s (%s, error %+v)", from, end, n, *d.Run, event, to, got.outcome, got.err)
					want, err := state.Next(from, event)
					if err != nil || to != want {
						t.Fatalf("%s: not legal: %v", at, err)
					}
					if to == state.Idle && n.open > 0 && !got.restored() {
						t.Errorf("%s: Idle with changes not applied", at)
					}
					if (to == state.NewError || to == state.PartiallySuccessful) && got.err == nil && !got.restored() {
						t.Errorf("%s: no error says why", at)
					}
					if to == state.NewError && got.consent {
						t.Errorf("%s: an error that counts as missing consent", at)
					}
				}
			}
		}
	}
}

// All is applied and cannot be read back, since nobody signs in.
func TestEndOfAnUnverifiedRun(t *testing.T) {
	d := &data{Run: &run{Before: state.Idle, Wrote: true, Decision: &decided{Verdict: Approve}}}
	for _, why := range []stop{stopCancelled, stopTimedOut, stopFailed, notStopped} {
		_, to, got := conclude(endingTable, state.PendingAuthentication, d, PhaseVerify, ending{stop: why, reason: "sign-in"}, tally{applied: 2})
		if to != state.PartiallySuccessful || got.outcome != Deployed || got.err == nil || got.err.Class != "unverified" {
			t.Errorf("%s: got %s, %s, %+v, want partially_successful, deployed, unverified", why, to, got.outcome, got.err)
		}
	}
}

// endingCases has, for each row of the table, facts that lead to it. The
// particulars of a run are in tallyOf.
var endingCases = []struct {
	row     string
	facts   facts
	event   state.Event
	outcome Outcome
	class   string // of the error; "" for none
}{
	{"cancelled before it wrote", facts{stop: stopCancelled}, state.RestoreIdle, Cancelled, ""},
	{"permissions are missing", facts{stop: stopConsent}, state.RequireConsent, FailedWith, ""},
	{"permissions are missing while a person is waited for", facts{from: state.PendingAuthentication, stop: stopConsent}, state.Fail, FailedWith, "consent_needed"},
	{"nothing can be read without permissions", facts{stop: stopNothingRead, asked: 2, forbidden: 2}, state.RequireConsent, FailedWith, ""},
	{"nothing can be read", facts{stop: stopNothingRead, asked: 2, forbidden: 1}, state.Fail, FailedWith, "read"},
	{"parts of a run that has written are lost", facts{verdict: Approve, wrote: true, applied: 1, lost: 1}, state.SucceedPartially, Deployed, "storage"},
	{"parts of the run are lost", facts{lost: 1}, state.Fail, FailedWith, "storage"},
	{"stopped when a part was applied", facts{stop: stopCancelled, verdict: Approve, wrote: true, applied: 1, open: 1}, state.SucceedPartially, Cancelled, "partial"},
	{"stopped when a part was applied", facts{stop: stopFailed, verdict: Approve, wrote: true, open: 2, unknown: 1}, state.SucceedPartially, FailedWith, "partial"},
	{"parts of a run that has written are lost", facts{verdict: Approve, wrote: true, open: 1, unknown: 1, lost: 1}, state.SucceedPartially, Deployed, "storage"},
	{"timed out", facts{stop: stopTimedOut}, state.TimeOut, TimedOut, "timed_out"},
	{"failed, or cancelled after it wrote", facts{stop: stopCancelled, wrote: true}, state.Fail, Cancelled, "cancelled"},
	{"nothing was applied", facts{verdict: Approve, wrote: true, open: 2}, state.Fail, FailedWith, "items"},
	{"a part was applied", facts{verdict: Approve, wrote: true, applied: 1, open: 1}, state.SucceedPartially, Deployed, "partial"},
	{"a part was applied", facts{verdict: Approve, wrote: true, open: 1, unknown: 1}, state.SucceedPartially, Deployed, "partial"},
	{"not kept by the service", facts{verdict: Approve, wrote: true, applied: 1, notKept: 1}, state.SucceedPartially, Deployed, "not_kept"},
	{"not all taken back", facts{verdict: RejectAndRevert, refused: 1}, state.SucceedPartially, Reverted, "edited"},
	{"not all read", facts{unread: 1}, state.SucceedPartially, NoChanges, "unread"},
	{"done, with permissions missing", facts{missing: 1}, state.RequireConsent, NoChanges, ""},
	{"roll back without effect", facts{rollsBack: true}, state.Succeed, NothingToRollBack, ""},
	{"roll back without effect", facts{rollsBack: true, verdict: Approve}, state.Succeed, NothingToRollBack, ""},
	{"rejected", facts{verdict: Reject}, state.Succeed, Rejected, ""},
	{"reverted", facts{verdict: RejectAndRevert}, state.Succeed, Reverted, ""},
	{"deployed", facts{verdict: Approve, wrote: true, applied: 1}, state.Succeed, Deployed, ""},
	{"backed up", facts{mode: BackupOnly}, state.Succeed, BackedUp, ""},
	{"previewed", facts{mode: Preview, adopted: 1}, state.Succeed, Previewed, ""},
	{"adopted", facts{adopted: 1}, state.Succeed, Adopted, ""},
	{"no changes", facts{}, state.Succeed, NoChanges, ""},
	{"applied, and not read back", facts{from: state.PendingAuthentication, verdict: Approve, wrote: true, applied: 1}, state.SucceedPartially, Deployed, "unverified"},
	{"no ending fits", facts{from: state.PendingApproval}, state.Fail, FailedWith, "internal"},
}

// whole returns the facts of a case with those that most runs have.
func (f facts) whole() facts {
	f.before = state.Idle
	f.from = cmp.Or(f.from, state.InProgress)
	f.mode = cmp.Or(f.mode, Full)
	return f
}

// particulars returns an ending and a tally that have these facts.
func (f facts) particulars() (*data, ending, tally) {
	d := &data{Run: &run{Before: f.before, Wrote: f.wrote, Options: Options{Mode: f.mode}}}
	if f.rollsBack {
		d.Run.Options.DesiredFrom = "backup-1"
	}
	if f.verdict != Undecided {
		d.Run.Decision = &decided{Verdict: f.verdict}
	}
	for range f.missing {
		d.Missing = append(d.Missing, MissingPermission{AnyOf: []string{"P"}})
	}
	end := ending{stop: f.stop, reason: "the reason", refused: slices.Repeat([]string{"groups/G"}, f.refused)}
	if f.stop == notStopped || f.stop == stopNothingRead {
		end.reason = ""
	}
	for i := range f.asked {
		k := tenant.KindState{Kind: "groups", Completeness: tenant.Forbidden}
		if i < f.forbidden {
			k.Missing = []string{"P"}
		}
		end.kinds = append(end.kinds, k)
	}
	n := tally{adopted: f.adopted, applied: f.applied, open: f.open, unknown: f.unknown, unread: slices.Repeat([]tenant.KindState{{Kind: "groups", Reason: "boom", RequestID: "req-1"}}, f.unread)}
	for range f.notKept {
		n.notKept = append(n.notKept, ItemResult{Item: "groups/G", RequestID: "req-1", NotKept: []NotKept{{Pointer: "/a"}}})
	}
	for range f.problems {
		n.problems = append(n.problems, plan.Note{Class: plan.BadFile, Kind: "groups", Key: "G", Message: "bad"})
	}
	for range f.lost {
		n.lost = append(n.lost, failure.New(ClassStorage, "gone"))
	}
	return d, end, n
}

// Each row of the table ends a run whose facts are its own, and no other row
// ends that run alike: a table without the row has another answer.
func TestEveryRowOfTheEndings(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range endingCases {
		f := c.facts.whole()
		d, end, n := f.particulars()
		if got := factsOf(f.from, d, end, n); got != f {
			t.Fatalf("%s: got the facts %+v, want %+v", c.row, got, f)
		}
		row, _, _ := decideEnding(endingTable, f)
		if row.name != c.row {
			t.Errorf("%+v: got the row %q, want %q", f, row.name, c.row)
			continue
		}
		seen[row.name] = true
		say := func(event state.Event, end ending) string {
			class := Class("")
			if end.err != nil {
				class = end.err.Class
			}
			return fmt.Sprintf("%s, %s, error %q, permissions missing: %t", event, end.outcome, class, end.consent)
		}
		event, _, got := conclude(endingTable, f.from, d, PhaseVerify, end, n)
		want := say(c.event, ending{outcome: c.outcome, err: &ErrorInfo{Class: Class(c.class)}, consent: row.consent})
		if say(event, got) != want {
			t.Errorf("%s: got %s, want %s", c.row, say(event, got), want)
		}
		without := slices.DeleteFunc(slices.Clone(endingTable), func(r endingRow) bool { return r.name == c.row })
		if event, _, got := conclude(without, f.from, d, PhaseVerify, end, n); say(event, got) == want {
			t.Errorf("%s: the table without this row has the same answer: %s", c.row, want)
		}
	}
	for _, row := range endingTable {
		if !seen[row.name] {
			t.Errorf("the row %q ends no run of the test", row.name)
		}
	}
}
