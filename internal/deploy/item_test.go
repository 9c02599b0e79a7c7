package deploy_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

const staff = `{"displayName":"Staff"}`

// All outcomes of an item. A row is about the last item of its world.
func TestWhatBecomesOfAnItem(t *testing.T) {
	for _, tt := range []struct {
		name  string
		given func(w *world)
		// strike decides about the faults of the calls.
		strike func(string, int) fault
		want   deploy.Result // Status, Class, Attempts, and RequestID if there is one
		// message is part of the result's.
		message string
		retries int
		// writes are those that had an effect, sent those that were sent.
		writes, sent int
	}{
		// applied
		{name: "a create", given: func(w *world) { w.create("groups", "Staff", staff) },
			want: deploy.Result{Status: deploy.Applied, Attempts: 1, RequestID: "request-2"}, writes: 1, sent: 1},
		{name: "an update", given: func(w *world) { w.update("groups", "Staff") },
			want: deploy.Result{Status: deploy.Applied, Attempts: 1}, writes: 1, sent: 1},
		{name: "a delete", given: func(w *world) { w.remove("groups", "Staff") },
			want: deploy.Result{Status: deploy.Applied, Attempts: 1}, writes: 1, sent: 1},
		{name: "a delete of an object that is gone", given: func(w *world) {
			it := w.remove("groups", "Staff")
			w.fake.Remove("groups", it.TenantID)
		}, want: deploy.Result{Status: deploy.Applied}, message: "already gone"},
		{name: "an update that the tenant has already", given: func(w *world) {
			it := w.update("groups", "Staff")
			w.fake.Set("groups", it.TenantID, `{"description":"new"}`)
		}, want: deploy.Result{Status: deploy.Applied}, message: "already as approved"},

		// retry
		{name: "a service that fails once", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: on("apply", 1, fault{before: refusal(tenant.Transient)}),
			want:   deploy.Result{Status: deploy.Applied, Attempts: 2}, retries: 1, writes: 1, sent: 2},
		{name: "a read before the write that fails once", given: func(w *world) { w.update("groups", "Staff") },
			strike: on("get", 1, fault{before: refusal(tenant.Transient)}),
			want:   deploy.Result{Status: deploy.Applied, Attempts: 2}, retries: 1, writes: 1, sent: 1},
		{name: "a search that fails once", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: on("read", 1, fault{before: refusal(tenant.Permanent)}),
			want:   deploy.Result{Status: deploy.Applied, Attempts: 2}, retries: 1, writes: 1, sent: 1},

		// failed
		{name: "a refused write", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: on("apply", 0, fault{before: refusal(tenant.Permanent)}),
			want:   deploy.Result{Status: deploy.Failed, Class: "permanent", Attempts: 1, RequestID: "req-1"}, message: "refused", sent: 1},
		{name: "a service that keeps failing", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: on("apply", 0, fault{before: refusal(tenant.Transient)}),
			want:   deploy.Result{Status: deploy.Failed, Class: "transient", Attempts: 3, RequestID: "req-1"}, message: "given up after 3 attempts", retries: 2, sent: 3},
		{name: "a refused read before the write", given: func(w *world) { w.update("groups", "Staff") },
			strike: on("get", 0, fault{before: refusal(tenant.AccessDenied)}),
			want:   deploy.Result{Status: deploy.Failed, Class: "forbidden", RequestID: "req-1"}, message: "read before the write"},
		{name: "a search that keeps failing", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: on("read", 0, fault{before: refusal(tenant.AccessDenied)}),
			want:   deploy.Result{Status: deploy.Failed, Class: "forbidden"}, message: "given up after 3 attempts", retries: 2},
		{name: "a search that shows a part", given: func(w *world) {
			w.create("groups", "Staff", staff)
			w.fake.FailReads("groups", tenant.Permanent)
		}, want: deploy.Result{Status: deploy.Failed, Class: "transient"}, message: "given up after 3 attempts", retries: 2},
		{name: "a reference without an object", given: func(w *world) {
			w.create("policies", "P", `{"displayName":"P","group":"${groups/Staff}"}`).Resolved = []plan.Resolved{{Ref: "${groups/Staff}", New: true}}
		}, want: deploy.Result{Status: deploy.Failed, Class: string(plan.Unresolved)}, message: "${groups/Staff} has no value"},

		// conflict
		{name: "a name that has appeared", given: func(w *world) {
			w.create("groups", "Staff", staff)
			w.fake.Seed("groups", staff)
		}, want: deploy.Result{Status: deploy.Conflict, Class: "conflict"}, message: "has appeared"},
		{name: "an object that has changed", given: func(w *world) {
			it := w.update("groups", "Staff")
			w.fake.Set("groups", it.TenantID, `{"description":"theirs"}`)
		}, want: deploy.Result{Status: deploy.Conflict, Class: "conflict"}, message: "left alone"},
		{name: "a deleted object that has changed", given: func(w *world) {
			it := w.remove("groups", "Staff")
			w.fake.Set("groups", it.TenantID, `{"description":"theirs"}`)
		}, want: deploy.Result{Status: deploy.Conflict, Class: "conflict"}, message: "left alone"},
		{name: "an object that is gone", given: func(w *world) {
			it := w.update("groups", "Staff")
			w.fake.Remove("groups", it.TenantID)
		}, want: deploy.Result{Status: deploy.Conflict, Class: "conflict"}, message: "deleted in the tenant"},
		{name: "a service that says conflict", given: func(w *world) { w.update("groups", "Staff") },
			strike: on("apply", 0, fault{before: refusal(tenant.Conflict)}),
			want:   deploy.Result{Status: deploy.Conflict, Class: "conflict", Attempts: 1, RequestID: "req-1"}, sent: 1},
		{name: "a reference whose object has changed", given: func(w *world) {
			w.create("policies", "P", `{"displayName":"P","group":"${groups/Staff}"}`).Resolved = []plan.Resolved{{Ref: "${groups/Staff}", ID: "then"}}
		}, want: deploy.Result{Status: deploy.Conflict, Class: string(apply.Changed)}, message: "no longer has the value"},
		{name: "another key and a kind with secrets", given: func(w *world) {
			w.keyID = "another"
			w.create("vaults", "V", `{"displayName":"V"}`)
		}, want: deploy.Result{Status: deploy.Conflict, Class: string(apply.Changed)}, message: "Config.Secret"},
		{name: "another key and a kind without secrets", given: func(w *world) {
			w.keyID = "another"
			w.create("groups", "Staff", staff)
		}, want: deploy.Result{Status: deploy.Applied, Attempts: 1}, writes: 1, sent: 1},
		{name: "the own key and a kind with secrets", given: func(w *world) {
			w.keyID = schema.KeyID(key)
			w.create("vaults", "V", `{"displayName":"V"}`)
		}, want: deploy.Result{Status: deploy.Applied, Attempts: 1}, writes: 1, sent: 1},
		{name: "a file that was edited since", given: func(w *world) { w.withSecret(`{"displayName":"V","password":"other"}`) },
			want: deploy.Result{Status: deploy.Conflict, Class: string(apply.Changed)}, message: "was edited since"},
		{name: "a file with the secret", given: func(w *world) { w.withSecret(`{"displayName":"V","password":"` + secret + `"}`) },
			want: deploy.Result{Status: deploy.Applied, Attempts: 1}, writes: 1, sent: 1},

		// skipped and not attempted
		{name: "a dependency that failed", given: func(w *world) {
			w.create("groups", "A", `{"displayName":"A"}`)
			it := w.create("groups", "B", `{"displayName":"B"}`)
			it.DependsOn, it.Wave = []string{"groups/A"}, 1
		}, strike: on("apply", 1, fault{before: refusal(tenant.Permanent)}),
			want: deploy.Result{Status: deploy.Skipped, Class: "dependency"}, message: "groups/A", sent: 1},
		{name: "a dependency that was not approved", given: func(w *world) {
			w.create("groups", "B", `{"displayName":"B"}`).DependsOn = []string{"groups/A"}
		}, want: deploy.Result{Status: deploy.Skipped, Class: "dependency"}, message: "groups/A"},
		{name: "a policy to stop", given: func(w *world) {
			w.options.StopOnFailure = true
			w.create("groups", "A", `{"displayName":"A"}`)
			w.create("groups", "B", `{"displayName":"B"}`)
		}, strike: on("apply", 1, fault{before: refusal(tenant.Permanent)}),
			want: deploy.Result{Status: deploy.NotAttempted, Class: "stopped"}, message: "the policy is to stop", sent: 1},
		{name: "no policy to stop", given: func(w *world) {
			w.create("groups", "A", `{"displayName":"A"}`)
			w.create("groups", "B", `{"displayName":"B"}`)
		}, strike: on("apply", 1, fault{before: refusal(tenant.Permanent)}),
			want: deploy.Result{Status: deploy.Applied, Attempts: 1}, writes: 1, sent: 2},

		// a lost answer
		{name: "a create with a lost answer", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: on("apply", 1, fault{after: errors.New("connection reset by peer")}),
			want:   deploy.Result{Status: deploy.Applied, Attempts: 1}, writes: 1, sent: 1},
		{name: "an update with a lost answer", given: func(w *world) { w.update("groups", "Staff") },
			strike: on("apply", 1, fault{after: noAnswer()}),
			want:   deploy.Result{Status: deploy.Applied, Attempts: 1}, writes: 1, sent: 1},
		{name: "a delete with a lost answer", given: func(w *world) { w.remove("groups", "Staff") },
			strike: on("apply", 1, fault{after: noAnswer()}),
			want:   deploy.Result{Status: deploy.Applied, Attempts: 1}, writes: 1, sent: 1},
		{name: "a create without effect and answer", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: on("apply", 1, fault{before: noAnswer()}),
			want:   deploy.Result{Status: deploy.Applied, Attempts: 2}, retries: 1, writes: 1, sent: 2},
		{name: "an update without effect and answer", given: func(w *world) { w.update("groups", "Staff") },
			strike: on("apply", 1, fault{before: noAnswer()}),
			want:   deploy.Result{Status: deploy.Applied, Attempts: 2}, retries: 1, writes: 1, sent: 2},
		{name: "a delete without effect and answer", given: func(w *world) { w.remove("groups", "Staff") },
			strike: on("apply", 1, fault{before: noAnswer()}),
			want:   deploy.Result{Status: deploy.Applied, Attempts: 2}, retries: 1, writes: 1, sent: 2},
		{name: "answers that are always lost before the effect", given: func(w *world) { w.update("groups", "Staff") },
			strike: on("apply", 0, fault{before: noAnswer()}),
			want:   deploy.Result{Status: deploy.Failed, Class: "transient", Attempts: 3}, message: "given up after 3 attempts", retries: 2, sent: 3},
		{name: "a client that panics before the effect", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: func(call string, n int) fault {
				if call == "apply" && n == 1 {
					panic("at the disco")
				}
				return fault{}
			},
			want: deploy.Result{Status: deploy.Applied, Attempts: 2}, retries: 1, writes: 1, sent: 2},

		// unknown
		{name: "a lost create without a name", given: func(w *world) { w.create("notes", "N", `{"text":"x"}`) },
			strike: on("apply", 0, fault{after: noAnswer()}),
			want:   deploy.Result{Status: deploy.Unknown, Class: "unknown", Attempts: 1}, message: "look at notes/N in the tenant", writes: 1, sent: 1},
		{name: "a lost create without a name and effect", given: func(w *world) { w.create("notes", "N", `{"text":"x"}`) },
			strike: on("apply", 0, fault{before: noAnswer()}),
			want:   deploy.Result{Status: deploy.Unknown, Class: "unknown", Attempts: 1}, message: "no answer", sent: 1},
		{name: "a lost create whose name is a secret", given: func(w *world) { w.create("keys", "K", `{"secret":"`+plan.Redacted+`"}`) },
			strike: on("apply", 0, fault{before: noAnswer()}),
			want:   deploy.Result{Status: deploy.Unknown, Class: "unknown", Attempts: 1}, sent: 1},
		{name: "a lost update that the tenant hides", given: func(w *world) { w.update("groups", "Staff") },
			strike: after(on("apply", 1, fault{before: noAnswer()}), "get", refusal(tenant.AccessDenied)),
			want:   deploy.Result{Status: deploy.Unknown, Class: "unknown", Attempts: 1}, sent: 1},
		{name: "a lost update while reads fail", given: func(w *world) { w.update("groups", "Staff") },
			strike: after(on("apply", 1, fault{before: noAnswer()}), "get", refusal(tenant.Transient)),
			want:   deploy.Result{Status: deploy.Unknown, Class: "unknown", Attempts: 1}, sent: 1},
		{name: "a lost create while searches fail", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: after(on("apply", 1, fault{before: noAnswer()}), "read", refusal(tenant.AccessDenied)),
			want:   deploy.Result{Status: deploy.Unknown, Class: "unknown", Attempts: 1}, sent: 1},
		{name: "a lost create while searches say not found", given: func(w *world) { w.create("groups", "Staff", staff) },
			strike: after(on("apply", 1, fault{after: noAnswer()}), "read", refusal(tenant.NotFound)),
			want:   deploy.Result{Status: deploy.Unknown, Class: "unknown", Attempts: 1}, writes: 1, sent: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.given(w)
				w.strike = tt.strike
				if err := w.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				it := w.items[len(w.items)-1]
				got := w.result(it.ID)
				if got.Status != tt.want.Status || got.Class != tt.want.Class || got.Attempts != tt.want.Attempts || tt.want.RequestID != "" && got.RequestID != tt.want.RequestID {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
				if got.Kind != it.Kind || got.Key != it.Key || got.Verb != it.Verb {
					t.Errorf("got the result of %s %s/%s, want %s", got.Verb, got.Kind, got.Key, it.ID)
				}
				if !strings.Contains(got.Message, tt.message) {
					t.Errorf("got the message %q, want one with %q", got.Message, tt.message)
				}
				if got.Status == deploy.Applied && it.Verb == tenant.Create && got.TenantID != w.fake.Find(it.Kind, it.Key) {
					t.Errorf("got the id %q", got.TenantID)
				}
				if n := len(w.retries(it.ID)); n != tt.retries {
					t.Errorf("got %d retries, want %d", n, tt.retries)
				}
				if n := len(w.fake.Writes()); n != tt.writes || w.called("apply") != tt.sent {
					t.Errorf("got %d writes with an effect, and sent %d; want %d and %d", n, w.called("apply"), tt.writes, tt.sent)
				}
			})
		})
	}
}

// after strikes all calls of a name once another call was struck.
func after(first func(string, int) fault, call string, err error) func(string, int) fault {
	struck := false
	return func(c string, n int) fault {
		if f := first(c, n); f != (fault{}) {
			struck = true
			return f
		}
		if struck && c == call {
			return fault{before: err}
		}
		return fault{}
	}
}

// withSecret plans a vault with a secret that the plan does not hold, and gives
// the repository this file of it.
func (w *world) withSecret(file string) {
	w.t.Helper()
	planned, err := jsonval.ParseObject([]byte(`{"displayName":"V","password":"` + secret + `"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	k := w.kinds.Get("vaults")
	it := w.create("vaults", "V", `{"displayName":"V","password":"`+plan.Redacted+`"}`)
	it.DesiredSum = schema.Sum(planned, key)
	it.Sensitive = []string{"/password"}
	it.Changes[0].Secrets = map[string]string{"/password": schema.ApprovedSum(key, it.ID, schema.SecretNode(key, k, jsonval.StringNode(secret)))}
	w.desired.Resources = []tenant.Resource{{Kind: "groups", Key: "V"}, {Kind: "vaults", Key: "V", Source: "vaults/V.json", Body: json.RawMessage(file)}}
}

// The service may throttle an item more often than it may be attempted: a
// throttled attempt had no effect. Time bounds it.
func TestThrottled(t *testing.T) {
	throttled := &tenant.Error{Class: tenant.Throttled, Message: "slow down", RetryAfter: 40 * time.Second}
	transient := refusal(tenant.Transient)
	for _, tt := range []struct {
		name  string
		times int
		then  error // after that, once
		want  deploy.Status
	}{
		{"more often than attempts", 10, nil, deploy.Applied},
		{"and then fails once", 10, transient, deploy.Applied},
		{"for longer than the patience", 1000, nil, deploy.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.create("groups", "Staff", staff)
				w.strike = func(call string, n int) fault {
					if call == "apply" && n <= tt.times {
						return fault{before: throttled}
					}
					if call == "apply" && n == tt.times+1 && tt.then != nil {
						return fault{before: tt.then}
					}
					return fault{}
				}
				begun := time.Now()
				if err := w.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				took := time.Since(begun)
				if got := w.result("groups/Staff"); got.Status != tt.want {
					t.Errorf("got %+v, want %s", got, tt.want)
				}
				if tt.want == deploy.Applied && took < 10*40*time.Second {
					t.Errorf("it took %s, and the service asked for pauses of 40 s", took)
				}
				if tt.want == deploy.Failed && (took < 10*time.Minute || took > 12*time.Minute) {
					t.Errorf("given up after %s, want 10 minutes", took)
				}
			})
		})
	}
}

// Throttled attempts of another process count towards the patience, and failed
// attempts towards the attempts.
func TestAttemptsOfAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("groups", "Staff", staff)
		transient := on("apply", 0, fault{before: refusal(tenant.Transient)})
		w.strike = func(call string, n int) fault {
			if call == "append" && n == 5 { // the third intent
				return fault{before: errDead}
			}
			return transient(call, n)
		}
		if err := w.run(t.Context()); !errors.Is(err, errDead) {
			t.Fatalf("got %v, want the process dead", err)
		}
		w.strike = transient
		if err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.result("groups/Staff"); got.Status != deploy.Failed || got.Attempts != 3 {
			t.Errorf("got %+v, want it failed after 3 attempts", got)
		}
		if w.called("apply") != 3 {
			t.Errorf("sent %d times, want 3", w.called("apply"))
		}
	})
}
