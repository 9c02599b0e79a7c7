package simulation

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// checked is one use of a check: the violations that it found, and a part of
// the first, or "" for none.
type checked struct {
	name  string
	found []oracle.Violation
	want  string
}

func verify(t *testing.T, cases []checked) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			switch {
			case c.want == "" && len(c.found) > 0:
				t.Errorf("got %v, want nothing", c.found)
			case c.want != "" && (len(c.found) == 0 || !strings.Contains(c.found[0].String(), c.want)):
				t.Errorf("got %v, want a violation with %q", c.found, c.want)
			}
		})
	}
}

// checkedAt is the time of all checks.
var checkedAt = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func TestCheckCommit(t *testing.T) {
	record := func(status state.Status, data string) state.Record {
		return state.Record{Status: status, Data: []byte(data)}
	}
	entry := func(data string) []state.Entry { return []state.Entry{{Type: "vote", Data: []byte(data)}} }
	verify(t, []checked{
		{"nothing secret", checkCommit(entry(`{}`), record(state.Idle, `{}`)), ""},
		{"a token in the record", checkCommit(nil, record(state.Idle, `{"a": "authtest-1"}`)), "secrets: the record holds a token"},
		{"a secret of a profile in the record", checkCommit(nil, record(state.Idle, `{"a": "SECRET-r1"}`)), "secrets: the record holds a token"},
		{"a code while a person signs in", checkCommit(nil, record(state.PendingAuthentication, `{"a": "CODE-1"}`)), ""},
		{"a code that has been used", checkCommit(nil, record(state.InProgress, `{"a": "CODE-1"}`)), "secrets: the record holds a code while in_progress"},
		{"a token in the history", checkCommit(entry(`"authtest-1"`), record(state.Idle, ``)), "secrets: an entry of type vote"},
		{"a code in the history", checkCommit(entry(`"CODE-1"`), record(state.PendingAuthentication, ``)), "secrets: an entry of type vote"},
		{"a secret elsewhere", checkSecrets("a blob", []byte("SECRET-t1")), "secrets: a blob holds one"},
		{"no secret elsewhere", checkSecrets("a blob", []byte("t1")), ""},
	})
	if _, found := decodeRecord([]byte("{")); len(found) != 1 {
		t.Errorf("a corrupt record: got %v", found)
	}
	if _, found := decodeEntries(entry("")); len(found) > 0 {
		t.Errorf("an entry without data: got %v", found)
	}
	if _, found := decodeEntries(entry("{")); len(found) != 1 {
		t.Errorf("a corrupt entry: got %v", found)
	}
}

func TestCheckWake(t *testing.T) {
	wake := func(status state.Status, deadline, at time.Duration) state.Committed {
		return state.Committed{Now: checkedAt, Record: state.Record{Status: status, Deadline: checkedAt.Add(deadline), WakeAt: checkedAt.Add(at)}}
	}
	never := wake(state.PendingApproval, time.Hour, 0)
	never.Record.WakeAt = time.Time{}
	verify(t, []checked{
		{"at rest until tomorrow", checkWake(wake(state.Idle, 0, day), 0), ""},
		{"at rest until the day after", checkWake(wake(state.Idle, 0, 2*day), 0), "rest: idle, and due at"},
		{"waits until its deadline", checkWake(wake(state.PendingApproval, time.Hour, time.Hour), 0), ""},
		{"waits for longer", checkWake(wake(state.PendingApproval, time.Hour, 2*time.Hour), 0), "deadlines: pending_approval until"},
		{"does not wake", checkWake(never, 0), "deadlines: pending_approval until"},
		{"is postponed", checkWake(wake(state.PendingAuthentication, -time.Hour, time.Minute), 0), ""},
		{"is postponed for long", checkWake(wake(state.PendingAuthentication, -time.Hour, 2*time.Minute), 0), "deadlines: pending_authentication until"},
		{"is postponed by a clock that was set back", checkWake(wake(state.PendingAuthentication, -time.Hour, 2*time.Minute), time.Minute), ""},
	})
}

func TestCheckAwake(t *testing.T) {
	at := func(status state.Status, ago time.Duration) standing {
		return standing{rec: state.Record{Status: status, WakeAt: checkedAt.Add(-ago), Deadline: checkedAt.Add(-ago), UpdatedAt: checkedAt.Add(-ago)}, until: checkedAt}
	}
	leased, paused := at(state.Idle, 7*time.Hour), at(state.InProgress, 11*time.Hour)
	leased.until = checkedAt.Add(time.Second)
	paused.data.Paused = []syncer.Pause{{}}
	paused.rec.WakeAt = time.Time{}
	stuck := at(state.InProgress, 11*time.Hour)
	stuck.rec.WakeAt = time.Time{}
	unasked := at(state.PendingAuthentication, 3*time.Hour)
	verify(t, []checked{
		{"due a while ago", checkAwake(at(state.Idle, 5*time.Hour), checkedAt), ""},
		{"due long ago", checkAwake(at(state.Idle, 7*time.Hour), checkedAt), "rest: due at"},
		{"due long ago, and at work", checkAwake(leased, checkedAt), ""},
		{"a sign-in that ended just now", checkAwake(at(state.PendingAuthentication, time.Hour), checkedAt), ""},
		{"a sign-in that should have ended", checkAwake(unasked, checkedAt), "deadlines: the sign-in should have timed out"},
		{"a run that stands still", checkAwake(stuck, checkedAt), "rest: in_progress since"},
		{"a run that is paused", checkAwake(paused, checkedAt), ""},
	})
}

// Each row changes one file, that of a policy. The tenant has had "t1" and "r1".
func TestCheckFile(t *testing.T) {
	check := func(act string, was, is body, more ...func(*fileChange)) []oracle.Violation {
		c := fileChange{act: act, change: tenant.Change{Kind: "policies", Key: "P"}, was: was, is: is,
			hadTenant: func(v string) bool { return v == "t1" || v == "r1" }}
		for _, m := range more {
			m(&c)
		}
		return c.check()
	}
	list := func(members ...any) body { return body{"groups": members} }
	planned := func(items ...plan.Item) func(*fileChange) {
		return func(c *fileChange) { c.plan = &plan.Plan{Items: items} }
	}
	verify(t, []checked{
		{"adopted", check("adopt", body{"note": "r1"}, body{"note": "t1"}), ""},
		{"adopted over an edit", check("adopt", body{"note": "r2"}, body{"note": "t1"}), "nothing lost: policies/P: adopting t1 over note=r2"},
		{"a value from nowhere", check("adopt", body{"note": "r1"}, body{"note": "t2"}), "the tenant never had it"},
		{"a hidden value", check("adopt", body{"secret": plan.Redacted}, body{"secret": "t1"}), ""},
		{"a member twice", check("adopt", list("a", "b"), list("a", "b", "a")), "a member twice into a list"},
		{"another member", check("adopt", list("a"), list("a", "b")), ""},
		{"a member that was there twice", check("adopt", list("a", "a"), list("a", "a")), ""},
		{"removed, as the tenant's object", check("adopt", body{"note": "r1"}, nil), ""},
		{"removed, and the object is there", check("adopt", body{"note": "r1"}, nil, func(c *fileChange) { c.bound = "7" }), "the tenant still has it as 7"},
		{"adopted, against the policy", check("adopt", body{"note": "r1"}, body{"note": "t1"}, func(c *fileChange) { c.enforce = true }), "the policy is to enforce"},
		{"rolled back", check("rollback", body{"note": "r2"}, body{"note": "r0"}, func(c *fileChange) { c.rollsBack = true }), ""},
		{"rolled back without a wish", check("rollback", body{"note": "r2"}, body{"note": "r0"}), "no person asked for it"},
		{"reverted", check("revert", body{"note": "r2"}, body{"note": "t1"}, planned(plan.Item{Kind: "policies", Key: "P"})), ""},
		{"reverted under its former name", check("revert", body{"note": "r2"}, body{"note": "t1"}, planned(plan.Item{Kind: "policies", Key: "Q", RenamedFrom: "P"})), ""},
		{"reverted without a plan for it", check("revert", body{"note": "r2"}, body{"note": "t1"}, planned()), "the plan does not have it"},
	})
	base := &diff.Base{Objects: []*diff.BaseObject{
		{Kind: "groups", Key: "P", ID: "1"}, {Kind: "policies", Key: "P", ID: "2"}, {Kind: "policies", Key: "Q", ID: "3"},
	}}
	if id := boundTo(base, "policies", "P"); id != "2" {
		t.Errorf("a bound file: got %q", id)
	}
	if id := boundTo(base, "policies", "R"); id != "" {
		t.Errorf("a file that is not bound: got %q", id)
	}
}

func TestCheckAgreed(t *testing.T) {
	check := func(files, objects []string, more ...func(*sides)) []oracle.Violation {
		s := sides{line: tenant.Desired{Resources: resources(files)}, objects: map[string][]tenant.Resource{}}
		for _, o := range resources(objects) {
			s.objects[o.Kind] = append(s.objects[o.Kind], o)
		}
		for _, m := range more {
			m(&s)
		}
		return s.checkAgreed()
	}
	type list = []string
	file, object := `groups {"displayName": "G"}`, `groups {"displayName": "G", "id": "g1"}`
	refers := list{file, `policies {"displayName": "P", "groups": ["${groups/G}", "All"]}`}
	ours, theirs := list{`groups {"displayName": "G", "mode": "r1"}`}, list{`groups {"displayName": "G", "mode": "t1"}`}
	verify(t, []checked{
		{"equal", check(list{file}, list{object}), ""},
		{"a property that is not managed", check(list{file}, theirs), ""},
		{"null is no value", check(list{`groups {"displayName": "G", "note": null}`}, list{object}), ""},
		{"another value", check(ours, theirs), "no object like the repository's groups/G"},
		{"another value of an ignored property", check(ours, theirs, func(s *sides) { s.ignored = list{"mode"} }), ""},
		{"no object", check(list{file}, nil), "nothing lost: the tenant has no object like the repository's groups/G"},
		{"no file", check(nil, list{object}), "nothing lost: the tenant's groups are not in the repository"},
		{"no file, of a kind whose files are a choice", check(nil, list{object}, func(s *sides) { s.scopes = map[string]tenant.Scope{"groups": tenant.Listed} }), ""},
		{"no file, and the policy is to delete the object", check(nil, list{object}, func(s *sides) { s.enforce = true }), ""},
		{"a reference", check(refers, list{object, `policies {"displayName": "P", "groups": ["All", "g1"]}`}), ""},
		{"a file without a name has that of its key", check(list{`groups/G {}`}, list{object}), ""},
		{"a file without a name, and another name", check(list{`groups/H {}`}, list{object}), "no object like the repository's groups/H"},
		{"a reference to a file without a name", check(list{`groups/G {}`, refers[1]}, list{object, `policies {"displayName": "P", "groups": ["All", "g1"]}`}), ""},
		{"a reference to a file with another name", check(list{`groups/G {"displayName": "H"}`, refers[1]}, list{`groups {"displayName": "H", "id": "g1"}`, `policies {"displayName": "P", "groups": ["All", "g1"]}`}), ""},
		{"settings have no name", check(list{`settings {"note": "t1"}`}, list{`settings {"note": "t1"}`}), ""},
		{"a reference to another", check(refers, list{object, `policies {"displayName": "P", "groups": ["All", "g2"]}`}), "no object like the repository's policies/P"},
	})
}

// resources reads lines of a kind, with a key if it is not the name, and a body.
func resources(lines []string) (all []tenant.Resource) {
	for _, line := range lines {
		kind, raw, _ := strings.Cut(line, " ")
		b := decode(json.RawMessage(raw))
		kind, key, _ := strings.Cut(kind, "/")
		if key == "" {
			key, _ = b["displayName"].(string)
		}
		id, _ := b["id"].(string)
		all = append(all, tenant.Resource{Kind: kind, Key: key, ID: id, Body: json.RawMessage(raw)})
	}
	return all
}

// A clock that was set back some times within an hour was set back by the sum.
func TestStoreClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := state.NewMemory()
		c := newStoreClock(store, -time.Minute)
		if got := time.Since(c.now()); got != time.Minute {
			t.Errorf("the clock is %s late, want a minute", got)
		}
		want := func(d time.Duration) {
			t.Helper()
			if got := c.setBack(); got != d {
				t.Errorf("set back by %s, want %s", got, d)
			}
		}
		want(0)
		for range 2 {
			c.move(-time.Second)
			c.move(time.Second)
		}
		want(2 * time.Second)
		<-time.After(2 * time.Hour)
		want(0)
		if ahead := c.move(-time.Second); ahead != -61*time.Second {
			t.Errorf("the clock is ahead by %s, want -61s", ahead)
		}
		want(time.Second)
	})
}

// A worker races if somebody has changed an object since the worker looked.
func TestOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrigins()
		object := diff.Object{Kind: "groups", ID: "g1"}
		steps := []struct {
			name string
			do   func()
			want bool
		}{
			{"nothing", func() {}, false},
			{"somebody changes it", func() { o.touch(object) }, true},
			{"another worker looks", func() { o.look("b", object) }, true},
			{"the worker looks", func() { o.look("a", object) }, false},
		}
		for _, s := range steps {
			s.do()
			if got := o.raced("a", object); got != s.want {
				t.Errorf("%s: got %v, want %v", s.name, got, s.want)
			}
			<-time.After(time.Second)
		}
		ours, theirs, secret := o.value("r"), o.value("t"), o.value(secretValue+"t")
		o.reaches(body{"note": "written", "displayName": "no value"})
		for value, want := range map[string]bool{ours: false, theirs: true, secret: true, "written": true, "no value": false} {
			if got := o.hadTenant(value); got != want {
				t.Errorf("the tenant had %q: got %v, want %v", value, got, want)
			}
		}
	})
}
