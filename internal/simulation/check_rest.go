package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// checkDrained: a worker that stopped in peace has left no lease behind, unless
// a fault kept it from giving one up.
func (w *world) checkDrained(k *worker) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.storeTime()
	for _, s := range w.subjects {
		if owner, until := s.oracle.Holder(); owner == k.name && until.After(now) {
			w.count1("worker: drained, and a lease runs out", 1)
			if w.levelLocked(s) == 0 && w.levelLocked(nil) == 0 {
				w.violateLocked(s, "rest", "%s has stopped and still has the lease until %s", k.name, until)
			}
		}
	}
}

// sweep is what is done every day: what is old is pruned, and no tenant has
// been left lying.
func (w *world) sweep(n int) {
	if n%7 == 0 {
		for _, s := range w.subjects {
			if _, err := w.store.Prune(context.Background(), state.PruneRequest{Tenant: s.name, Age: 3 * day, Limit: 10_000}); err != nil {
				w.violate(s, "prune", "%v", err)
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.storeTime()
	for _, s := range w.subjects {
		if due := s.rec.WakeAt; !due.IsZero() && now.Sub(due) > 6*time.Hour && !s.leased(now) {
			w.violateLocked(s, "rest", "due at %s, and nobody has looked at it until %s", due, now)
		}
		if s.rec.Status == state.PendingAuthentication && now.Sub(s.rec.Deadline) > 2*time.Hour {
			w.violateLocked(s, "deadlines", "the sign-in should have timed out at %s, now it is %s", s.rec.Deadline, now)
		}
		if at := s.rec.UpdatedAt; len(s.data.Paused) == 0 && (s.rec.Status == state.Starting || s.rec.Status == state.InProgress) && now.Sub(at) > 10*time.Hour {
			w.violateLocked(s, "rest", "%s since %s, now it is %s", s.rec.Status, at, now)
		}
	}
}

// checkRest: after some days without faults, with people who answer, all rest,
// nobody holds anything, and both sides of every tenant agree.
func (w *world) checkRest() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.storeTime()
	for _, s := range w.subjects {
		rec := s.rec
		rec.LeaseOwner, rec.LeaseUntil = s.oracle.Holder()
		s.oracle.Rest(rec, now)
		w.count1("world: rests in "+string(s.rec.Status), 1)
		for _, kind := range kindNames {
			w.count1("world: objects at the end", len(s.fake.Objects(kind)))
		}
		w.count1("world: files at the end", len(s.head().Resources))
		if len(w.violations) == 0 {
			s.checkAgreed()
		}
	}
}

// checkAgreed: what the repository says is what the tenant has.
func (s *subject) checkAgreed() {
	violate := func(format string, args ...any) { s.w.violateLocked(s, "nothing lost", format, args...) }
	if s.rec.Status != state.Idle {
		violate("at the end it is %s (%s: %s)", s.rec.Status, s.data.Run.Outcome, s.data.Run.Reason)
		return
	}
	if out := s.data.Run.Outcome; out != syncer.NoChanges && out != syncer.Adopted {
		violate("at the end there was still something to do: %s", out)
	}
	line := s.head()
	for _, kind := range kindNames {
		objects := s.fake.Objects(kind)
		left := slices.Clone(objects)
		for _, f := range line.Resources {
			if f.Kind != kind {
				continue
			}
			i := slices.IndexFunc(left, func(o tenant.Resource) bool { return s.agrees(line, f, decode(o.Body)) })
			if i < 0 {
				violate("the repository's %s/%s has no like in the tenant: %s\nthe tenant has %s", kind, f.Key, text(decode(f.Body)), texts(objects))
				continue
			}
			left = slices.Delete(left, i, i+1)
		}
		if len(left) > 0 && s.settings.Scopes[kind] != tenant.Listed && !s.settings.Rules.Enforce {
			violate("the tenant's %s are not in the repository: %s", kind, texts(left))
		}
	}
}

func texts(list []tenant.Resource) string {
	var all []string
	for _, r := range list {
		all = append(all, "{"+text(decode(r.Body))+"}")
	}
	return strings.Join(all, ", ")
}

// agrees reports whether an object is as a file says. What the file does not
// have is not managed, and null is nothing. References are compared by the
// names of what they lead to.
func (s *subject) agrees(line tenant.Desired, f tenant.Resource, has body) bool {
	want := decode(f.Body)
	if want["displayName"] == nil && f.Kind != "settings" {
		want["displayName"] = f.Key
	}
	for name, v := range want {
		if name[0] == '$' || v == nil && has[name] == nil || v == plan.Redacted || slices.Contains(s.ignored, name) {
			continue
		}
		v = resolved(v, func(kind, key string) (string, bool) {
			other := fileOf(line, kind, key)
			if other["displayName"] == nil {
				return key, other != nil
			}
			return fmt.Sprint(other["displayName"]), true
		})
		if !sameValue(s.nameOf(has[name]), v) {
			return false
		}
	}
	return true
}

// nameOf is a value of the tenant with names in place of ids.
func (s *subject) nameOf(v any) any {
	switch v := v.(type) {
	case string:
		for _, kind := range []string{"groups", "locations"} {
			if raw := s.fake.Object(kind, v); raw != nil {
				return decode(raw)["displayName"]
			}
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = s.nameOf(v[i])
		}
		return out
	}
	return v
}
