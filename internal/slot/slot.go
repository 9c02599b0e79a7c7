// Package slot counts the tenants that a worker works on at once.
package slot

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// Slot is one of the slots of a worker, which works on as many tenants at once.
// A nil Slot is not counted.
type Slot struct {
	limit *semaphore.Weighted
	held  bool
}

// Of returns a slot of limit that its caller holds.
func Of(limit *semaphore.Weighted) *Slot { return &Slot{limit: limit, held: true} }

// Release frees the slot for another tenant, while this one waits for a person.
func (s *Slot) Release() {
	if s != nil && s.held {
		s.limit.Release(1)
		s.held = false
	}
}

// Take waits for a free slot, unless this one is held.
func (s *Slot) Take(ctx context.Context) error {
	if s == nil || s.held {
		return nil
	}
	if err := s.limit.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	s.held = true
	return nil
}
