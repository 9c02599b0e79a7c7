package syncer_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// An approver that changes the plan it was shown must not get past the rules
// of the stored one.
func TestReviewedPlanIsACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		forgetsRules := syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
			r.Plan.Broken = nil
			return r.Approve("bob", ""), nil
		})
		approver := syncertest.Answers(forgetsRules, syncertest.Rejects("bob"))
		w := h.Worker("a", syncertest.WorkerConfig{Approver: approver, Edit: func(c *syncer.Config) {
			c.Settings.Rules.Protected = []plan.Selector{{Kind: "groups"}}
		}})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		row, err := w.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
		if err != nil || row.Outcome != syncer.Rejected {
			t.Errorf("got outcome %q, error %v, want %q by the second review", row.Outcome, err, syncer.Rejected)
		}
		if n := len(approver.Shown()); n != 2 {
			t.Errorf("got %d reviews, want 2: the approval without its rules counts as an error", n)
		}
		if n := len(h.Tenant("contoso").Writes()); n > 0 {
			t.Errorf("got %d writes to the tenant, want none", n)
		}
	})
}

// What an approver answers is held against the rules that hold for everybody.
func TestReviewAnswersAreChecked(t *testing.T) {
	review := func(edit func(*syncer.Decision)) syncer.Approver {
		return syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
			d := r.Approve("bob", "")
			edit(&d)
			return d, nil
		})
	}
	tests := []struct {
		name     string
		approver syncer.Approver
	}{
		{"another tenant", review(func(d *syncer.Decision) { d.Tenant = "fabrikam" })},
		{"another run", review(func(d *syncer.Decision) { d.Run = "run-0" })},
		{"another plan", review(func(d *syncer.Decision) { d.Digest = "0" })},
		{"nobody", review(func(d *syncer.Decision) { d.Actor = "" })},
		{"the requester", review(func(d *syncer.Decision) { d.Actor = "ann" })},
		{"an unknown verdict", review(func(d *syncer.Decision) { d.Verdict = "approved" })},
		{"an unknown item", review(func(d *syncer.Decision) { d.Items = []string{"groups/Other"} })},
		{"an empty list of items", review(func(d *syncer.Decision) { d.Items = []string{} })},
		{"a part of a rejection", review(func(d *syncer.Decision) { d.Verdict, d.Items = syncer.Reject, []string{"groups/Staff"} })},
		{"somebody who may not", review(func(d *syncer.Decision) { d.Actor = "mallory" })},
		{"an error", syncer.ApproverFunc(func(context.Context, syncer.Review) (syncer.Decision, error) {
			return syncer.Decision{}, errors.New("the ticket system is down")
		})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := syncertest.New(syncertest.Config{})
				w := h.Worker("a", syncertest.WorkerConfig{Approver: tt.approver, Edit: func(c *syncer.Config) {
					c.Authorize = func(_ context.Context, actor string, _ syncer.Action, _ string) error {
						if actor == "mallory" {
							return errors.New("not allowed")
						}
						return nil
					}
				}})
				desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
				start(t, w, "contoso")
				next, err := w.Advance(t.Context(), "contoso")
				if err != nil || next.Status != state.PendingApproval || next.In <= 0 {
					t.Errorf("got %+v, %v, want Pending approval and another look later", next, err)
				}
				listed, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Types: []syncer.EntryType{syncer.EntryReview}})
				entries := listed.Items
				if err != nil || len(entries) != 1 || entries[0].Message == "" {
					t.Errorf("got history %+v, %v, want an entry that says what was wrong", entries, err)
				}
			})
		})
	}
}

// What waits for people is not claimed again and again: neither after the
// Approver's vote of two, nor when it was made due for an Approver that the
// process that claims it does not have.
func TestWaitingForPeopleDoesNotSpin(t *testing.T) {
	fails := syncer.ApproverFunc(func(context.Context, syncer.Review) (syncer.Decision, error) {
		return syncer.Decision{}, errors.New("the ticket system is down")
	})
	hour := func(c *syncer.Config) { c.Settings.Approval.Timeout, c.Settings.Approval.Approvals = time.Hour, 2 }
	for name, first := range map[string]syncertest.WorkerConfig{
		"a vote of two": {Approver: syncertest.Approves("bob"), Edit: hour},
		"no approver":   {Approver: fails, Edit: hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
				desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
				a := h.Worker("a", first)
				start(t, a, "contoso")
				if _, err := a.Advance(t.Context(), "contoso"); err != nil {
					t.Fatal(err)
				}
				w := a
				if name == "no approver" {
					w = h.Worker("b", syncertest.WorkerConfig{Edit: hour})
				}
				ctx, cancel := context.WithCancel(t.Context())
				looks := int(10 * time.Minute / syncer.PollIntervalDefault)
				w.Strike(func(c statetest.Call) statetest.Fault {
					if c.Op == "Leaser.Claim" && c.Nth > 10*looks {
						cancel() // it spins
					}
					return statetest.Fault{}
				})
				done := make(chan error, 1)
				go func() { done <- w.Run(ctx) }()
				<-time.After(10 * time.Minute)
				if n := count(w, "Leaser.Claim"); n > looks+looks/4 {
					t.Errorf("got %d claims in 10 minutes, want one each time that it looks, %d", n, looks)
				}
				row, err := w.Status(t.Context(), "contoso")
				if err != nil || row.Status != state.PendingApproval {
					t.Errorf("got %s, %v, want pending_approval", row.Status, err)
				}
				<-time.After(time.Hour)
				if row, _ = w.Status(t.Context(), "contoso"); row.Outcome != syncer.TimedOut {
					t.Errorf("after the deadline: got %s, want timed_out", row.Outcome)
				}
				cancel()
				<-done
			})
		})
	}
}

// A process without an Approver leaves a plan to people. A process with one asks it as
// soon as it works on the tenant, long before the deadline.
func TestApproverIsAskedAboutAPlanThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		without := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Settings.NewerInterval = -1 }})
		start(t, without, "contoso")
		next, err := without.Advance(t.Context(), "contoso")
		if err != nil || next.In < 24*time.Hour {
			t.Fatalf("got %+v, %v, want nothing to do for days", next, err)
		}
		with := h.Worker("b", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		_, err = with.Advance(t.Context(), "contoso")
		row, serr := with.Status(t.Context(), "contoso")
		if err != nil || serr != nil || row.Outcome != syncer.Deployed {
			t.Errorf("got %s, %s, %v, %v, want it approved and deployed", row.Status, row.Outcome, err, serr)
		}
	})
}

// lostItems is a store that has lost the lists of items.
type lostItems struct{ state.Store }

func (s lostItems) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	if ref.Kind == "items" {
		return nil, state.ErrNotFound
	}
	return s.Store.Get(ctx, ref)
}

// A run whose votes cannot be read is not decided: the Approver would be shown a plan
// without the approvals that it has.
func TestReviewWithLostVotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _ := newExchange(t)
		approver := syncertest.Answers(syncertest.Approves("cem"))
		w := x.h.Worker("asks", syncertest.WorkerConfig{Approver: approver, Edit: func(c *syncer.Config) {
			c.Store, c.Settings.Approval.Approvals = lostItems{c.Store}, 2
		}})
		row, err := w.Status(t.Context(), "contoso")
		if err != nil {
			t.Fatal(err)
		}
		d := syncer.Decision{RunRef: row.RunRef, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob", Items: []string{"groups/Staff"}}
		if _, err := w.Decide(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		wantRow(t, w, state.NewError, "storage")
		if n := len(approver.Shown()); n != 0 {
			t.Errorf("the approver was asked %d times", n)
		}
	})
}

// A plan that is lost while the Approver reads it cannot be checked against its answer.
// The run ends, and the Approver is not asked again.
func TestPlanLostDuringItsReview(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		var w *syncertest.Worker
		asked := 0
		w = h.Worker("a", syncertest.WorkerConfig{Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
			if asked++; asked == 1 {
				lost := false
				w.Strike(func(c statetest.Call) statetest.Fault {
					if c.Op == "Blobs.Get" && !lost {
						lost = true
						return statetest.Fault{Before: state.ErrNotFound}
					}
					return statetest.Fault{}
				})
			}
			return r.Approve("bob", ""), nil
		})})
		start(t, w, "contoso")
		if _, err := w.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		wantRow(t, w, state.NewError, "storage")
		if asked != 1 {
			t.Errorf("the approver was asked %d times, want once", asked)
		}
	})
}
