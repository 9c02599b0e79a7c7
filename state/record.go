package state

import (
	"bytes"
	"encoding/json"
	"maps"
	"time"
)

// Record is the stored state of one tenant: its status, the fields by which a
// store finds and wakes it, and the engine's own data, which a store never reads.
//
// All texts in it (and in an [Entry]) are valid UTF-8 without control
// characters, all times are zero or in the years 1 to 9999. A store keeps times
// to the microsecond at least. It may cut off the nanoseconds; then it does so
// everywhere, and each call returns the stored times.
type Record struct {
	// Tenant names the tenant: an opaque string of 1 to 256 bytes of valid
	// UTF-8 without control characters, chosen by the host.
	Tenant string
	// Version counts the commits, from 1; a tenant that is created again after a
	// removal begins after its version. In a [CommitRequest] it is the version
	// that the caller read; 0 creates the record.
	Version int64
	// Run names the current run or, at rest, the last one. It is empty before the
	// first.
	Run string
	// WakeAt is when a worker should look at the tenant again. The zero time
	// means that the tenant waits for an event from outside.
	WakeAt time.Time
	// Deadline is the time at which commits with BeforeDeadline begin to fail;
	// the zero time means never.
	Deadline time.Time
	// Labels are for the host's lists. A key is not empty; nil and empty maps are
	// equal.
	Labels map[string]string
	// Data is the engine's own state: one JSON value that names its format
	// version. Opaque to stores, returned byte for byte or at least equal as JSON.
	Data json.RawMessage
	// Refs are the blobs of this tenant that Data refers to. A [Pruner] keeps
	// them at any age. It removes the blobs that entries refer to with their run.
	Refs []BlobRef

	// The fields below are set by the store; a commit ignores the caller's values.

	// Status is the tenant's status, which only events change.
	Status Status
	// Fence grows with each acquisition of the tenant's lease.
	Fence int64
	// LeaseOwner and LeaseUntil describe the last lease that was not released;
	// it is live while the store's time is before LeaseUntil.
	LeaseOwner string
	LeaseUntil time.Time
	// Note is what the lease's holder said with a renewal since the last commit:
	// one JSON value, opaque to stores, or nil. It is no part of a commit. A
	// commit clears it, and so does a new lease.
	Note json.RawMessage
	// UpdatedAt is the store's time of the last commit.
	UpdatedAt time.Time
}

// Entry is one line of a tenant's append-only history. Its key is
// (Tenant, Version, N): the version that its commit made, and its place in the
// commit, from 0.
type Entry struct {
	// Type is the engine's word for the event, opaque to stores. Required.
	Type string
	// Run names the run of the entry. It is empty for an entry without a run. A
	// history can be filtered by it.
	Run string
	// Data is one JSON value, or nil. Opaque to stores.
	Data json.RawMessage

	// The fields below are set by the store.

	Tenant  string
	Version int64
	N       int
	// Time is the store's time of the commit.
	Time time.Time
}

// Clone returns a copy that shares no memory with r. An empty map or slice
// becomes nil.
func (r Record) Clone() Record {
	r.Labels = maps.Clone(r.Labels)
	if len(r.Labels) == 0 {
		r.Labels = nil
	}
	r.Data = bytes.Clone(r.Data)
	r.Note = bytes.Clone(r.Note)
	r.Refs = append([]BlobRef(nil), r.Refs...)
	return r
}

// Clone returns a copy that shares no memory with e.
func (e Entry) Clone() Entry {
	e.Data = bytes.Clone(e.Data)
	return e
}
