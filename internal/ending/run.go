package ending

import (
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Run holds the record's facts about the run that ends.
type Run struct {
	// Status is the tenant's present status. Before is the status from before
	// the run.
	Status, Before state.Status
	// Phase is the phase in which the run ends.
	Phase string
	Mode  string
	// Verdict is the decision's verdict, or "" without a decision.
	Verdict string
	// Wrote reports whether the run may have sent a write to the tenant.
	Wrote bool
	// RollsBack reports whether the run is a roll back.
	RollsBack bool
	// Missing is the number of permissions that are not granted.
	Missing int
}

// Stop names the cause that ended a run before its work was done.
type Stop string

// The stops.
const (
	// NotStopped: the run has done its work.
	NotStopped Stop = ""
	// Cancelled: a person ended the run.
	Cancelled Stop = "cancelled"
	// TimedOut: the sign-in, the approval or the run took too long.
	TimedOut Stop = "timed_out"
	// Failed: an error ended the run.
	Failed Stop = "failed"
	// ConsentMissing: the run needs permissions that are not granted.
	ConsentMissing Stop = "consent"
	// NothingRead: none of the kinds in scope could be read.
	NothingRead Stop = "nothing_read"
)

// End states why the work on a run has ended.
type End struct {
	Stop   Stop
	Reason string
	// Err is the error that ended the work; nil if none did.
	Err *Info
	// Kinds are the kinds in scope, if none of them could be read.
	Kinds []tenant.KindState
	// Refused are the items that a revert left alone.
	Refused []string
}

// why states for people why the work has ended.
func (e End) why() string {
	if e.Err != nil {
		return e.Err.Message
	}
	return e.Reason
}

// Info describes an error.
type Info struct {
	Class string
	// Phase is the phase in which it happened.
	Phase   string
	Message string
	// RequestID is the service's id of the request, if there was one.
	RequestID string
	Time      time.Time
}
