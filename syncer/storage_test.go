package syncer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// proposed returns a worker whose tenant waits for approval of one change, and
// from which on no blob is there any more.
func proposed(t *testing.T, edit func(*syncer.Config)) (*syncertest.Harness, *syncertest.Worker, syncer.Row) {
	t.Helper()
	h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
	desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
	w := h.Worker("a", syncertest.WorkerConfig{Edit: edit})
	start(t, w, "contoso")
	if _, err := w.Advance(t.Context(), "contoso"); err != nil {
		t.Fatal(err)
	}
	row, err := w.Status(t.Context(), "contoso")
	if err != nil || row.Status != state.PendingApproval {
		t.Fatalf("got %s, %v, want pending_approval", row.Status, err)
	}
	return h, w, row
}

func gone(c statetest.Call) statetest.Fault {
	if c.Op == "Blobs.Get" {
		return statetest.Fault{Before: state.ErrNotFound}
	}
	return statetest.Fault{}
}

func wantRow(t *testing.T, w *syncertest.Worker, status state.Status, class string) {
	t.Helper()
	row, err := w.Status(t.Context(), "contoso")
	got := ""
	if row.Error != nil {
		got = string(row.Error.Class)
	}
	if err != nil || row.Status != status || got != class {
		t.Errorf("got %s, %+v, %v, want %s, %q", row.Status, row.Error, err, status, class)
	}
}

// A run whose stored parts are gone can be cancelled, superseded and decided,
// and times out, as any other.
func TestRunWithLostPartsEnds(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w *syncertest.Worker, row syncer.Row){
		"cancelled": func(t *testing.T, w *syncertest.Worker, _ syncer.Row) {
			if _, err := w.Cancel(t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann"}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Advance(t.Context(), "contoso"); err != nil {
				t.Fatal(err)
			}
			wantRow(t, w, state.NotRun, "")
		},
		"superseded": func(t *testing.T, w *syncertest.Worker, _ syncer.Row) {
			if _, err := w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Supersede: true}); err != nil {
				t.Fatal(err)
			}
			wantRow(t, w, state.Starting, "")
		},
		"timed out": func(t *testing.T, w *syncertest.Worker, _ syncer.Row) {
			<-time.After(31 * 24 * time.Hour)
			if _, err := w.Advance(t.Context(), "contoso"); err != nil {
				t.Fatal(err)
			}
			wantRow(t, w, state.NewError, "timed_out")
		},
		"to be decided": func(t *testing.T, w *syncertest.Worker, row syncer.Row) {
			_, err := w.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Actor: "bob", Verdict: syncer.Approve})
			if !errors.Is(err, state.ErrNotFound) || !strings.Contains(err.Error(), "plan of run") {
				t.Errorf("Decide: got %v, want one that names the plan", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, w, row := proposed(t, nil)
				w.Strike(gone)
				end(t, w, row)
			})
		})
	}
}

// The plan is lost before its first write, or in the middle of the deploy: the
// run ends, and says what was done, as far as the journal knows.
func TestPlanLostAfterItsApproval(t *testing.T) {
	for _, lost := range []string{"before the first write", "after the last write"} {
		t.Run(lost, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, w, row := proposed(t, nil)
				if _, err := w.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Actor: "bob", Verdict: syncer.Approve}); err != nil {
					t.Fatal(err)
				}
				wrote := lost == "before the first write"
				w.Strike(func(c statetest.Call) statetest.Fault {
					wrote = wrote || c.Op == "Client.Apply"
					if wrote {
						return gone(c)
					}
					return statetest.Fault{}
				})
				if _, err := w.Advance(t.Context(), "contoso"); err != nil {
					t.Fatal(err)
				}
				w.Strike(nil)
				rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
				if err != nil {
					t.Fatal(err)
				}
				if lost == "before the first write" {
					wantRow(t, w, state.NewError, "storage")
					if len(rep.Items) != 0 {
						t.Errorf("got items %+v, want none", rep.Items)
					}
					return
				}
				wantRow(t, w, state.PartiallySuccessful, "storage")
				if !slices.ContainsFunc(rep.Items, func(it syncer.ItemResult) bool {
					return it.Item == "groups/Staff" && it.Kind == "groups" && it.Key == "Staff" && it.Status == syncer.ItemApplied
				}) {
					t.Errorf("got items %+v, want groups/Staff applied", rep.Items)
				}
			})
		})
	}
}

// A time-out of the host's own, in its repository or its store, is tried again
// like any other failure that may pass.
func TestHostsTimeOutsAreTriedAgain(t *testing.T) {
	for _, op := range []string{"Repository.Desired", "Repository.Backup", "Store.Commit", "Store.Load", "Blobs.Put"} {
		t.Run(op, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
				w := h.Worker("a", syncertest.WorkerConfig{})
				first := true
				w.Strike(func(c statetest.Call) statetest.Fault {
					if c.Op == op && first {
						first = false
						return statetest.Fault{Before: fmt.Errorf("http: %w", context.DeadlineExceeded)}
					}
					return statetest.Fault{}
				})
				if row := syncTenant(t, w, "contoso"); first || row.Status != state.Idle {
					t.Errorf("got %s (%s, %+v), struck %v, want idle", row.Status, row.Reason, row.Error, !first)
				}
			})
		})
	}
}

// A decision whose answer is lost is looked for at once: a worker that carries
// it out makes the record forget by which commit it came.
func TestDecisionWhoseAnswerIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		a, b := h.Worker("a", syncertest.WorkerConfig{}), h.Worker("b", syncertest.WorkerConfig{})
		start(t, a, "contoso")
		if _, err := a.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		row, err := a.Status(t.Context(), "contoso")
		if err != nil || row.Status != state.PendingApproval {
			t.Fatalf("got %s, %v, want Pending approval", row.Status, err)
		}
		a.Strike(statetest.FaultOn("Store.Commit", len(commitsOf(a)), statetest.Fault{After: errors.New("connection reset")}))
		worked := make(chan error)
		go func() {
			<-time.After(time.Millisecond)
			_, err := b.Advance(t.Context(), "contoso")
			worked <- err
		}()
		_, err = a.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob"})
		if err != nil {
			t.Errorf("Decide: %v, want no error: it was stored", err)
		}
		if err := <-worked; err != nil {
			t.Error(err)
		}
		if row, err := a.Status(t.Context(), "contoso"); err != nil || row.Outcome != syncer.Deployed {
			t.Errorf("got %q, %v, want deployed", row.Outcome, err)
		}
	})
}

// commitsOf are the calls of Store.Commit that a worker has made.
func commitsOf(w *syncertest.Worker) []statetest.Call {
	return slices.DeleteFunc(w.Calls.Calls(), func(c statetest.Call) bool { return c.Op != "Store.Commit" })
}

// A run that cannot go on for what the host's storage does says so in its row,
// and no longer once it can.
func TestRowTellsOfTheStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		w.Strike(func(c statetest.Call) statetest.Fault {
			if c.Op == "Blobs.Put" {
				return statetest.Fault{Before: errors.New("the disk is full")}
			}
			return statetest.Fault{}
		})
		start(t, w, "contoso")
		// A host that calls Advance is told, and the row tells everybody else.
		if _, err := w.Advance(t.Context(), "contoso"); err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("Advance returns %v", err)
		}
		if row, err := w.Status(t.Context(), "contoso"); err != nil || row.Error == nil || row.Error.Class != "storage" {
			t.Errorf("after Advance the row says %+v, %v", row.Error, err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = w.Run(ctx) }()
		for range 40 { // also while a worker has it and tries again
			<-time.After(17 * time.Second)
			row, err := w.Status(t.Context(), "contoso")
			if err != nil || row.Status != state.InProgress || row.Error == nil || row.Error.Class != "storage" ||
				!strings.Contains(row.Error.Message, "the disk is full; it is tried again") {
				t.Errorf("the row is %s, %+v, %v; want In progress, and what is wrong", row.Status, row.Error, err)
			}
		}
		w.Strike(nil)
		row, err := w.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-1"})
		if err != nil || row.Status != state.Idle || row.Error != nil {
			t.Errorf("once the disk has room: %s, %+v, %v; want Idle", row.Status, row.Error, err)
		}
		stop()
		synctest.Wait()
	})
}

// Of a run whose blobs were pruned there is nothing to find any more, and that is
// said in the engine's own word.
func TestPrunedIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w := deployed(t)
		first, err := w.Status(t.Context(), "contoso")
		if err != nil {
			t.Fatal(err)
		}
		syncTenant(t, w, "contoso")
		w.Strike(gone)
		_, plan := w.Plan(t.Context(), syncer.RunRef{Tenant: "contoso", Run: first.Run})
		_, report := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: first.Run})
		for what, err := range map[string]error{"Plan": plan, "Report": report, "Artifacts": w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso", Run: first.Run}, io.Discard)} {
			if !errors.Is(err, syncer.ErrNotFound) {
				t.Errorf("%s returns %v, want ErrNotFound", what, err)
			}
		}
	})
}

// A short log is in the history, and a long one in a blob. Both are read alike.
func TestShortAndLongLogs(t *testing.T) {
	for _, groups := range []int{1, 100} {
		synctest.Test(t, func(t *testing.T) {
			h := syncertest.New(syncertest.Config{})
			w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
			for n := range groups {
				desire(t, h, "contoso", "groups", fmt.Sprint("G", n), fmt.Sprintf(`{"displayName":"G%d"}`, n))
			}
			ref := syncTenant(t, w, "contoso").RunRef
			logs, err := w.Logs(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			applied := 0
			for line := range bytes.Lines(logs) {
				var l struct{ Msg, Tenant, Run string }
				if err := json.Unmarshal(line, &l); err != nil || l.Tenant != "contoso" || l.Run != ref.Run {
					t.Fatalf("the line %q, %v", line, err)
				}
				if l.Msg == "item applied" {
					applied++
				}
			}
			if applied != groups {
				t.Errorf("%d groups: %d lines say that one was applied", groups, applied)
			}
			w.Strike(gone)
			short, err := w.Logs(t.Context(), ref)
			if groups > 1 && !errors.Is(err, syncer.ErrNotFound) {
				t.Errorf("a long log whose blobs are pruned: got %v, want ErrNotFound", err)
			}
			if groups == 1 && (err != nil || !bytes.Equal(short, logs)) {
				t.Errorf("a short log: got %v, %d of %d bytes", err, len(short), len(logs))
			}
		})
	}
}

// The log of a run in several parts is not read past a part that is lost.
func TestLogWithALostPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) { c.WriteConcurrency = 1 }})
		host := h.Worker("host", syncertest.WorkerConfig{})
		for n := range 200 {
			desire(t, h, "contoso", "groups", fmt.Sprint("G", n), fmt.Sprintf(`{"displayName":"G%d"}`, n))
		}
		w.Strike(func(c statetest.Call) statetest.Fault {
			if c.Op == "Client.Apply" && c.Nth == 100 {
				if _, err := host.Pause(t.Context(), syncer.PauseRequest{Tenant: "contoso", Actor: "olga"}); err != nil {
					t.Error(err)
				}
			}
			return statetest.Fault{}
		})
		ref := start(t, w, "contoso").RunRef
		if _, err := w.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		if _, err := host.Resume(t.Context(), syncer.ResumeRequest{Tenant: "contoso", Actor: "olga"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		logs, err := w.Logs(t.Context(), ref)
		if n := bytes.Count(logs, []byte(`"msg":"item applied"`)); err != nil || n != 200 {
			t.Errorf("%d lines say that a group was applied, %v, want 200", n, err)
		}
		listed, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Limit: 1000})
		parts := 0
		for _, e := range listed.Items {
			if e.Log != nil {
				parts++
			}
		}
		if err != nil || parts < 2 {
			t.Fatalf("%d parts of the log are in blobs, %v, want several", parts, err)
		}
		w.Strike(gone)
		if logs, err := w.Logs(t.Context(), ref); !errors.Is(err, syncer.ErrNotFound) || logs != nil {
			t.Errorf("got %d bytes, %v, want ErrNotFound", len(logs), err)
		}
	})
}

// A worker outlives its database: where nothing can be stored or loaded, not
// even the pause, it says which run of which tenant waits, and goes on when the
// database is back.
func TestWorkerOutlivesItsDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines lockedBuffer
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
			c.Logger = slog.New(slog.NewTextHandler(&lines, nil))
		}})
		run := start(t, w, "contoso").Run
		var dead atomic.Bool
		dead.Store(true)
		w.Strike(func(c statetest.Call) statetest.Fault {
			if dead.Load() && c.Op != "Leaser.Claim" && (strings.HasPrefix(c.Op, "Store.") || strings.HasPrefix(c.Op, "Leaser.") || strings.HasPrefix(c.Op, "Blobs.")) {
				return statetest.Fault{Before: errors.New("connection refused")}
			}
			return statetest.Fault{}
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		<-time.After(5 * time.Minute)
		dead.Store(false)
		<-time.After(5 * time.Minute)
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		wantRow(t, w, state.Idle, "")
		want := `msg="a tenant could not be postponed" tenant=contoso run=` + run
		if !strings.Contains(lines.String(), want) {
			t.Errorf("the log has no line %s:\n%s", want, lines.String())
		}
	})
}

// A commit is made again after each conflict, a hundred times. One more means that the
// store does not work.
func TestConflictsAreBounded(t *testing.T) {
	for _, conflicts := range []int{99, 100, 101} {
		synctest.Test(t, func(t *testing.T) {
			w := syncertest.New(syncertest.Config{}).Worker("a", syncertest.WorkerConfig{})
			n := 0
			w.Strike(func(c statetest.Call) statetest.Fault {
				if c.Op == "Store.Commit" && n < conflicts {
					n++
					return statetest.Fault{Before: state.ErrConflict}
				}
				return statetest.Fault{}
			})
			row, err := w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
			if conflicts <= 100 && (err != nil || row.Status != state.Starting) {
				t.Errorf("after %d conflicts: got %s, %v, want a run", conflicts, row.Status, err)
			}
			if conflicts > 100 && (!errors.Is(err, state.ErrConflict) || !strings.Contains(err.Error(), "given up after 101 conflicts")) {
				t.Errorf("after %d conflicts: got %v, want the last one, and how many there were", conflicts, err)
			}
		})
	}
}

// A rule of the settings approves no plan that cannot be read.
func TestRuleForALostPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rules []syncer.AutomaticApproval
		h, w, _ := proposed(t, func(c *syncer.Config) {
			c.SettingsFor = func(context.Context, string) (syncer.Settings, error) {
				return syncer.Settings{Approval: syncer.ApprovalRules{Automatic: rules}}, nil
			}
		})
		rules = []syncer.AutomaticApproval{{Name: "small", AtMost: 5}}
		w.Strike(gone)
		<-time.After(syncer.NewerIntervalDefault) // until the worker looks again
		if _, err := w.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		wantRow(t, w, state.NewError, "storage")
		if n := len(h.Tenant("contoso").Writes()); n != 0 {
			t.Errorf("%d writes to the tenant", n)
		}
	})
}

// A decision on a plan that cannot be read decides nothing, and says so. Neither is
// there anything to review.
func TestDecisionOnALostPlan(t *testing.T) {
	for _, verdict := range []syncer.Verdict{syncer.Approve, syncer.Reject} {
		synctest.Test(t, func(t *testing.T) {
			_, w, row := proposed(t, nil)
			w.Strike(gone)
			if review, err := w.Review(t.Context(), row.RunRef); !errors.Is(err, syncer.ErrNotFound) || review.Plan != nil {
				t.Errorf("Review: got %v, %v, want ErrNotFound", review.Plan, err)
			}
			got, err := w.Decide(t.Context(), syncer.Decision{RunRef: row.RunRef, Digest: row.Digest, Verdict: verdict, Actor: "bob"})
			if !errors.Is(err, syncer.ErrNotFound) || got.Status != state.PendingApproval || got.Version != row.Version {
				t.Errorf("%s: got %s, version %d, %v; want ErrNotFound, Pending approval, version %d", verdict, got.Status, got.Version, err, row.Version)
			}
		})
	}
}
