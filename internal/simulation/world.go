package simulation

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// Config selects the part of a world to simulate, and the number of days. Equal
// values give equal events.
type Config struct {
	// Seed is the seed of the world.
	Seed uint64
	// Part is the number of the part. Parts share no tenants, workers or
	// people, so they can be simulated one after the other, at the same time,
	// or alone.
	Part int
	// Tenants is the number of tenants in this part, from 1 to [MaxTenants].
	Tenants int
	// Days is the number of days.
	Days int
	// Calm is the number of days at the end without faults, on which people
	// answer. All tenants must come to rest in that time. Defaults to 7.
	Calm int
	// Stop, if not nil, is called now and then and reports whether to stop
	// early, because another part has broken a rule.
	Stop func() bool
	// Log, if not nil, receives every event.
	Log func(line string)
}

// Run simulates a part of a world, in a bubble of its own. It stops at the
// first violation.
func Run(t *testing.T, cfg Config) (res Result) {
	synctest.Test(t, func(*testing.T) { res = newWorld(cfg).live() })
	return res
}

// world is one part: a store, a repository, tenants, workers and people.
type world struct {
	connections
	clock     *storeClock
	inspector *inspector
	fleet     *fleet
	people    *people
	director  *director
	end       context.CancelFunc // ends the world
}

func newWorld(cfg Config) *world {
	if cfg.Calm == 0 {
		cfg.Calm = 7
	}
	if cfg.Tenants < 1 || cfg.Tenants > MaxTenants {
		panic(fmt.Sprintf("simulation: %d tenants, want 1 to %d", cfg.Tenants, MaxTenants))
	}
	c := calendar{Source: chance.Source{Seed: cfg.Seed, Part: uint64(cfg.Part)}, begun: time.Now(), days: cfg.Days, calm: cfg.Calm}
	t := drawTraits(c.Source)
	w := &world{connections: connections{
		calendar: c, journal: newJournal(cfg.Part, cfg.Log), store: state.NewMemory(), repository: tenant.NewMemoryRepository(),
		tenants: &roster{byName: map[string]*subject{}}, approver: t.approver,
	}}
	w.border = &border{journal: w.journal, faults: &faults{calendar: c, journal: w.journal}}
	w.border.over, w.end = context.WithCancel(context.Background())
	w.clock = newStoreClock(w.store, t.skew)
	for i := range cfg.Tenants {
		w.tenants.add(w.newSubject(ident{index: i, name: fmt.Sprintf("t%02d-%02d", cfg.Part, i)}, t.approvals))
	}
	w.inspector = &inspector{calendar: c, journal: w.journal, clock: w.clock, tenants: w.tenants, border: w.border, approver: t.approver}
	var runs atomic.Int64
	conf := t.engine(cfg.Tenants, func() string { return fmt.Sprintf("run-%d", runs.Add(1)) })
	w.fleet = &fleet{connections: &w.connections, conf: conf, inspector: w.inspector}
	w.people = &people{calendar: c, journal: w.journal, fleet: w.fleet, approvals: t.approvals, over: w.border.over}
	w.director = &director{calendar: c, journal: w.journal, clock: w.clock, faults: w.border.faults, tenants: w.tenants,
		people: w.people, inspector: w.inspector, stop: cfg.Stop}
	return w
}

// newSubject draws a tenant, with its first objects and files.
func (w *world) newSubject(id ident, approvals int) *subject {
	r := w.calendar.Stream(uint64(id.index), chance.Word("tenant"))
	s := newSubject(id, &r)
	s.editor = &editor{name: s.name, repository: w.repository, fake: s.fake, origins: s.origins, journal: w.journal}
	s.editor.furnish(&r)
	s.witness = &witness{ident: id, fake: s.fake, enforce: s.settings.Rules.Enforce, origins: s.origins,
		calendar: w.calendar, clock: w.clock, journal: w.journal}
	s.witness.watch(oracle.Config{AuthTimeout: authTimeout, ApprovalTimeout: syncer.ApprovalTimeoutDefault, Approvals: approvals,
		Offers: true, Keep: 10, Never: []string{"internal", "storage"}, Reveal: s.editor.secretOf})
	return s
}

// live lets the time pass, and returns the result.
func (w *world) live() Result {
	serving, stop := context.WithCancel(context.Background())
	w.fleet.serve(serving)
	w.director.direct()
	w.people.acting.Wait()
	stop()
	if w.director.goesOn() {
		w.fleet.serving.Wait() // wait for the workers to drain
		w.inspector.checkRest()
	}
	w.end()
	w.fleet.serving.Wait()
	w.journal.add("world: tenants", len(w.tenants.list))
	w.journal.add("world: tenant-days", len(w.tenants.list)*w.calendar.days)
	return w.journal.result()
}
