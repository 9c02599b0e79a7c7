package oracle

import (
	"cmp"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// endings checks how a run ends, apart from its report.
type endings struct{ *book }

// ended checks the move that ends a run, and records the end.
func (c endings) ended(r *Run, now time.Time, d syncer.EntryData) {
	if !r.Ended.IsZero() {
		c.violate(SingleRun, "run %s ends again", r.ID)
	}
	r.Ended, r.To, r.Outcome = now, d.To, d.Outcome
	r.Planned = r.Planned || d.Plan != nil
	restored := strings.HasPrefix(string(d.Event), "restore_")
	if restored != (d.Outcome == syncer.Cancelled && !r.Wrote()) || restored && d.To != r.Before {
		c.violate(Endings, "run %s ends with %s in %s (%s); it began in %s, and wrote: %v", r.ID, d.Event, d.To, d.Outcome, r.Before, r.Wrote())
	}
	if d.Outcome == syncer.Cancelled && !r.Cancelled && !isSuperseded(d) {
		c.violate(Endings, "run %s is cancelled, and nobody asked for it", r.ID)
	}
}

// superseded checks that a run may be superseded, and that another run replaces
// it. next is the line after d in the same commit.
func (c endings) superseded(r *Run, d, next syncer.EntryData) {
	pending := d.From == state.PendingApproval || d.From == state.PendingAuthentication
	if !pending || r.Wrote() {
		c.violate(SingleRun, "run %s is superseded while %s, and wrote: %v", r.ID, d.From, r.Wrote())
	}
	if next.Event != state.Start {
		c.violate(SingleRun, "run %s is superseded, and its commit starts no other", r.ID)
	}
}

// cleared checks the status after the missing permissions were granted.
func (c endings) cleared(to, restsIn state.Status) {
	if want := cmp.Or(restsIn, state.NotRun); to != want {
		c.violate(Endings, "a granted permission leads back to %s, and the tenant rested in %s", to, want)
	}
}

// restingStatus returns the status that a tenant gets once its missing
// permissions are granted, after a run that they have ended. was is the same
// status before the run.
func restingStatus(was state.Status, r *Run, d syncer.EntryData) state.Status {
	switch {
	case d.Event != state.RequireConsent:
	case d.Outcome != syncer.FailedWith:
		return state.Idle
	case r.Before != state.PendingAdminConsent:
		return r.Before
	}
	return was
}

// isSuperseded reports whether a line says that another run replaces this one.
func isSuperseded(d syncer.EntryData) bool { return strings.HasPrefix(d.Message, "superseded by run ") }
