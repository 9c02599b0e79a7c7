package syncer

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// EntryType says what a line of history is about. Newer versions of this
// library may write types that are not listed here.
type EntryType string

// The types of history entries.
const (
	// EntryMove is a change of status: Event, From, To.
	EntryMove EntryType = "move"
	// EntryPhase is a phase that the run has entered.
	EntryPhase EntryType = "phase"
	// EntryPrompt: a code was issued. It does not hold the code.
	EntryPrompt EntryType = "prompt"
	// EntryVote is an approval that does not decide yet.
	EntryVote EntryType = "vote"
	// EntryReview: the Approver answered without deciding, or failed.
	EntryReview EntryType = "review"
	// EntryNewer: the desired line has moved on while the plan waits, or is back at
	// the plan's revision. Revision is the line's head.
	EntryNewer EntryType = "newer"
	// EntryCancel, EntryPause, EntryResume: somebody asked for it.
	EntryCancel EntryType = "cancel"
	EntryPause  EntryType = "pause"
	EntryResume EntryType = "resume"
	// EntryRemove: somebody asked to remove the tenant or, as the only line of a
	// tenant without a record, the tenant was removed.
	EntryRemove EntryType = "remove"
	// EntryRetry: a phase failed passingly and will be tried again.
	EntryRetry EntryType = "retry"
	// EntryConsent: what permissions are missing has changed.
	EntryConsent EntryType = "consent"
	// EntryIntent is the journal: a write is about to be sent.
	EntryIntent EntryType = "intent"
	// EntryResult is the journal: what became of an item or an attempt.
	EntryResult EntryType = "result"
	// EntryLog refers to a chunk of the run's log.
	EntryLog EntryType = "log"
)

// Entry is one line of a tenant's history. Version and N, the commit that wrote
// it and its place in it, order the lines; Time is the store's.
type Entry struct {
	Tenant  string    `json:"tenant"`
	Version int64     `json:"version"`
	N       int       `json:"n"`
	Time    time.Time `json:"time"`
	Run     string    `json:"run,omitempty"`
	Type    EntryType `json:"type"`
	EntryData
}

// EntryData is what an entry says; which fields are set depends on its type.
type EntryData struct {
	Event state.Event  `json:"event,omitempty"`
	From  state.Status `json:"from,omitempty"`
	To    state.Status `json:"to,omitempty"`
	Phase Phase        `json:"phase,omitempty"`
	// Entered is when the phase of an EntryPhase was entered, if the commit that
	// stores it came later.
	Entered time.Time `json:"entered,omitzero"`
	Actor   string    `json:"actor,omitempty"`
	Comment string    `json:"comment,omitempty"`
	Outcome Outcome   `json:"outcome,omitempty"`
	// Message is for people.
	Message string     `json:"message,omitempty"`
	Error   *ErrorInfo `json:"error,omitempty"`
	Digest  string     `json:"digest,omitempty"`
	// Revision of the desired line.
	Revision string              `json:"revision,omitempty"`
	Items    []string            `json:"items,omitzero"`
	Missing  []MissingPermission `json:"missing,omitempty"`
	Intent   *Intent             `json:"intent,omitempty"`
	Result   *ItemResult         `json:"result,omitempty"`
	Log      *state.BlobRef      `json:"log,omitempty"`
	// Report is the run's, on the entry of the move that ended it, and so are
	// the plan, the revision of the backup line with the snapshot before, and
	// the snapshot after, as far as it came.
	Report *state.BlobRef `json:"report,omitempty"`
	Plan   *state.BlobRef `json:"plan,omitempty"`
	Backup string         `json:"backup,omitempty"`
	After  *state.BlobRef `json:"after,omitempty"`
}

// Intent says that a write is about to be sent.
type Intent struct {
	// Item is the plan item's ID.
	Item string `json:"item"`
	// Attempt counts from 1.
	Attempt int `json:"attempt"`
	// TenantID of the object; empty for a create.
	TenantID string      `json:"tenantId,omitempty"`
	Verb     tenant.Verb `json:"verb"`
	// Key is the idempotency key sent along.
	Key string `json:"key"`
}

// ItemStatus is what became of an item.
type ItemStatus string

// The item statuses.
const (
	ItemApplied ItemStatus = "applied"
	// ItemFailed: the tenant refused it, or kept failing; it has no effect.
	ItemFailed ItemStatus = "failed"
	// ItemConflict: the tenant's object, or a secret to be written, is not as it
	// was when it was planned; it was left alone.
	ItemConflict ItemStatus = "conflict"
	// ItemUnsupported: it cannot be done; it was not tried.
	ItemUnsupported ItemStatus = "unsupported"
	// ItemSkipped: something that it depends on was not applied.
	ItemSkipped ItemStatus = "skipped"
	// ItemNotAttempted: the run ended before.
	ItemNotAttempted ItemStatus = "not_attempted"
	// ItemUnknown: the write was sent and nobody could find out what became of
	// it. It is never repeated by itself.
	ItemUnknown ItemStatus = "unknown"
	// ItemRetry is the result of an attempt that had no effect and is followed by
	// another. No item ends with it.
	ItemRetry ItemStatus = "retry"
)

// ItemResult is what became of an item. Item is its ID in the plan.
type ItemResult struct {
	Item   string      `json:"item"`
	Kind   string      `json:"kind,omitempty"`
	Key    string      `json:"key,omitempty"`
	Verb   tenant.Verb `json:"verb,omitempty"`
	Status ItemStatus  `json:"status"`
	// TenantID of the object afterwards.
	TenantID string `json:"tenantId,omitempty"`
	// Class and Message say why it was not applied.
	Class   Class  `json:"class,omitempty"`
	Message string `json:"message,omitempty"`
	// RequestID is the service's id of the last request.
	RequestID string `json:"requestId,omitempty"`
	// Attempts is how many writes were sent.
	Attempts int `json:"attempts,omitempty"`
	// Duration is how long it took, in nanoseconds.
	Duration time.Duration `json:"duration,omitempty"`
	// Verified: the tenant was seen to have it as written.
	Verified bool `json:"verified,omitempty"`
	// Changes are the item's, in the report only.
	Changes []plan.PropertyChange `json:"changes,omitempty"`
	// NotKept are the properties that the tenant had otherwise than written
	// when the time for reading back was up, at most NotKeptMax of them; in the
	// report only. It is empty for an item that could not be read back.
	NotKept []NotKept `json:"notKept,omitempty"`
	// NotKeptMore is how many more there were.
	NotKeptMore int `json:"notKeptMore,omitempty"`
}

// newEntry makes a store's entry.
func newEntry(runID string, t EntryType, d EntryData) state.Entry {
	d = bounds.Of(d)
	raw, err := json.Marshal(d)
	if err != nil { // only raw JSON inside could fail, and entries hold none that is not checked
		raw, _ = json.Marshal(EntryData{Message: "entry could not be encoded: " + err.Error()})
	}
	return state.Entry{Run: runID, Type: string(t), Data: raw}
}

// decodeEntry reads a store's entry. With an error, which is ErrNewerFormat for
// an entry of a newer format, it returns what the store knows of it. One of a
// type that this version does not know has the fields that both know, if any.
func decodeEntry(e state.Entry) (Entry, error) {
	out := Entry{Tenant: e.Tenant, Version: e.Version, N: e.N, Time: e.Time, Run: e.Run, Type: EntryType(e.Type)}
	if len(e.Data) == 0 {
		return out, nil
	}
	var d EntryData
	err := format.Decode("entry", e.Data, entryFormat, &d)
	switch {
	case err == nil:
		out.EntryData = d
	case !failure.IsNewer(err) && !slices.Contains(entryTypes, out.Type):
		err = nil // another shape, of what need not be understood
	}
	return out, err
}

var entryTypes = []EntryType{EntryMove, EntryPhase, EntryPrompt, EntryVote, EntryReview, EntryCancel, EntryPause, EntryResume, EntryRemove,
	EntryNewer, EntryRetry, EntryConsent, EntryIntent, EntryResult, EntryLog}
