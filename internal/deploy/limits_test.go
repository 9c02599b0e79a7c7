package deploy_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/tenant"
)

// An item that was throttled once fails when it is throttled again 10 minutes later,
// and not before.
func TestThrottledAgainAfterThePatience(t *testing.T) {
	for _, tt := range []struct {
		pause time.Duration
		want  deploy.Status
		sent  int
	}{
		{10*time.Minute - time.Millisecond, deploy.Applied, 3},
		{10 * time.Minute, deploy.Failed, 2},
		{10*time.Minute + time.Millisecond, deploy.Failed, 2},
	} {
		t.Run(tt.pause.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.create("groups", "Staff", staff)
				w.strike = func(call string, n int) fault {
					if call == "apply" && n <= 2 {
						return fault{before: &tenant.Error{Class: tenant.Throttled, RetryAfter: tt.pause}}
					}
					return fault{}
				}
				if err := w.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := w.result("groups/Staff"); got.Status != tt.want || w.called("apply") != tt.sent {
					t.Errorf("got %+v after %d writes, want %s after %d", got, w.called("apply"), tt.want, tt.sent)
				}
			})
		})
	}
}

// The log says how far the work had come, if an item has a result.
func TestWorkThatContinuesIsLogged(t *testing.T) {
	for done, want := range []string{"", "done=1 of=3", "done=2 of=3", "done=3 of=3"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			for _, name := range []string{"A", "B", "C"} {
				w.create("groups", name, `{"displayName":"`+name+`"}`)
			}
			for _, it := range w.items[:done] {
				w.lines = append(w.lines, deploy.Line{Time: time.Now(), Result: &deploy.Result{Item: it.ID, Verb: it.Verb, Status: deploy.Applied}})
			}
			if err := w.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			const message = "the work continues after earlier items"
			if log := w.log.String(); strings.Contains(log, message) != (done > 0) || !strings.Contains(log, want) {
				t.Errorf("%d items have a result: the log is\n%s", done, log)
			}
		})
	}
}

// The first read that begins at the end of the bound shows that a write had no effect.
// A read before it does not.
func TestResolveAtTheBound(t *testing.T) {
	for _, early := range []time.Duration{time.Millisecond, 0, -time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			it := w.update("groups", "Staff")
			w.strike = after(on("apply", 1, fault{before: errDead}), "get", errDead)
			if err := w.run(t.Context()); !errors.Is(err, errDead) {
				t.Fatalf("got %v, want the process dead", err)
			}
			<-time.After(w.options.WriteTimeout + time.Minute - early)
			begun := time.Now()
			w.finish()
			if took := time.Since(begun); (took > 0) != (early > 0) || w.result(it.ID).Status != deploy.Applied {
				t.Errorf("%s before the bound: %+v after %s", early, w.result(it.ID), took)
			}
		})
	}
}

// A process that resumes the work reads as often as it may, if reads fail.
func TestResolveWithFailingReads(t *testing.T) {
	for failures, want := range map[int]deploy.Status{2: deploy.Applied, 3: deploy.Unknown, 4: deploy.Unknown} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			it := w.remove("groups", "Staff")
			w.strike = after(on("apply", 1, fault{after: errDead}), "get", errDead)
			if err := w.run(t.Context()); !errors.Is(err, errDead) {
				t.Fatalf("got %v, want the process dead", err)
			}
			<-time.After(time.Hour)
			read := w.called("get")
			w.strike = func(call string, n int) fault {
				if call == "get" && n <= read+failures {
					return fault{before: refusal(tenant.Transient)}
				}
				return fault{}
			}
			if err := w.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, reads := w.result(it.ID), w.called("get")-read; got.Status != want || reads != w.options.MaxAttempts {
				t.Errorf("%d reads fail: got %+v after %d reads, want %s after %d", failures, got, reads, want, w.options.MaxAttempts)
			}
		})
	}
}
