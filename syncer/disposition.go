package syncer

import (
	"context"
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/tenant"
)

// how says what an error means for the work on a run.
type how string

const (
	// howEnd ends the run: no later attempt would do better.
	howEnd how = "end"
	// howRetry: a transient error; a later attempt may succeed.
	howRetry how = "retry"
	// howSignIn: the tenant refuses the credentials, so that the run connects again.
	howSignIn how = "sign in"

	// The others leave the run as it is.

	// howShutdown: the worker shuts down.
	howShutdown how = "shut down"
	// howTimedOut: the run's time is up.
	howTimedOut how = "timed out"
	// howInterrupted: somebody has changed the record, and the loop looks at it
	// again.
	howInterrupted how = "interrupted"
	// howLeaseLost: another worker has taken the tenant over.
	howLeaseLost how = "lease lost"
	// howNewer: only a newer version can go on with the run.
	howNewer how = "newer format"
	// howStorage: the host's storage failed; a later Advance goes on.
	howStorage how = "storage failed"
)

// leavesRun reports whether the work stops here and the run stays as it is, for
// a later attempt or for somebody else.
func (h how) leavesRun() bool { return h != howEnd && h != howRetry && h != howSignIn }

// disposition is what becomes of the work after an error.
type disposition struct {
	how how
	// class is the error's, for a run that ends by it.
	class Class
	// lost: something stored is gone, corrupt, or not what was stored.
	lost bool
	// after is how long the service asks to be left alone.
	after time.Duration
}

// undecided reports whether the error of a review leaves the plan undecided: it
// is neither about the store nor about a part of the run that the store has lost.
func (d disposition) undecided() bool { return !d.lost && !d.how.leavesRun() }

// dispose says what an error means, wrapped or joined as it may be. ctx is the
// one that the work was done under: once it has ended, its cause says why the
// work did not succeed, whatever the error says. Of several meanings the one that
// leaves the run alone the longest counts.
func dispose(ctx context.Context, err error) disposition {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	d := disposition{how: howEnd, class: classify(err)}
	d.lost = d.class == ClassStorage || d.class == ClassNotApproved
	var (
		storage *storeError
		passing *retryable
	)
	switch {
	case errors.Is(err, errLeaseLost):
		d.how = howLeaseLost
	case errors.Is(err, errInterrupted):
		d.how = howInterrupted
	case context.Cause(ctx) != nil && errors.Is(err, errRunTimedOut):
		d.how = howTimedOut
	case context.Cause(ctx) != nil:
		d.how = howShutdown
	case isNewer(err):
		d.how = howNewer
	case errors.As(err, &storage):
		d.how = howStorage
	case errors.Is(err, errSignInNeeded):
		d.how = howSignIn
	case errors.As(err, &passing):
		d.how, d.after = howRetry, passing.after
	}
	return d
}

// classify finds the class of an error.
func classify(err error) Class {
	if e, ok := errors.AsType[*runError](err); ok {
		return e.class
	}
	if e, ok := errors.AsType[*auth.Error](err); ok {
		return Class(e.Class)
	}
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		return Class(e.Class)
	}
	return ClassInternal
}
