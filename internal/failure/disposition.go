package failure

import (
	"context"
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/tenant"
)

// How states the effect of an error on the work on a run.
type How string

const (
	// End: the run ends. No later attempt would do better.
	End How = "end"
	// Retry: the error is transient, so a later attempt may succeed.
	Retry How = "retry"
	// SignIn: the tenant refuses the credentials, so that the run connects again.
	SignIn How = "sign in"

	// All further values leave the run unchanged.

	// ShutDown: the worker shuts down.
	ShutDown How = "shut down"
	// TimedOut: the run's deadline is over.
	TimedOut How = "timed out"
	// Interrupted: the record was changed, so the loop reads it again.
	Interrupted How = "interrupted"
	// LeaseLost: another worker has taken the tenant over.
	LeaseLost How = "lease lost"
	// Newer: only a newer version can resume the run.
	Newer How = "newer format"
	// StorageFailed: the host's storage failed. A later attempt resumes the
	// run.
	StorageFailed How = "storage failed"
)

// LeavesRun reports whether the work stops and leaves the run unchanged, for a
// later attempt or for another worker.
func (h How) LeavesRun() bool { return h != End && h != Retry && h != SignIn }

// Disposition describes how the work continues after an error.
type Disposition struct {
	How How
	// Class is the class of the error, for a run that ends with it.
	Class string
	// Lost: stored data is missing, corrupt or replaced.
	Lost bool
	// After is the pause that the service asks for.
	After time.Duration
}

// Undecided reports whether the error of a review leaves the plan undecided. An
// error about the store, or about a part of the run that the store has lost,
// does not.
func (d Disposition) Undecided() bool { return !d.Lost && !d.How.LeavesRun() }

// Dispose classifies an error, which may be wrapped or joined. ctx is the
// context of the work. Once ctx has ended, its cause counts, and not the error
// itself. If several dispositions apply, Dispose returns the one that leaves
// the run alone the longest.
func Dispose(ctx context.Context, err error) Disposition {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	d := Disposition{How: End, Class: Classify(err)}
	d.Lost = d.Class == word.ClassStorage || d.Class == word.ClassNotApproved
	var (
		storage   *Storage
		transient *Retryable
	)
	switch {
	case errors.Is(err, ErrLeaseLost):
		d.How = LeaseLost
	case errors.Is(err, ErrInterrupted):
		d.How = Interrupted
	case context.Cause(ctx) != nil && errors.Is(err, ErrRunTimedOut):
		d.How = TimedOut
	case context.Cause(ctx) != nil:
		d.How = ShutDown
	case IsNewer(err):
		d.How = Newer
	case errors.As(err, &storage):
		d.How = StorageFailed
	case errors.Is(err, ErrSignInNeeded):
		d.How = SignIn
	case errors.As(err, &transient):
		d.How, d.After = Retry, transient.After
	}
	return d
}

// Classify returns the class of an error.
func Classify(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	if e, ok := errors.AsType[*auth.Error](err); ok {
		return string(e.Class)
	}
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		return string(e.Class)
	}
	return word.ClassInternal
}
