package state

import (
	"bytes"
	"encoding/json"
	"time"
)

// Run is one run of a tenant as lists show it. A commit stores it in the place
// of the run with the same tenant and ID.
// Texts and times are as in a [Record]; the ID has at most 256 bytes and each
// other text at most 512, so that a database can keep them in an index.
type Run struct {
	// ID names the run within its tenant. Required.
	ID string
	// Status is the tenant's status in the run, or the one in which the run
	// left it. Required.
	Status Status
	// Outcome says how the run ended; the engine's words. Empty until then.
	Outcome string
	// Actor is the person or the program that asked for the run.
	Actor string
	// Started is when the run was asked for. Required: runs are listed by it.
	Started time.Time
	// Ended is when the run ended; zero until then.
	Ended time.Time
	// ChangeDigest is equal for runs that plan the same changes. Empty for none.
	ChangeDigest string
	// Data is one JSON value, or nil: counts and what else a list shows. Opaque
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
