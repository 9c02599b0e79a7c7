package oracle_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

var clientConfig = tenanttest.ClientConfig{Worker: "a"}

// overlapping lets two workers write at once.
func overlapping(st *story) {
	st.until("begin")
	st.after("begin", func(s *stage) {
		synctest.Test(s.t, func(t *testing.T) {
			s.fake.SlowWrites(time.Minute)
			for key, worker := range map[string]string{"1": "a", "2": "b"} {
				go func() {
					if worker == "b" {
						<-time.After(time.Second)
					}
					_, err := s.fake.Client(tenanttest.ClientConfig{Worker: worker}).Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "groups",
						After: json.RawMessage(`{"displayName":"` + key + `"}`), IdempotencyKey: key})
					if err != nil {
						t.Error(err)
					}
				}()
			}
			<-time.After(2 * time.Minute)
		})
		if err := s.o.Poll(ctx()); err != nil {
			s.t.Fatal(err)
		}
	})
}

// commits makes a run whose history is in a store, at whatever time it is.
type commits struct {
	t       *testing.T
	o       *oracle.Oracle
	store   *state.Memory
	fake    *tenanttest.Fake
	version int64
}

func (c *commits) add(typ syncer.EntryType, d syncer.EntryData) {
	c.t.Helper()
	req := state.CommitRequest{Record: state.Record{Tenant: "contoso", Version: c.version, Data: json.RawMessage(`{}`)}, Entries: []state.Entry{entry("run-1", typ, d)}}
	if d.Event != "" {
		req.Events = []state.Event{d.Event}
	}
	done, err := c.store.Commit(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	c.version = done.Record.Version
}

func (c *commits) move(from, to state.Status, d syncer.EntryData) {
	d.From, d.To = from, to
	c.add(syncer.EntryMove, d)
}

func (c *commits) intent(attempt int) {
	c.add(syncer.EntryIntent, syncer.EntryData{Intent: &syncer.Intent{Item: "groups/A", Attempt: attempt, Verb: tenant.Create, Key: "run-1/groups/A"}})
}

func (c *commits) result(status syncer.ItemStatus) {
	res := result("A", tenant.Create)
	res.Status = status
	c.add(syncer.EntryResult, syncer.EntryData{Result: &res})
}

func (c *commits) write() {
	op := tenant.Operation{Verb: tenant.Create, Kind: "groups", After: json.RawMessage(`{"displayName":"A"}`), IdempotencyKey: "run-1/groups/A"}
	if _, err := c.fake.Client(clientConfig).Apply(c.t.Context(), op); err != nil {
		c.t.Fatal(err)
	}
}

// A poll puts commits and writes into their order, also those of one instant.
func TestPoll(t *testing.T) {
	tests := []struct {
		name string
		do   func(c *commits)
		want string // the first violation; "" for none
	}{
		{"at one instant", func(c *commits) { c.intent(1); c.write(); c.result(syncer.ItemApplied) }, ""},
		{"after an attempt that had no effect", func(c *commits) { c.intent(1); c.result("retry"); c.intent(2); c.write(); c.result(syncer.ItemApplied) }, ""},
		{"one after the other", func(c *commits) {
			c.intent(1)
			<-time.After(time.Second)
			c.write()
			<-time.After(time.Second)
			c.result(syncer.ItemApplied)
		}, ""},
		{"before the intent", func(c *commits) {
			c.write()
			<-time.After(time.Second)
			c.intent(1)
			c.result(syncer.ItemApplied)
		}, oracle.WriteAhead},
		{"after the result", func(c *commits) {
			c.intent(1)
			c.result(syncer.ItemFailed)
			<-time.After(time.Second)
			c.write()
		}, oracle.WriteAhead},
		{"twice", func(c *commits) {
			c.intent(1)
			c.write()
			<-time.After(time.Second)
			c.result("retry")
			c.intent(2)
			c.result(syncer.ItemApplied)
		}, oracle.AtMostOnce},
		{"after a result that does not know", func(c *commits) {
			c.intent(1)
			c.result(syncer.ItemUnknown)
			<-time.After(time.Second)
			c.write()
		}, ""},
		{"never", func(c *commits) { c.intent(1); c.result(syncer.ItemApplied) }, oracle.Truth},
	}
	for _, tt := range tests {
		for _, each := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, polled once: %v", tt.name, !each), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := approved(t)
					if each {
						if err := c.o.Poll(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
					tt.do(c)
					if err := c.o.Poll(t.Context()); err != nil {
						t.Fatal(err)
					}
					got := c.o.Violations()
					switch {
					case tt.want == "" && len(got) > 0, tt.want != "" && (len(got) == 0 || got[0].Rule != tt.want):
						t.Errorf("got %q, want %q", got, tt.want)
					}
				})
			})
		}
	}
}

// end ends the run, with a report that has the item A.
func (c *commits) end(status syncer.ItemStatus) {
	c.t.Helper()
	item := result("A", tenant.Create)
	item.Status, item.Verified = status, false
	rep := syncer.Report{Format: 1, RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Actor: "ann", Options: syncer.Options{Mode: syncer.Full},
		Status: state.NewError, Outcome: syncer.Cancelled, Items: []syncer.ItemResult{item}}
	raw, err := json.Marshal(rep)
	if err != nil {
		c.t.Fatal(err)
	}
	ref, err := c.store.Put(c.t.Context(), state.PutRequest{Tenant: "contoso", Run: "run-1", Kind: "report", Data: raw})
	if err != nil {
		c.t.Fatal(err)
	}
	c.move(state.InProgress, state.NewError, syncer.EntryData{Event: state.Fail, Outcome: syncer.Cancelled, Report: &ref})
}

// The engine cannot see an effect that someone else has overwritten before it
// looks. An effect that still stands is judged as ever, and so is an effect that
// someone overwrites too late to mislead the engine.
func TestOverwritten(t *testing.T) {
	theirs := func(c *commits, do func(id string)) {
		<-time.After(time.Second)
		do(c.fake.Find("groups", "A"))
		<-time.After(time.Second)
	}
	removed := func(c *commits) { theirs(c, func(id string) { c.fake.Remove("groups", id) }) }
	changed := func(c *commits) { theirs(c, func(id string) { c.fake.Set("groups", id, `{"note":"theirs"}`) }) }
	other := func(c *commits) {
		theirs(c, func(string) { c.fake.Remove("groups", c.fake.Seed("groups", `{"displayName":"Z"}`)) })
	}
	carriedOut := "truth: the report says that groups/A is not_attempted, and the tenant has carried it out"
	begunAgain := "at most once: groups/A is begun again after it took effect"
	for _, tt := range []struct {
		name string
		do   func(c *commits)
		want []string
	}{
		{"removed before the report", func(c *commits) { c.write(); removed(c); c.result(syncer.ItemRetry); c.end(syncer.ItemNotAttempted) }, nil},
		{"changed before the report", func(c *commits) { c.write(); changed(c); c.result(syncer.ItemRetry); c.end(syncer.ItemNotAttempted) }, nil},
		{"removed after the report", func(c *commits) { c.write(); c.result(syncer.ItemRetry); c.end(syncer.ItemNotAttempted); removed(c) }, []string{carriedOut}},
		{"another object removed", func(c *commits) { c.write(); other(c); c.result(syncer.ItemRetry); c.end(syncer.ItemNotAttempted) }, []string{carriedOut}},
		{"not removed", func(c *commits) { c.write(); c.result(syncer.ItemRetry); c.end(syncer.ItemNotAttempted) }, []string{carriedOut}},
		{"removed, written again and said to be missing", func(c *commits) {
			c.write()
			removed(c)
			c.result(syncer.ItemRetry)
			c.intent(2)
			c.write()
			c.result(syncer.ItemRetry)
			c.end(syncer.ItemNotAttempted)
		}, []string{carriedOut}},
		{"removed and written again", func(c *commits) {
			c.write()
			removed(c)
			c.result(syncer.ItemRetry)
			c.intent(2)
			c.write()
			c.result(syncer.ItemApplied)
			c.end(syncer.ItemApplied)
		}, nil},
		{"removed after it was begun again", func(c *commits) {
			c.write()
			<-time.After(time.Second)
			c.result(syncer.ItemRetry)
			c.intent(2)
			removed(c)
			c.write()
			c.result(syncer.ItemApplied)
			c.end(syncer.ItemApplied)
		}, []string{begunAgain}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := approved(t)
				c.intent(1)
				tt.do(c)
				if err := c.o.Poll(t.Context()); err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, v := range c.o.Violations() {
					if v.Rule == oracle.Truth || v.Rule == oracle.AtMostOnce { // the run has no plan and no error
						got = append(got, v.String())
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		})
	}
}

// With Keep, only the last runs are remembered.
func TestKeep(t *testing.T) {
	s := keep(t, legal())
	for _, v := range s.o.Violations() {
		t.Error(v)
	}
	if n := len(s.o.Runs()); n != 2 || s.o.RunOf("run-1").Report != nil {
		t.Errorf("%d runs are kept, and of the first %+v", n, s.o.RunOf("run-1"))
	}
	s.o.Effect(s.write("A"))
	if got := s.o.Violations(); len(got) != 1 || got[0].Rule != oracle.WriteAhead {
		t.Errorf("a late write of a forgotten run: %q", got)
	}
}

// A forgotten run still tells which outcomes it did not know.
func TestKeepUnknown(t *testing.T) {
	st := legal()
	unknown(&st)
	s := keep(t, st)
	s.o.Effect(s.write("A"))
	for _, v := range s.o.Violations() {
		t.Error(v)
	}
}

// keep plays a story of run-1, and two runs after it, and keeps two.
func keep(t *testing.T, st story) *stage {
	s := newStage(t)
	s.cfg.Keep = 2
	s.o.Configure(s.cfg)
	for _, step := range st {
		step.do(s)
	}
	for _, run := range []string{"run-2", "run-3"} {
		s.run = run
		s.move(state.Start, syncer.EntryData{Actor: "ann", Message: "full"})
		s.move(state.Begin, syncer.EntryData{})
		s.report = syncer.Report{Format: 1, RunRef: syncer.RunRef{Tenant: "contoso", Run: run}, Status: state.Idle, Outcome: syncer.NoChanges}
		s.end(state.Succeed)
	}
	return s
}
