package deploy

import (
	"context"
	"iter"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// Port is the engine's side of a deployment. The engine owns the tenant's
// record and lease.
//
// Implementations must be safe for concurrent use, because several items are
// carried out at a time. A deployment returns the errors of a Port unchanged.
type Port interface {
	// Journal yields the lines that this run has stored, oldest first.
	Journal(ctx context.Context) iter.Seq2[Line, error]

	// Append stores lines of the journal in one commit, and results even after
	// ctx has ended. Once the run ends or the tenant is paused, Append leaves the
	// intents out and says so in [Appended.Refused].
	Append(ctx context.Context, b Batch) (Appended, error)

	// Hold makes sure that the lease outlasts a write that begins now.
	Hold(ctx context.Context) error

	// Closing reports whether the run ends, so that no further write may begin.
	Closing() bool

	// Now returns the store's time.
	Now() time.Time

	// Desired reads the desired configuration that the plan was made from.
	Desired(ctx context.Context) (tenant.Desired, error)

	// Judge classifies an error of the tenant's client. act names the attempted
	// call.
	Judge(act string, err error) Failure

	// Safely calls f and returns a panic of f as an error.
	Safely(act string, f func() error) error
}

// Line is a line of the journal: an intent or a result.
type Line struct {
	// Time is the store's time of a line that was stored.
	Time   time.Time
	Intent *Intent
	Result *Result
}

// Batch is a set of lines to be stored in one commit.
type Batch struct {
	Lines []Line
	// Done is the number of items, out of Total, that have a final result once
	// the lines are stored.
	Done, Total int
}

// Appended is the answer of [Port.Append].
type Appended struct {
	// At is the store's time of the commit.
	At time.Time
	// Refused says why the intents of the batch were not stored. It is nil if
	// they were.
	Refused error
}

// Disposition is the meaning of a failed call for the work.
type Disposition int

const (
	// Permanent: the same call fails again.
	Permanent Disposition = iota
	// Transient: another attempt may succeed.
	Transient
	// Ends: the work cannot continue now, for example because a person has to
	// sign in.
	Ends
)

// Failure is a failed call with its meaning.
type Failure struct {
	// Err names the call and the reason for its failure.
	Err         error
	Disposition Disposition
	// After is the pause before another attempt that the service asked for.
	After time.Duration
}
