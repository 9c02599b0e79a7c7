package crashtest

import "sync"

// Gate holds writes back before their effect, until it is opened.
type Gate struct {
	// Arrived gets every write that the gate has stopped.
	Arrived chan Write

	open chan struct{}
	once sync.Once
}

// Gate stops the writes for which stop holds. It takes the place of what
// [World.OnApply] was told before. stop is called for one write at a time.
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

// Open lets the writes go on, those to come too.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }
