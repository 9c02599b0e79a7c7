package syncer

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/shelter"
)

// safely returns f with its panics as errors of the run's, logged with where
// they happened: an error has no room for that.
func (c *holding) safely(act string, f func() error) func() error {
	return func() error {
		inTime := !c.isTimeUp()
		err := shelter.Call(f)
		if inTime && c.isTimeUp() {
			c.leaveUnfinished(act)
		}
		p, ok := shelter.Panicked(err)
		if !ok {
			return err
		}
		// What it panicked with is in the error alone, from which the secrets of what
		// was sent are taken out; the stack has none.
		c.log.Error("a panic", "in", act, "stack", string(p.Stack))
		return &failure.Error{Class: string(ClassInternal), Err: fmt.Errorf("%s: %w; the log has where it happened", act, err)}
	}
}

// observe tells the observer, if any. Nothing comes of its panic: the event has
// happened.
func (s *Syncer) observe(ctx context.Context, e Event) {
	if s.cfg.Observer == nil {
		return
	}
	err := shelter.Call(func() error { s.cfg.Observer.Observe(ctx, e); return nil })
	if p, ok := shelter.Panicked(err); ok {
		s.cfg.Logger.Error("a panic", "in", "the observer", "tenant", e.Tenant, "run", e.Run, "value", fmt.Sprint(p.Value), "stack", string(p.Stack))
	}
}
