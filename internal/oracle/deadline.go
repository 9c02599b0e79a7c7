package oracle

import (
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// deadlines checks that each deadline is stored and enforced.
type deadlines struct {
	*book
	cfg *Config
}

// prompted checks that a code is shown only while the tenant waits for a
// sign-in, and before the deadline.
func (c deadlines) prompted(now time.Time, status state.Status, until time.Time) {
	if status != state.PendingAuthentication || late(now, until) {
		c.violate(Deadlines, "a code is shown at %s while %s until %s", now, status, until)
	}
}

// signedIn checks that a person signed in before the deadline.
func (c deadlines) signedIn(now, until time.Time) {
	if late(now, until) {
		c.violate(Deadlines, "signed in at %s, and the deadline was %s", now, until)
	}
}

// timedOut checks that a run times out no earlier than its deadline.
func (c deadlines) timedOut(r *Run, now, until time.Time, d syncer.EntryData) {
	switch {
	case d.From == state.PendingApproval, d.From == state.PendingAuthentication && d.Message == "sign-in":
		if now.Before(until) {
			c.violate(Deadlines, "the %s timed out at %s, and the deadline is %s", d.Message, now, until)
		}
	case c.cfg.RunTimeout > 0 && r.Worked(now) < c.cfg.RunTimeout:
		c.violate(Deadlines, "run %s timed out after it has worked for %s", r.ID, r.Worked(now))
	}
}

// stored checks the deadline of a record against until, the deadline of the
// history.
func (c deadlines) stored(rec *state.Record, status state.Status, until time.Time) {
	switch pending := status == state.PendingAuthentication || status == state.PendingApproval; {
	case !pending && !rec.Deadline.IsZero():
		c.violate(Deadlines, "%s has the deadline %s", rec.Status, rec.Deadline)
	case pending && !until.IsZero() && !rec.Deadline.Equal(until):
		c.violate(Deadlines, "%s until %s, and the deadline should be %s", rec.Status, rec.Deadline, until)
	}
}

// late reports whether a deadline is over. The zero time never is.
func late(now, until time.Time) bool { return !until.IsZero() && !now.Before(until) }
