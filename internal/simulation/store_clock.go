package simulation

import (
	"context"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// storeClock is the clock of the store, which differs from all other clocks.
type storeClock struct {
	store *state.Memory

	mu   sync.Mutex
	skew time.Duration
	// backAt is the time at which the clock was last set back. backBy is the
	// sum of the steps back that follow each other within an hour.
	backAt time.Time
	backBy time.Duration
}

// newStoreClock sets the clock of a store ahead of the others, or back for a
// negative skew.
func newStoreClock(store *state.Memory, skew time.Duration) *storeClock {
	store.Skew(skew)
	return &storeClock{store: store, skew: skew}
}

// now returns the clock's time.
func (c *storeClock) now() time.Time {
	got, _ := c.store.Load(context.Background(), state.LoadRequest{Tenant: "not a tenant"})
	return got.Now
}

// move moves the clock, and returns its difference from the other clocks.
func (c *storeClock) move(step time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if step < 0 {
		if time.Since(c.backAt) > time.Hour {
			c.backBy = 0
		}
		c.backAt, c.backBy = time.Now(), c.backBy-step
	}
	c.skew += step
	c.store.Skew(c.skew)
	return c.skew
}

// setBack returns the sum of the recent steps back, or 0 if the last step is
// more than an hour ago.
func (c *storeClock) setBack() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.backAt) < time.Hour {
		return c.backBy
	}
	return 0
}
