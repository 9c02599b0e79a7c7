package failure

import (
	"context"
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/tenant"
)

// How says what an error means for the work on a run.
type How string

const (
	// End: the run ends. No later attempt would do better.
	End How = "end"
	// Retry: a transient error; a later attempt may succeed.
	Retry How = "retry"
	// SignIn: the tenant refuses the credentials, so that the run connects again.
	SignIn How = "sign in"

	// The others leave the run as it is.

	// ShutDown: the worker shuts down.
	ShutDown How = "shut down"
	// TimedOut: the run's time is up.
	TimedOut How = "timed out"
	// Interrupted: somebody has changed the record, and the loop looks at it
	// again.
	Interrupted How = "interrupted"
	// LeaseLost: another worker has taken the tenant over.
	LeaseLost How = "lease lost"
	// Newer: only a newer version can go on with the run.
	Newer How = "newer format"
	// StorageFailed: the host's storage failed; a later attempt goes on.
	StorageFailed How = "storage failed"
)

// LeavesRun reports whether the work stops here and the run stays as it is, for
// a later attempt or for somebody else.
func (h How) LeavesRun() bool { return h != End && h != Retry && h != SignIn }

// Disposition is what becomes of the work after an error.
type Disposition struct {
	How How
	// Class is the error's, for a run that ends by it.
	Class string
	// Lost: something stored is gone, corrupt, or not what was stored.
	Lost bool
	// After is how long the service asks to be left alone.
	After time.Duration
}

// Undecided reports whether the error of a review leaves the plan undecided: it
// is neither about the store nor about a part of the run that the store has lost.
func (d Disposition) Undecided() bool { return !d.Lost && !d.How.LeavesRun() }

// Dispose says what an error means, wrapped or joined as it may be. ctx is the
// one that the work was done under: once it has ended, its cause says why the
// work did not succeed, whatever the error says. Of several meanings the one that
// leaves the run alone the longest counts.
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

// Classify finds the class of an error.
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
