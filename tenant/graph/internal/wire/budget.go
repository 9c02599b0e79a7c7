package wire

import (
	"sync"
	"time"
)

// Budget is the time that refusals may take. Safe for concurrent use; a nil one is
// endless.
type Budget struct {
	Name string // the field of the configuration
	Size time.Duration

	mu    sync.Mutex
	left  time.Duration
	until time.Time // all up to here is paid
	outer *Budget
}

func NewBudget(name string, size time.Duration, outer *Budget) *Budget {
	return &Budget{Name: name, Size: size, left: size, outer: outer}
}

// Spend takes the time from begin to end out of the budget, and of the one around
// it. It returns nil, or the budget that has not enough left. Requests that wait at
// the same time pay for that time once.
func (b *Budget) Spend(begin, end time.Time) *Budget {
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
	if short := b.outer.Spend(begin, end); short != nil {
		return short
	}
	b.left -= cost
	b.until = end
	return nil
}
