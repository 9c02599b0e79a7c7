package deploy

import (
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// Status is the outcome of an item. The engine stores these words.
type Status string

// The statuses.
const (
	Applied Status = "applied"
	// Failed: the tenant refused the item, or each attempt failed. The item had
	// no effect.
	Failed Status = "failed"
	// Conflict: the tenant's object, or a secret to be written, has changed since
	// the plan was made. Nothing was sent.
	Conflict Status = "conflict"
	// Unsupported: the item cannot be carried out. Nothing was sent.
	Unsupported Status = "unsupported"
	// Skipped: an item that this one depends on was not applied.
	Skipped Status = "skipped"
	// NotAttempted: an earlier item failed, and the policy is to stop.
	NotAttempted Status = "not_attempted"
	// Unknown: the write was sent, and the tenant does not show its outcome.
	Unknown Status = "unknown"
	// Waits: the service holds the write until another administrator approves it in
	// the tenant.
	Waits Status = "waits"
	// Retry is the result of an attempt that had no effect and is followed by
	// another. It is not a final result.
	Retry Status = "retry"
)

// Result is the outcome of an item or, with status [Retry], of an attempt.
type Result struct {
	// Item is the item's ID in the plan.
	Item string
	Kind string
	Key  string
	Verb tenant.Verb

	Status Status
	// TenantID is the id of the object afterwards.
	TenantID string
	// Class and Message say why the item was not applied.
	Class   string
	Message string
	// RequestID is the service's id of the last request.
	RequestID string
	// Attempts is the number of writes that were sent.
	Attempts int
	// Duration is how long the item took.
	Duration time.Duration
	// Approval is the request for approval of an item that waits.
	Approval *Request
	// After is the pause before the next attempt that the service asked for. It
	// is not stored.
	After time.Duration
}

// final reports whether no attempt follows.
func (r *Result) final() bool { return r.Status != Retry }

// Intent says that a write is about to be sent.
type Intent struct {
	// Item is the item's ID in the plan.
	Item string
	// Attempt counts from 1.
	Attempt int
	// TenantID is the object's id. It is empty for a create.
	TenantID string
	Verb     tenant.Verb
	// Key is the idempotency key that is sent along.
	Key string
}
