package oracle

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// Seen notes that people saw a status at a version. [Oracle.Rest] holds it
// against the history.
func (o *Oracle) Seen(version int64, s state.Status) { o.seen = append(o.seen, moved{version, s}) }

// at is the status that the history has at a version.
func (o *Oracle) at(version int64) state.Status {
	status := state.NotRun
	for _, m := range o.moves {
		if m.version <= version {
			status = m.status
		}
	}
	return status
}

// Rest holds the present against what must be once nothing is under way any
// more: all runs have ended, and nothing was left behind. now is the store's time.
func (o *Oracle) Rest(rec state.Record, now time.Time) {
	if o.status.Active() || rec.Status != o.status {
		o.violate(Termination, "at the end the record is %s, and the history says %s", rec.Status, o.status)
	}
	for _, r := range o.order {
		if r.Ended.IsZero() {
			o.violate(Termination, "run %s has not ended", r.ID)
		}
		for item := range r.open {
			if !r.unknown[item] {
				o.violate(Termination, "run %s does not say what became of %s", r.ID, item)
			}
		}
	}
	if rec.LeaseUntil.After(now) {
		o.violate(Termination, "%s still has the lease until %s", rec.LeaseOwner, rec.LeaseUntil)
	}
	for _, s := range o.seen {
		if was := o.at(s.version); was != s.status {
			o.violate(Truth, "people saw %s at version %d, when it was %s", s.status, s.version, was)
		}
	}
	o.seen = nil
}

// Reachable holds the references of the record and of the history against the
// store. It is not for a history that was pruned.
func (o *Oracle) Reachable(rec state.Record) {
	for _, ref := range append(o.refs, rec.Refs...) {
		if _, err := o.cfg.Store.Get(context.Background(), ref); err != nil {
			o.violate(Termination, "the %s of run %s is not there: %v", ref.Kind, ref.Run, err)
		}
	}
}
