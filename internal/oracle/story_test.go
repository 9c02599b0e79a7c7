package oracle_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

const (
	authTimeout     = 10 * time.Minute
	approvalTimeout = 24 * time.Hour
	runTimeout      = time.Hour
)

// stage is a tenant whose history a story makes up, commit by commit.
type stage struct {
	t       *testing.T
	o       *oracle.Oracle
	cfg     oracle.Config
	store   *state.Memory
	fake    *tenanttest.Fake
	now     time.Time
	version int64
	run     string
	// What the next records have.
	status   state.Status
	deadline time.Time
	data     map[string]any
	fence    int64
	skip     int64 // of versions
	blind    bool  // only the history is fed
	plan     *plan.Plan
	report   syncer.Report
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, store: state.NewMemory(), now: time.Unix(1_000_000, 0).UTC(), run: "run-1", status: state.NotRun, data: map[string]any{"run": map[string]any{"id": "run-1"}}, fence: 1}
	s.fake = tenanttest.NewFake(tenanttest.Config{Kinds: []tenant.Kind{{Name: "groups", Create: true, Update: true, Delete: true}}})
	s.cfg = oracle.Config{Tenant: "contoso", Store: s.store, Fake: s.fake, AuthTimeout: authTimeout, ApprovalTimeout: approvalTimeout, RunTimeout: runTimeout,
		Approvals: 2, Offers: true, Live: true, Never: []string{"internal"}}
	s.o = oracle.New(s.cfg)
	s.plan = thePlan(t)
	s.report = syncer.Report{Format: 1, RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Actor: "ann", Options: syncer.Options{Mode: syncer.Full},
		Status: state.Idle, Outcome: syncer.Deployed, Reason: "done",
		Kinds:   []syncer.KindReport{{KindState: tenant.KindState{Kind: "groups", Completeness: tenant.Complete}, Created: 1, Updated: 1, Deleted: 1}},
		Items:   []syncer.ItemResult{result("A", tenant.Create), result("B", tenant.Update), result("C", tenant.Delete)},
		Adopted: []plan.AdoptedChange{{Kind: "groups", Key: "Drift"}}}
	return s
}

func result(key string, verb tenant.Verb) syncer.ItemResult {
	return syncer.ItemResult{Item: "groups/" + key, Kind: "groups", Key: key, Verb: verb, Status: syncer.ItemApplied, TenantID: "id-" + key, Verified: true}
}

// thePlan creates a group, changes one that refers to it, and deletes one.
func thePlan(t *testing.T) *plan.Plan {
	p := &plan.Plan{Format: 1, Tenant: "contoso", Items: []plan.Item{
		{ID: "groups/A", Kind: "groups", Key: "A", Verb: tenant.Create, After: json.RawMessage(`{"displayName":"A","secret":"` + plan.Redacted + `"}`),
			Changes: []plan.PropertyChange{{Pointer: "", After: json.RawMessage(`{"displayName":"A"}`)}}},
		{ID: "groups/B", Kind: "groups", Key: "B", Verb: tenant.Update, TenantID: "id-B", Wave: 1, DependsOn: []string{"groups/A"},
			After: json.RawMessage(`{"displayName":"B","state":"on","members":["${groups/A}"],"owner":"${groups/Staff}"}`),
			Changes: []plan.PropertyChange{
				{Pointer: "/state", Before: json.RawMessage(`"off"`), After: json.RawMessage(`"on"`)},
				{Pointer: "/owner", After: json.RawMessage(`"${groups/Staff}"`)},
				{Pointer: "/members/-", After: json.RawMessage(`"${groups/A}"`)}},
			Resolved: []plan.Resolved{{Ref: "${groups/Staff}", ID: "id-Staff"}}},
		{ID: "groups/C", Kind: "groups", Key: "C", Verb: tenant.Delete, TenantID: "id-C", Wave: 1,
			Changes: []plan.PropertyChange{{Pointer: "", Before: json.RawMessage(`{"displayName":"C"}`)}}},
	}, Broken: []plan.Violation{{Rule: "max-deletes", Message: "too many", Items: []string{"groups/C"}}}}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *stage) blob(kind string, v any) *state.BlobRef {
	raw, err := json.Marshal(v)
	if p, ok := v.(*plan.Plan); ok {
		raw, err = p.Encode()
	}
	if err == nil {
		var ref state.BlobRef
		if ref, err = s.store.Put(s.t.Context(), state.PutRequest{Tenant: "contoso", Run: s.run, Kind: kind, Data: raw}); err == nil {
			return &ref
		}
	}
	s.t.Fatal(err)
	return nil
}

func entry(run string, typ syncer.EntryType, d syncer.EntryData) state.Entry {
	raw, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return state.Entry{Run: run, Type: string(typ), Data: raw}
}

// line is an entry of the run.
func (s *stage) line(typ syncer.EntryType, d syncer.EntryData) state.Entry {
	if typ == syncer.EntryMove {
		s.status = d.To
	}
	return entry(s.run, typ, d)
}

func (s *stage) commit(lines ...state.Entry) {
	s.version += 1 + s.skip
	s.skip = 0
	c := oracle.Commit{Version: s.version, Now: s.now, Entries: lines, Fence: s.fence}
	if !s.blind {
		raw, err := json.Marshal(s.data)
		if err != nil {
			s.t.Fatal(err)
		}
		c.Record = &state.Record{Tenant: "contoso", Version: s.version, Status: s.status, Deadline: s.deadline, Data: raw}
	}
	s.o.Commit(c)
	s.now = s.now.Add(time.Second)
}

// move commits a move by the table.
func (s *stage) move(ev state.Event, d syncer.EntryData) {
	d.Event, d.From = ev, s.status
	to, err := state.Next(s.status, ev)
	if err != nil {
		s.t.Fatal(err)
	}
	d.To = to
	s.deadline = time.Time{}
	switch to {
	case state.PendingAuthentication:
		s.deadline = s.now.Add(authTimeout)
	case state.PendingApproval:
		s.deadline = s.now.Add(approvalTimeout)
	}
	s.commit(s.line(syncer.EntryMove, d))
}

func (s *stage) phase(p syncer.Phase) {
	s.commit(s.line(syncer.EntryPhase, syncer.EntryData{Phase: p}))
}

func (s *stage) intent(key string, verb tenant.Verb, attempt int) {
	in := syncer.Intent{Item: "groups/" + key, Attempt: attempt, Verb: verb, Key: s.run + "/groups/" + key}
	if verb != tenant.Create {
		in.TenantID = "id-" + key
	}
	s.commit(s.line(syncer.EntryIntent, syncer.EntryData{Intent: &in}))
}

func (s *stage) result(key string, verb tenant.Verb, status syncer.ItemStatus) {
	res := result(key, verb)
	res.Status = status
	s.commit(s.line(syncer.EntryResult, syncer.EntryData{Result: &res}))
}

// write is the call for an item, as approved.
func (s *stage) write(key string) oracle.Write {
	w := oracle.Write{Worker: "a", At: s.now, Object: "id-" + key, Operation: tenant.Operation{Kind: "groups", ID: "id-" + key, IdempotencyKey: "run-1/groups/" + key}}
	switch key {
	case "A":
		w.Verb, w.ID, w.After = tenant.Create, "", json.RawMessage(`{"displayName":"A","secret":"hush"}`)
	case "B":
		w.Verb = tenant.Update
		w.Before = json.RawMessage(`{"displayName":"B","state":"off","members":["id-Z"]}`)
		w.Patch = json.RawMessage(`{"state":"on","members":["id-Z","id-A"],"owner":"id-Staff"}`)
		w.Actual = w.Before
	case "C":
		w.Verb, w.Before = tenant.Delete, json.RawMessage(`{"displayName":"C"}`)
		w.Actual = w.Before
	}
	return w
}

func (s *stage) decision(who string) syncer.Decision {
	return syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Digest: s.plan.Digest, Verdict: syncer.Approve, Actor: who, Accept: []string{"max-deletes"}}
}

// decide stores the decision in the record.
func (s *stage) decide(change map[string]any) {
	d := map[string]any{"verdict": syncer.Approve, "actors": []string{"bob", "carol"}, "accept": []string{"max-deletes"}}
	for k, v := range change {
		d[k] = v
	}
	s.data["run"].(map[string]any)["decision"] = d
}

func (s *stage) end(ev state.Event) {
	s.move(ev, syncer.EntryData{Outcome: s.report.Outcome, Message: s.report.Reason, Error: s.report.Error,
		Report: s.blob("report", s.report), Plan: s.blob("plan", s.plan)})
}

// record is the tenant's record at the end.
func (s *stage) record() state.Record { return state.Record{Status: s.status} }

func (s *stage) row() syncer.Row {
	row := syncer.Row{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Status: s.status, Label: s.status.Label(), Version: s.version, Actor: "ann", Deadline: s.deadline}
	if s.status.Resting() {
		row.Outcome = s.report.Outcome
	}
	return row
}

// step is a part of a story.
type step struct {
	name string
	do   func(*stage)
}

type story []step

// legal is a story in which everything is as it should be.
func legal() story {
	var out story
	add := func(name string, do func(*stage)) { out = append(out, step{name, do}) }
	add("lease", func(s *stage) {
		s.o.Lease(state.Lease{Now: s.now, Record: state.Record{LeaseOwner: "a", Fence: 1, LeaseUntil: s.now.Add(time.Hour)}}, false)
	})
	add("start", func(s *stage) { s.move(state.Start, syncer.EntryData{Actor: "ann", Message: "full"}) })
	add("begin", func(s *stage) { s.move(state.Begin, syncer.EntryData{}) })
	add("ask", func(s *stage) { s.move(state.RequireAuthentication, syncer.EntryData{}) })
	add("code", func(s *stage) { s.commit(s.line(syncer.EntryPrompt, syncer.EntryData{})) })
	add("sign in", func(s *stage) { s.move(state.Authenticate, syncer.EntryData{}) })
	add("plan", func(s *stage) { s.phase(syncer.PhasePlan) })
	add("adopt", func(s *stage) {
		s.o.Update(oracle.Update{Run: "run-1", Act: "adopt", Changes: []tenant.Change{{Kind: "groups", Key: "Drift"}}})
	})
	add("propose", func(s *stage) {
		s.data["run"].(map[string]any)["plan"] = s.blob("plan", s.plan)
		s.move(state.RequireApproval, syncer.EntryData{Digest: s.plan.Digest})
	})
	add("offer", func(s *stage) { s.o.Offer(s.decision("bob")); s.o.Offer(s.decision("carol")) })
	add("vote", func(s *stage) {
		s.commit(s.line(syncer.EntryVote, syncer.EntryData{Actor: "bob", Digest: s.plan.Digest}))
	})
	add("approve", func(s *stage) {
		s.decide(nil)
		s.move(state.Approve, syncer.EntryData{Actor: "carol", Digest: s.plan.Digest})
	})
	add("deploy", func(s *stage) { s.phase(syncer.PhaseDeploy) })
	for _, it := range thePlanItems {
		add("intend "+it.key, func(s *stage) { s.intent(it.key, it.verb, 1) })
		add("send "+it.key, func(s *stage) { s.o.Begin(s.write(it.key)) })
		add("effect "+it.key, func(s *stage) { s.o.Effect(s.write(it.key)) })
		add("answer "+it.key, func(s *stage) { s.o.Finish(s.write(it.key)) })
		add("result "+it.key, func(s *stage) { s.result(it.key, it.verb, syncer.ItemApplied) })
	}
	add("verify", func(s *stage) { s.phase(syncer.PhaseVerify) })
	add("report", func(s *stage) { s.phase(syncer.PhaseReport) })
	add("end", func(s *stage) { s.end(state.Succeed) })
	add("release", func(s *stage) { s.o.Release() })
	add("look", func(s *stage) {
		s.o.Shown(s.row())
		s.o.Seen(2, state.InProgress)
	})
	add("rest", func(s *stage) {
		s.o.Rest(s.record(), s.now)
		s.o.Reachable(s.record())
	})
	return out
}

var thePlanItems = []struct {
	key  string
	verb tenant.Verb
}{{"A", tenant.Create}, {"B", tenant.Update}, {"C", tenant.Delete}}

func (st story) index(name string) int {
	i := slices.IndexFunc(st, func(s step) bool { return s.name == name })
	if i < 0 {
		panic("there is no step " + name)
	}
	return i
}

// instead replaces a step; after adds one; until drops all later ones.
func (st *story) instead(name string, do func(*stage)) { (*st)[st.index(name)].do = do }
func (st *story) after(name string, do func(*stage)) {
	*st = slices.Insert(*st, st.index(name)+1, step{"after " + name, do})
}
func (st *story) before(name string, do func(*stage)) {
	*st = slices.Insert(*st, st.index(name), step{"before " + name, do})
}
func (st *story) drop(names ...string) {
	*st = slices.DeleteFunc(*st, func(s step) bool { return slices.Contains(names, s.name) })
}
func (st *story) until(name string) { *st = (*st)[:st.index(name)+1] }

func (st story) play(t *testing.T) *stage {
	s := newStage(t)
	for _, step := range st {
		step.do(s)
	}
	return s
}

func ctx() context.Context { return context.Background() }
