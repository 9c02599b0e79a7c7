package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// worker is a process with an engine of its own. It may die, freeze, and be
// asked to stop.
type worker struct {
	w *world
	// index tells the workers apart that can be there at a time: it is below
	// workersTold.
	index    int
	name     string
	immortal bool
	engine   *syncer.Syncer
	ctx      context.Context
	cancel   context.CancelFunc

	mu     sync.Mutex
	dead   bool
	frozen time.Time
}

// generations is how many workers of one place are told apart at a time.
const generations = 5

// newWorker makes a process. An immortal one is never killed or frozen.
func (w *world) newWorker(name string, index int, immortal bool) *worker {
	k := &worker{w: w, index: index, name: name, immortal: immortal}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	p := &ports{w, k}
	conf := w.engineConfig()
	conf.Store = state.Split{Records: p, Leaser: p, Blobs: blobPorts{p}}
	conf.Repository, conf.Authenticator = repositoryPorts{p}, authPorts{p}
	conf.Connector = syncer.ConnectorFunc(p.connect)
	conf.SettingsFor = p.settings
	conf.WorkerID = k.name
	conf.Logger = slog.New(slowLog{p: p})
	if w.cfg.approver {
		conf.Approver = syncer.ApproverFunc(p.review)
	}
	engine, err := syncer.New(conf)
	if err != nil {
		panic(err)
	}
	k.engine = engine
	return k
}

func (k *worker) isDead() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.dead
}

func (k *worker) frozenUntil() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.frozen
}

// freeze makes all the worker's calls wait, those under way too, as when a
// machine pauses.
func (k *worker) freeze(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if until := time.Now().Add(d); until.After(k.frozen) {
		k.frozen = until
	}
}

// kill ends the worker as a power cut does: it never learns of anything again.
func (k *worker) kill(c call) {
	k.mu.Lock()
	k.dead = true
	k.mu.Unlock()
	k.w.mu.Lock()
	k.w.noteLocked(k.name, c, "is killed")
	k.w.mu.Unlock()
	k.cancel()
}

// place is a place in the fleet: there is a worker in it, or one will come.
type place struct {
	w      *world
	number int

	mu      sync.Mutex
	current *worker
}

// worker returns the one that is there, or nil.
func (p *place) worker() *worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.isDead() {
		return nil
	}
	return p.current
}

// look after the place until the world is to end: whoever dies is replaced, and
// now and then a worker is asked to stop, as when a new version is deployed.
func (p *place) keep(ctx context.Context) {
	w := p.w
	pauseFor(ctx, time.Duration(p.number)*7*time.Second) // each begins at its own time
	for n := 0; ctx.Err() == nil; n++ {
		k := w.newWorker(fmt.Sprintf("worker-%d-%d", p.number, n), p.number*generations+n%generations, false)
		p.mu.Lock()
		p.current = k
		p.mu.Unlock()
		r := drawOf(w.cfg.Seed, uint64(w.cfg.Part), uint64(time.Now().UnixNano()), uint64(p.number), word("place"))
		serving, stop := context.WithCancel(k.ctx)
		unlink := context.AfterFunc(ctx, stop)
		age := time.AfterFunc(r.between(24*time.Hour, 20*24*time.Hour), stop)
		if err := k.engine.Run(serving); err != nil {
			w.violate(nil, "worker", "Run: %v", err)
		}
		age.Stop()
		unlink()
		stop()
		if !k.isDead() {
			w.count("worker: drained")
			w.checkDrained(k)
		} else {
			w.count("worker: killed")
		}
		p.mu.Lock()
		p.current = nil
		p.mu.Unlock()
		k.cancel()
		pauseFor(ctx, r.between(time.Second, pick(&r, time.Minute, 10*time.Minute, time.Hour)))
	}
}

// pauseFor waits, or until ctx ends.
func pauseFor(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
