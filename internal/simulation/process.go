package simulation

import (
	"context"
	"sync"
	"time"
)

// process is the process of an engine. It may die, and it may freeze.
type process struct {
	name string
	// index differs for all processes that exist at a time. It is below
	// workersTold.
	index int
	// immortal says that no fault kills or freezes the process.
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

// kill ends the process as a power cut does: it gets no further answer.
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

// freeze makes all calls of the process wait, including those under way, like a
// paused machine.
func (p *process) freeze(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.frozen) {
		p.frozen = until
	}
}
