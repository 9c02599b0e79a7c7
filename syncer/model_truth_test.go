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

// edits counts what the engine has written to the repository.
func (m *model) edits() int {
	revisions, err := m.w.h.Repository.History(context.Background(), tenant.RepositoryHistoryRequest{Tenant: m.w.tenant, Line: tenant.DesiredLine})
	m.must(err == nil, "the repository can be read", "%v", err)
	return len(slices.DeleteFunc(revisions, func(r tenant.Revision) bool { return r.Author == "person" }))
}

// agree compares the repository with the tenant after a run over everything
// that left nothing undone, as the report says. It does not compare when somebody
// has changed one of them since the run was asked for, when reads lag, or when
// the run has said that something cannot be planned.
func (m *model) agree() {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.o.Run()
	if r == nil || r.Ended.IsZero() || m.agreed == r.ID || r.Mode != syncer.Full || r.To != state.Idle || r.Report == nil || r.Report.Undone != (syncer.Undone{}) ||
		!slices.Contains([]syncer.Outcome{syncer.NoChanges, syncer.Adopted, syncer.Deployed}, r.Outcome) {
		return
	}
	m.agreed = r.ID
	w := m.wishes[r.ID]
	if w == nil || !w.whole || w.touched != m.w.touched.Load() || m.w.lags.Load() || slices.ContainsFunc(r.Report.Notes, unplannable) {
		return
	}
	m.stats.agree()
	m.compare()
}

// checkAgreement compares the repository with the tenant at once.
func (m *model) checkAgreement() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.compare()
}

// compare expects that the tenant has what each file says. Several objects may
// have one name. So the base says which object belongs to a file, and the file
// must agree with this object; a reference to a file must be the id of its
// object. No two files share an object. The caller holds the lock.
func (m *model) compare() {
	const rule = "what a file says, the tenant has"
	d, err := m.w.h.Repository.Desired(context.Background(), tenant.DesiredRequest{Tenant: m.w.tenant})
	m.must(err == nil, "the repository can be read", "%v", err)
	base, err := baseOf(m.w.h.Store, m.record())
	m.must(err == nil, "the base can be read", "%v", err)
	if err != nil {
		return
	}
	bound, owners := map[string]string{}, map[string]string{} // an id by file, a file by id
	var ids []string
	for _, o := range base.Objects {
		file, owned := o.Kind+"/"+o.Key, o.Kind+" "+o.ID
		m.must(owners[owned] == "", "no two files share an object", "%s and %s: %s", owners[owned], file, o.ID)
		bound[file], owners[owned] = o.ID, file
		ids = append(ids, "${"+file+"}", o.ID)
	}
	for _, g := range m.w.fake().Objects("groups") { // a file may refer to an object that has no file
		if owners["groups "+g.ID] == "" {
			ids = append(ids, "${groups/"+nameOf(g.Body)+"}", g.ID)
		}
	}
	reference := strings.NewReplacer(ids...)
	for _, file := range d.Resources {
		id, ok := bound[file.Kind+"/"+file.Key]
		m.must(ok, rule, "the base has no object for %s/%s: %s", file.Kind, file.Key, file.Body)
		want, got := propertiesOf(reference.Replace(string(file.Body))), map[string]any(nil)
		for _, r := range m.w.fake().Objects(file.Kind) {
			if r.ID == id {
				got = propertiesOf(string(r.Body))
			}
		}
		m.must(got != nil, rule, "there is no %s/%s: %s", file.Kind, file.Key, file.Body)
		for k, v := range want {
			m.must(alike(v, got[k]), rule, "%s/%s has %s %v, the file says %v", file.Kind, file.Key, k, got[k], v)
		}
	}
}

func propertiesOf(body string) (o map[string]any) {
	_ = json.Unmarshal([]byte(body), &o)
	return o
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
	pending := m.o.Status() == state.PendingAuthentication || m.o.Status() == state.PendingApproval
	m.must(!pending || !quietFor(m.o.Until(), c.bound()), "what times out does so within a lease and a look",
		"%s since %s, and it is %s", m.o.Status(), m.at(m.o.Until()), m.at(time.Now()))
	got, err := m.w.h.Store.Load(context.Background(), state.LoadRequest{Tenant: m.w.tenant})
	if err != nil {
		return
	}
	rec := got.Record
	m.must(!m.o.Status().Active() || pending || len(m.o.Paused()) > 0 && !m.o.Run().Cancelled || !quietFor(rec.UpdatedAt, 20*time.Minute),
		"a run goes on", "%s, %s since %s", m.o.Status(), m.row.Phase, m.at(rec.UpdatedAt))
	idle := m.o.Status().Resting() || m.o.Status() == state.PendingApproval && (m.conf.Approver == nil) || m.o.Status() == state.InProgress && len(m.o.Paused()) > 0 && !m.o.Run().Cancelled
	if idle && quietFor(rec.UpdatedAt, c.bound()) {
		m.must(!rec.LeaseUntil.After(time.Now()), "what waits holds no lease", "%s: %s", m.o.Status(), rec.LeaseOwner)
		due := !rec.WakeAt.IsZero() && time.Since(rec.WakeAt) > c.bound()
		m.must(!due, "what waits is not due", "%s: since %s", m.o.Status(), m.at(rec.WakeAt))
	}
}

func (b *breach) String() string { return fmt.Sprintf("%s: %s", b.rule, b.how) }
