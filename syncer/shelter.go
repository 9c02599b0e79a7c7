package syncer

import (
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
