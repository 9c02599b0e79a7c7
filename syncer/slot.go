package syncer

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// slot is one of the slots of a worker, which works on as many tenants at once.
// A nil slot is not counted.
type slot struct {
	limit *semaphore.Weighted
	held  bool
}

// release frees the slot for another tenant, while this one waits for a person.
func (s *slot) release() {
	if s != nil && s.held {
		s.limit.Release(1)
		s.held = false
	}
}

// take waits for a free slot, unless this one is held.
func (s *slot) take(ctx context.Context) error {
	if s == nil || s.held {
		return nil
	}
	if err := s.limit.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	s.held = true
	return nil
}
