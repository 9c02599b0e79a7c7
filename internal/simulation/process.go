package simulation

import (
	"context"
	"sync"
	"time"
)

// process is what an engine runs in. It may die, and it may freeze.
type process struct {
	name string
	// index tells the processes apart that exist at a time: it is below
	// workersTold.
	index int
	// immortal: nothing kills or freezes it.
	immortal bool
	// ctx ends when the process dies.
	ctx context.Context
	end context.CancelFunc

	mu     sync.Mutex
	dead   bool
	frozen time.Time
}

func newProcess(name string, index int, immortal bool) *process {
	p := &process{name: name, index: index, immortal: immortal}
	p.ctx, p.end = context.WithCancel(context.Background())
	return p
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// kill ends the process as a power cut does: it never learns of anything again.
func (p *process) kill() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	p.end()
}

func (p *process) frozenUntil() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frozen
}

// freeze makes all calls of the process wait, also those under way, as when a
// machine pauses.
func (p *process) freeze(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.frozen) {
		p.frozen = until
	}
}
