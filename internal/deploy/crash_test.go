package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// threeWaves plans a create, an update that refers to it, and a delete.
func (w *world) threeWaves() {
	w.create("groups", "New", `{"displayName":"New"}`)
	policy := w.create("policies", "P", `{"displayName":"P","group":"${groups/New}"}`)
	policy.DependsOn, policy.Wave = []string{"groups/New"}, 1
	policy.Resolved = []plan.Resolved{{Ref: "${groups/New}", New: true}}
	w.update("groups", "Old").Wave = 1
	w.remove("groups", "Gone").Wave = 2
}

// A process may die before or after any of its calls. The next process brings
// every item to a final result, and no write takes effect twice.
func TestDyingAtEveryCall(t *testing.T) {
	points := 0
	for _, call := range []string{"append", "hold", "get", "read", "apply"} {
		for _, before := range []bool{true, false} {
			for n := 1; ; n++ {
				died := false
				t.Run(fmt.Sprintf("%s %d before %t", call, n, before), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t)
						w.threeWaves()
						w.strike = func(c string, nth int) fault {
							switch {
							case died:
								return fault{before: errDead}
							case c != call || nth != n:
								return fault{}
							}
							died = true
							if before {
								return fault{before: errDead}
							}
							return fault{after: errDead}
						}
						err := w.run(t.Context())
						if died && err == nil && (before || call == "append" || call == "apply") {
							t.Fatal("the process has not noticed its death")
						}
						w.finish()
						for _, it := range w.items {
							if got := w.result(it.ID); got.Status != deploy.Applied {
								t.Errorf("%s: got %+v, want it applied", it.ID, got)
							}
						}
						if n := len(w.fake.Writes()); n != len(w.items) || len(w.fake.Repeated()) > 0 {
							t.Errorf("got %d writes, %d of them repeated; want %d and 0", n, len(w.fake.Repeated()), len(w.items))
						}
					})
				})
				if !died {
					break
				}
				points++
			}
		}
	}
	if points < 40 {
		t.Errorf("walked %d points, want at least 40", points)
	}
}

// The lines of an attempt and its calls have a fixed order.
func TestOrderOfAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.update("groups", "Staff")
		w.finish()
		want := []string{"get groups", "hold", "append", "intent groups/Staff", "hold", "apply groups/Staff", "append", "result groups/Staff applied"}
		if diff := cmp.Diff(want, w.trace); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		in := w.lines[0].Intent
		if diff := cmp.Diff(&deploy.Intent{Item: "groups/Staff", Attempt: 1, TenantID: w.items[0].TenantID, Verb: tenant.Update, Key: "run-1/groups/Staff"}, in); diff != "" {
			t.Errorf("the intent (-want +got)\n%s", diff)
		}
	})
}

// Nothing is sent unless the lease is held and the intent is stored.
func TestNothingIsSent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(w *world)
		strike func(string, int) fault
		want   error
		stored int // lines
	}{
		{"the lease is lost", nil, on("hold", 1, fault{before: errLost}), errLost, 0},
		{"the lease is lost while the intent is stored", nil, on("hold", 2, fault{before: errLost}), errLost, 1},
		{"the intent cannot be stored", nil, on("append", 1, fault{before: errDead}), errDead, 0},
		{"whether the intent was stored is not known", nil, on("append", 1, fault{after: errDead}), errDead, 1},
		{"the tenant is paused", func(w *world) { w.refused = errPaused }, nil, errPaused, 0},
		{"the sign-in has ended", nil, on("get", 1, fault{before: refusal(tenant.Unauthenticated)}), refusal(tenant.Unauthenticated), 0},
		{"the run ends", func(w *world) { w.closing = true }, nil, nil, 0},
		{"the client panics while it reads", nil, func(call string, _ int) fault {
			if call == "get" {
				panic("at the disco")
			}
			return fault{}
		}, errors.New("a panic: at the disco"), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.update("groups", "Staff")
				if tt.change != nil {
					tt.change(w)
				}
				w.strike = tt.strike
				err := w.run(t.Context())
				if tt.want == nil && err != nil || tt.want != nil && (err == nil || !errors.Is(err, tt.want) && !strings.Contains(err.Error(), tt.want.Error())) {
					t.Errorf("got the error %v, want %v", err, tt.want)
				}
				if w.called("apply") != 0 || len(w.lines) != tt.stored || w.result("groups/Staff") != (deploy.Result{}) {
					t.Errorf("sent %d writes, stored %+v; want no write and %d lines", w.called("apply"), w.lines, tt.stored)
				}
			})
		})
	}
}

// A run that ends resolves the outcomes of its writes, and begins no write.
func TestClosingResolves(t *testing.T) {
	for _, applied := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.create("groups", "A", `{"displayName":"A"}`)
			w.create("groups", "B", `{"displayName":"B"}`)
			dead := fault{before: errDead}
			if applied {
				dead = fault{after: errDead}
			}
			w.strike = after(on("apply", 1, dead), "read", errDead)
			if err := w.run(t.Context()); err == nil {
				t.Fatal("the process lives")
			}
			w.closing = true
			w.finish()
			if w.called("apply") != 1 {
				t.Errorf("sent %d writes, want 1", w.called("apply"))
			}
			if got := w.result("groups/A"); applied && got.Status != deploy.Applied {
				t.Errorf("got %+v, want it applied", got)
			}
			if n := len(w.retries("groups/A")); !applied && n != 1 {
				t.Errorf("got %d retries, want the attempt's one", n)
			}
			if got := w.result("groups/B"); got != (deploy.Result{}) {
				t.Errorf("got %+v of an item that was not begun", got)
			}
		})
	}
}

// If the tenant refuses the credentials of a write, the work ends and the
// attempt's result is stored. The write had no effect, so its outcome is known.
func TestSignInEndsDuringAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.update("groups", "Staff")
		w.strike = on("apply", 1, fault{before: refusal(tenant.Unauthenticated)})
		if err := w.run(t.Context()); tenant.ClassOf(err) != tenant.Unauthenticated {
			t.Errorf("got the error %v", err)
		}
		if got := w.retries("groups/Staff"); len(got) != 1 || got[0].Class != string(tenant.Unauthenticated) {
			t.Errorf("got the retries %+v", got)
		}
		begun := time.Now()
		w.finish()
		if got := w.result("groups/Staff"); got.Status != deploy.Applied || got.Attempts != 2 || time.Since(begun) > time.Second {
			t.Errorf("got %+v after %s", got, time.Since(begun))
		}
	})
}

// A write is finished and its result stored while the worker shuts down.
func TestShutdownDuringAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("groups", "A", `{"displayName":"A"}`)
		w.create("groups", "B", `{"displayName":"B"}`)
		w.fake.SlowWrites(20 * time.Second)
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		if err := w.run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got the error %v, want the end of the context", err)
		}
		if got := w.result("groups/A"); got.Status != deploy.Applied {
			t.Errorf("got %+v, want it applied", got)
		}
		if w.called("apply") != 1 {
			t.Errorf("sent %d writes, want 1", w.called("apply"))
		}
		w.finish()
		if n := len(w.fake.Writes()); n != 2 || len(w.fake.Repeated()) > 0 {
			t.Errorf("got %d writes, want 2", n)
		}
	})
}

// After a shutdown while the intent is stored, the write is sent all the same.
// Otherwise a later process would have to resolve its outcome.
func TestShutdownAfterTheIntent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.update("groups", "Staff")
		ctx, stop := context.WithCancel(t.Context())
		w.strike = func(call string, n int) fault {
			if call == "append" && n == 1 {
				stop()
			}
			return fault{}
		}
		if err := w.run(ctx); err != nil {
			t.Errorf("got the error %v", err)
		}
		if got := w.result("groups/Staff"); got.Status != deploy.Applied {
			t.Errorf("got %+v, want it applied", got)
		}
	})
}

// A shutdown during a read is not an answer of the tenant.
func TestShutdownDuringARead(t *testing.T) {
	for name, plan := range map[string]func(w *world){
		"before an update": func(w *world) { w.update("groups", "Staff") },
		"before a create":  func(w *world) { w.create("groups", "Staff", staff) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				plan(w)
				w.fake.SlowReads(time.Minute)
				ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
				defer stop()
				if err := w.run(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got the error %v, want the end of the context", err)
				}
				if len(w.lines) > 0 {
					t.Errorf("stored %+v, want nothing", w.lines)
				}
			})
		})
	}
}

// After a shutdown while a write's outcome is resolved, the next process
// resolves it.
func TestShutdownWhileResolving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.update("groups", "Staff")
		w.strike = on("apply", 1, fault{before: noAnswer()})
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		if err := w.run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got the error %v, want the end of the context", err)
		}
		if len(w.lines) != 1 {
			t.Errorf("stored %+v, want the intent alone", w.lines)
		}
		w.finish()
		if got := w.result("groups/Staff"); got.Status != deploy.Applied || got.Attempts != 2 {
			t.Errorf("got %+v, want it applied by the second attempt", got)
		}
	})
}

// The items of a wave are carried out concurrently, and the next wave begins
// when all of them have a result.
func TestWaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.options.WriteConcurrency = 3
		for i := range 5 {
			w.create("groups", fmt.Sprint("A", i), fmt.Sprintf(`{"displayName":"A%d"}`, i))
		}
		for i := range 2 {
			w.create("groups", fmt.Sprint("B", i), fmt.Sprintf(`{"displayName":"B%d"}`, i)).Wave = 4
		}
		w.fake.SlowWrites(10 * time.Second)
		begun := time.Now()
		w.finish()
		if took := time.Since(begun); took != 30*time.Second {
			t.Errorf("took %s, want 2 writes of 10 s for the first wave and 1 for the second", took)
		}
		firstB := slices.IndexFunc(w.trace, func(s string) bool { return strings.HasPrefix(s, "intent groups/B") })
		for i := range 5 {
			if done := slices.Index(w.trace, fmt.Sprintf("result groups/A%d applied", i)); done > firstB {
				t.Errorf("the second wave begins before groups/A%d is done", i)
			}
		}
	})
}

// One commit stores all lines that waited during the commit before, and the
// progress counts them.
func TestCommitsCarryManyLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.options.WriteConcurrency = 50
		for i := range 50 {
			w.create("groups", fmt.Sprint("G", i), fmt.Sprintf(`{"displayName":"G%d"}`, i))
		}
		w.strike = func(call string, _ int) fault {
			if call == "append" {
				<-time.After(time.Second)
			}
			return fault{}
		}
		if err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(w.batches); n > 10 {
			t.Errorf("100 lines took %d commits", n)
		}
		done := 0
		for _, b := range w.batches {
			for _, l := range b.Lines {
				if l.Result != nil {
					done++
				}
			}
			if b.Done != done || b.Total != 50 {
				t.Errorf("got progress %d of %d, want %d of 50", b.Done, b.Total, done)
			}
		}
	})
}

// An intent that is refused does not keep a result in the same commit from
// being stored.
func TestResultsAreStoredWhilePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.options.WriteConcurrency = 2
		w.create("groups", "A", `{"displayName":"A"}`)
		w.create("groups", "B", `{"displayName":"B"}`)
		w.create("groups", "C", `{"displayName":"C"}`)
		w.fake.SlowWrites(10 * time.Second)
		go func() {
			<-time.After(5 * time.Second)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.refused = errPaused
		}()
		if err := w.run(t.Context()); !errors.Is(err, errPaused) {
			t.Errorf("got the error %v, want that of the pause", err)
		}
		for _, item := range []string{"groups/A", "groups/B"} {
			if got := w.result(item); got.Status != deploy.Applied {
				t.Errorf("got %+v, want it applied", got)
			}
		}
		if w.called("apply") != 2 {
			t.Errorf("sent %d writes, want 2", w.called("apply"))
		}
	})
}

// An object that refers to a created one is written once reads show the created
// one, or after the kind's consistency bound.
func TestReferencesWaitForVisibility(t *testing.T) {
	for _, tt := range []struct {
		name   string
		lag    time.Duration
		strike func(string, int) fault
		want   time.Duration // at least, and not much more
	}{
		{"visible at once", 0, nil, 0},
		{"visible after a while", 30 * time.Second, nil, 30 * time.Second},
		{"not visible within the bound", 0, on("get", 0, fault{before: refusal(tenant.AccessDenied)}), time.Minute},
		{"reads that fail", 0, on("get", 0, fault{before: refusal(tenant.Transient)}), time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.create("groups", "New", `{"displayName":"New"}`)
				for _, key := range []string{"P", "Q"} {
					it := w.create("policies", key, fmt.Sprintf(`{"displayName":%q,"group":"${groups/New}"}`, key))
					it.DependsOn, it.Wave = []string{"groups/New"}, 1
					it.Resolved = []plan.Resolved{{Ref: "${groups/New}", New: true}}
				}
				w.fake.Lag(tt.lag)
				w.strike = tt.strike
				begun := time.Now()
				if err := w.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took < tt.want || took > tt.want+10*time.Second {
					t.Errorf("took %s, want %s", took, tt.want)
				}
				// Only the first of the two waits: the other one knows.
				if told := strings.Count(w.log.String(), "waiting until the tenant shows"); told != min(1, int(tt.want)) {
					t.Errorf("the log tells %d times of waiting:\n%s", told, &w.log)
				}
				for _, it := range w.items {
					if got := w.result(it.ID); got.Status != deploy.Applied {
						t.Errorf("got %+v, want it applied", got)
					}
				}
			})
		})
	}
}

// A deployment waits only for created objects: reads never show a deleted one.
func TestOnlyCreatedObjectsAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.remove("groups", "Gone")
		it := w.update("groups", "Staff")
		it.DependsOn, it.Wave = []string{"groups/Gone"}, 1
		begun := time.Now()
		w.finish()
		if took := time.Since(begun); took > time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// A sign-in that ends while an object waits for another one ends the work.
func TestSignInEndsWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.threeWaves()
		w.items = w.items[:2]
		w.strike = on("get", 1, fault{before: refusal(tenant.Unauthenticated)})
		if err := w.run(t.Context()); tenant.ClassOf(err) != tenant.Unauthenticated {
			t.Errorf("got the error %v", err)
		}
		if w.called("apply") != 1 {
			t.Errorf("sent %d writes, want 1", w.called("apply"))
		}
	})
}

// Errors of the journal and of the desired configuration end Open, before
// anything is written.
func TestOpenFails(t *testing.T) {
	w := newWorld(t)
	w.withSecret(`{}`)
	w.strike = on("desired", 1, fault{before: errLost})
	if _, err := w.open(t.Context()); !errors.Is(err, errLost) {
		t.Errorf("got %v, want the error of the desired configuration", err)
	}
	w.strike, w.unreadable = nil, errDead
	if _, err := w.open(t.Context()); !errors.Is(err, errDead) {
		t.Errorf("got %v, want the error of the journal", err)
	}
}
