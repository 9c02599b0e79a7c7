package syncer_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// model is what the engine is held against: the oracle judges what was done, and
// the model says beside it how each thing that people ask has to be answered,
// that nothing happens that nobody asked for, and how soon what is due is done.
type model struct {
	w     *world
	o     *oracle.Oracle
	front *syncertest.Worker // looks on; nothing ever happens to it
	conf  syncer.Config      // the workers'
	stats *stats

	mu     sync.Mutex
	broken *breach // the first rule that was broken
	heeded int     // of the oracle's violations

	wishes map[string]*wish // by run
	row    syncer.Row       // as last seen
	edited int              // how often the engine has written the repository

	agreed string    // the last run after which agree looked
	asked  []*asking // the present requests
	calls  int
	calm   calm
}

// wish is what a run was asked for, as far as the history does not say it.
type wish struct {
	interactive bool
	targets     []plan.Target
	edited      int   // what the repository has to stay at, if it has to
	whole       bool  // the run is about everything that the repository has now
	touched     int64 // the world's count of changes by people, at that time
}

// breach is a rule that was broken, and how.
type breach struct{ rule, how string }

// watch sets a model beside a world in which nothing has happened yet.
func watch(w *world, s *stats) *model {
	m := &model{w: w, o: w.oracle, stats: s, calm: calm{running: map[string]time.Time{}}, wishes: map[string]*wish{}}
	m.calm.model = m
	w.judge, w.decides, w.returned = m.judge, m.decides, m.returned
	return m
}

// look is the tenant's row as people see it.
func (m *model) look() syncer.Row {
	row, err := m.front.Status(context.Background(), m.w.tenant)
	m.must(err == nil, "a status can always be seen", "%v", err)
	return row
}

// begin makes the worker that looks on, once the workers' settings are known.
func (m *model) begin() {
	m.front = m.w.h.Worker("front", syncertest.WorkerConfig{Edit: func(conf *syncer.Config) {
		for _, edit := range m.w.edits {
			edit(conf)
		}
		m.conf = *conf
	}})
	held := oracleConfig(m.w.h, m.w.tenant, m.conf)
	held.Entry = m.entry
	m.o.Configure(held)
	m.conf.LeaseDuration = cmp.Or(m.conf.LeaseDuration, syncer.LeaseDurationDefault)
	m.conf.PollInterval = cmp.Or(m.conf.PollInterval, syncer.PollIntervalDefault)
}

// must breaks a rule unless it is kept. Only the first breach counts.
func (m *model) must(kept bool, rule, how string, args ...any) {
	if !kept && m.broken == nil {
		m.broken = &breach{rule, fmt.Sprintf(how, args...)}
	}
}

// observe takes what happened since into account, and compares.
func (m *model) observe() {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.look()
	for seen := int64(-1); row.Version != seen && m.broken == nil; row = m.look() {
		seen = row.Version // a worker may be at work
		err := m.o.Poll(context.Background())
		m.must(err == nil, "history can always be read", "%v", err)
		m.heed()
	}
	if row.Version == m.row.Version {
		return
	}
	m.row, m.edited = row, m.edits()
	m.o.Shown(row)
	m.heed()
}

// heed breaks the rules that the oracle has found broken.
func (m *model) heed() {
	all := m.o.Violations()
	for _, v := range all[m.heeded:] {
		m.must(false, v.Rule, "%s", v.Message)
	}
	m.heeded = len(all)
}

// at is a time since the beginning.
func (m *model) at(t time.Time) time.Duration { return t.Sub(m.w.begun) }

func holdersOf(row syncer.Row) []string {
	var names []string
	for _, p := range row.Paused {
		names = append(names, p.Holder)
	}
	slices.Sort(names)
	return names
}

// asking is something that somebody asks of the engine, until it has answered.
type asking struct {
	c        script.Command
	start    syncer.StartRequest
	decision syncer.Decision
	row      syncer.Row // that was returned
	seen     bool       // the line of history that it makes
	touched  int64      // the world's count of changes by people, before
}

// find finds who asked for a line of history: whoever did so last. Nobody is a
// breach.
func (m *model) find(e syncer.Entry, names ...string) *asking {
	for _, a := range slices.Backward(m.asked) {
		actor := option(a.c, "actor", option(a.c, "holder", "ann"))
		if a.decision.Actor != "" {
			actor = a.decision.Actor
		}
		if !a.seen && slices.Contains(names, a.c.Name) && actor == e.Actor {
			a.seen = true
			return a
		}
	}
	m.must(false, "what a person does, somebody has asked for", "%s %s by %q in commit %d", e.Type, e.Event, e.Actor, e.Version)
	return &asking{}
}
