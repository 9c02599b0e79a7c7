package oracle_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// approved starts a run of contoso whose approval the store has.
func approved(t *testing.T) *commits {
	s := newStage(t)
	c := &commits{t: t, store: s.store, fake: s.fake, o: oracle.New(oracle.Config{Tenant: "contoso", Store: s.store, Fake: s.fake, Exclusive: true})}
	c.move(state.NotRun, state.Starting, syncer.EntryData{Event: state.Start, Actor: "ann", Message: "full"})
	c.move(state.Starting, state.InProgress, syncer.EntryData{Event: state.Begin})
	c.move(state.InProgress, state.PendingApproval, syncer.EntryData{Event: state.RequireApproval, Digest: "d"})
	c.move(state.PendingApproval, state.InProgress, syncer.EntryData{Event: state.Approve, Actor: "bob", Digest: "d"})
	return c
}

// found returns the rules of the violations so far.
func found(o *oracle.Oracle) []string {
	rules := []string{}
	for _, v := range o.Violations() {
		rules = append(rules, v.Rule)
	}
	return rules
}

// A client sends a write only while the store has the open intent of the write.
func TestClient(t *testing.T) {
	breach := []string{oracle.WriteAhead}
	for _, tt := range []struct {
		name string
		do   func(c *commits)
		want []string
	}{
		{"an open intent", func(c *commits) { c.intent(1) }, []string{}},
		{"a second attempt", func(c *commits) { c.intent(1); c.result(syncer.ItemRetry); c.intent(2) }, []string{}},
		{"no intent", func(*commits) {}, breach},
		{"an intent with a result", func(c *commits) { c.intent(1); c.result(syncer.ItemRetry) }, breach},
		{"an intent of another write", func(c *commits) {
			c.add(syncer.EntryIntent, syncer.EntryData{Intent: &syncer.Intent{Item: "groups/B", Attempt: 1, Key: "run-1/groups/B"}})
		}, breach},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := approved(t)
			tt.do(c)
			op := tenant.Operation{Verb: tenant.Create, Kind: "groups", After: []byte(`{"displayName":"A"}`), IdempotencyKey: "run-1/groups/A"}
			if _, err := c.o.Client(c.fake.Client(clientConfig)).Apply(t.Context(), op); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, found(c.o)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if n := len(c.fake.Writes()); n != 1 {
				t.Errorf("the tenant has %d writes, want 1", n)
			}
		})
	}
}

// A removed tenant begins anew. Writes from before the removal have no history
// any more, and later ones are judged.
func TestRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := approved(t)
		if err := c.o.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.o.Offer(syncer.Decision{Actor: "bob"})
		c.intent(1)
		c.write()
		<-time.After(time.Second)
		// The engine removes a tenant at rest only. The store removes it in any status.
		done, err := c.store.Commit(t.Context(), state.CommitRequest{Record: state.Record{Tenant: "contoso", Version: c.version}, Remove: true,
			Entries: []state.Entry{entry("", syncer.EntryRemove, syncer.EntryData{Actor: "ann"})}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.o.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := found(c.o); len(got) > 0 || c.o.Status() != state.NotRun || c.o.Run() != nil || len(c.o.Runs()) > 0 {
			t.Errorf("after the removal: %q, %s, run %v of %d", got, c.o.Status(), c.o.Run(), len(c.o.Runs()))
		}
		<-time.After(time.Second)
		c.version = done.Record.Version
		c.write()
		if err := c.o.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := c.o.Violations(); !slices.ContainsFunc(got, func(v oracle.Violation) bool { return strings.Contains(v.Message, "is written by no run") }) {
			t.Errorf("a write after the removal: %q", got)
		}
	})
}

// The oracle tells a harness each line before it judges the line, and each
// violation at once.
func TestNotified(t *testing.T) {
	s := newStage(t)
	var got []string
	s.cfg.Entry = func(e syncer.Entry) {
		got = append(got, strings.Join([]string{e.Run, string(e.Type), string(e.Event), string(s.o.Status())}, " "))
	}
	s.cfg.Violated = func(v oracle.Violation) { got = append(got, v.Rule) }
	s.o.Configure(s.cfg)
	s.move(state.Start, syncer.EntryData{Actor: "ann", Message: "full"})
	s.commit(s.line(syncer.EntryResume, syncer.EntryData{Actor: "dan"}))
	want := []string{"run-1 move start not_run", "run-1 resume  starting", oracle.SingleRun}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Where the tenant's writes are not judged one by one, the tenant still tells
// which of them it has carried out twice.
func TestRepeated(t *testing.T) {
	s := newStage(t)
	s.cfg.Anonymous = true
	s.o.Configure(s.cfg)
	for _, key := range []string{"", "2"} {
		op := tenant.Operation{Verb: tenant.Create, Kind: "groups", After: []byte(`{"displayName":"A"}`), IdempotencyKey: key}
		if _, err := s.fake.Client(clientConfig).Apply(t.Context(), op); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.o.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{oracle.AtMostOnce}, found(s.o)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A granted permission leads back to the status in which the tenant rested.
func TestGranted(t *testing.T) {
	require := func(o syncer.Outcome) func(s *stage) {
		return func(s *stage) { s.move(state.RequireConsent, syncer.EntryData{Outcome: o}) }
	}
	fail := func(s *stage) { beginRun(s); s.move(state.Fail, syncer.EntryData{}) }
	for _, tt := range []struct {
		name string
		do   []func(s *stage)
		want state.Event
	}{
		{"missing at rest", []func(*stage){require("")}, state.ClearNotRun},
		{"missing for a part of the run", []func(*stage){beginRun, require(syncer.Deployed)}, state.ClearIdle},
		{"missing for the whole run", []func(*stage){fail, beginRun, require(syncer.FailedWith)}, state.ClearNewError},
		{"still missing", []func(*stage){beginRun, require(syncer.Deployed), beginRun, require(syncer.FailedWith)}, state.ClearIdle},
		{"a run is cancelled", []func(*stage){require(""), beginRun, func(s *stage) {
			s.move(state.RestorePendingAdminConsent, syncer.EntryData{Outcome: syncer.Cancelled})
		}}, state.ClearNotRun},
		{"missing again", []func(*stage){beginRun, require(syncer.Deployed), fail, require("")}, state.ClearNewError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, ev := range []state.Event{state.ClearNotRun, state.ClearIdle, state.ClearNewError} {
				s := newStage(t)
				for _, do := range tt.do {
					do(s)
				}
				s.move(ev, syncer.EntryData{})
				wrong := slices.ContainsFunc(s.o.Violations(), func(v oracle.Violation) bool { return strings.Contains(v.Message, "a granted permission leads back") })
				if wrong != (ev != tt.want) {
					t.Errorf("%s: reported is %v, want %s to be right", ev, wrong, tt.want)
				}
			}
		})
	}
}

// beginRun begins a run of the stage's tenant.
func beginRun(s *stage) {
	s.run += "'"
	s.move(state.Start, syncer.EntryData{Actor: "ann", Message: "full"})
	s.move(state.Begin, syncer.EntryData{})
}
