package syncer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// draft is the record that the next commit stores. Changes are functions of a
// draft, so that after a conflict they can be made again on a newer record.
type draft struct {
	rec state.Record
	d   *data
	now time.Time // the store's

	moves          []state.Event
	runs           []state.Run
	entries        []state.Entry
	events         []Event
	wakeIn         time.Duration
	deadlineIn     time.Duration
	beforeDeadline bool
	// refused is why the change cannot be made.
	refused error
}

// errNoChange is returned by a change that has nothing to commit.
var errNoChange = errors.New("nothing to change")

// run returns the id of the draft's run.
func (t *draft) run() string {
	if t.d.Run == nil {
		return ""
	}
	return t.d.Run.ID
}

// entry appends a line of history.
func (t *draft) entry(typ EntryType, d EntryData) {
	t.entries = append(t.entries, newEntry(t.run(), typ, d))
}

// event adds an event. The observer gets it after the commit.
func (t *draft) event(e Event) {
	e = bounds.Of(e)
	e.RunRef = RunRef{Tenant: t.rec.Tenant, Run: t.run()}
	t.events = append(t.events, e)
}

// move asks the store for an event of the state machine. It refuses an illegal
// event, as the store does, so that the draft has the status of the store's answer.
func (t *draft) move(ev state.Event, d EntryData) error {
	from := t.rec.Status
	to, err := state.Next(from, ev)
	if err != nil {
		return fmt.Errorf("syncer: %s: %w", t.rec.Tenant, err)
	}
	t.moves = append(t.moves, ev)
	t.rec.Status = to
	t.rec.Deadline = time.Time{}
	if t.d.Run != nil {
		t.d.Run.Prompt = nil // the user code is kept only while it is shown
		t.d.Run.Attempt = 0
	}
	d.Event, d.From, d.To = ev, from, to
	t.entry(EntryMove, d)
	t.event(Event{Type: StatusChanged, From: from, To: to, Cause: ev, Outcome: d.Outcome, Reason: d.Message, Error: d.Error})
	if from.Resting() && to.Resting() || t.d.Run == nil {
		return nil // a look at the permissions, not the run, moved the tenant
	}
	return t.listRun()
}

// due makes the tenant due at once. A worker claims it as soon as its lease is free.
func (t *draft) due() { t.rec.WakeAt = t.now }

// cancel stores that a person has asked to end the run.
func (t *draft) cancel(actor, comment string) {
	t.d.Run.Cancel = &cancel{Actor: actor, Comment: comment, Time: t.now}
	t.due()
	t.entry(EntryCancel, EntryData{Actor: actor, Comment: comment, Phase: t.d.Run.Phase})
}

// keepDue makes the tenant due at once if somebody has cancelled the run, or has
// asked to remove the tenant, since the step that commits now began. The step does
// not know of that, and may have chosen a later time.
func (t *draft) keepDue(began loaded) {
	cancelled := func(d *data) bool { return d != nil && d.Run != nil && d.Run.Cancel != nil }
	removing := func(d *data) bool { return d != nil && d.Removing != nil }
	if t.rec.Status.Active() && cancelled(t.d) && !cancelled(began.d) || removing(t.d) && !removing(began.d) {
		t.due()
		t.wakeIn = 0
	}
}

// await begins to wait for a person: the run's own clock stops.
func (t *draft) await() { t.d.Run.Await(t.now) }

// resume ends a wait and adds its length to the run's time.
func (t *draft) resume() {
	t.d.Run.Resume(t.now)
	if len(t.d.Paused) > 0 {
		t.await()
	}
}

// EntryType is the type of a line of history. Newer versions of this library may
// write types that are not listed here.
type EntryType string

// The types of history entries.
const (
	// EntryMove is a change of status: Event, From, To.
	EntryMove EntryType = "move"
	// EntryPhase is a phase that the run has entered.
	EntryPhase EntryType = "phase"
	// EntryPrompt: a code was issued. The entry does not hold the code.
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
	// EntryRetry: a phase failed with a transient error and will be retried.
	EntryRetry EntryType = "retry"
	// EntryConsent: the list of missing permissions has changed.
	EntryConsent EntryType = "consent"
	// EntryIntent is a line of the journal: a write is about to be sent.
	EntryIntent EntryType = "intent"
	// EntryResult is a line of the journal: the result of an item or an attempt.
	EntryResult EntryType = "result"
	// EntryLog is a chunk of the run's log: Lines, or Log if it is long.
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

// EntryData is the content of an entry. The entry's type decides which fields are
// set.
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
	// Log is the blob of a chunk of the run's log. A short chunk has no blob: Lines
	// are its lines. [Syncer.Logs] reads both.
	Log   *state.BlobRef    `json:"log,omitempty"`
	Lines []json.RawMessage `json:"lines,omitempty"`
	// Report is the run's report, on the entry of the move that ended the run. That
	// entry also has the Plan, the revision of the backup line with the snapshot
	// before the writes (Backup) and the snapshot After them, if the run made them.
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

// ItemStatus says how an item, or an attempt at it, ended.
type ItemStatus string

// The item statuses.
const (
	ItemApplied ItemStatus = "applied"
	// ItemFailed: the tenant refused the write or kept failing. The write had no
	// effect.
	ItemFailed ItemStatus = "failed"
	// ItemConflict: the tenant's object, or a secret to be written, has changed
	// since the plan was made. The engine did not write it.
	ItemConflict ItemStatus = "conflict"
	// ItemUnsupported: the change is not possible, and was not attempted.
	ItemUnsupported ItemStatus = "unsupported"
	// ItemSkipped: an item that it depends on was not applied.
	ItemSkipped ItemStatus = "skipped"
	// ItemNotAttempted: the run ended before the item was begun.
	ItemNotAttempted ItemStatus = "not_attempted"
	// ItemUnknown: the write was sent, and its outcome could not be found out. The
	// engine never repeats it.
	ItemUnknown ItemStatus = "unknown"
	// ItemWaits: the tenant holds the write until another administrator approves it there.
	ItemWaits ItemStatus = "waits"
	// ItemRetry: an attempt without effect, and another attempt follows. No item
	// ends with it.
	ItemRetry ItemStatus = "retry"
)

// ItemResult is the result of an item. Item is the item's ID in the plan.
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
	// Duration is how long the item took. It is stored in nanoseconds.
	Duration time.Duration `json:"duration,omitempty"`
	// Verified reports that reading back showed the object as written.
	Verified bool `json:"verified,omitempty"`
	// Approval is the request of an item that waits for approval in the tenant.
	Approval *ApprovalRequest `json:"approval,omitempty"`
	// Changes are the item's, in the report only.
	Changes []plan.PropertyChange `json:"changes,omitempty"`
	// NotKept are the properties whose values still differed from the written ones
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

// entryFormat is the newest format of an entry's data, see dataFormat.
const entryFormat = 1

// decodeEntry reads a store's entry. It returns ErrNewerFormat for an entry of a newer
// format. With an error, the entry has only the fields that the store knows. An entry
// of an unknown type has the fields that both versions know, if any.
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
		err = nil // an unknown type may have another shape, and nothing depends on it
	}
	return out, err
}

var entryTypes = []EntryType{EntryMove, EntryPhase, EntryPrompt, EntryVote, EntryReview, EntryCancel, EntryPause, EntryResume, EntryRemove,
	EntryNewer, EntryRetry, EntryConsent, EntryIntent, EntryResult, EntryLog}

// EventType is the type of an [Event].
type EventType string

// The types of events.
const (
	// StatusChanged sets From, To and Cause, and at a run's end Outcome, Reason and
	// Error.
	StatusChanged EventType = "status_changed"
	// PhaseChanged sets Phase. The observer gets it when the run enters the phase.
	// Some phases are stored a little later, with the next commit of the run.
	PhaseChanged EventType = "phase_changed"
	// PromptShown sets Prompt; also for a new code under the old deadline.
	PromptShown EventType = "prompt_shown"
	// PlanReady sets Digest and Counts. Read the plan with [Syncer.Plan].
	PlanReady EventType = "plan_ready"
	// ProgressMade sets Progress.
	ProgressMade EventType = "progress_made"
	// ItemDone sets Item.
	ItemDone EventType = "item_done"
	// TenantRemoved: the tenant's record was deleted.
	TenantRemoved EventType = "tenant_removed"
)

// Event is something that happened to a tenant. Which fields are set depends
// on its type.
type Event struct {
	Type EventType
	// RunRef names the tenant and its run.
	RunRef
	// Time is the store's.
	Time time.Time

	// From and To are the statuses, Cause the event of the table that led from
	// one to the other.
	From, To state.Status
	Cause    state.Event
	Phase    Phase
	// Prompt tells a person how to sign in.
	Prompt *auth.Prompt
	// Deadline is the record's after the event: of the sign-in or the approval.
	Deadline time.Time
	// Digest and Counts are the plan's.
	Digest   string
	Counts   plan.Counts
	Progress Progress
	Item     *ItemResult
	// Outcome, Reason and Error say how a run ended.
	Outcome Outcome
	Reason  string
	Error   *ErrorInfo
}

// phase enters a phase by the table, in this commit.
func (t *draft) phase(p Phase) {
	t.enter(EntryData{Phase: p})
	t.event(Event{Type: PhaseChanged, Phase: p})
}

// enter stores that the run has entered a phase. Nothing else changes a run's
// phase. The commit fails if the table does not allow the phase.
func (t *draft) enter(e EntryData) {
	r := t.d.Run
	if err := checkFollows(r.Phase, e.Phase); err != nil {
		t.refused = err
		return
	}
	r.Phase, r.Progress = e.Phase, Progress{Phase: e.Phase}
	t.entry(EntryPhase, e)
}

// moveBase makes the record lead to a base. nil stands for the present one.
func (t *draft) moveBase(root *baseline.Root) {
	if root != nil {
		t.d.Pages, t.d.Base = root, nil
	}
}

// logChunk is a chunk of a run's log, for the entry of a commit: a few lines, or the
// blob that holds more.
type logChunk struct {
	run   string
	lines []json.RawMessage
	blob  *state.BlobRef
}

// maxLogLines is the size of the lines that an entry holds itself, in bytes. It keeps
// the log of a run that found nothing to do out of the blobs.
const maxLogLines = 8 << 10

// logEntry adds a chunk of the run's log, if there is one.
func (t *draft) logEntry(chunk *logChunk) {
	if chunk != nil {
		t.entry(EntryLog, EntryData{Log: chunk.blob, Lines: chunk.lines})
	}
}

// identify stores the signed-in identity. With pin, it also pins a new tenant to the
// identity's directory. It fails if the tenant is pinned to another directory.
func (t *draft) identify(id *auth.Identity, pin bool) error {
	if id == nil {
		return nil
	}
	if t.d.Directory != "" && !strings.EqualFold(t.d.Directory, id.Directory) {
		return failure.New(auth.WrongTenant, "connect: %s was connected to directory %s meanwhile, not to %s", t.rec.Tenant, t.d.Directory, id.Directory)
	}
	if pin && t.d.Directory == "" {
		t.d.Directory = id.Directory
	}
	if t.d.Run != nil {
		t.d.Run.Identity = id
	}
	return nil
}

// looked stores the result of a look at the desired line. A change gets a line of
// history.
func (t *draft) looked(seen lookedAt) {
	r := t.d.Run
	if r == nil {
		return
	}
	now := seen.newer(r, t.now)
	if now.revision() == r.Newer.revision() {
		return
	}
	r.Newer = now
	e := EntryData{Phase: r.Phase, Revision: r.Desired, Message: "the repository is back at the plan's revision"}
	if now != nil {
		e.Revision, e.Message = now.Revision, now.String()
	}
	t.entry(EntryNewer, e)
}

// waitForDecision makes a run that waits for a decision due for the next look at
// the desired line, or at its deadline if that comes sooner.
func (t *draft) waitForDecision(every time.Duration) {
	if every > 0 && t.now.Add(every).Before(t.rec.Deadline) {
		t.wakeIn = every
		return
	}
	t.rec.WakeAt = t.rec.Deadline
}

// itemResult converts a deployment's result for the API and the history.
func itemResult(r deploy.Result) ItemResult {
	return ItemResult{Item: r.Item, Kind: r.Kind, Key: r.Key, Verb: r.Verb, Status: ItemStatus(r.Status), TenantID: r.TenantID, Approval: (*ApprovalRequest)(r.Approval),
		Class: Class(r.Class), Message: r.Message, RequestID: r.RequestID, Attempts: r.Attempts, Duration: r.Duration}
}

// deployResult converts a stored result for a deployment.
func deployResult(r ItemResult) *deploy.Result {
	return &deploy.Result{Item: r.Item, Kind: r.Kind, Key: r.Key, Verb: r.Verb, Status: deploy.Status(r.Status), TenantID: r.TenantID, Approval: (*deploy.Request)(r.Approval),
		Class: string(r.Class), Message: r.Message, RequestID: r.RequestID, Attempts: r.Attempts, Duration: r.Duration}
}

// runFactsFormat is the newest format of a run's facts, see dataFormat.
const runFactsFormat = 1

// runFactsForm is how the facts are stored in [state.Run].
type runFactsForm struct {
	Format int `json:"format"`
	RunFacts
}

// listRun adds the run's row, with the draft's new status, to the commit.
func (t *draft) listRun() error {
	r := t.d.Run
	form := runFactsForm{Format: runFactsFormat, RunFacts: RunFacts{Mode: r.Options.Mode, Comment: r.Options.Comment,
		Reason: r.Reason, Digest: r.Digest, Counts: r.Counts, Undone: r.Undone, Error: r.Error}}
	if d := r.Decision; d != nil {
		form.Verdict, form.DecidedBy = d.Verdict, d.Actors
	}
	raw, err := json.Marshal(bounds.Of(form))
	if err != nil {
		return fmt.Errorf("syncer: %s: run %s: encode its row: %w", t.rec.Tenant, r.ID, err)
	}
	row := state.Run{ID: r.ID, Status: t.rec.Status, Outcome: string(r.Outcome), Actor: r.Actor, Started: r.Started, Ended: r.Ended,
		ChangeDigest: r.ChangeDigest, Data: raw}
	for i := range t.runs {
		if t.runs[i].ID == row.ID {
			t.runs[i] = row
			return nil
		}
	}
	t.runs = append(t.runs, row)
	return nil
}
