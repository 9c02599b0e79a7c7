package syncer_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// exchange is a tenant whose run waits for a decision, with all that its record
// could be made to point to instead. Each is what a record keeps of a run.
type exchange struct {
	t *testing.T
	h *syncertest.Harness
	// run is the one that waits; same is the run before, whose plan has the same
	// digest; former is the one before that, with another plan; foreign is
	// another tenant's.
	run, same, former, foreign map[string]any
}

func newExchange(t *testing.T) (*exchange, *syncertest.Worker) {
	t.Helper()
	h := syncertest.New(syncertest.Config{})
	w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.WriteConcurrency = 1 }})
	x := &exchange{t: t, h: h}
	propose := func(name string) map[string]any {
		t.Helper()
		_, err := w.Start(t.Context(), syncer.StartRequest{Tenant: name, Actor: "ann", Supersede: true})
		if err == nil {
			_, err = w.Advance(t.Context(), name)
		}
		if err != nil {
			t.Fatal(err)
		}
		return x.stored(name)
	}
	desire(t, h, "fabrikam", "groups", "Foreign", `{"displayName":"Foreign"}`)
	x.foreign = propose("fabrikam")
	desire(t, h, "contoso", "groups", "Former", `{"displayName":"Former"}`)
	x.former = propose("contoso")
	desire(t, h, "contoso", "groups", "Former", "")
	desire(t, h, "contoso", "groups", "Leads", `{"displayName":"Leads"}`)
	desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
	x.same = propose("contoso")
	x.run = propose("contoso")
	if x.run["digest"] != x.same["digest"] || x.run["digest"] == x.former["digest"] {
		t.Fatalf("digests: %v, %v, %v", x.run["digest"], x.same["digest"], x.former["digest"])
	}
	return x, w
}

// stored is what the tenant's record keeps of its run.
func (x *exchange) stored(name string) (run map[string]any) {
	x.t.Helper()
	got, err := x.h.Store.Load(x.t.Context(), state.LoadRequest{Tenant: name})
	if err != nil {
		x.t.Fatal(err)
	}
	data(&got.Record, func(_, r map[string]any) { run = r })
	return run
}

// edit changes contoso's record behind the engine's back.
func (x *exchange) edit(change func(run map[string]any)) {
	x.t.Helper()
	got, err := x.h.Store.Load(x.t.Context(), state.LoadRequest{Tenant: "contoso"})
	if err != nil {
		x.t.Fatal(err)
	}
	data(&got.Record, func(_, run map[string]any) { change(run) })
	if _, err := x.h.Store.Commit(x.t.Context(), state.CommitRequest{Record: got.Record}); err != nil {
		x.t.Fatal(err)
	}
}

// copied puts a blob of another run under the name of the run that waits, and
// returns the reference to it.
func (x *exchange) copied(ref any, replace ...string) any {
	return x.copiedTo("contoso", ref, replace...)
}

// copiedTo does so under the name of another tenant's run of the same name.
func (x *exchange) copiedTo(name string, ref any, replace ...string) any {
	x.t.Helper()
	var from, to state.BlobRef
	recode(x.t, ref, &from)
	recode(x.t, x.run["plan"], &to)
	to.Tenant = name
	content, err := x.h.Store.Get(x.t.Context(), from)
	if err != nil {
		x.t.Fatal(err)
	}
	content = []byte(strings.NewReplacer(replace...).Replace(string(content)))
	if to, err = x.h.Store.Put(x.t.Context(), state.PutRequest{Tenant: to.Tenant, Run: to.Run, Kind: from.Kind, Data: content}); err != nil {
		x.t.Fatal(err)
	}
	var out any
	recode(x.t, to, &out)
	return out
}

// recode turns a value into another through JSON.
func recode(t *testing.T, from, to any) {
	t.Helper()
	raw, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(raw, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func decision(run map[string]any) map[string]any { return run["decision"].(map[string]any) }

// exchanges are changes of the record after the decision. As far as each goes,
// it is consistent: the last ones change what was decided too.
var exchanges = []struct {
	name string
	edit func(x *exchange, run map[string]any)
}{
	{"another plan of the tenant", func(x *exchange, run map[string]any) { run["plan"] = x.former["plan"] }},
	{"another plan of the tenant, with its digest", func(x *exchange, run map[string]any) {
		run["plan"], run["digest"] = x.former["plan"], x.former["digest"]
	}},
	{"another plan of the tenant, all of it", func(x *exchange, run map[string]any) {
		run["plan"], run["digest"], run["bindings"] = x.former["plan"], x.former["digest"], x.former["bindings"]
	}},
	{"another plan under the run's name", func(x *exchange, run map[string]any) {
		run["plan"], run["digest"] = x.copied(x.former["plan"]), x.former["digest"]
	}},
	{"another plan under the run's name, without its digest", func(x *exchange, run map[string]any) {
		run["plan"] = x.copied(x.former["plan"])
		decision(run)["plan"] = run["plan"]
	}},
	{"a plan of another tenant", func(x *exchange, run map[string]any) { run["plan"] = x.foreign["plan"] }},
	{"a plan of another tenant, all of it", func(x *exchange, run map[string]any) {
		run["plan"], run["digest"], run["bindings"] = x.foreign["plan"], x.foreign["digest"], x.foreign["bindings"]
	}},
	{"an equal plan of another run", func(x *exchange, run map[string]any) { run["plan"] = x.same["plan"] }},
	{"ids of another run", func(x *exchange, run map[string]any) { run["bindings"] = x.same["bindings"] }},
	{"other ids", func(x *exchange, run map[string]any) {
		run["bindings"] = x.copied(run["bindings"], `"bindings":{`, `"bindings":{"locations":{"Office":"somewhere"},`)
	}},
	{"no ids", func(_ *exchange, run map[string]any) { delete(run, "bindings") }},
	{"no plan", func(_ *exchange, run map[string]any) { delete(run, "plan") }},
	{"no digest", func(_ *exchange, run map[string]any) { delete(run, "digest") }},
	{"no decision", func(_ *exchange, run map[string]any) { delete(run, "decision") }},
	{"another verdict", func(_ *exchange, run map[string]any) { decision(run)["verdict"] = "reject" }},
	{"a decision on nothing", func(_ *exchange, run map[string]any) {
		delete(decision(run), "digest")
		delete(decision(run), "plan")
		delete(decision(run), "bindings")
	}},
	{"the decision is of another run", func(x *exchange, run map[string]any) {
		for _, field := range []string{"plan", "digest", "bindings"} {
			run[field], decision(run)[field] = x.former[field], x.former[field]
		}
	}},
	{"the ids are of another run, and the decision's", func(x *exchange, run map[string]any) {
		run["bindings"], decision(run)["bindings"] = x.same["bindings"], x.same["bindings"]
	}},
	{"the ids are of another tenant's run of that name, and the decision's", func(x *exchange, run map[string]any) {
		run["bindings"] = x.copiedTo("fabrikam", run["bindings"])
		decision(run)["bindings"] = run["bindings"]
	}},
	{"the decision is of another tenant", func(x *exchange, run map[string]any) {
		for _, field := range []string{"plan", "digest", "bindings"} {
			run[field], decision(run)[field] = x.foreign[field], x.foreign[field]
		}
	}},
	{"the decision is of another tenant, under the run's name", func(x *exchange, run map[string]any) {
		run["plan"], run["digest"] = x.copied(x.foreign["plan"]), x.foreign["digest"]
		decision(run)["plan"], decision(run)["digest"] = run["plan"], run["digest"]
	}},
}

// carriedOut are the ways in which a decision is carried out, up to where the
// record is changed, with how many writes there were by then.
var carriedOut = []struct {
	name    string
	verdict syncer.Verdict
	items   []string
	dies    bool // after the first write
	writes  int  // in the end, of a record that is not changed
}{
	{"approved", syncer.Approve, nil, false, 2},
	{"approved in part", syncer.Approve, []string{"groups/Staff"}, false, 1},
	{"a worker died in the middle", syncer.Approve, nil, true, 2},
	{"reverted", syncer.RejectAndRevert, nil, false, 0},
}

// What a run carries out is the plan that was decided on. After the decision the
// record is made to lead elsewhere; nothing more is written to the tenant or the
// repository, the run ends with a word about it, and the next one is well.
func TestOnlyWhatWasDecidedOnIsCarriedOut(t *testing.T) {
	for _, way := range carriedOut {
		for _, e := range exchanges {
			t.Run(way.name+"/"+e.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x, w := newExchange(t)
					w = x.decided(w, way.verdict, way.items, way.dies)
					x.edit(func(run map[string]any) { e.edit(x, run) })
					writes, revision := len(x.h.Tenant("contoso").Writes()), x.revision()
					if way.dies != (writes == 1) {
						t.Fatalf("%d writes before the record was changed", writes)
					}

					if _, err := w.Advance(t.Context(), "contoso"); err != nil {
						t.Fatal(err)
					}
					if n := len(x.h.Tenant("contoso").Writes()); n != writes {
						t.Errorf("%d more writes to the tenant", n-writes)
					}
					if now := x.revision(); now != revision {
						t.Errorf("the repository was written: %s, then %s", revision, now)
					}
					row, err := w.Status(t.Context(), "contoso")
					if err != nil || row.Outcome != syncer.FailedWith && row.Outcome != syncer.Deployed || row.Status == state.Idle || row.Error == nil {
						t.Fatalf("got %s, %s, %v, want an error", row.Status, row.Outcome, err)
					}
					if row.Error.Class != "not_approved" || !strings.Contains(row.Error.Message, "nothing more is written") || !strings.Contains(row.Error.Message, "start the sync again") {
						t.Errorf("got %+v, want what happened and what to do", row.Error)
					}
					rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
					if err != nil || slices.ContainsFunc(rep.Items, func(it syncer.ItemResult) bool { return it.Key != "Leads" && it.Key != "Staff" }) {
						t.Errorf("report: got %+v, %v, want no item that nobody has approved", rep, err)
					}
					if fresh := syncTenant(t, x.h.Worker("fresh", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")}), "contoso"); fresh.Status != state.Idle {
						t.Errorf("the next run: got %s, %+v", fresh.Status, fresh.Error)
					}
				})
			})
		}
	}
}

// The control: a record that is changed where nothing depends on it.
func TestWhatWasDecidedOnIsCarriedOut(t *testing.T) {
	for _, way := range carriedOut {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, w := newExchange(t)
				w = x.decided(w, way.verdict, way.items, way.dies)
				x.edit(func(run map[string]any) { run["reviewed"] = true })
				if _, err := w.Advance(t.Context(), "contoso"); err != nil {
					t.Fatal(err)
				}
				row, err := w.Status(t.Context(), "contoso")
				if n := len(x.h.Tenant("contoso").Writes()); err != nil || row.Status != state.Idle || n != way.writes {
					t.Errorf("got %s, %+v, %v, %d writes, want Idle and %d", row.Status, row.Error, err, n, way.writes)
				}
			})
		})
	}
}

// decided decides, and returns the worker that is to carry it out.
func (x *exchange) decided(w *syncertest.Worker, v syncer.Verdict, items []string, dies bool) *syncertest.Worker {
	x.t.Helper()
	row, err := w.Status(x.t.Context(), "contoso")
	if err == nil {
		_, err = w.Decide(x.t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: v, Actor: "bob", Items: items})
	}
	if err != nil {
		x.t.Fatal(err)
	}
	if !dies {
		return w
	}
	w.KillAt("Client.Apply", count(w, "Client.Apply")+1, false)
	_, _ = w.Advance(w.Context(), "contoso")
	if !w.Dead() {
		x.t.Fatal("the worker did not come to its second write")
	}
	<-time.After(syncer.LeaseDurationDefault)
	return x.h.Worker("b", syncertest.WorkerConfig{})
}

func (x *exchange) revision() string {
	x.t.Helper()
	d, err := x.h.Repository.Desired(x.t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		x.t.Fatal(err)
	}
	return d.Revision
}

// A plan that is not the run's is nothing to decide on either: Decide refuses,
// and no Approver is asked.
func TestOnlyTheRunsOwnPlanIsDecidedOn(t *testing.T) {
	for _, e := range exchanges {
		if strings.Contains(e.name, "decision") || strings.Contains(e.name, "verdict") || strings.Contains(e.name, "ids") || e.name == "no plan" || e.name == "no digest" ||
			e.name == "another plan under the run's name" { // with its digest it is what the record says, and what a person is shown
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, w := newExchange(t)
				x.edit(func(run map[string]any) { run["decision"] = map[string]any{}; e.edit(x, run); delete(run, "decision") })
				before := load(t, x.h)
				row, err := w.Status(t.Context(), "contoso")
				if err != nil {
					t.Fatal(err)
				}
				d := syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob"}
				if _, err := w.Decide(t.Context(), d); !errors.Is(err, syncer.ErrStalePlan) || !strings.Contains(err.Error(), "start the sync again") {
					t.Errorf("Decide: got %v, want ErrStalePlan and what to do", err)
				}
				if _, err := w.Plan(t.Context(), syncer.RunRef{Tenant: "contoso"}); !errors.Is(err, syncer.ErrStalePlan) {
					t.Errorf("Plan: got %v, want ErrStalePlan", err)
				}
				if diff := cmp.Diff(before, load(t, x.h)); diff != "" {
					t.Errorf("the record has changed (-before +after):\n%s", diff)
				}

				asked := false
				asks := x.h.Worker("asks", syncertest.WorkerConfig{Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
					asked = true
					return r.Approve("bob", ""), nil
				})})
				x.due()
				if _, err := asks.Advance(t.Context(), "contoso"); err != nil {
					t.Fatal(err)
				}
				row, err = asks.Status(t.Context(), "contoso")
				if err != nil || row.Status != state.NewError || row.Error == nil || row.Error.Class != "storage" || asked || len(x.h.Tenant("contoso").Writes()) > 0 {
					t.Errorf("with an Approver: got %s, %+v, %v, asked: %t, want New error without a question", row.Status, row.Error, err, asked)
				}
			})
		})
	}
}

// Where two have to approve, both have to approve the same plan.
func TestVotesAreForOnePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _ := newExchange(t)
		w := x.h.Worker("two", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Settings.Approval.Approvals = 2 }})
		approve := func(actor string) syncer.Row {
			t.Helper()
			row, err := w.Status(t.Context(), "contoso")
			if err == nil {
				row, err = w.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: actor})
			}
			if err != nil {
				t.Fatalf("%s: %v", actor, err)
			}
			return row
		}
		approve("bob")
		x.edit(func(run map[string]any) {
			run["plan"], run["digest"] = x.copied(x.former["plan"]), x.former["digest"]
		})
		if row := approve("cem"); row.Status != state.PendingApproval {
			t.Errorf("bob approved another plan than cem: got %s", row.Status)
		}
		if row := approve("bob"); row.Status != state.InProgress {
			t.Errorf("both have approved it: got %s", row.Status)
		}
	})
}

// due makes contoso's run due, as it is when its Approver has not been asked.
func (x *exchange) due() {
	x.t.Helper()
	got, err := x.h.Store.Load(x.t.Context(), state.LoadRequest{Tenant: "contoso"})
	if err != nil {
		x.t.Fatal(err)
	}
	got.Record.WakeAt = got.Now
	if _, err := x.h.Store.Commit(x.t.Context(), state.CommitRequest{Record: got.Record}); err != nil {
		x.t.Fatal(err)
	}
}
