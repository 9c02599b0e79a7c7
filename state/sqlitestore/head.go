package sqlitestore

import (
	"github.com/tenantsync/tenantsync/state"
)

// head has the stored values that a commit needs.
type head struct {
	// id is the record's id, or 0 without a record.
	id int64
	// removed is the id of a removed tenant's entries.
	removed int64
	labels  *string
	// record has the fields that [state.CommitRequest.Apply] reads.
	record state.Record
}

const (
	selectHead = "SELECT r.id, r.version, r.status, r.deadline, r.labels, l.fence, l.owner, l.until, l.note" +
		fromRecord + joinLease + " WHERE r.tenant = ?"
	selectRemoved = "SELECT d.id, (SELECT max(e.version) FROM tenantsync_entry AS e WHERE e.record = d.id)" +
		fromRemoved + " WHERE d.tenant = ?"
)

// head reads the head of a tenant's record.
func (t *tx) head(tenant string) (h head, err error) {
	var deadline, fence, until, last *int64
	var owner *string
	r := &h.record
	found, err := t.row([]any{&h.id, &r.Version, &r.Status, &deadline, &h.labels, &fence, &owner, &until, (*[]byte)(&r.Note)}, selectHead, tenant)
	if err != nil {
		return h, err
	}
	if found {
		r.Tenant, r.Deadline, r.LeaseUntil = tenant, timeOf(deadline), timeOf(until)
		if fence != nil {
			r.Fence, r.LeaseOwner = *fence, *owner
		}
		return h, nil
	}
	if _, err := t.row([]any{&h.removed, &last}, selectRemoved, tenant); err != nil {
		return h, err
	}
	if last != nil {
		r.Fence = *last
	}
	return h, nil
}
