package graph

import (
	"sync"
	"time"
)

// budget is the time that refusals may take. Safe for concurrent use; a nil one is
// endless.
type budget struct {
	name string // the field of [Config]
	size time.Duration

	mu    sync.Mutex
	left  time.Duration
	until time.Time // all up to here is paid
	outer *budget
}

func newBudget(name string, size time.Duration, outer *budget) *budget {
	return &budget{name: name, size: size, left: size, outer: outer}
}

// spend takes the time from begin to end out of the budget, and of the one around
// it. It returns nil, or the budget that has not enough left. Requests that wait at
// the same time pay for that time once.
func (b *budget) spend(begin, end time.Time) *budget {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if begin.Before(b.until) {
		begin = b.until
	}
	cost := end.Sub(begin)
	if cost <= 0 {
		return nil
	}
	if cost > b.left {
		return b
	}
	if short := b.outer.spend(begin, end); short != nil {
		return short
	}
	b.left -= cost
	b.until = end
	return nil
}
