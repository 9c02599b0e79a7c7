package state

import (
	"bytes"
	"encoding/json"
	"time"
)

// Run is one run of a tenant in a list of runs. A commit replaces the stored
// run with the same tenant and ID. Texts and times are as in a [Record]; the ID
// has at most 256 bytes and each other text at most 512, so that a database can
// keep them in an index.
type Run struct {
	// ID names the run within its tenant. Required.
	ID string
	// Status is the tenant's status during the run, and then the status in which
	// the run ended. Required.
	Status Status
	// Outcome says in the engine's words how the run ended. It is empty until
	// then.
	Outcome string
	// Actor is the person or the program that asked for the run.
	Actor string
	// Started is when the run was asked for. Required: runs are listed by it.
	Started time.Time
	// Ended is when the run ended; zero until then.
	Ended time.Time
	// ChangeDigest is equal for runs that plan the same changes. It is empty
	// without changes.
	ChangeDigest string
	// Data is one JSON value, or nil: counts and other values for lists. Opaque
	// to stores.
	Data json.RawMessage

	// The fields below are set by the store.

	Tenant string
	// UpdatedAt is the store's time of the last commit that stored the run.
	UpdatedAt time.Time
}

// Clone returns a copy that shares no memory with r.
func (r Run) Clone() Run {
	r.Data = bytes.Clone(r.Data)
	return r
}

// RunsRequest asks for a page of runs, the newest first: by Started, then by
// Tenant, then by ID, each descending. Zero fields do not filter.
type RunsRequest struct {
	Tenant   string
	Statuses []Status
	Outcomes []string
	Actor    string
	// ChangeDigest keeps the runs that plan the same changes.
	ChangeDigest string
	// Since and Until keep the runs that started at Since or later and before
	// Until.
	Since, Until time.Time
	// Cursor is a former page's Next, or empty for the first page.
	Cursor string
	// Limit is the most runs to return. Defaults to 100; the store may return
	// fewer than asked for.
	Limit int
}

// RunsPage is a page of runs.
type RunsPage struct {
	Runs []Run
	// Next is the cursor of the next page; empty after the last.
	Next string
	Now  time.Time
}
