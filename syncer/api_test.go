package syncer_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// An Approver's answer is a person's action like any other.
func TestAuthorizeIsAskedAboutTheApproversDecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName": "Staff"}`)
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("eve"), Edit: func(c *syncer.Config) {
			c.Authorize = func(_ context.Context, actor string, _ syncer.Action, _ string) error {
				if actor == "eve" {
					return errors.New("not eve")
				}
				return nil
			}
		}})
		start(t, w, "contoso")
		if _, err := w.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		if got := load(t, h).Status; got != state.PendingApproval {
			t.Errorf("status: got %s, want pending_approval", got)
		}
		if n := len(h.Tenant("contoso").Writes()); n != 0 {
			t.Errorf("%d writes, want none", n)
		}
	})
}

// load returns the record of contoso; a lease that was taken and given back
// is no change.
func load(t *testing.T, h *syncertest.Harness) state.Record {
	t.Helper()
	got, err := h.Store.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		t.Fatal(err)
	}
	got.Record.Fence = 0
	return got.Record
}

// situation is a tenant in some state, with what a test needs to act on it.
type situation struct {
	t *testing.T
	h *syncertest.Harness
	w *syncertest.Worker
}

// advance works until the tenant rests or waits.
func (s situation) advance() {
	s.t.Helper()
	if _, err := s.w.Advance(s.t.Context(), "contoso"); err != nil {
		s.t.Fatal(err)
	}
}

func (s situation) must(_ syncer.Row, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// never is a tenant that was never started.
func never(situation) {}

// idle is a tenant after a first sync.
func idle(s situation) {
	syncTenant(s.t, s.w, "contoso")
}

// started is a run that no worker has taken up.
func started(s situation) { start(s.t, s.w, "contoso") }

// pending is a plan that waits for approval: a policy that needs a group.
func pending(s situation) {
	desire(s.t, s.h, "contoso", "groups", "Staff", `{"displayName": "Staff"}`)
	desire(s.t, s.h, "contoso", "policies", "MFA", `{"displayName": "MFA", "groups": ["${groups/Staff}"]}`)
	started(s)
	s.advance()
}

// broken is a pending plan that deletes more than is allowed.
func broken(s situation) {
	for _, name := range []string{"A", "B"} {
		s.h.Tenant("contoso").Seed("groups", `{"displayName": "`+name+`"}`)
	}
	idle(s)
	for _, name := range []string{"A", "B"} {
		d, err := s.h.Repository.Desired(s.t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := s.h.Repository.Update(s.t.Context(), tenant.UpdateRequest{Tenant: "contoso", Parent: d.Revision,
			Key: "delete/" + name, Changes: []tenant.Change{{Kind: "groups", Key: name}}, Message: "edit", Author: "ann"}); err != nil {
			s.t.Fatal(err)
		}
	}
	started(s)
	s.advance()
}

// failedRun is a run of which an item was not applied.
func failedRun(s situation) {
	pending(s)
	s.h.Tenant("contoso").FailNextWrites(1, tenant.Invalid)
	s.must(s.decide(nil))
	s.advance()
}

// paused adds somebody's hold.
func paused(before func(situation)) func(situation) {
	return func(s situation) {
		before(s)
		s.must(s.w.Pause(s.t.Context(), syncer.PauseRequest{Tenant: "contoso", Actor: "olga", Reason: "change freeze"}))
	}
}

// decide approves the pending plan as bob, but for what edit changes.
func (s situation) decide(edit func(*syncer.Decision)) (syncer.Row, error) {
	row, err := s.w.Status(s.t.Context(), "contoso")
	if err != nil {
		s.t.Fatal(err)
	}
	d := syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob"}
	if edit != nil {
		edit(&d)
	}
	return s.w.Decide(s.t.Context(), d)
}

func (s situation) start(edit func(*syncer.StartRequest)) (syncer.Row, error) {
	req := syncer.StartRequest{Tenant: "contoso", Actor: "ann"}
	if edit != nil {
		edit(&req)
	}
	return s.w.Start(s.t.Context(), req)
}

func deciding(edit func(*syncer.Decision)) func(situation) (syncer.Row, error) {
	return func(s situation) (syncer.Row, error) { return s.decide(edit) }
}

func starting(edit func(*syncer.StartRequest)) func(situation) (syncer.Row, error) {
	return func(s situation) (syncer.Row, error) { return s.start(edit) }
}

func cancelling(run string) func(situation) (syncer.Row, error) {
	return func(s situation) (syncer.Row, error) {
		return s.w.Cancel(s.t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso", Run: run}, Actor: "ann"})
	}
}

func retrying(run string) func(situation) (syncer.Row, error) {
	return func(s situation) (syncer.Row, error) {
		return s.w.Retry(s.t.Context(), syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: "contoso", Run: run}, Actor: "ann"})
	}
}

func rechecking(s situation) (syncer.Row, error) {
	return s.w.Recheck(s.t.Context(), syncer.RecheckRequest{Tenant: "contoso", Actor: "ann"})
}

// TestRefusals holds each method to the errors that its comment promises, and
// to leaving everything as it was.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name        string
		given       func(situation)
		do          func(situation) (syncer.Row, error)
		want        error
		explanation string
	}{
		{"start: mode", idle, starting(func(r *syncer.StartRequest) { r.Mode = "fast" }), syncer.ErrInvalid, "there is no such mode"},
		{"start: nothing to roll back", idle, starting(func(r *syncer.StartRequest) { r.Mode, r.DesiredFrom = syncer.BackupOnly, "x" }), syncer.ErrInvalid, "a backup does not look at the desired side"},
		{"start: target", idle, starting(func(r *syncer.StartRequest) { r.Targets = []plan.Target{{Key: "Staff"}} }), syncer.ErrInvalid, "a key alone names nothing"},
		{"start: label", idle, starting(func(r *syncer.StartRequest) { r.Labels = map[string]string{"": "x"} }), syncer.ErrInvalid, "stores refuse it, so nobody should have to wait for them"},
		{"start: active", started, starting(nil), syncer.ErrActive, "one run at a time"},
		{"start: pending", pending, starting(nil), syncer.ErrActive, "a pending run is replaced only on demand"},
		{"start: supersede one at work", started, starting(func(r *syncer.StartRequest) { r.Supersede = true }), syncer.ErrActive, "only a run that waits is superseded"},
		{"start: paused", paused(idle), starting(nil), syncer.ErrPaused, "somebody holds the tenant"},
		{"start: paused and never run", paused(never), starting(nil), syncer.ErrPaused, "a tenant can be held before its first run"},
		{"start: supersede, paused", paused(pending), starting(func(r *syncer.StartRequest) { r.Supersede = true }), syncer.ErrPaused, "the pending run stays too"},

		{"decide: never started", never, deciding(func(d *syncer.Decision) { d.Run, d.Digest = "run-1", "d1g357" }), syncer.ErrNotPending, "nothing waits"},
		{"decide: idle", idle, deciding(nil), syncer.ErrNotPending, "nothing waits any more"},
		{"decide: not yet", started, deciding(func(d *syncer.Decision) { d.Digest = "d1g357" }), syncer.ErrNotPending, "there is no plan yet"},
		{"decide: run", pending, deciding(func(d *syncer.Decision) { d.Run = "run-0" }), syncer.ErrStalePlan, "the person saw another run"},
		{"decide: no run", pending, deciding(func(d *syncer.Decision) { d.Run = "" }), syncer.ErrInvalid, "a decision names what it is about"},
		{"decide: digest", pending, deciding(func(d *syncer.Decision) { d.Digest = strings.Repeat("0", 64) }), syncer.ErrStalePlan, "the person saw another plan"},
		{"decide: no digest", pending, deciding(func(d *syncer.Decision) { d.Digest = "" }), syncer.ErrInvalid, "a decision names what it is about"},
		{"decide: verdict", pending, deciding(func(d *syncer.Decision) { d.Verdict = "maybe" }), syncer.ErrInvalid, "there is no such verdict"},
		{"decide: undecided", pending, deciding(func(d *syncer.Decision) { d.Verdict = syncer.Undecided }), syncer.ErrInvalid, "to leave it open is to do nothing"},
		{"decide: requester", pending, deciding(func(d *syncer.Decision) { d.Actor = "ann" }), syncer.ErrSelfApproval, "who asks does not approve"},
		{"decide: broken rules", broken, deciding(nil), new(syncer.BrokenRulesError), "each must be named"},
		{"decide: another rule", broken, deciding(func(d *syncer.Decision) { d.Accept = []string{"max-updates"} }), new(syncer.BrokenRulesError), "each must be named"},
		{"decide: dependency left out", pending, deciding(func(d *syncer.Decision) { d.Items = []string{"policies/MFA"} }), new(plan.SubsetError), "the policy would refer to nothing"},
		{"decide: unknown item", pending, deciding(func(d *syncer.Decision) { d.Items = []string{"groups/Nobody"} }), new(plan.SubsetError), "the plan has no such item"},
		{"decide: a blank item", pending, deciding(func(d *syncer.Decision) { d.Items = []string{""} }), new(plan.SubsetError), "blank is no item, and not all of them"},
		{"decide: an item with blanks", pending, deciding(func(d *syncer.Decision) { d.Items = []string{" groups/Staff "} }), new(plan.SubsetError), "IDs are exact"},
		{"decide: nothing chosen", pending, deciding(func(d *syncer.Decision) { d.Items = []string{} }), syncer.ErrInvalid, "an empty list is not everything"},
		{"decide: nothing chosen, as JSON", pending, deciding(func(d *syncer.Decision) { fromJSON(`{"items":[]}`, d) }), syncer.ErrInvalid, "an empty list is not everything"},
		{"decide: nothing rejected", pending, deciding(func(d *syncer.Decision) { d.Verdict, d.Items = syncer.Reject, []string{} }), syncer.ErrInvalid, "of every verdict"},
		{"decide: a part rejected", pending, deciding(func(d *syncer.Decision) { d.Verdict, d.Items = syncer.Reject, []string{"groups/Staff"} }), syncer.ErrInvalid, "the rest would be rejected too"},
		{"decide: a part reverted", pending, deciding(func(d *syncer.Decision) { d.Verdict, d.Items = syncer.RejectAndRevert, []string{"groups/Staff"} }), syncer.ErrInvalid, "the rest would be taken back too"},
		{"decide: at the deadline", func(s situation) { pending(s); <-time.After(syncer.ApprovalTimeoutDefault) }, deciding(nil), syncer.ErrExpired, "the deadline itself is too late"},
		{"decide: reject at the deadline", func(s situation) { pending(s); <-time.After(syncer.ApprovalTimeoutDefault) }, deciding(func(d *syncer.Decision) { d.Verdict = syncer.Reject }), syncer.ErrExpired, "of every verdict"},

		{"cancel: never started", never, cancelling(""), syncer.ErrNotPending, "there is nothing to end"},
		{"cancel: idle", idle, cancelling(""), syncer.ErrNotPending, "there is nothing to end any more"},
		{"cancel: another run", started, cancelling("run-0"), syncer.ErrNotPending, "the person means a run that is over"},

		{"retry: never started", never, retrying(""), syncer.ErrNotFound, "there is no run to repeat"},
		{"retry: unknown run", idle, retrying("run-0"), syncer.ErrNotFound, "there is no such run"},
		{"retry: nothing failed", idle, retrying(""), syncer.ErrNothingFailed, "all is well"},
		{"retry: active", pending, retrying(""), syncer.ErrActive, "one run at a time"},
		{"retry: paused", paused(failedRun), retrying(""), syncer.ErrPaused, "somebody holds the tenant"},

		{"recheck: never started", never, rechecking, syncer.ErrNotFound, "it was never connected"},
		{"recheck: active", started, rechecking, syncer.ErrActive, "the run looks by itself"},
		{"recheck: held", func(s situation) {
			idle(s)
			if _, err := s.h.Store.Acquire(s.t.Context(), state.AcquireRequest{Tenant: "contoso", Owner: "b", For: time.Minute}); err != nil {
				s.t.Fatal(err)
			}
		}, rechecking, syncer.ErrBusy, "two workers never act on one tenant"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := syncertest.New(syncertest.Config{})
				s := situation{t, h, h.Worker("a", syncertest.WorkerConfig{Edit: func(conf *syncer.Config) {
					conf.Settings.Rules.MaxDeletes = 1
				}})}
				c.given(s)
				before := load(t, h)
				_, err := c.do(s)
				if !sameError(err, c.want) {
					t.Errorf("got %v (%T), want %v (%T): %s", err, err, c.want, c.want, c.explanation)
				}
				if diff := cmp.Diff(before, load(t, h)); diff != "" {
					t.Errorf("the record has changed (-before +after):\n%s", diff)
				}
			})
		})
	}
}

// fromJSON reads some of a decision, as a host does from a request.
func fromJSON(raw string, d *syncer.Decision) {
	if err := json.Unmarshal([]byte(raw), d); err != nil {
		panic(err)
	}
}

// A decision that a host keeps, or passes on, as JSON stays what it is: nothing
// chosen does not become everything, nor the other way round.
func TestDecisionsAsJSONKeepTheirItems(t *testing.T) {
	for _, items := range [][]string{nil, {}, {"groups/Staff"}} {
		want := syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Digest: "d1g357", Verdict: syncer.Approve, Actor: "bob", Items: items}
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got syncer.Decision
		if fromJSON(string(raw), &got); !cmp.Equal(want, got) {
			t.Errorf("%#v became %#v, as %s", want, got, raw)
		}
	}
	for _, raw := range []string{`{}`, `{"items":null}`} {
		var d syncer.Decision
		if fromJSON(raw, &d); d.Items != nil {
			t.Errorf("%s: got %#v, want nil, which is all", raw, d.Items)
		}
	}
}

// An item counts once, however often it is named: two approvals of the same
// items count together.
func TestItemsNamedTwiceCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		s := situation{t, h, h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Settings.Approval.Approvals = 2 }})}
		pending(s)
		s.must(s.decide(func(d *syncer.Decision) { d.Items = []string{"groups/Staff", "groups/Staff"} }))
		s.must(s.decide(func(d *syncer.Decision) { d.Actor, d.Items = "cem", []string{"groups/Staff"} }))
		s.advance()
		rep, err := s.w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil || rep.Outcome != syncer.Deployed || len(rep.Items) != 1 || !cmp.Equal(rep.Decision.Items, []string{"groups/Staff"}) {
			t.Errorf("got %+v, %v, want one item deployed", rep, err)
		}
	})
}

// sameError reports whether err is want, or for errors with data, one of its type.
func sameError(err, want error) bool {
	switch want.(type) {
	case *syncer.BrokenRulesError:
		_, ok := errors.AsType[*syncer.BrokenRulesError](err)
		return ok
	case *plan.SubsetError:
		_, ok := errors.AsType[*plan.SubsetError](err)
		return ok
	}
	return errors.Is(err, want)
}

// TestErrorsCarryWhatIsNeeded looks at the errors that hold data.
func TestErrorsCarryWhatIsNeeded(t *testing.T) {
	h := syncertest.New(syncertest.Config{})
	s := situation{t, h, h.Worker("a", syncertest.WorkerConfig{Edit: func(conf *syncer.Config) {
		conf.Settings.Rules.MaxDeletes = 1
	}})}
	broken(s)
	row, err := s.start(nil)
	active, _ := errors.AsType[*syncer.ActiveError](err)
	if want := (&syncer.ActiveError{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Status: state.PendingApproval}); !cmp.Equal(active, want) {
		t.Errorf("Start: got %+v, want %+v", active, want)
	}
	_, err = s.decide(nil)
	rules, _ := errors.AsType[*syncer.BrokenRulesError](err)
	if want := (&syncer.BrokenRulesError{Tenant: "contoso", Rules: []string{"max-deletes", "empty-desired"}}); !cmp.Equal(rules, want) {
		t.Errorf("Decide: got %+v, want %+v", rules, want)
	}
	_, err = s.decide(func(d *syncer.Decision) { d.Accept = []string{"empty-desired"} })
	rules, _ = errors.AsType[*syncer.BrokenRulesError](err)
	if want := []string{"max-deletes"}; rules == nil || !cmp.Equal(rules.Rules, want) {
		t.Errorf("Decide, accepting one: got %+v, want %q", rules, want)
	}
}

// Some things may be asked for twice.
func TestHarmlessRepetitions(t *testing.T) {
	h := syncertest.New(syncertest.Config{})
	s := situation{t, h, h.Worker("a", syncertest.WorkerConfig{})}
	started(s)
	s.must(s.w.Cancel(t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann", Comment: "first"}))
	before := load(t, h)
	s.must(s.w.Cancel(t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "bob", Comment: "second"}))
	if diff := cmp.Diff(before, load(t, h)); diff != "" {
		t.Errorf("the second Cancel changed something (-before +after):\n%s", diff)
	}
	s.advance()
	before = load(t, h)
	s.must(s.w.Resume(t.Context(), syncer.ResumeRequest{Tenant: "contoso", Actor: "olga"}))
	if diff := cmp.Diff(before, load(t, h)); diff != "" {
		t.Errorf("Resume of what is not paused changed something (-before +after):\n%s", diff)
	}
	s.must(s.w.Pause(t.Context(), syncer.PauseRequest{Tenant: "contoso", Actor: "olga", Reason: "freeze"}))
	row, err := s.w.Pause(t.Context(), syncer.PauseRequest{Tenant: "contoso", Actor: "olga", Reason: "longer freeze"})
	if err != nil || len(row.Paused) != 1 || row.Paused[0].Reason != "longer freeze" {
		t.Errorf("Pause again: got %+v, %v, want one hold with the new reason", row.Paused, err)
	}
}
