package crashtest

import "sync"

// Gate stops writes before their effect, until it is opened.
type Gate struct {
	// Arrived receives every write that the gate has stopped.
	Arrived chan Write

	open chan struct{}
	once sync.Once
}

// Gate stops the writes that satisfy stop. It replaces the functions of an
// earlier [World.OnApply]. stop is called for one write at a time.
func (w *World) Gate(stop func(Write) bool) *Gate {
	g := &Gate{Arrived: make(chan Write, 64), open: make(chan struct{})}
	var mu sync.Mutex
	w.OnApply(func(write Write) Cut {
		mu.Lock()
		stopped := stop(write)
		mu.Unlock()
		if stopped {
			g.Arrived <- write
			<-g.open
		}
		return false
	}, nil)
	return g
}

// Open releases the stopped writes, and lets all later writes through.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }
