package syncer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth"
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

// event is told to the observer once the commit is made.
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

// cancel asks the worker to end the run.
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
	// EntryRetry: a phase failed with a transient error and will be retried.
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
	// ItemUnknown: the write was sent, and its outcome could not be found out. The
	// engine never repeats it.
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

// entryFormat is the newest format of an entry's data, see dataFormat.
const entryFormat = 1

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

// EventType says what an [Event] is about.
type EventType string

// The types of events.
const (
	// StatusChanged: From, To, Cause, and Outcome, Reason and Error at the end.
	StatusChanged EventType = "status_changed"
	// PhaseChanged: Phase. It is told when the run enters the phase. Some phases
	// are stored with the next commit of the run, a little later.
	PhaseChanged EventType = "phase_changed"
	// PromptShown: Prompt; also for a new code under the old deadline.
	PromptShown EventType = "prompt_shown"
	// PlanReady: Digest and Counts; read it with [Syncer.Plan].
	PlanReady EventType = "plan_ready"
	// ProgressMade: Progress.
	ProgressMade EventType = "progress_made"
	// ItemDone: Item.
	ItemDone EventType = "item_done"
	// TenantRemoved: the tenant has no record any more.
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
	// Prompt is what to show the person who is to sign in.
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
// phase. What the table refuses fails the commit.
func (t *draft) enter(e EntryData) {
	r := t.d.Run
	if err := checkFollows(r.Phase, e.Phase); err != nil {
		t.refused = err
		return
	}
	r.Phase, r.Progress = e.Phase, Progress{Phase: e.Phase}
	t.entry(EntryPhase, e)
}

// logEntry adds the reference to a stored chunk of log.
func (t *draft) logEntry(ref *state.BlobRef) {
	if ref != nil {
		t.entry(EntryLog, EntryData{Log: ref})
	}
}

// identify stores who is signed in, and pins the tenant to the directory once
// it has proven to be one that can be worked with.
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

// itemResult is a deployment's result as the API and the history have it.
func itemResult(r deploy.Result) ItemResult {
	return ItemResult{Item: r.Item, Kind: r.Kind, Key: r.Key, Verb: r.Verb, Status: ItemStatus(r.Status), TenantID: r.TenantID,
		Class: Class(r.Class), Message: r.Message, RequestID: r.RequestID, Attempts: r.Attempts, Duration: r.Duration}
}

// deployResult is a stored result as a deployment has it.
func deployResult(r ItemResult) *deploy.Result {
	return &deploy.Result{Item: r.Item, Kind: r.Kind, Key: r.Key, Verb: r.Verb, Status: deploy.Status(r.Status), TenantID: r.TenantID,
		Class: string(r.Class), Message: r.Message, RequestID: r.RequestID, Attempts: r.Attempts, Duration: r.Duration}
}

// runFactsFormat is the newest format of a run's facts, see dataFormat.
const runFactsFormat = 1

// runFactsForm is how the facts are stored in [state.Run].
type runFactsForm struct {
	Format int `json:"format"`
	RunFacts
}

// listRun has the commit store the run's row, with the status that the draft
// leads to.
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
