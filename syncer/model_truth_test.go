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
