package oracle

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// Commit is a commit that the store has made.
type Commit struct {
	Version int64
	// Now is the store's time of the commit.
	Now     time.Time
	Entries []state.Entry
	// Record is the stored record, or nil if only the history is known.
	Record *state.Record
	// Fence is the fence that the caller has named, or 0.
	Fence int64
}

// Write is one call that writes to the tenant.
type Write struct {
	tenant.Operation
	Worker string
	// At is the store's time of the call, for the lease. Optional.
	At time.Time
	// Object is the id of the written object. It is known once the write took
	// effect.
	Object string
	// Time is when the write took effect. The zero time means now.
	Time time.Time
	// Actual is the object just before the effect. Optional.
	Actual json.RawMessage
	// Raced says that another party changed the object after the worker last
	// looked at it. No client of such a tenant can notice that.
	Raced bool
}

// target returns the run and the item that a write is for.
func (w Write) target() (run, item string) { return target(w.IdempotencyKey) }

// target returns the run and the item of a write's idempotency key.
func target(key string) (run, item string) {
	run, item, _ = strings.Cut(key, "/")
	return run, item
}

// Update is a write of the engine to the desired line.
type Update struct {
	Run string
	// Act is "adopt", "revert" or "rollback".
	Act string
	// Changes are the changes that took effect.
	Changes []tenant.Change
}

// line is an entry of the history, decoded.
type line struct {
	run  string
	typ  syncer.EntryType
	data syncer.EntryData
}

// lineOf decodes an entry. With an error it also returns the part that it could
// decode.
func lineOf(e state.Entry) (line, error) {
	l := line{run: e.Run, typ: syncer.EntryType(e.Type)}
	if len(e.Data) == 0 {
		return l, nil
	}
	err := json.Unmarshal(e.Data, &l.data)
	return l, err
}

// recordData is the part of a record's data that the oracle reads. A record in
// which this part is invalid is a violation.
type recordData struct {
	Paused []syncer.Pause `json:"paused"`
	Run    *recordRun     `json:"run"`
}

// recordRun is the current run of a record.
type recordRun struct {
	ID       string          `json:"id"`
	Digest   string          `json:"digest"`
	Plan     *state.BlobRef  `json:"plan"`
	Decision *recordDecision `json:"decision"`
}

// recordDecision is the decision on the current run of a record.
type recordDecision struct {
	Verdict syncer.Verdict `json:"verdict"`
	Actors  []string       `json:"actors"`
	Accept  []string       `json:"accept"`
	// Items are the items in the record itself, and List names the blob of the items.
	// Without both, the decision is on the whole plan.
	Items []string    `json:"items"`
	List  *recordList `json:"list"`
}

// recordList names a list of items.
type recordList struct {
	Run    string `json:"run"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// runOf returns the current run of a record, or nil without a record or without
// a run. With an error it also returns the part that it could decode.
func runOf(rec *state.Record) (*recordRun, error) {
	if rec == nil || len(rec.Data) == 0 {
		return nil, nil
	}
	var data recordData
	err := json.Unmarshal(rec.Data, &data)
	return data.Run, err
}
