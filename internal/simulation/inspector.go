package simulation

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// inspector checks the rules about all tenants together.
type inspector struct {
	calendar calendar
	journal  *journal
	clock    *storeClock
	tenants  *roster
	border   *border
	// approver says that a ticket system approves. Its calls hold a lease.
	approver bool
}

// checkDay does the daily work: it prunes old history, and checks that workers
// handle all tenants that are due.
func (i *inspector) checkDay(n int) {
	if n%7 == 0 {
		for _, s := range i.tenants.list {
			if _, err := i.clock.store.Prune(context.Background(), state.PruneRequest{Tenant: s.name, Age: 3 * day, Limit: 10_000}); err != nil {
				i.journal.violate(s.name, broke("prune", "%v", err))
			}
		}
	}
	now := i.clock.now()
	for _, s := range i.tenants.standings() {
		i.journal.violate(s.name, checkAwake(s, now)...)
	}
}

// checkAwake checks that a worker handles a tenant that is due, and that a run
// makes progress.
func checkAwake(s standing, now time.Time) (found []oracle.Violation) {
	if due := s.rec.WakeAt; !due.IsZero() && now.Sub(due) > 6*time.Hour && !s.leased(now) {
		found = append(found, broke("rest", "due at %s, and no worker has looked at it until %s", due, now))
	}
	if s.rec.Status == state.PendingAuthentication && now.Sub(s.rec.Deadline) > 2*time.Hour {
		found = append(found, broke("deadlines", "the sign-in should have timed out at %s, now it is %s", s.rec.Deadline, now))
	}
	if at := s.rec.UpdatedAt; s.works() && len(s.data.Paused) == 0 && now.Sub(at) > 10*time.Hour {
		found = append(found, broke("rest", "%s since %s, now it is %s", s.rec.Status, at, now))
	}
	return found
}

// checkDrained checks that a worker that drained has released its leases,
// unless a fault prevented a release.
func (i *inspector) checkDrained(worker string) {
	now := i.clock.now()
	for _, s := range i.tenants.standings() {
		if s.owner != worker || !s.leased(now) {
			continue
		}
		i.journal.count("worker: drained, and a lease runs out")
		if i.calendar.level(s.index+1) == 0 && i.calendar.level(0) == 0 {
			i.journal.violate(s.name, broke("rest", "%s has stopped and still has the lease until %s", worker, s.until))
		}
	}
}

// checkGoroutines checks that tenants at rest, and tenants that wait for a
// decision, use no goroutine. This is visible only while no worker has a lease
// and no call is under way, so it checks nothing at other times. A tenant that waits
// is looked at each hour, which ends with a commit. A worker that is killed in a look
// keeps its lease a little longer.
func (i *inspector) checkGoroutines() {
	now, waiting := i.clock.now(), 0
	for _, s := range i.tenants.standings() {
		waits := s.rec.Status == state.PendingApproval
		if waits && s.leased(now) && now.Sub(s.rec.UpdatedAt) > 2*time.Hour && !i.approver {
			i.journal.violate(s.name, broke("waiting costs nothing", "it waits for a decision since %s, and %s has a lease until %s", s.rec.UpdatedAt, s.owner, s.until))
			return
		}
		if s.leased(now) || s.works() {
			return
		}
		if waits {
			waiting++
		}
	}
	if i.border.underWay.Load() > 0 {
		return
	}
	if g := goroutineAtWork(); g != "" {
		i.journal.violate("", broke("waiting costs nothing", "no worker has a lease, %d tenants wait for a decision, and a goroutine is at work:\n%s", waiting, g))
		return
	}
	i.journal.count("world: looks at the goroutines")
	i.journal.add("world: tenants that waited without one", waiting)
}

// checkRest checks the end of the calm days: all tenants rest, no worker has a
// lease, and both sides of every tenant agree.
func (i *inspector) checkRest() {
	now := i.clock.now()
	for _, s := range i.tenants.list {
		s.witness.rests(now)
		at, sides := s.witness.standing(), s.sides()
		i.journal.count("world: rests in " + string(at.rec.Status))
		for _, objects := range sides.objects {
			i.journal.add("world: objects at the end", len(objects))
		}
		i.journal.add("world: files at the end", len(sides.line.Resources))
		if i.journal.broken() {
			continue
		}
		if at.rec.Status != state.Idle {
			i.journal.violate(s.name, broke("nothing lost", "at the end it is %s (%s: %s)", at.rec.Status, at.data.Run.Outcome, at.data.Run.Reason))
			continue
		}
		if out := at.data.Run.Outcome; out != syncer.NoChanges && out != syncer.Adopted {
			i.journal.violate(s.name, broke("nothing lost", "at the end there was still something to do: %s", out))
		}
		i.journal.violate(s.name, sides.checkAgreed()...)
	}
}
