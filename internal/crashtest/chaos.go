package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// Moment is a point in time at which a worker is killed.
type Moment string

// The moments.
const (
	// AnyTime is a random time.
	AnyTime Moment = "any time"
	// BeforeEffect is after a write of the worker has reached the tenant, and
	// before its effect. The write takes effect after the death of the worker.
	BeforeEffect Moment = "before a write's effect"
	// BeforeAnswer is after the effect of a write, and before its answer.
	BeforeAnswer Moment = "before a write's answer"
)

// Crew is a fixed number of workers, which are replaced when they are killed.
// It is not safe for concurrent use.
type Crew struct {
	fleet   *Fleet
	t       testing.TB
	r       *rand.Rand
	workers []*Process
	started int

	// Kills counts the workers that were killed, by moment.
	Kills map[Moment]int
	// Restarts counts the workers that replaced others.
	Restarts int
	orphans  []orphan

	mu sync.Mutex
	// trap is set while the crew waits to kill a worker at its next write.
	trap *trap
	// cut is the number of writes in a thousand that lose their connection.
	cut int
	rr  *rand.Rand // for cuts; guarded by mu
}

// trap kills a worker at its next write.
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

// strike is the hook for each write at each of its moments.
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

// KillOne kills a random worker at a random moment, and starts another in its
// place.
func (c *Crew) KillOne(ctx context.Context) error {
	i := c.r.IntN(len(c.workers))
	at := []Moment{AnyTime, AnyTime, BeforeEffect, BeforeAnswer}[c.r.IntN(4)]
	victim := c.workers[i]
	if at != AnyTime {
		sprung := make(chan struct{})
		c.setTrap(&trap{worker: victim, at: at, sprung: sprung})
		select {
		case <-sprung:
		case <-time.After(2 * time.Second): // the worker has nothing to write
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

// bereave records the tenants whose run a dead worker has left unfinished.
func (c *Crew) bereave(ctx context.Context, worker string, at time.Time) error {
	held, err := c.fleet.Held(ctx, worker)
	for _, r := range held {
		if r.Status.Active() {
			c.orphans = append(c.orphans, orphan{tenant: r.Tenant, killed: at, taken: c.fleet.World.Expect(r.Tenant, worker)})
		}
	}
	return err
}

// TakeOvers returns, for each tenant whose worker died, the time until the
// first call of another worker. never is the number of tenants that no other
// worker called.
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

// Deaths returns the names of the workers that exited without being killed.
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

// Drain ends all workers as a host does. It returns an error if a worker exits
// with an error or leaves a lease behind.
func (c *Crew) Drain(ctx context.Context) error {
	if err := c.End(); err != nil {
		return err
	}
	for _, w := range c.workers {
		if err := c.leftNothing(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// End ends all workers as a host does. It returns an error if a worker exits
// with an error. A worker whose connections were cut may leave leases behind:
// see [Fleet.AwaitLeases].
func (c *Crew) End() error {
	errs := make(chan error, len(c.workers))
	for _, w := range c.workers {
		go func() { errs <- w.Drain() }()
	}
	var all []error
	for range c.workers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// leftNothing returns an error if a worker has left a lease behind.
func (c *Crew) leftNothing(ctx context.Context, w *Process) error {
	held, err := c.fleet.Held(ctx, w.Name)
	if err == nil && len(held) > 0 {
		err = fmt.Errorf("worker %s has left %d leases behind, that of %s (%s, version %d) among them",
			w.Name, len(held), held[0].Tenant, held[0].Status, held[0].Version)
	}
	return err
}

// Sort sorts durations, and returns the median and the longest.
func Sort(all []time.Duration) (median, longest time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1]
}

// DrainOne ends a random worker as a host does, and starts another in its
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
