package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// Moment is when a worker is killed.
type Moment string

// The moments.
const (
	// AnyTime is a random time.
	AnyTime Moment = "any time"
	// BeforeEffect is when a write of the worker has reached the tenant and has
	// had no effect yet. It has it when its sender is dead.
	BeforeEffect Moment = "before a write's effect"
	// BeforeAnswer is when it has had its effect, and no answer was sent.
	BeforeAnswer Moment = "before a write's answer"
)

// Crew is a fixed number of workers, which are replaced when they are killed.
// Its methods are for one goroutine.
type Crew struct {
	fleet   *Fleet
	t       testing.TB
	r       *rand.Rand
	workers []*Process
	started int

	// Kills counts the workers that were killed, by the moment.
	Kills map[Moment]int
	// Restarts counts the workers that were started in place of others.
	Restarts int
	orphans  []orphan

	mu sync.Mutex
	// trap is set while a worker is to be killed at its next write.
	trap *trap
	// cut is how many writes in a thousand lose their connection.
	cut int
	rr  *rand.Rand // for cuts; guarded by mu
}

// trap waits for a write of a worker.
type trap struct {
	worker *Process
	at     Moment
	sprung chan struct{}
}

// orphan is a tenant whose worker was killed.
type orphan struct {
	tenant string
	killed time.Time
	taken  <-chan Visit
}

// Crew starts n workers. Of a thousand writes, cut lose their connection,
// before or after their effect.
func (f *Fleet) Crew(t testing.TB, seed uint64, n, cut int) *Crew {
	t.Helper()
	c := &Crew{fleet: f, t: t, r: rand.New(rand.NewPCG(seed, 1)), rr: rand.New(rand.NewPCG(seed, 2)), cut: cut, Kills: map[Moment]int{}}
	f.World.OnApply(func(w Write) Cut { return c.strike(w, BeforeEffect) }, func(w Write) Cut { return c.strike(w, BeforeAnswer) })
	for range n {
		c.workers = append(c.workers, c.hire())
	}
	return c
}

func (c *Crew) hire() *Process {
	c.started++
	return c.fleet.Worker(c.t, fmt.Sprintf("worker-%d", c.started))
}

// strike is told of every write at each of its moments.
func (c *Crew) strike(w Write, at Moment) Cut {
	c.mu.Lock()
	defer c.mu.Unlock()
	if tr := c.trap; tr != nil && tr.at == at && tr.worker.Name == w.Worker {
		c.trap = nil
		tr.worker.Kill()
		close(tr.sprung)
	}
	return Cut(c.rr.IntN(2000) < c.cut) // there are two moments
}

// KillOne kills one of the workers, at one of the moments, and starts another
// in its place.
func (c *Crew) KillOne(ctx context.Context) error {
	i := c.r.IntN(len(c.workers))
	at := []Moment{AnyTime, AnyTime, BeforeEffect, BeforeAnswer}[c.r.IntN(4)]
	victim := c.workers[i]
	if at != AnyTime {
		sprung := make(chan struct{})
		c.setTrap(&trap{worker: victim, at: at, sprung: sprung})
		select {
		case <-sprung:
		case <-time.After(2 * time.Second): // it has nothing to write
			at = AnyTime
		}
		c.setTrap(nil)
	}
	victim.Kill()
	c.Kills[at]++
	if err := c.bereave(ctx, victim.Name, time.Now()); err != nil {
		return err
	}
	c.workers[i] = c.hire()
	c.Restarts++
	return nil
}

func (c *Crew) setTrap(t *trap) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trap = t
}

// bereave notes which tenants a dead worker has left behind in the middle of a
// run.
func (c *Crew) bereave(ctx context.Context, worker string, at time.Time) error {
	held, err := c.fleet.Held(ctx, worker)
	for _, r := range held {
		if r.Status.Active() {
			c.orphans = append(c.orphans, orphan{tenant: r.Tenant, killed: at, taken: c.fleet.World.Expect(r.Tenant, worker)})
		}
	}
	return err
}

// TakeOvers returns how long it took from the death of each tenant's worker to
// the first call of another, and how many tenants nobody came to see.
func (c *Crew) TakeOvers() (took []time.Duration, never int) {
	for _, o := range c.orphans {
		select {
		case v := <-o.taken:
			took = append(took, v.Time.Sub(o.killed))
		default:
			never++
		}
	}
	return took, never
}

// Deaths returns the names of the workers that have ended by themselves.
func (c *Crew) Deaths() []string {
	var dead []string
	for _, w := range c.workers {
		select {
		case <-w.Ended():
			dead = append(dead, w.Name)
		default:
		}
	}
	return dead
}

// Drain ends all workers as a host does, and reports what went wrong: one that
// did not end well, or a lease that is left behind.
func (c *Crew) Drain(ctx context.Context) error {
	errs := make(chan error, len(c.workers))
	for _, w := range c.workers {
		go func() { errs <- w.Drain() }()
	}
	for range c.workers {
		if err := <-errs; err != nil {
			return err
		}
	}
	for _, w := range c.workers {
		if err := c.leftNothing(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// leftNothing reports a lease that a worker has left behind.
func (c *Crew) leftNothing(ctx context.Context, w *Process) error {
	held, err := c.fleet.Held(ctx, w.Name)
	if err == nil && len(held) > 0 {
		err = fmt.Errorf("worker %s has left %d leases behind, that of %s (%s, version %d) among them",
			w.Name, len(held), held[0].Tenant, held[0].Status, held[0].Version)
	}
	return err
}

// Sort sorts durations, and returns the middle one and the last.
func Sort(all []time.Duration) (median, longest time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1]
}

// DrainOne ends one of the workers as a host does and starts another in its
// place.
func (c *Crew) DrainOne(ctx context.Context) error {
	i := c.r.IntN(len(c.workers))
	if err := c.workers[i].Drain(); err != nil {
		return err
	}
	if err := c.leftNothing(ctx, c.workers[i]); err != nil {
		return err
	}
	c.workers[i] = c.hire()
	c.Restarts++
	return nil
}
