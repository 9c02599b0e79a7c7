package syncer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// reported holds the report of a run that has ended against how it ended, and
// against what the tenant has carried out.
func (m *model) reported(e syncer.Entry) {
	r := m.run
	rep, err := m.front.Report(context.Background(), syncer.RunRef{Tenant: m.w.tenant, Run: r.id})
	m.must(err == nil, "a run that has ended has a report", "run %s: %v", r.id, err)
	if err != nil {
		return
	}
	m.must(rep.Run == r.id && rep.Status == e.To && rep.Outcome == e.Outcome && rep.Reason == e.Message, "the report says how the run ended",
		"run %s: %s (%s: %s), not %s (%s: %s)", r.id, rep.Status, rep.Outcome, rep.Reason, e.To, e.Outcome, e.Message)
	m.endsByTheRules(e, rep)
	m.tellsTheTruth(e, rep)
}

// endsByTheRules holds the status in which a run ends against what its report
// says of it.
func (m *model) endsByTheRules(e syncer.Entry, rep *syncer.Report) {
	touched, applied, open, unread, problems := 0, 0, 0, 0, 0
	for _, it := range rep.Items {
		if it.Status == syncer.ItemApplied || it.Status == syncer.ItemUnknown {
			touched++
		}
		switch it.Status {
		case syncer.ItemApplied:
			applied++
		case syncer.ItemUnsupported:
		default:
			open++
		}
	}
	for _, k := range rep.Kinds {
		if k.Completeness == tenant.Partial || k.Completeness == tenant.Failed || k.Completeness == tenant.Forbidden {
			unread++
		}
	}
	for _, n := range rep.Notes {
		if n.Class.Failure() && rep.Options.Mode == syncer.Full {
			problems++
		}
	}
	must := func(kept bool, rule string) {
		m.must(kept, rule, "run %s: %s (%s) with %d applied, %d not applied, %d kinds not read, %d problems, missing %v, refused %v, error %+v",
			rep.Run, e.To, e.Outcome, applied, open, unread, problems, rep.Missing, rep.Refused, rep.Error)
	}
	switch e.Event {
	case state.Succeed:
		must(open+unread+problems+len(rep.Missing)+len(rep.Refused) == 0 && rep.Error == nil, "Idle means that all is well")
	case state.SucceedPartially:
		must(touched > 0 || unread+problems+len(rep.Refused) > 0 || rep.Outcome == syncer.Reverted, "Partially successful means that something was done")
		must(open+unread+problems+len(rep.Refused) > 0 || e.From == state.PendingAuthentication || rep.Outcome == syncer.Reverted, "Partially successful means that something was not done")
		must(rep.Error != nil, "Partially successful says why")
	case state.Fail, state.TimeOut:
		must(touched == 0, "what was applied, or may have been, is no New error")
		must(rep.Error != nil, "New error says why")
	case state.RequireConsent:
		must(applied == 0 || open == 0, "what was applied in part is Partially successful")
		must(len(rep.Missing) > 0 || rep.Error != nil && rep.Error.Class == "consent_needed", "Pending admin consent names what is missing")
	}
}

// tellsTheTruth holds what a report says of the items against the tenant.
func (m *model) tellsTheTruth(e syncer.Entry, rep *syncer.Report) {
	written := map[string]bool{}
	for _, w := range m.w.fake().Writes() {
		if run, item, _ := strings.Cut(w.IdempotencyKey, "/"); run == rep.Run && !w.Effect.After(e.Time) {
			written[item] = true
		}
	}
	for _, it := range rep.Items {
		switch {
		case it.Status == syncer.ItemUnknown:
			m.run.unknown[it.Item] = true
		case it.Status == syncer.ItemApplied:
			m.must(written[it.Item] || m.shows(it), "what a report calls applied, the tenant has", "run %s: %s", rep.Run, it.Item)
		default:
			m.must(!written[it.Item], "what the tenant has, a report calls applied", "run %s: %s is %s: %s", rep.Run, it.Item, it.Status, it.Message)
		}
		delete(written, it.Item)
	}
	m.must(len(written) == 0, "a report names what was written", "run %s: %v", rep.Run, written)
}

// shows reports whether the tenant has what an item was to make of it: somebody
// else may have done it, and a write that was lost is taken for done.
func (m *model) shows(it syncer.ItemResult) bool {
	there := m.w.find(it.Kind, it.Key) != ""
	return there == (it.Verb != tenant.Delete)
}

// edits counts what the engine has written to the repository.
func (m *model) edits() int {
	revisions, err := m.w.h.Repository.History(context.Background(), tenant.RepositoryHistoryRequest{Tenant: m.w.tenant, Line: tenant.DesiredLine})
	m.must(err == nil, "the repository can be read", "%v", err)
	return len(slices.DeleteFunc(revisions, func(r tenant.Revision) bool { return r.Author == "person" }))
}

// checkTenant holds what was written to the tenant since the last look against
// what was approved.
func (m *model) checkTenant() {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.w.fake()
	if twice := f.Repeated(); len(twice) > 0 {
		m.must(false, "nothing is written twice", "%s %s", twice[0].Verb, twice[0].IdempotencyKey)
	}
	if o := f.Overlapping(); len(o) > 0 {
		m.must(false, "one worker at a time writes", "%s and %s", o[0].FirstWorker, o[0].SecondWorker)
	}
	writes := f.Writes()
	for _, w := range writes[min(m.writes, len(writes)):] {
		run, item, _ := strings.Cut(w.IdempotencyKey, "/")
		r := m.runs[run]
		if r == nil {
			m.must(false, "a write belongs to a run", "%s %s", w.Verb, w.IdempotencyKey)
			continue
		}
		m.must(r.verdict == syncer.Approve && !w.Effect.Before(r.decided), "nothing is written without an approval", "%s", w.IdempotencyKey)
		m.must(r.items == nil || slices.Contains(r.items, item), "nothing is written but what was approved", "%s", w.IdempotencyKey)
		m.must(r.begun[item] > 0, "each write is noted before it is sent", "%s", w.IdempotencyKey)
		m.must(r.ended.IsZero() || !w.Effect.After(r.ended) || r.unknown[item], "nothing is written after the run's end, but what is reported as unknown", "%s at %s, the run ended at %s", w.IdempotencyKey, m.at(w.Effect), m.at(r.ended))
	}
	m.writes = len(writes)
}

// checkAgreement holds the repository against the tenant after a run that has
// found nothing to do: what a file says, the tenant has.
func (m *model) checkAgreement() {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for _, g := range m.w.fake().Objects("groups") {
		names = append(names, g.ID, "${groups/"+nameOf(g.Body)+"}")
	}
	// A reference to what could not be read is an id in the repository too.
	properties := func(body json.RawMessage) (o map[string]any) {
		_ = json.Unmarshal([]byte(strings.NewReplacer(names...).Replace(string(body))), &o)
		return o
	}
	d, err := m.w.h.Repository.Desired(context.Background(), tenant.DesiredRequest{Tenant: m.w.tenant})
	m.must(err == nil, "the repository can be read", "%v", err)
	for _, file := range d.Resources {
		want := properties(file.Body)
		m.must(slices.ContainsFunc(m.w.fake().Objects(file.Kind), func(r tenant.Resource) bool {
			got := properties(r.Body)
			for k, v := range want {
				if !alike(v, got[k]) {
					return false
				}
			}
			return true
		}), "what a file says, the tenant has", "there is no %s/%s: %s", file.Kind, file.Key, file.Body)
	}
}

// alike compares properties: lists are sets, and none is an empty one.
func alike(a, b any) bool {
	x, ok := a.([]any)
	if !ok {
		return reflect.DeepEqual(a, b)
	}
	y, _ := b.([]any)
	in := func(v any, list []any) bool {
		return slices.ContainsFunc(list, func(w any) bool { return reflect.DeepEqual(v, w) })
	}
	return !slices.ContainsFunc(x, func(v any) bool { return !in(v, y) }) && !slices.ContainsFunc(y, func(v any) bool { return !in(v, x) })
}

// calm is how long nothing has disturbed the workers, and what has to be so
// when nothing does.
type calm struct {
	model   *model
	running map[string]time.Time // since when
	since   time.Time            // the last disturbance
}

// slack is what a fault of the storage may cost beyond the time itself: a
// tenant that could not be worked on is put off by some seconds.
const slack = 15 * time.Second

// disturbed notes that something was done to the workers.
func (c *calm) disturbed(at time.Time) {
	if at.After(c.since) {
		c.since = at
	}
}

// doing notes what is about to be done to a worker.
func (c *calm) doing(command, worker string) {
	if command == "kill" || command == "stop" || command == "restart" {
		delete(c.running, worker)
	}
}

// done notes what was done to a worker.
func (c *calm) done(command, worker string) {
	switch command {
	case "go":
		c.running[worker] = time.Now()
		c.disturbed(time.Now())
	case "kill", "stop", "restart":
		c.disturbed(time.Now())
	}
}

// bound is how long it takes at most until a worker is at a tenant that is due.
func (c *calm) bound() time.Duration {
	return c.model.conf.LeaseDuration + c.model.conf.PollInterval + time.Second
}

// undisturbed is since when some worker has been running and nothing happened
// to any; false if none runs.
func (c *calm) undisturbed() (time.Time, bool) {
	var since time.Time
	for name, at := range c.running {
		if w := c.model.w.workers[name]; w != nil && !w.Dead() && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	if since.IsZero() {
		return since, false
	}
	c.disturbed(c.model.w.faults.lastStruck())
	if c.since.Add(slack).After(since) {
		since = c.since.Add(slack)
	}
	return since, true
}

// punctual: what times out does so as soon as a worker can look.
func (c *calm) punctual(e syncer.Entry, deadline time.Time) {
	since, ok := c.undisturbed()
	if ok && !since.After(deadline) {
		c.model.must(e.Time.Sub(deadline) <= c.bound(), "what times out does so within a lease and a look", "%s after the deadline", e.Time.Sub(deadline))
	}
}

// check holds the present, when nothing is left to do, against what has to be.
func (c *calm) check() {
	m := c.model
	m.mu.Lock()
	defer m.mu.Unlock()
	since, ok := c.undisturbed()
	if !ok {
		return
	}
	quietFor := func(t time.Time, d time.Duration) bool { return min(time.Since(t), time.Since(since)) > d }
	pending := m.status == state.PendingAuthentication || m.status == state.PendingApproval
	m.must(!pending || !quietFor(m.until, c.bound()), "what times out does so within a lease and a look",
		"%s since %s, and it is %s", m.status, m.at(m.until), m.at(time.Now()))
	got, err := m.w.h.Store.Load(context.Background(), state.LoadRequest{Tenant: m.w.tenant})
	if err != nil {
		return
	}
	rec := got.Record
	m.must(!m.status.Active() || pending || len(m.paused) > 0 && !m.run.cancelled || !quietFor(rec.UpdatedAt, 20*time.Minute),
		"a run goes on", "%s, %s since %s", m.status, m.row.Phase, m.at(rec.UpdatedAt))
	idle := m.status.Resting() || m.status == state.PendingApproval && (m.conf.Approver == nil) || m.status == state.InProgress && len(m.paused) > 0 && !m.run.cancelled
	if idle && quietFor(rec.UpdatedAt, c.bound()) {
		m.must(!rec.LeaseUntil.After(time.Now()), "what waits holds no lease", "%s: %s", m.status, rec.LeaseOwner)
		due := !rec.WakeAt.IsZero() && time.Since(rec.WakeAt) > c.bound()
		m.must(!due, "what waits is not due", "%s: since %s", m.status, m.at(rec.WakeAt))
	}
}

func (b *breach) String() string { return fmt.Sprintf("%s: %s", b.rule, b.how) }
