package syncer

import (
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Every ending leads somewhere from every status in which a run can be, and is
// never better than what is known.
func TestEveryRunCanEnd(t *testing.T) {
	failed := &ErrorInfo{Class: "boom", Message: "boom"}
	var endings []ending
	for _, out := range []Outcome{NoChanges, Adopted, Previewed, BackedUp, Deployed, Rejected, Reverted, Cancelled, TimedOut, FailedWith} {
		endings = append(endings, ending{outcome: out, reason: "reason"})
		if out != Cancelled { // it is nobody's error
			endings = append(endings, ending{outcome: out, err: failed})
		}
	}
	endings = append(endings, ending{outcome: FailedWith, consent: true}, ending{outcome: FailedWith, consent: true, err: failed},
		ending{outcome: Reverted, refused: []string{"groups/G"}})
	tallies := []tally{{}, {applied: 2}, {open: 2}, {applied: 1, open: 1}, {unread: []string{"groups"}},
		{applied: 1, unread: []string{"groups"}}, {problems: []plan.Note{{Class: "invalid"}}}}
	runs := []data{
		{Run: &run{Before: state.Idle}},
		{Run: &run{Before: state.NotRun, Wrote: true}},
		{Run: &run{Before: state.PendingAdminConsent}, Missing: []MissingPermission{{AnyOf: []string{"P"}}}},
		{Run: &run{Before: state.PendingAdminConsent, Wrote: true}, Missing: []MissingPermission{{AnyOf: []string{"P"}}}},
		{Run: &run{}},
	}
	for _, from := range []state.Status{state.Starting, state.InProgress, state.PendingAuthentication, state.PendingApproval} {
		for _, end := range endings {
			for _, n := range tallies {
				for _, d := range runs {
					event, to, got := conclude(from, &d, PhaseVerify, end, n)
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
	d := &data{Run: &run{Before: state.Idle, Wrote: true}}
	for _, out := range []Outcome{Cancelled, TimedOut, FailedWith, Deployed} {
		_, to, got := conclude(state.PendingAuthentication, d, PhaseVerify, ending{outcome: out, reason: "sign-in"}, tally{applied: 2})
		if to != state.PartiallySuccessful || got.outcome != Deployed || got.err == nil || got.err.Class != "unverified" {
			t.Errorf("%s: got %s, %s, %+v, want partially_successful, deployed, unverified", out, to, got.outcome, got.err)
		}
	}
}
