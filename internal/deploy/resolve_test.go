package deploy_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/redact"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// Changes of other people in the tenant while the outcome of a write is
// resolved.
func TestResolveAmongOthers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		plan    func(w *world) *plan.Item
		others  func(w *world, it *plan.Item) // after the write was sent
		applied bool                          // the write has an effect
		want    deploy.Status
		message string
		sent    int
	}{
		{"two objects of a new name", create, func(w *world, _ *plan.Item) { w.fake.Seed("groups", `{"displayName":"Staff"}`) }, true, deploy.Unknown, "look at groups/Staff", 1},
		{"another object of a new name", create, func(w *world, _ *plan.Item) { w.fake.Seed("groups", `{"displayName":"Staff","description":"theirs"}`) }, false, deploy.Unknown, "look at groups/Staff", 1},
		{"an updated object changed", update, func(w *world, it *plan.Item) { w.fake.Set("groups", it.TenantID, `{"description":"theirs"}`) }, false, deploy.Unknown, "look at groups/Staff", 1},
		{"an updated object gone", update, func(w *world, it *plan.Item) { w.fake.Remove("groups", it.TenantID) }, false, deploy.Unknown, "look at groups/Staff", 1},
		{"a deleted object changed", remove, func(w *world, it *plan.Item) { w.fake.Set("groups", it.TenantID, `{"description":"theirs"}`) }, false, deploy.Conflict, "was not deleted", 1},
		{"a deleted object gone", remove, func(w *world, it *plan.Item) { w.fake.Remove("groups", it.TenantID) }, false, deploy.Applied, "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				it := tt.plan(w)
				w.strike = func(call string, n int) fault {
					if call != "apply" || n > 1 {
						return fault{}
					}
					tt.others(w, it)
					if tt.applied {
						return fault{after: noAnswer()}
					}
					return fault{before: noAnswer()}
				}
				if err := w.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				got := w.result(it.ID)
				if got.Status != tt.want || !strings.Contains(got.Message, tt.message) || w.called("apply") != tt.sent {
					t.Errorf("got %+v after %d writes, want %s", got, w.called("apply"), tt.want)
				}
			})
		})
	}
}

func create(w *world) *plan.Item {
	return w.create("groups", "Staff", `{"displayName":"Staff","description":"ours"}`)
}
func update(w *world) *plan.Item { return w.update("groups", "Staff") }
func remove(w *world) *plan.Item { return w.remove("groups", "Staff") }

// The absence of an effect counts only after the time-out of a write and the
// kind's consistency bound: until then the effect may come, or reads may lag
// behind it.
func TestResolveWaitsForLateEffects(t *testing.T) {
	for _, tt := range []struct {
		name      string
		late, lag time.Duration
		kind      string
	}{
		{"a late effect", 59 * time.Second, 0, "groups"},
		{"a late effect that reads show late", 59 * time.Second, 59 * time.Second, "groups"},
		{"the kind's own bound", 59 * time.Second, 4*time.Minute + 59*time.Second, "policies"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.create(tt.kind, "Staff", staff)
				w.fake.Lag(tt.lag)
				first := true
				w.fake.FailWrite(func(tenant.Operation) tenanttest.WriteFault {
					if !first {
						return tenanttest.WriteFault{}
					}
					first = false
					return tenanttest.LateEffect(tt.late)
				})
				if err := w.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				got := w.result(tt.kind + "/Staff")
				if got.Status != deploy.Applied || got.Attempts != 1 || len(w.fake.Writes()) != 1 {
					t.Errorf("got %+v after %d writes, want it applied with one", got, len(w.fake.Writes()))
				}
			})
		})
	}
}

// A read shows the tenant as of its begin. One that takes longer than the bound
// is no proof that the write has had no effect since.
func TestResolveBySlowReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("groups", "Staff", staff)
		slow := false
		w.strike = func(call string, n int) fault {
			switch {
			case call == "apply" && n == 1:
				slow = true
				go func() {
					<-time.After(10 * time.Second)
					w.fake.Seed("groups", staff) // the effect
				}()
				return fault{before: noAnswer()}
			case call == "answer" && slow:
				<-time.After(5 * time.Minute)
			}
			return fault{}
		}
		if err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.result("groups/Staff"); got.Status != deploy.Applied || w.called("apply") != 1 {
			t.Errorf("got %+v after %d writes, want it applied with one", got, w.called("apply"))
		}
	})
}

// A process that resumes the work reads at once, and waits for the bound only
// if the tenant does not show the effect.
func TestResolveAfterACrash(t *testing.T) {
	for _, applied := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.create("groups", "Staff", staff)
			dead := fault{before: errDead}
			if applied {
				dead = fault{after: errDead}
			}
			w.strike = after(on("apply", 1, dead), "read", errDead)
			if err := w.run(t.Context()); err == nil {
				t.Fatal("the process lives")
			}
			begun := time.Now()
			w.finish()
			took := time.Since(begun)
			if applied && took > time.Second || !applied && (took < 2*time.Minute || took > 3*time.Minute) {
				t.Errorf("applied %t: found out after %s", applied, took)
			}
			got := w.result("groups/Staff")
			if got.Status != deploy.Applied || len(w.fake.Writes()) != 1 {
				t.Errorf("applied %t: got %+v after %d writes, want it applied with one", applied, got, len(w.fake.Writes()))
			}
		})
	}
}

// A process that resumes the work is late from the start. A failed read is not
// an answer all the same.
func TestResolveReadsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.update("groups", "Staff")
		w.strike = after(on("apply", 1, fault{after: errDead}), "get", errDead)
		if err := w.run(t.Context()); err == nil {
			t.Fatal("the process lives")
		}
		<-time.After(time.Hour)
		failures := 0
		w.strike = func(call string, _ int) fault {
			if failures++; call == "get" && failures <= 2 {
				return fault{before: refusal(tenant.Transient)}
			}
			return fault{}
		}
		if err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.result("groups/Staff"); got.Status != deploy.Applied || w.called("apply") != 1 {
			t.Errorf("got %+v after %d writes, want it applied with one", got, w.called("apply"))
		}
	})
}

// The service's pause before another attempt also applies to a write whose
// outcome was resolved.
func TestResolveKeepsTheServicesPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.update("groups", "Staff")
		w.strike = on("apply", 1, fault{before: &tenant.Error{Class: tenant.Transient, MaybeApplied: true, RetryAfter: time.Hour}})
		begun := time.Now()
		if err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took < time.Hour {
			t.Errorf("written again after %s, and the service asked for an hour", took)
		}
	})
}

// No result contains a secret of a write, whatever the service says about it
// and in whatever encoding. Its code and its request id are kept.
func TestSecretsAreRedacted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.withSecret(`{"displayName":"V","password":"` + secret + `"}`)
		coded := hex.EncodeToString([]byte(secret))
		w.strike = on("apply", 0, fault{before: &tenant.Error{Class: tenant.Invalid, Message: "no password is " + secret + " or " + coded, Code: "BadRequest", RequestID: "req-1"}})
		if err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(w.lines)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "no password is") || strings.Contains(string(raw), secret) || strings.Contains(string(raw), coded) {
			t.Errorf("the journal has %s", raw)
		}
		if !strings.Contains(string(raw), "BadRequest: "+redact.LeftOut) || !strings.Contains(string(raw), `"req-1"`) {
			t.Errorf("the journal has %s", raw)
		}
	})
}
