package syncer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/state"
)

// Errors of the engine's methods, alone or wrapped.
var (
	// ErrNoActor is returned by every action that names nobody who does it.
	ErrNoActor = errors.New("syncer: an action needs an actor")
	// ErrActive is returned by Start and Retry while a run is under way; the
	// error is an *[ActiveError] that names it.
	ErrActive = errors.New("syncer: a run is under way")
	// ErrPaused is returned by Start and Retry while somebody holds the tenant.
	ErrPaused = errors.New("syncer: the tenant is paused")
	// ErrStalePlan is returned by Decide for a run or digest that is no longer
	// current. Review the current plan and decide again.
	ErrStalePlan = errors.New("syncer: the plan has changed since")
	// ErrNotPending is returned by Decide when nothing waits for a decision,
	// and by Cancel when no run is under way.
	ErrNotPending = errors.New("syncer: nothing is pending")
	// ErrExpired is returned by Decide at or after the approval's deadline.
	ErrExpired = errors.New("syncer: the time for a decision has passed")
	// ErrSelfApproval is returned by Decide when the person who asked for the
	// run approves it, and the rules forbid that.
	ErrSelfApproval = errors.New("syncer: the person who asked for the run cannot approve it")
	// ErrAlreadyVoted is returned by Decide for a person's second approval.
	ErrAlreadyVoted = errors.New("syncer: this person has already approved")
	// ErrNotFound is returned for a tenant, a run, a plan or a report that is
	// not there (or not there yet).
	ErrNotFound = errors.New("syncer: not found")
	// ErrInvalid is returned for a request that can never succeed.
	ErrInvalid = errors.New("syncer: invalid request")
	// ErrNothingFailed is returned by Retry for a run without failed items.
	ErrNothingFailed = errors.New("syncer: nothing to retry")
	// ErrNewerFormat is returned for a record that a newer version of this
	// library wrote, or for what belongs to it: a plan, an entry, a report. It
	// is never overwritten, and a run that needs it waits for a process that
	// can read it: upgrade this one.
	ErrNewerFormat = failure.ErrNewer
	// ErrRemoving is returned by Start and Retry for a tenant that is being
	// removed.
	ErrRemoving = errors.New("syncer: the tenant is being removed")
	// ErrBusy is returned by Recheck while another worker holds the tenant.
	ErrBusy = errors.New("syncer: another worker holds the tenant")
)

// ActiveError is the [ErrActive] that names the run.
type ActiveError struct {
	RunRef
	Status state.Status
}

// Error names tenant, run and status.
func (e *ActiveError) Error() string {
	return fmt.Sprintf("syncer: %s: run %s is under way (%s)", e.Tenant, e.Run, e.Status.Label())
}

// Is reports whether target is ErrActive.
func (e *ActiveError) Is(target error) bool { return target == ErrActive }

// BrokenRulesError is returned by Decide for an approval that does not accept
// every guard rule that the plan breaks, or the part of it that is approved.
type BrokenRulesError struct {
	Tenant string
	// Rules are the names that [Decision.Accept] lacks.
	Rules []string
}

// Error names the rules.
func (e *BrokenRulesError) Error() string {
	return fmt.Sprintf("syncer: %s: the plan breaks %s: name each in the decision to accept it",
		e.Tenant, strings.Join(e.Rules, ", "))
}

// ErrorInfo is why a run did not succeed, for people and for programs.
type ErrorInfo struct {
	// Class is what kind of failure it is.
	Class Class `json:"class"`
	// Phase in which it happened.
	Phase Phase `json:"phase,omitempty"`
	// Message says what happened, to what, and what to do next.
	Message string `json:"message"`
	// RequestID is the service's id of the request, if it was one.
	RequestID string    `json:"requestId,omitempty"`
	Time      time.Time `json:"time,omitzero"`
}
