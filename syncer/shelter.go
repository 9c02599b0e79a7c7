package syncer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// panicked is a panic as an error.
type panicked struct {
	value any
	stack []byte
}

func (e *panicked) Error() string { return fmt.Sprintf("a panic: %v", e.value) }

// isPanic reports whether an error is of a panic.
func isPanic(err error) bool {
	e, ok := errors.AsType[*runError](err)
	return ok && e.class == ClassInternal
}

// sheltered calls f and turns a panic into an error: what is plugged in for one
// tenant does not end the process, and the work on all other tenants with it.
func sheltered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{value: p, stack: debug.Stack()}
		}
	}()
	return f()
}

// safely returns f with its panics as errors of the run's, logged with where
// they happened: an error has no room for that.
func (c *holding) safely(act string, f func() error) func() error {
	return func() error {
		err := sheltered(f)
		p, ok := err.(*panicked)
		if !ok {
			return err
		}
		// What it panicked with is in the error alone, from which the secrets of what
		// was sent are taken out; the stack has none.
		c.log.Error("a panic", "in", act, "stack", string(p.stack))
		return &runError{class: ClassInternal, err: fmt.Errorf("%s: %w; the log has where it happened", act, err)}
	}
}

// observe tells the observer, if any. Nothing comes of its panic: the event has
// happened.
func (s *Syncer) observe(ctx context.Context, e Event) {
	if s.cfg.Observer == nil {
		return
	}
	err := sheltered(func() error { s.cfg.Observer.Observe(ctx, e); return nil })
	if p, ok := err.(*panicked); ok {
		s.cfg.Logger.Error("a panic", "in", "the observer", "tenant", e.Tenant, "value", fmt.Sprint(p.value), "stack", string(p.stack))
	}
}
