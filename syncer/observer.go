package syncer

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Observer is told what happens, by the process that did it and after it was
// committed. Only a phase may be told a little earlier (see [PhaseChanged]). For
// a feed of all processes, and one that can be resumed, read [Syncer.History] or
// [Syncer.Changes].
//
// Observe must be safe for concurrent use and return quickly: the engine waits
// for it.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// ObserverFunc is a function as an [Observer].
type ObserverFunc func(ctx context.Context, e Event)

// Observe calls f.
func (f ObserverFunc) Observe(ctx context.Context, e Event) { f(ctx, e) }

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
