package oracle

import (
	"context"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// leftovers checks the final state once no work is under way.
type leftovers struct {
	*book
	cfg *Config
}

// atRest compares the record with the history: all runs have ended, and no
// worker has the lease. now is the store's time.
func (c leftovers) atRest(h *history, rec state.Record, now time.Time) {
	if h.status.Active() || rec.Status != h.status {
		c.violate(Termination, "at the end the record is %s, and the history says %s", rec.Status, h.status)
	}
	for _, r := range h.order {
		if r.Ended.IsZero() {
			c.violate(Termination, "run %s has not ended", r.ID)
		}
		for item := range r.open {
			if !r.unknown[item] {
				c.violate(Termination, "run %s does not say what became of %s", r.ID, item)
			}
		}
	}
	if rec.LeaseUntil.After(now) {
		c.violate(Termination, "%s still has the lease until %s", rec.LeaseOwner, rec.LeaseUntil)
	}
}

// reachable checks that the store has each blob that the record and the history
// refer to.
func (c leftovers) reachable(h *history, rec state.Record) {
	for _, ref := range slices.Concat(h.refs, rec.Refs) {
		if _, err := c.cfg.Store.Get(context.Background(), ref); err != nil {
			c.violate(Termination, "the %s of run %s is not there: %v", ref.Kind, ref.Run, err)
		}
	}
}
