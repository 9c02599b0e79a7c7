package ending

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// The error of a run that ends Partially successful is whole, whatever stopped
// the run: its class, phase, how many, what failed first, and the request.
func TestPartialErrorsAreWhole(t *testing.T) {
	stopped := &Info{Class: "declined", Phase: "connect", Message: "declined by the person", RequestID: "req-2"}
	seen := map[string]bool{}
	for _, c := range cases {
		if c.event != state.SucceedPartially {
			continue
		}
		f := c.facts.whole()
		seen[c.row] = true
		for _, err := range []*Info{nil, stopped} {
			if err != nil && f.stop != Failed && f.stop != TimedOut {
				continue // nothing stopped it
			}
			run, end, n := f.particulars()
			end.Err = err
			if f.open > 0 {
				n.FirstFailed = &Item{ID: "groups/G", Status: "failed", Class: "invalid", Message: "refused", RequestID: "req-1"}
			}
			info := Conclude(run, end, n).Err
			if info == nil || info.Class == "" || info.Phase == "" || !regexp.MustCompile(`[0-9]`).MatchString(info.Message) {
				t.Errorf("%s: the error %+v", c.row, info)
				continue
			}
			if f.applied+f.open > 0 && f.notKept == 0 && !strings.Contains(info.Message, fmt.Sprintf("%d of %d changes applied", f.applied, f.applied+f.open)) {
				t.Errorf("%s: the message does not say how many: %s", c.row, info.Message)
			}
			if err != nil && f.unconfirmed == 0 && (info.Class != err.Class || info.RequestID != err.RequestID || !strings.Contains(info.Message, err.Message)) {
				t.Errorf("%s: the error does not say what stopped it: %+v", c.row, info)
			}
			first := map[bool]string{true: "groups/G: refused", false: "groups"}[f.open > 0]
			if f.lost == 0 && err == nil && f.open+f.notKept+f.unread+f.refused > 0 && !strings.Contains(info.Message, first) {
				t.Errorf("%s: the message does not name the first failure: %s", c.row, info.Message)
			}
			if err == nil && f.lost == 0 && (f.open > 0 || f.notKept > 0 || f.unread > 0) && info.RequestID != "req-1" {
				t.Errorf("%s: the request is %q", c.row, info.RequestID)
			}
		}
	}
	for _, r := range table {
		if r.event == state.SucceedPartially && !seen[r.name] {
			t.Errorf("no run of the test ends by %q", r.name)
		}
	}
}

// What people read about an end: the reason, and the error with all its fields.
func TestWhatIsSaid(t *testing.T) {
	deploying := Run{Status: state.InProgress, Before: state.Idle, Phase: word.PhaseDeploy, Mode: word.Full, Verdict: word.Approve, Wrote: true}
	planning := Run{Status: state.InProgress, Before: state.Idle, Phase: word.PhasePlan, Mode: word.Full}
	rejected := Run{Status: state.InProgress, Before: state.Idle, Phase: word.PhaseReport, Mode: word.Full, Verdict: word.Reject}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	bad := plan.Note{Class: plan.BadFile, Kind: "groups", Key: "G", Message: "no JSON"}
	lost := Info{Class: word.ClassStorage, Message: "gone"}
	for _, c := range []struct {
		name   string
		run    Run
		end    End
		tally  Tally
		reason string
		err    *Info
	}{
		{"cancelled after the only change", deploying, End{Stop: Cancelled, Reason: "cancelled by ann"}, Tally{Applied: 1}, "", nil},
		{"cancelled after the last change", deploying, End{Stop: Cancelled, Reason: "cancelled by ann"}, Tally{Applied: 2}, "", nil},
		{"cancelled, and parts are lost", deploying, End{Stop: Cancelled, Reason: "cancelled by ann"}, Tally{Applied: 2, Lost: []Info{lost, lost}}, "cancelled by ann",
			&Info{Class: word.ClassStorage, Phase: word.PhaseReport, Message: "2 of 2 changes applied: cancelled by ann; 2 parts of the run are lost; the first: gone"}},
		{"a part is lost, nothing was written", planning, End{}, Tally{Lost: []Info{lost}}, "storage",
			&Info{Class: word.ClassStorage, Phase: word.PhaseReport, Message: "1 part of the run is lost; the first: gone"}},
		{"cancelled half way", deploying, End{Stop: Cancelled, Reason: "cancelled by ann"}, Tally{Applied: 1, Open: 2, Unknown: 1}, "cancelled by ann",
			&Info{Class: word.ClassPartial, Phase: word.PhaseDeploy, Message: "1 of 3 changes applied, 1 of unknown outcome: cancelled by ann"}},
		{"failed half way, in no phase", deploying, End{Stop: Failed, Reason: "boom", Err: &Info{Class: "boom", Message: "bang", RequestID: "req-1", Time: at}}, Tally{Applied: 1, Open: 1}, "boom",
			&Info{Class: "boom", Phase: word.PhaseDeploy, Message: "1 of 2 changes applied: bang", RequestID: "req-1", Time: at}},
		{"failed half way, while verifying", deploying, End{Stop: Failed, Reason: "boom", Err: &Info{Class: "boom", Phase: word.PhaseVerify, Message: "bang"}}, Tally{Applied: 1, Open: 1}, "boom",
			&Info{Class: "boom", Phase: word.PhaseVerify, Message: "1 of 2 changes applied: bang"}},
		{"not all applied", deploying, End{}, Tally{Applied: 1, Open: 1, FirstFailed: &Item{ID: "groups/A", Message: "refused", RequestID: "req-2"}, Problems: []plan.Note{bad}}, "",
			&Info{Class: word.ClassPartial, Phase: word.PhaseDeploy, Message: "1 of 2 changes applied, 1 could not be planned; first failure: groups/A: refused", RequestID: "req-2"}},
		{"all wait for approval", deploying, End{}, Tally{Open: 2, Waits: 2, FirstWaits: &Item{ID: "groups/A", Message: "request 7 waits until noon"}}, "",
			&Info{Class: word.ClassPartial, Phase: word.PhaseDeploy, Message: "0 of 2 changes applied, 2 waiting for approval in the tenant; the first: groups/A: request 7 waits until noon"}},
		{"nothing applied", deploying, End{}, Tally{Open: 2, FirstFailed: &Item{ID: "groups/A", Class: "invalid", Message: "refused"}}, "invalid",
			&Info{Class: "invalid", Phase: word.PhaseDeploy, Message: "none of 2 changes applied; first failure: groups/A: refused"}},
		{"nothing applied, and the work says why it ended", deploying, End{Reason: "boom", Err: &Info{Class: "boom", Message: "bang"}}, Tally{Open: 2}, "items",
			&Info{Class: word.ClassItems, Phase: word.PhaseDeploy, Message: "none of 2 changes applied"}},
		{"nothing attempted", deploying, End{}, Tally{Open: 2}, "items",
			&Info{Class: word.ClassItems, Phase: word.PhaseDeploy, Message: "none of 2 changes applied"}},
		{"nothing could be planned", planning, End{}, Tally{Problems: []plan.Note{bad, bad}}, "bad_file",
			&Info{Class: "bad_file", Phase: word.PhasePlan, Message: "no change was applied, 2 could not be planned; first failure: groups/G: no JSON"}},
		{"a whole kind could not be planned", planning, End{}, Tally{Problems: []plan.Note{{Class: plan.BadFile, Kind: "groups", Message: "no JSON"}}}, "bad_file",
			&Info{Class: "bad_file", Phase: word.PhasePlan, Message: "no change was applied, 1 could not be planned; first failure: groups: no JSON"}},
		{"rejected", rejected, End{}, Tally{}, "", nil},
		{"rejected, and one difference could not be planned", rejected, End{}, Tally{Problems: []plan.Note{bad}}, "",
			&Info{Class: word.ClassPartial, Phase: word.PhasePlan, Message: "no change was applied, 1 could not be planned; first failure: groups/G: no JSON"}},
		{"rejected, and two differences could not be planned", rejected, End{}, Tally{Problems: []plan.Note{bad, bad}}, "",
			&Info{Class: word.ClassPartial, Phase: word.PhasePlan, Message: "no change was applied, 2 could not be planned; first failure: groups/G: no JSON"}},
		{"not confirmed", deploying, End{}, Tally{Applied: 3, Unconfirmed: 2}, word.ClassUnverified,
			&Info{Class: word.ClassUnverified, Phase: word.PhaseVerify, Message: "3 of 3 changes applied, and 2 not confirmed by reading back"}},
		{"not confirmed after a cancel", deploying, End{Stop: Cancelled, Reason: "cancelled by ann"}, Tally{Applied: 3, Unconfirmed: 3}, word.ClassUnverified,
			&Info{Class: word.ClassUnverified, Phase: word.PhaseVerify, Message: "3 of 3 changes applied, and 3 not confirmed by reading back: cancelled by ann"}},
		{"not kept", deploying, End{}, Tally{Applied: 3, NotKept: 2, FirstNotKept: &Item{ID: "groups/A", RequestID: "req-3", NotKept: "/a: wanted 1, the tenant has 2"}}, "",
			&Info{Class: word.ClassNotKept, Phase: word.PhaseVerify, Message: "2 of 3 changes written and not kept by the service; first: groups/A: /a: wanted 1, the tenant has 2", RequestID: "req-3"}},
		{"not reverted", planning, End{Refused: []string{"groups/A"}, Err: &Info{Class: word.ClassUnread, Message: "as the revert says"}}, Tally{}, "",
			&Info{Class: word.ClassUnread, Message: "as the revert says"}},
		{"not reverted, without an error", planning, End{Refused: []string{"groups/A", "groups/B"}}, Tally{}, "",
			&Info{Class: word.ClassEdited, Phase: word.PhaseRevert, Message: "2 items not reverted: groups/A, groups/B"}},
		{"not all read", planning, End{}, Tally{InScope: 3, Unread: []tenant.KindState{{Kind: "groups", Reason: "cut short", RequestID: "req-4"}, {Kind: "users"}}}, "",
			&Info{Class: word.ClassUnread, Phase: word.PhaseBackup, Message: "2 of 3 kinds not completely read: groups, users; first failure: groups: cut short", RequestID: "req-4"}},
		{"the only kind not read", planning, End{}, Tally{InScope: 1, Unread: []tenant.KindState{{Kind: "groups"}}}, "",
			&Info{Class: word.ClassUnread, Phase: word.PhaseBackup, Message: "1 of 1 kind not completely read: groups"}},
		{"nothing read", planning, End{Stop: NothingRead, Kinds: []tenant.KindState{{Kind: "users", Completeness: tenant.NotInScope}, {Kind: "groups", Completeness: tenant.Failed, Reason: "down", RequestID: "req-5"}}},
			Tally{}, "read", &Info{Class: word.ClassRead, Phase: word.PhaseBackup, Message: "none of 1 kinds could be read; the first, groups: down", RequestID: "req-5"}},
		{"nothing read without permissions", planning, End{Stop: NothingRead, Kinds: []tenant.KindState{{Kind: "users", Completeness: tenant.NotInScope}, {Kind: "groups", Completeness: tenant.Forbidden, Missing: []string{"P"}}}},
			Tally{}, "nothing can be read without the missing permissions", nil},
		{"rolled back to where it was", Run{Status: state.InProgress, Before: state.Idle, Mode: word.Full, RollsBack: true}, End{}, Tally{}, "the roll back changed nothing", nil},
		{"timed out", planning, End{Stop: TimedOut, Reason: "run", Err: &Info{Class: word.ClassTimedOut, Message: "too long"}}, Tally{}, "run", &Info{Class: word.ClassTimedOut, Message: "too long"}},
		{"cancelled after a write began", deploying, End{Stop: Cancelled, Reason: "cancelled by ann"}, Tally{Open: 1}, "cancelled by ann",
			&Info{Class: word.ClassCancelled, Phase: word.PhaseDeploy, Message: "cancelled by ann"}},
		{"not confirmed", Run{Status: state.PendingAuthentication, Before: state.Idle, Verdict: word.Approve, Wrote: true}, End{Stop: TimedOut, Reason: "sign-in", Err: &Info{Message: "too late", RequestID: "req-6"}}, Tally{Applied: 2}, "unverified",
			&Info{Class: word.ClassUnverified, Phase: word.PhaseVerify, Message: "2 of 2 changes applied, and not confirmed by reading back: too late"}},
		{"not confirmed, and parts are lost", Run{Status: state.PendingAuthentication, Before: state.Idle, Verdict: word.Approve, Wrote: true}, End{}, Tally{Applied: 2, Open: 1, Lost: []Info{lost}}, "",
			&Info{Class: word.ClassStorage, Phase: word.PhaseReport, Message: "2 of 3 changes applied; 1 part of the run is lost; the first: gone"}},
		{"impossible", Run{Status: state.PendingApproval, Before: state.Idle, Mode: word.Full}, End{}, Tally{}, "internal",
			&Info{Class: word.ClassInternal, Phase: word.PhaseReport, Message: "the run could not end as no_changes while Pending approval"}},
	} {
		got := Conclude(c.run, c.end, c.tally)
		if diff := cmp.Diff(c.err, got.Err); diff != "" || got.Reason != c.reason {
			t.Errorf("%s: the reason is %q, want %q; the error (-want +got):\n%s", c.name, got.Reason, c.reason, diff)
		}
	}
}
