package simulation

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/syncer"
)

// fleet holds the workers of a part, each in a place, and a front that only
// serves people.
type fleet struct {
	connections *connections
	conf        syncer.Config // for all engines
	inspector   *inspector
	front       *worker
	places      []*place
	serving     sync.WaitGroup
}

const (
	places = 3
	// generations is the greatest number of workers of one place that exist at
	// a time.
	generations = 5
)

// serve fills the places until ctx ends. Then the workers drain, and
// serving.Wait waits for them.
func (f *fleet) serve(ctx context.Context) {
	f.front = f.connections.newWorker(newProcess("front", places*generations, true), f.conf)
	for n := range places {
		p := &place{fleet: f, number: n}
		f.places = append(f.places, p)
		f.serving.Go(func() { p.keep(ctx) })
	}
}

// engine returns the engine of a process that can serve a person.
func (f *fleet) engine(r *chance.Stream) *syncer.Syncer {
	if k := f.places[r.N(len(f.places))].worker(); k != nil && r.Chance(0.6) {
		return k.engine
	}
	return f.front.engine
}

// place is a place in the fleet. It has a worker, or will get one.
type place struct {
	fleet  *fleet
	number int

	mu      sync.Mutex
	current *worker
}

// worker returns the present worker, or nil.
func (p *place) worker() *worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.isDead() {
		return nil
	}
	return p.current
}

func (p *place) put(k *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = k
}

// keep runs the place until ctx ends. It replaces a worker that dies. Now and
// then it asks a worker to stop, as the deployment of a new version does.
func (p *place) keep(ctx context.Context) {
	f, journal := p.fleet, p.fleet.connections.journal
	pauseFor(ctx, time.Duration(p.number)*7*time.Second) // places begin at different times
	for n := 0; ctx.Err() == nil; n++ {
		k := f.connections.newWorker(newProcess(fmt.Sprintf("worker-%d-%d", p.number, n), p.number*generations+n%generations, false), f.conf)
		p.put(k)
		r := f.connections.calendar.Stream(uint64(time.Now().UnixNano()), uint64(p.number), chance.Word("place"))
		serving, stop := context.WithCancel(k.ctx)
		unlink := context.AfterFunc(ctx, stop)
		age := time.AfterFunc(r.Between(24*time.Hour, 20*24*time.Hour), stop)
		if err := k.engine.Run(serving); err != nil {
			journal.violate("", broke("worker", "Run: %v", err))
		}
		age.Stop()
		unlink()
		stop()
		if k.isDead() {
			journal.count("worker: killed")
		} else {
			journal.count("worker: drained")
			f.inspector.checkDrained(k.name)
		}
		p.put(nil)
		k.end()
		pauseFor(ctx, r.Between(time.Second, chance.Pick(&r, time.Minute, 10*time.Minute, time.Hour)))
	}
}
