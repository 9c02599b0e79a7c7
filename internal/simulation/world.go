package simulation

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// Config says which part of which world is simulated, and for how long. All
// that happens in it follows from these fields.
type Config struct {
	// Seed of the world.
	Seed uint64
	// Part is the number of the part: tenants, workers and people of different
	// parts have nothing to do with each other, so that parts can be simulated
	// one after the other, or at the same time, or one alone.
	Part int
	// Tenants of this part: 1 to [MaxTenants].
	Tenants int
	// Days that pass.
	Days int
	// Calm is how many of them, at the end, are without faults, with people
	// who answer, and long enough for everything to come to rest. Defaults to 7.
	Calm int
	// Stop, if not nil, is asked now and then whether to stop early: when
	// another part has broken a rule.
	Stop func() bool
	// Log, if not nil, is told everything that happens.
	Log func(line string)

	// What differs between parts; drawn from Seed and Part.
	approver  bool
	approvals int
	writes    int
	skew      time.Duration
	stop      bool // a deploy stops at the first failure
	consent   bool // a run ends where any permission is missing
	impatient bool // runs have an hour
}

// Violation is something that must never happen.
type Violation struct {
	Part   int
	Tenant string
	At     time.Time
	// What rule it breaks, and how.
	Rule, Message string
	// History has the tenant's last events.
	History string
}

// String shows it whole.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s\n  part %d, tenant %s, %s; what happened before:\n%s",
		v.Rule, v.Message, v.Part, v.Tenant, v.At.UTC().Format("2006-01-02 15:04:05.000000000"), v.History)
}

// Result is what became of a part of a world.
type Result struct {
	Stats      Stats
	Violations []Violation
	// Trace is a hash of everything that happened, and Events is how much that was.
	Trace  uint64
	Events int
}

// world is one part: a store, a repository, tenants, workers and people.
type world struct {
	cfg        Config
	store      *state.Memory
	repository *tenant.MemoryRepository
	subjects   []*subject
	byName     map[string]*subject
	places     []*place
	front      *worker
	begun      time.Time
	closed     chan struct{}
	acting     sync.WaitGroup

	mu         sync.Mutex
	stats      Stats
	trace      *trace
	violations []Violation
	runs       int
	downUntil  time.Time // of the store
	// backAt is when the store's clock was last set back, and backBy by how
	// much within an hour.
	backAt   time.Time
	backBy   time.Duration
	underWay int // calls
}

// Run simulates a part of a world, in a bubble of its own. It stops at the
// first violation.
func Run(t *testing.T, cfg Config) (res Result) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(cfg)
		w.live()
		res = Result{Stats: w.stats, Violations: w.violations, Trace: w.trace.sum, Events: w.trace.count}
	})
	return res
}

func newWorld(cfg Config) *world {
	if cfg.Calm == 0 {
		cfg.Calm = 7
	}
	if cfg.Tenants < 1 || cfg.Tenants > MaxTenants {
		panic(fmt.Sprintf("simulation: %d tenants, want 1 to %d", cfg.Tenants, MaxTenants))
	}
	r := drawOf(cfg.Seed, uint64(cfg.Part), word("part"))
	cfg.approver = r.chance(0.25)
	cfg.approvals = 1 + r.weighted(3, 1)
	cfg.writes = pick(&r, 1, 1, 3)
	cfg.stop, cfg.consent, cfg.impatient = r.chance(0.2), r.chance(0.2), r.chance(0.2)
	cfg.skew = pick[time.Duration](&r, 0, -1, 1) * r.between(0, pick(&r, time.Second, time.Minute, 48*time.Hour))
	w := &world{
		cfg: cfg, store: state.NewMemory(), repository: tenant.NewMemoryRepository(), byName: map[string]*subject{},
		begun: time.Now(), closed: make(chan struct{}), stats: Stats{}, trace: &trace{},
	}
	if cfg.Log != nil {
		w.trace.log = func(tenant string, e event) { cfg.Log(tenant + "  " + e.String()) }
	}
	w.store.Skew(cfg.skew)
	for i := range cfg.Tenants {
		s := newSubject(w, i)
		w.subjects = append(w.subjects, s)
		w.byName[s.name] = s
	}
	return w
}

// live lets the time pass.
func (w *world) live() {
	const places = 3
	w.front = w.newWorker("front", places*generations, true)
	serving, stop := context.WithCancel(context.Background())
	var fleet sync.WaitGroup
	for n := range places {
		p := &place{w: w, number: n}
		w.places = append(w.places, p)
		fleet.Go(func() { p.keep(serving) })
	}
	w.direct()
	w.acting.Wait()
	stop()
	if w.ok() {
		fleet.Wait() // they drain
		w.checkRest()
	}
	close(w.closed)
	fleet.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count1("world: tenants", w.cfg.Tenants)
	w.count1("world: tenant-days", w.cfg.Tenants*w.cfg.Days)
}

// engineConfig is what all workers of the part have in common.
func (w *world) engineConfig() syncer.Config {
	conf := syncer.Config{
		WriteConcurrency: w.cfg.writes, ReadConcurrency: 4, Concurrency: 2 * w.cfg.Tenants,
		PollInterval:  5 * time.Minute,
		NewRunID:      w.newRunID,
		Secret:        []byte("one secret of all workers: 32 bytes"),
		StopOnFailure: w.cfg.stop,
		Settings:      syncer.Settings{Approval: syncer.ApprovalRules{Approvals: w.cfg.approvals}, RequireConsent: w.cfg.consent},
	}
	if w.cfg.impatient {
		conf.Settings.RunTimeout = time.Hour
	}
	return conf
}

func (w *world) newRunID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs++
	return fmt.Sprintf("run-%d", w.runs)
}

// subject is the tenant of that name. The engine asks for no other.
func (w *world) subject(name string) *subject {
	s := w.byName[name]
	if s == nil {
		panic(fmt.Sprintf("simulation: there is no tenant %q", name))
	}
	return s
}

func (w *world) under(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.underWay += n
}

func (w *world) isClosed() bool {
	select {
	case <-w.closed:
		return true
	default:
		return false
	}
}

// calmFrom is when the faults stop.
func (w *world) calmFrom() time.Time {
	return w.begun.Add(time.Duration(w.cfg.Days-w.cfg.Calm) * day)
}

func (w *world) isCalm() bool { return !time.Now().Before(w.calmFrom()) }

// level is how bad the present day is for a tenant: most are quiet.
func (w *world) level(s *subject) float64 {
	return w.levelLocked(s)
}

// levelLocked is level; it needs no lock, and may be called under it.
func (w *world) levelLocked(s *subject) float64 {
	if w.isCalm() {
		return 0
	}
	today, index := uint64(time.Since(w.begun)/day), uint64(0)
	if s != nil {
		index = uint64(s.index) + 1
	}
	r := drawOf(w.cfg.Seed, uint64(w.cfg.Part), today, index, word("level"))
	return []float64{0, 1, 6}[r.weighted(5, 4, 1)]
}

func (w *world) storeIsDown() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Before(w.downUntil)
}

func (w *world) count(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count1(key, 1)
}

func (w *world) count1(key string, n int) { w.stats[key] += n }

// noteLocked adds a call to the trace; the caller holds the lock.
func (w *world) noteLocked(who string, c call, what string) {
	w.trace.add(c.s, event{at: time.Now(), who: who, op: c.op.String(), what: what})
}

// noteOf adds what somebody did to the trace.
func (w *world) noteOf(s *subject, who, did, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trace.add(s, event{at: time.Now(), who: who, op: did, what: what})
}

// violate notes a violation. The caller does not hold the lock.
func (w *world) violate(s *subject, rule, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violateLocked(s, rule, format, args...)
}

func (w *world) violateLocked(s *subject, rule, format string, args ...any) {
	v := Violation{Part: w.cfg.Part, At: time.Now(), Rule: rule, Message: fmt.Sprintf(format, args...)}
	if s != nil {
		v.Tenant, v.History = s.name, s.history()
	}
	w.violations = append(w.violations, v)
}

// ok reports whether to go on: no rule was broken so far.
func (w *world) ok() bool {
	if w.cfg.Stop != nil && w.cfg.Stop() {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.violations) == 0
}

const day = 24 * time.Hour
