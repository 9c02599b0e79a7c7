package state

import (
	"bytes"
	"fmt"
	"iter"
	"time"
)

// The Apply methods below are the rules of leases: each returns the stored
// record with its lease changed, or the error for which the store writes
// nothing. The caller has called Validate. For a tenant without a record,
// stored is the zero Record, or the record of its removal ([Change.Record]).

// Due reports whether a claim may lease a record now.
func (r ClaimRequest) Due(stored Record, now time.Time) bool {
	return stored.Version > 0 && !stored.WakeAt.IsZero() && !stored.WakeAt.After(now) && !stored.LeaseUntil.After(now)
}

// Apply returns a due record as the claim leases it.
func (r ClaimRequest) Apply(stored Record, now time.Time) Record {
	return stored.leased(r.Owner, r.For, now)
}

// Select returns the leases of the records that are due, soonest first, at most
// Limit. A store replaces each stored record by the record of its lease. The
// leases share no memory with the given records.
func (r ClaimRequest) Select(records iter.Seq[Record], now time.Time) Claimed {
	due := best[ListCursor, Record]{limit: min(r.Limit, maxPageLimit), compare: compareInList}
	for rec := range records {
		if r.Due(rec, now) {
			due.add(NewListCursor(ByWake, rec), rec)
		}
	}
	claimed := Claimed{Now: now}
	for _, rec := range due.sorted() {
		claimed.Leases = append(claimed.Leases, Lease{Record: r.Apply(rec, now), Now: now})
	}
	return claimed
}

// Apply returns the stored record as the request leases it. It returns
// ErrNotFound without a record, and ErrLeased while a lease is live.
func (r AcquireRequest) Apply(stored Record, now time.Time) (Record, error) {
	if stored.Version == 0 {
		return Record{}, ErrNotFound
	}
	if stored.LeaseUntil.After(now) {
		return Record{}, fmt.Errorf("%w: %q", ErrLeased, stored.LeaseOwner)
	}
	return stored.leased(r.Owner, r.For, now), nil
}

// Apply returns the stored record with the lease's new end and note. It returns
// ErrNotFound without a record, and ErrLeaseLost when the fence was raised.
func (r RenewRequest) Apply(stored Record, now time.Time) (Record, error) {
	if err := fenced(stored, r.Fence); err != nil {
		return Record{}, err
	}
	stored.LeaseUntil = now.Add(r.For)
	if r.Note != nil {
		stored.Note = bytes.Clone(r.Note)
	}
	return stored, nil
}

// Apply returns the stored record without its lease. It returns ErrNotFound
// without a record, and ErrLeaseLost when the fence was raised. Now is not used.
func (r ReleaseRequest) Apply(stored Record, _ time.Time) (Record, error) {
	if err := fenced(stored, r.Fence); err != nil {
		return Record{}, err
	}
	stored.LeaseOwner, stored.LeaseUntil = "", time.Time{}
	return stored, nil
}

// leased returns the record with a new lease, whose holder has said nothing yet.
func (r Record) leased(owner string, d time.Duration, now time.Time) Record {
	r.Fence++
	r.LeaseOwner, r.LeaseUntil = owner, now.Add(d)
	r.Note = nil
	return r
}

// fenced returns an error unless a record's fence is still this one.
func fenced(stored Record, fence int64) error {
	if stored.Version == 0 {
		return ErrNotFound
	}
	if stored.Fence != fence {
		return fmt.Errorf("%w: the fence is %d, not %d", ErrLeaseLost, stored.Fence, fence)
	}
	return nil
}
