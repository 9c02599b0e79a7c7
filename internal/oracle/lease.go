package oracle

import (
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// lease checks that only one owner at a time works on the tenant.
type lease struct {
	*book
	fence int64
	owner string
	until time.Time
}

// grant records that the store grants or renews the lease.
func (l *lease) grant(given state.Lease, renewed bool) {
	rec := given.Record
	if !renewed && rec.Fence <= l.fence {
		l.violate(Fencing, "%s is given fence %d after fence %d", rec.LeaseOwner, rec.Fence, l.fence)
	}
	if !renewed && l.until.After(given.Now) {
		l.violate(Fencing, "%s is given the lease at %s, and %s has it until %s", rec.LeaseOwner, given.Now, l.owner, l.until)
	}
	l.fence, l.owner, l.until = rec.Fence, rec.LeaseOwner, rec.LeaseUntil
}

// release records that the owner has released the lease.
func (l *lease) release() { l.until = time.Time{} }

// commits checks the fence of a commit, unless it is 0.
func (l *lease) commits(fence int64) {
	if fence != 0 && l.fence != 0 && fence != l.fence {
		l.violate(Fencing, "a commit under fence %d while the lease is of fence %d", fence, l.fence)
	}
}

// sends checks that the worker that sends a write has the lease.
func (l *lease) sends(w Write) {
	if l.owner != "" && (l.owner != w.Worker || !l.until.After(w.At)) {
		l.violate(Fencing, "%s writes at %s, and %s has the lease until %s", w.Worker, w.At, l.owner, l.until)
	}
}
