package oracle

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// Commit is a commit as the store has made it.
type Commit struct {
	Version int64
	// Now is the store's time of it.
	Now     time.Time
	Entries []state.Entry
	// Record is as stored; nil where only the history is known.
	Record *state.Record
	// Fence is the one that the caller has named, if any.
	Fence int64
}

// Write is one call that writes to the tenant.
type Write struct {
	tenant.Operation
	Worker string
	// At is the store's time of the call, for the lease. Optional.
	At time.Time
	// Object is the id of the object that was written. Known once it took effect.
	Object string
	// Time is when it took effect. The zero time is now.
	Time time.Time
	// Actual is the object just before the effect. Optional.
	Actual json.RawMessage
	// Raced: another party changed the object after the worker last looked at
	// it. No client of such a tenant can notice.
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
	// Act is what the run does: "adopt", "revert" or "rollback".
	Act string
	// Changes are those that took effect.
	Changes []tenant.Change
}

// line is an entry of the history, decoded.
type line struct {
	run  string
	typ  syncer.EntryType
	data syncer.EntryData
}

// lineOf decodes an entry. With an error it returns the part that it could read.
func lineOf(e state.Entry) (line, error) {
	l := line{run: e.Run, typ: syncer.EntryType(e.Type)}
	if len(e.Data) == 0 {
		return l, nil
	}
	err := json.Unmarshal(e.Data, &l.data)
	return l, err
}

// recordData is the engine's data in a record, as far as the oracle knows it. A
// record whose known part cannot be read is a violation.
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
	Items   []string       `json:"items"`
}

// runOf returns the current run of a record; nil where the record is not known
// or has none. With an error it returns the part that it could read.
func runOf(rec *state.Record) (*recordRun, error) {
	if rec == nil || len(rec.Data) == 0 {
		return nil, nil
	}
	var data recordData
	err := json.Unmarshal(rec.Data, &data)
	return data.Run, err
}
