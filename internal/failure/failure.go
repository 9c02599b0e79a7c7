// Package failure classifies errors by their effect on a run: the run ends, the
// run retries, a person has to sign in, or the work stops and leaves the run
// unchanged.
package failure

import (
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// These end or interrupt the work on a tenant. None of them ends its run.
var (
	// ErrLeaseLost: another worker has taken the tenant over.
	ErrLeaseLost = lease.ErrLost
	// ErrInterrupted: the record was changed in a way that concerns the present
	// phase, such as a cancel, a pause or a new run.
	ErrInterrupted = errors.New("interrupted")
	// ErrSignInNeeded: the tenant refused the credentials during a phase.
	ErrSignInNeeded = errors.New("the sign-in has ended")
	// ErrRunTimedOut is the cause of a context that ended at the run's
	// deadline.
	ErrRunTimedOut = errors.New("the run has taken too long")
	// ErrNewer: a newer version of this library wrote the stored data.
	ErrNewer = format.ErrNewer
)

// Error ends a run with a class.
type Error struct {
	Class string
	Err   error
}

// New returns an [Error] of a class. Its message is formatted as by fmt.Errorf.
func New[C ~string](class C, message string, args ...any) error {
	return &Error{Class: string(class), Err: fmt.Errorf(message, args...)}
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error without its class.
func (e *Error) Unwrap() error { return e.Err }

// WithText returns an error of the same class with another text. If the error
// is a panic, the new text still says so.
func (e *Error) WithText(text string) error {
	if e.Class == word.ClassInternal {
		text = "a panic; " + text
	}
	return &Error{Class: e.Class, Err: errors.New(text)}
}

// Retryable wraps a transient error: a later attempt may succeed.
type Retryable struct {
	Err error
	// After is the pause that the service asks for.
	After time.Duration
}

func (e *Retryable) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *Retryable) Unwrap() error { return e.Err }

// Storage is a failure of the host's store. It ends the work, not the run.
type Storage struct{ Err error }

func (e *Storage) Error() string { return e.Err.Error() }

// Unwrap returns the error of the store.
func (e *Storage) Unwrap() error { return e.Err }

// IsPanic reports whether an error comes from a panic.
func IsPanic(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Class == word.ClassInternal
}

// IsNewer reports whether an error says that a newer version wrote the stored
// data.
func IsNewer(err error) bool {
	return errors.Is(err, ErrNewer) || errors.Is(err, tenant.ErrNewerFormat)
}

// AsNewer returns an ErrNewer for an error of package plan about a newer
// format. It returns any other error unchanged.
func AsNewer(err error) error {
	if _, ok := errors.AsType[*plan.FormatError](err); ok {
		return fmt.Errorf("%w: %w", ErrNewer, err)
	}
	return err
}

// StorageTransient reports whether a storage error is transient.
func StorageTransient(err error) bool {
	for _, e := range []error{
		state.ErrConflict, state.ErrExpired, state.ErrUnknown, state.ErrInvalid, state.ErrNotFound,
		state.ErrLeased, state.ErrLeaseLost,
	} {
		if errors.Is(err, e) {
			return false
		}
	}
	return !IsPanic(err)
}
