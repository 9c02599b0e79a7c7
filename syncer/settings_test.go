package syncer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// Settings that cannot be used, or had, are an error that names the field: for
// the person who acts, and as the end of the run for a worker.
func TestSettingsThatCannotBeUsed(t *testing.T) {
	broken := errors.New("the database of settings is down")
	for _, tt := range []struct {
		name string
		set  syncer.Settings
		err  error
		want string
	}{
		{"a time-out", syncer.Settings{VerifyTimeout: -1}, nil, "Settings.VerifyTimeout must be more than 0"},
		{"a rule", syncer.Settings{Approval: syncer.ApprovalRules{Rules: []syncer.ApprovalRule{{Name: "a", Groups: []string{"g"}}}}}, nil, "Settings.Approval.Rules[0].Groups"},
		{"none", syncer.Settings{}, broken, broken.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := syncertest.New(syncertest.Config{})
				desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
				good := true
				w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
					c.SettingsFor = func(context.Context, string) (syncer.Settings, error) {
						if good {
							return syncer.Settings{}, nil
						}
						return tt.set, tt.err
					}
				}})
				row, err := w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
				if err != nil {
					t.Fatal(err)
				}
				good = false
				if row, err = w.Await(t.Context(), row.RunRef); err != nil {
					t.Fatal(err)
				}
				if row.Status != state.NewError || row.Error == nil || row.Error.Class != "settings" || !strings.Contains(row.Error.Message, tt.want) {
					t.Errorf("the run: %s, %+v, want class settings and a message with %q", row.Status, row.Error, tt.want)
				}
				if _, err = w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Start: got %v, want %q in it", err, tt.want)
				}

				good = true
				if row, err = w.Sync(ctxFor(t, time.Hour), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("got %v, want a plan that waits", err)
				}
				review, err := w.Review(t.Context(), row.RunRef)
				if err != nil {
					t.Fatal(err)
				}
				good = false
				if _, err = w.Decide(t.Context(), review.Approve("bob", "")); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Decide: got %v, want %q in it", err, tt.want)
				}
				if _, err = w.Review(t.Context(), row.RunRef); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Review: got %v, want %q in it", err, tt.want)
				}
				if _, err = w.Decide(t.Context(), review.Reject("bob", "")); err != nil {
					t.Errorf("a rejection needs no rules: %v", err)
				}
			})
		})
	}
}

// ctxFor is a context that ends after d.
func ctxFor(t *testing.T, d time.Duration) context.Context {
	ctx, stop := context.WithTimeout(t.Context(), d)
	t.Cleanup(stop)
	return ctx
}

// Each setting binds when its documentation says: a time-out on entering the
// status or at the start, the rules at the decision.
func TestWhenSettingsBind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		set := syncer.Settings{RunTimeout: time.Hour, Approval: syncer.ApprovalRules{Timeout: 2 * time.Hour}}
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
			c.SettingsFor = func(context.Context, string) (syncer.Settings, error) { return set, nil }
		}})
		row, err := w.Sync(ctxFor(t, time.Minute), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want a plan that waits", err)
		}
		set.Approval = syncer.ApprovalRules{Timeout: 20 * time.Hour, Approvals: 2,
			Groups: map[string][]string{"security": {"sue"}}, Rules: []syncer.ApprovalRule{{Name: "all", Groups: []string{"security"}}}}
		if left := time.Until(row.Deadline).Round(time.Hour); left != 2*time.Hour {
			t.Errorf("the plan waits for %s more, want 2h: the time-out of when it began to wait", left)
		}
		review, err := w.Review(t.Context(), row.RunRef)
		if err != nil || len(review.Demands) != 2 || review.Demands[0].Approvals != 2 {
			t.Errorf("the review has %v, %v, want the rules of now", review.Demands, err)
		}
		if row, err = w.Decide(t.Context(), review.Approve("bob", "")); err != nil || row.Status != state.PendingApproval {
			t.Fatalf("got %s, %v, want one approval of two", row.Status, err)
		}
		if len(row.Demands) != 2 || row.Demands[0].Given != 1 || row.Demands[1].Given != 0 {
			t.Errorf("the row has %v, want 1 of 2 approvals, and none of the group", row.Demands)
		}
		// Bob joins the group, and the first rule goes: the next vote is enough.
		set.Approval.Groups = map[string][]string{"security": {"bob"}}
		if row, err = w.Decide(t.Context(), review.Approve("cem", "")); err != nil || row.Status != state.InProgress {
			t.Errorf("got %s, %v, want the plan approved by the groups of now", row.Status, err)
		}
	})
}

// How long written objects are read back is the tenant's own too.
func TestVerifyTimeoutPerTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
			c.SettingsFor = func(_ context.Context, name string) (syncer.Settings, error) {
				return map[string]syncer.Settings{"contoso": {}, "fabrikam": {VerifyTimeout: 10 * time.Minute}}[name], nil
			}
		}})
		took := map[string]time.Duration{}
		for _, name := range []string{"contoso", "fabrikam"} {
			h.Tenant(name).Seed("groups", `{"displayName":"Staff","kind":"guest"}`)
			syncTenant(t, w, name)
			desire(t, h, name, "groups", "Staff", `{"displayName":"Staff","kind":"security"}`)
			h.Tenant(name).Lag(time.Hour)
			begun := time.Now()
			syncTenant(t, w, name)
			took[name] = time.Since(begun)
		}
		if took["contoso"] < time.Minute || took["contoso"] > 5*time.Minute || took["fabrikam"] < 10*time.Minute {
			t.Errorf("reading back took %v, want a minute for contoso, and ten for fabrikam", took)
		}
	})
}

// A decision is stored with the guard rules that it accepts and the plan
// breaks, and with no other name that it has.
func TestStoredDecisionAcceptsOnlyBrokenRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
			d := r.Approve("bob", "")
			d.Accept = []string{"max-deletes", "unheard-of"}
			return d, nil
		})})
		row := syncTenant(t, w, "contoso")
		rep, err := w.Report(t.Context(), row.RunRef)
		if err != nil || rep.Decision == nil || len(rep.Decision.Accept) > 0 {
			t.Errorf("got %+v, %v, want a decision that accepts nothing", rep.Decision, err)
		}
	})
}

// An answer of the Approver is held against the settings of that moment. If they cannot
// be read, the Approver is asked again after a pause.
func TestSettingsThatFailDuringAReview(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		broken := errors.New("the database of settings is down")
		var fails bool
		var asked []time.Time
		w := h.Worker("a", syncertest.WorkerConfig{
			Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
				asked, fails = append(asked, time.Now()), len(asked) == 0
				return r.Approve("bob", ""), nil
			}),
			Edit: func(c *syncer.Config) {
				c.SettingsFor = func(context.Context, string) (syncer.Settings, error) {
					if fails {
						fails = false
						return syncer.Settings{}, broken
					}
					return syncer.Settings{}, nil
				}
			},
		})
		row := syncTenant(t, w, "contoso")
		if row.Outcome != syncer.Deployed || len(asked) != 2 || asked[1].Sub(asked[0]) < 500*time.Millisecond {
			t.Errorf("got %s, asked at %v, want it deployed, asked twice with a pause", row.Outcome, asked)
		}
		listed, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Limit: 1000})
		if err != nil || !slices.ContainsFunc(listed.Items, func(e syncer.Entry) bool {
			return e.Type == syncer.EntryReview && strings.Contains(e.Message, broken.Error())
		}) {
			t.Errorf("got %+v, %v, want an entry that says why", listed.Items, err)
		}
	})
}

// Whether a rule of the settings approves a waiting plan is not known while they cannot
// be read. The worker looks again after a pause, and not only when the next look is due.
func TestSettingsThatFailAtALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set syncer.Settings
		var fails bool
		_, w, row := proposed(t, func(c *syncer.Config) {
			c.SettingsFor = func(context.Context, string) (syncer.Settings, error) {
				if fails {
					fails = false
					return syncer.Settings{}, errors.New("the database of settings is down")
				}
				return set, nil
			}
		})
		set.Approval.Automatic = []syncer.AutomaticApproval{{Name: "small", AtMost: 5}}
		<-time.After(syncer.NewerIntervalDefault)
		fails = true
		began := time.Now()
		row, err := w.Await(t.Context(), row.RunRef)
		if took := time.Since(began); err != nil || row.Outcome != syncer.Deployed || took < 500*time.Millisecond || took > syncer.NewerIntervalDefault/2 {
			t.Errorf("got %s, %v after %v, want it approved and deployed after a pause", row.Outcome, err, took)
		}
	})
}
