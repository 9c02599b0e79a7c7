package state

import (
	"cmp"
	"fmt"
	"time"
)

// Change is the effect of a commit on a stored record. [CommitRequest.Apply]
// returns it. A store writes all of it in one transaction, or nothing. It
// shares no memory with the request.
type Change struct {
	// Record replaces the stored record. After a removal it has the version 0,
	// and only its Tenant and Fence are set: a store may keep it in the record's
	// place, and returns ErrNotFound for it.
	Record Record
	// Entries are appended to the history. All fields are set.
	Entries []Entry
	// Runs replace the stored runs of the same tenant and ID. All fields are set.
	Runs []Run
	// Removed says that the store removes the tenant's record, with the history
	// and the runs from before this commit. The Entries of this commit stay.
	Removed bool
}

// Apply is the rule of a commit: it returns the change that the request makes
// to the stored record, or the error for which the store writes nothing. A
// store is built on it, or the kit compares the store with it. The caller has
// called Validate; now is the store's time of the commit.
//
// For a tenant without a record, stored is the zero Record. For a tenant that
// was removed it is the [Change.Record] of the removal: a record of version 0
// whose Fence is the version of the entries that the removal left.
//
// Apply checks, in this order: version and fence (ErrConflict), the deadline
// (ErrExpired), the events (a [*TransitionError]).
func (r CommitRequest) Apply(stored Record, now time.Time) (Change, error) {
	if err := r.check(stored, now); err != nil {
		return Change{}, err
	}
	if r.Remove {
		return r.removal(stored, now), nil
	}
	status, err := r.move(cmp.Or(stored.Status, NotRun))
	if err != nil {
		return Change{}, err
	}
	rec := r.Record.Clone()
	rec.Version = stored.Version + 1
	if stored.Version == 0 {
		rec.Version = stored.Fence + 1 // after the entries of a removal
	}
	rec.Status = status
	rec.WakeAt = timeIn(r.WakeIn, rec.WakeAt, now)
	rec.Deadline = timeIn(r.DeadlineIn, rec.Deadline, now)
	rec.Fence, rec.LeaseOwner, rec.LeaseUntil = stored.Fence, stored.LeaseOwner, stored.LeaseUntil
	rec.Note = nil
	rec.UpdatedAt = now
	return Change{Record: rec, Entries: r.entries(rec.Version, now), Runs: r.runs(now)}, nil
}

// check returns an error if the request must not change the stored record now.
func (r CommitRequest) check(stored Record, now time.Time) error {
	if stored.Version != r.Record.Version {
		return fmt.Errorf("%w: version %d of %q is stored, not %d", ErrConflict, stored.Version, r.Record.Tenant, r.Record.Version)
	}
	if r.Fence != 0 && (stored.Version == 0 || stored.Fence != r.Fence) {
		return fmt.Errorf("%w: the lease of %q with fence %d was taken over", ErrConflict, r.Record.Tenant, r.Fence)
	}
	if r.BeforeDeadline && !stored.Deadline.IsZero() && !now.Before(stored.Deadline) {
		return fmt.Errorf("%w: the deadline was %v, and the time is %v", ErrExpired, stored.Deadline, now)
	}
	return nil
}

// removal returns the change of a request that removes the tenant. Its version
// is greater than each version and each fence that the tenant had. A tenant
// that is created again begins after it, so a caller with a version or a fence
// from before the removal gets ErrConflict.
func (r CommitRequest) removal(stored Record, now time.Time) Change {
	last := max(stored.Version, stored.Fence) + 1
	return Change{
		Record:  Record{Tenant: r.Record.Tenant, Fence: last},
		Entries: r.entries(last, now),
		Removed: true,
	}
}

// move returns the status to which the request's events lead.
func (r CommitRequest) move(from Status) (Status, error) {
	status := from
	for _, ev := range r.Events {
		to, err := Next(status, ev)
		if err != nil {
			return "", err
		}
		status = to
	}
	return status, nil
}

// entries returns the request's entries with their keys.
func (r CommitRequest) entries(version int64, now time.Time) []Entry {
	all := make([]Entry, 0, len(r.Entries))
	for n, e := range r.Entries {
		e = e.Clone()
		e.Tenant, e.Version, e.N, e.Time = r.Record.Tenant, version, n, now
		all = append(all, e)
	}
	return all
}

// runs returns the stored form of the request's runs.
func (r CommitRequest) runs(now time.Time) []Run {
	all := make([]Run, 0, len(r.Runs))
	for _, run := range r.Runs {
		run = run.Clone()
		run.Tenant, run.UpdatedAt = r.Record.Tenant, now
		run.Started, run.Ended = stored(run.Started), stored(run.Ended)
		all = append(all, run)
	}
	return all
}

// timeIn returns the time that is d after now, if d is more than 0, or the
// given one.
func timeIn(d time.Duration, given, now time.Time) time.Time {
	if d > 0 {
		return now.Add(d)
	}
	return stored(given)
}

// stored returns a caller's time as a store keeps it: in UTC, and without a
// reading of the caller's monotonic clock.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.Round(0).UTC()
}
