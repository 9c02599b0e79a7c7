package ending

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Every ending leads somewhere from every status in which a run can be, and is
// never better than the facts.
func TestEveryRunCanEnd(t *testing.T) {
	boom := &Info{Class: "boom", Message: "boom"}
	unreadable := []tenant.KindState{{Kind: "groups", Completeness: tenant.Failed}}
	forbidden := []tenant.KindState{{Kind: "groups", Completeness: tenant.Forbidden, Missing: []string{"P"}}}
	ends := []End{{Reason: "reason"}, {Err: boom}, {Refused: []string{"groups/G"}},
		{Stop: ConsentMissing}, {Stop: ConsentMissing, Err: boom}, {Stop: NothingRead, Kinds: unreadable}, {Stop: NothingRead, Kinds: forbidden}}
	for _, why := range []Stop{Cancelled, TimedOut, Failed} {
		ends = append(ends, End{Stop: why, Reason: "reason"})
		if why != Cancelled { // a cancelled run has no error
			ends = append(ends, End{Stop: why, Err: boom})
		}
	}
	tallies := []Tally{{}, {Applied: 2}, {Open: 2}, {Applied: 1, Open: 1}, {Unread: []tenant.KindState{{Kind: "groups"}}}, {Adopted: 1},
		{Applied: 1, Unread: []tenant.KindState{{Kind: "groups"}}}, {Problems: []plan.Note{{Class: "invalid"}}}}
	runs := []Run{
		{Before: state.Idle},
		{Before: state.NotRun, Wrote: true},
		{Before: state.PendingAdminConsent, Missing: 1},
		{Before: state.PendingAdminConsent, Wrote: true, Missing: 1},
		{},
	}
	for _, mode := range []string{word.Full, word.Preview, word.BackupOnly} {
		runs = append(runs, Run{Before: state.Idle, Mode: mode})
	}
	for _, verdict := range []string{word.Approve, word.Reject, word.RejectAndRevert} {
		runs = append(runs, Run{Before: state.Idle, Wrote: true, Verdict: verdict})
	}
	for _, from := range []state.Status{state.Starting, state.InProgress, state.PendingAuthentication, state.PendingApproval} {
		for _, end := range ends {
			for _, n := range tallies {
				for _, run := range runs {
					run.Status, run.Phase = from, word.PhaseVerify
					got := Conclude(run, end, n)
					at := fmt.Sprintf("run %+v, %+v, %+v: got %+v (error %+v)", run, end, n, got, got.Err)
					want, err := state.Next(from, got.Event)
					if err != nil || got.To != want {
						t.Fatalf("%s: not legal: %v", at, err)
					}
					if got.To == state.Idle && n.Open > 0 && !got.Restored() {
						t.Errorf("%s: Idle with changes not applied", at)
					}
					if (got.To == state.NewError || got.To == state.PartiallySuccessful) && got.Err == nil && !got.Restored() {
						t.Errorf("%s: no error says why", at)
					}
					restores := strings.HasPrefix(string(got.Event), "restore_")
					if run.Before != "" && (restores != (got.Outcome == word.Cancelled && !run.Wrote) || restores != got.Restored()) {
						t.Errorf("%s: restored, or not, against the outcome", at)
					}
					if got.To == state.NewError && got.Consent {
						t.Errorf("%s: an error that counts as missing consent", at)
					}
				}
			}
		}
	}
}

// All is applied and cannot be read back, because no person signs in.
func TestEndOfAnUnverifiedRun(t *testing.T) {
	run := Run{Status: state.PendingAuthentication, Before: state.Idle, Phase: word.PhaseVerify, Verdict: word.Approve, Wrote: true}
	for _, why := range []Stop{Cancelled, TimedOut, Failed, NotStopped} {
		got := Conclude(run, End{Stop: why, Reason: "sign-in"}, Tally{Applied: 2})
		if got.To != state.PartiallySuccessful || got.Outcome != word.Deployed || got.Err == nil || got.Err.Class != word.ClassUnverified {
			t.Errorf("%s: got %+v (error %+v), want partially_successful, deployed, unverified", why, got, got.Err)
		}
	}
}

// cases has, for each row of the table, facts that lead to it.
var cases = []struct {
	row     string
	facts   facts
	event   state.Event
	outcome string
	class   string // of the error; "" for none
}{
	{"cancelled before it wrote", facts{stop: Cancelled}, state.RestoreIdle, word.Cancelled, ""},
	{"permissions are missing", facts{stop: ConsentMissing}, state.RequireConsent, word.FailedWith, ""},
	{"permissions are missing while a person is waited for", facts{from: state.PendingAuthentication, stop: ConsentMissing}, state.Fail, word.FailedWith, "consent_needed"},
	{"nothing can be read without permissions", facts{stop: NothingRead, asked: 2, forbidden: 2}, state.RequireConsent, word.FailedWith, ""},
	{"nothing can be read", facts{stop: NothingRead, asked: 2, forbidden: 1}, state.Fail, word.FailedWith, "read"},
	{"parts of a run that has written are lost", facts{verdict: word.Approve, wrote: true, applied: 1, lost: 1}, state.SucceedPartially, word.Deployed, "storage"},
	{"parts of the run are lost", facts{lost: 1}, state.Fail, word.FailedWith, "storage"},
	{"stopped when a part was applied", facts{stop: Cancelled, verdict: word.Approve, wrote: true, applied: 1, open: 1}, state.SucceedPartially, word.Cancelled, "partial"},
	{"stopped when a part was applied", facts{stop: Failed, verdict: word.Approve, wrote: true, open: 2, unknown: 1}, state.SucceedPartially, word.FailedWith, "partial"},
	{"parts of a run that has written are lost", facts{verdict: word.Approve, wrote: true, open: 1, unknown: 1, lost: 1}, state.SucceedPartially, word.Deployed, "storage"},
	{"timed out", facts{stop: TimedOut}, state.TimeOut, word.TimedOut, "timed_out"},
	{"failed, or cancelled after it wrote", facts{stop: Cancelled, wrote: true}, state.Fail, word.Cancelled, "cancelled"},
	{"nothing was applied", facts{verdict: word.Approve, wrote: true, open: 2}, state.Fail, word.FailedWith, "items"},
	{"a part was applied", facts{verdict: word.Approve, wrote: true, applied: 1, open: 1}, state.SucceedPartially, word.Deployed, "partial"},
	{"a part was applied", facts{verdict: word.Approve, wrote: true, open: 1, waits: 1}, state.SucceedPartially, word.Deployed, "partial"},
	{"a part was applied", facts{verdict: word.Approve, wrote: true, open: 2, waits: 1}, state.SucceedPartially, word.Deployed, "partial"},
	{"stopped when a part was applied", facts{stop: Cancelled, verdict: word.Approve, wrote: true, open: 2, waits: 1}, state.SucceedPartially, word.Cancelled, "partial"},
	{"a part was applied", facts{verdict: word.Approve, wrote: true, open: 1, unknown: 1}, state.SucceedPartially, word.Deployed, "partial"},
	{"a part was applied", facts{rollsBack: true, verdict: word.Approve, wrote: true, applied: 1, open: 1}, state.SucceedPartially, word.Deployed, "partial"},
	{"a part was applied", facts{rollsBack: true, verdict: word.Approve, wrote: true, open: 1, unknown: 1, problems: 1}, state.SucceedPartially, word.Deployed, "partial"},
	{"not kept by the service", facts{verdict: word.Approve, wrote: true, applied: 1, notKept: 1}, state.SucceedPartially, word.Deployed, "not_kept"},
	{"not confirmed by reading back", facts{verdict: word.Approve, wrote: true, applied: 2, unconfirmed: 1}, state.SucceedPartially, word.Deployed, "unverified"},
	{"not confirmed by reading back", facts{stop: Cancelled, verdict: word.Approve, wrote: true, applied: 2, unconfirmed: 2}, state.SucceedPartially, word.Deployed, "unverified"},
	{"not all taken back", facts{verdict: word.RejectAndRevert, refused: 1}, state.SucceedPartially, word.Reverted, "edited"},
	{"not all read", facts{unread: 1}, state.SucceedPartially, word.NoChanges, "unread"},
	{"not all read", facts{unread: 1, adopted: 1}, state.SucceedPartially, word.Adopted, "unread"},
	{"not all read", facts{unread: 1, mode: word.Preview, adopted: 1}, state.SucceedPartially, word.Previewed, "unread"},
	{"not all read", facts{unread: 1, mode: word.BackupOnly}, state.SucceedPartially, word.BackedUp, "unread"},
	{"not all read", facts{unread: 1, verdict: word.Reject}, state.SucceedPartially, word.Rejected, "unread"},
	{"not all read", facts{unread: 1, verdict: word.RejectAndRevert}, state.SucceedPartially, word.Reverted, "unread"},
	{"not all read", facts{unread: 1, rollsBack: true}, state.SucceedPartially, word.NothingToRollBack, "unread"},
	{"done, with permissions missing", facts{missing: 1}, state.RequireConsent, word.NoChanges, ""},
	{"roll back without effect", facts{rollsBack: true}, state.Succeed, word.NothingToRollBack, ""},
	{"roll back without effect", facts{rollsBack: true, verdict: word.Approve}, state.Succeed, word.NothingToRollBack, ""},
	{"rejected", facts{verdict: word.Reject}, state.Succeed, word.Rejected, ""},
	{"reverted", facts{verdict: word.RejectAndRevert}, state.Succeed, word.Reverted, ""},
	{"deployed", facts{verdict: word.Approve, wrote: true, applied: 1}, state.Succeed, word.Deployed, ""},
	// What the run was to delete was gone already.
	{"deployed", facts{stop: Cancelled, verdict: word.Approve, applied: 1}, state.Succeed, word.Deployed, ""},
	{"backed up", facts{mode: word.BackupOnly}, state.Succeed, word.BackedUp, ""},
	{"previewed", facts{mode: word.Preview, adopted: 1}, state.Succeed, word.Previewed, ""},
	{"adopted", facts{adopted: 1}, state.Succeed, word.Adopted, ""},
	{"no changes", facts{}, state.Succeed, word.NoChanges, ""},
	{"applied, and not read back", facts{from: state.PendingAuthentication, verdict: word.Approve, wrote: true, applied: 1}, state.SucceedPartially, word.Deployed, "unverified"},
	{"no ending fits", facts{from: state.PendingAuthentication, verdict: word.Approve}, state.Fail, word.FailedWith, "internal"},
	{"no ending fits", facts{from: state.PendingApproval}, state.Fail, word.FailedWith, "internal"},
}

// whole returns the facts of a case with those that most runs have.
func (f facts) whole() facts {
	f.before = state.Idle
	f.from = cmp.Or(f.from, state.InProgress)
	f.mode = cmp.Or(f.mode, word.Full)
	return f
}

// particulars returns a run, an end and a tally that have these facts.
func (f facts) particulars() (Run, End, Tally) {
	run := Run{Status: f.from, Before: f.before, Phase: word.PhaseVerify, Mode: f.mode, Verdict: f.verdict, Wrote: f.wrote, RollsBack: f.rollsBack, Missing: f.missing}
	end := End{Stop: f.stop, Reason: "the reason", Refused: slices.Repeat([]string{"groups/G"}, f.refused)}
	if f.stop == NotStopped || f.stop == NothingRead {
		end.Reason = ""
	}
	for i := range f.asked {
		k := tenant.KindState{Kind: "groups", Completeness: tenant.Forbidden}
		if i < f.forbidden {
			k.Missing = []string{"P"}
		}
		end.Kinds = append(end.Kinds, k)
	}
	n := Tally{Adopted: f.adopted, Applied: f.applied, Open: f.open, Unknown: f.unknown, Waits: f.waits, NotKept: f.notKept, Unconfirmed: f.unconfirmed}
	if f.notKept > 0 {
		n.FirstNotKept = &Item{ID: "groups/G", RequestID: "req-1", NotKept: "/a: wanted 1, the tenant has 2"}
	}
	for range f.unread {
		n.Unread = append(n.Unread, tenant.KindState{Kind: "groups", Reason: "boom", RequestID: "req-1"})
	}
	for range f.problems {
		n.Problems = append(n.Problems, plan.Note{Class: plan.BadFile, Kind: "groups", Key: "G", Message: "bad"})
	}
	for range f.lost {
		n.Lost = append(n.Lost, Info{Class: "storage", Message: "gone"})
	}
	return run, end, n
}

// Each row of the table ends a run whose facts are its own, and no other row
// ends that run alike: a table without the row has another answer.
func TestEveryRowOfTheTable(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases {
		f := c.facts.whole()
		run, end, n := f.particulars()
		if got := factsOf(run, end, n); got != f {
			t.Fatalf("%s: got the facts %+v, want %+v", c.row, got, f)
		}
		fits, _, _ := decide(table, f)
		if fits.name != c.row {
			t.Errorf("%+v: got the row %q, want %q", f, fits.name, c.row)
			continue
		}
		seen[fits.name] = true
		say := func(got Result) string {
			class := ""
			if got.Err != nil {
				class = got.Err.Class
			}
			return fmt.Sprintf("%s, %s, error %q, permissions missing: %t", got.Event, got.Outcome, class, got.Consent)
		}
		want := say(Result{Event: c.event, Outcome: c.outcome, Err: &Info{Class: c.class}, Consent: c.event == state.RequireConsent})
		if got := say(Conclude(run, end, n)); got != want {
			t.Errorf("%s: got %s, want %s", c.row, got, want)
		}
		without := slices.DeleteFunc(slices.Clone(table), func(r row) bool { return r.name == c.row })
		if got := say(conclude(without, run, end, n)); got == want {
			t.Errorf("%s: the table without this row has the same answer: %s", c.row, want)
		}
	}
	for _, r := range table {
		if !seen[r.name] {
			t.Errorf("the row %q ends no run of the test", r.name)
		}
	}
}
