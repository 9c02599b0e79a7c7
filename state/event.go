package state

// Event is what happened to a tenant. Only the pairs of event and status that
// [Transitions] lists are legal.
type Event string

// The events.
const (
	// Start: a sync is asked for.
	Start Event = "start"
	// Begin: a worker has taken the run up.
	Begin Event = "begin"
	// RequireAuthentication: no credentials could be had silently.
	RequireAuthentication Event = "require_authentication"
	// Authenticate: the person signed in, in time.
	Authenticate Event = "authenticate"
	// RequireApproval: the plan has changes for the tenant.
	RequireApproval Event = "require_approval"
	// Approve, Reject and Revert are the three verdicts of a decision.
	Approve Event = "approve"
	Reject  Event = "reject"
	Revert  Event = "revert"
	// Succeed: everything approved was applied and every kind in scope was read.
	Succeed Event = "succeed"
	// SucceedPartially: the run reached its end, but not whole.
	SucceedPartially Event = "succeed_partially"
	// RequireConsent: a required permission is not granted, seen by a run or
	// by a check outside a run.
	RequireConsent Event = "require_consent"
	// TimeOut: nobody signed in, decided or finished in time.
	TimeOut Event = "time_out"
	// Fail: the run ended by an error.
	Fail Event = "fail"

	// RestoreNotRun and its siblings put back the status from before a run
	// that was cancelled before it wrote to the tenant.
	RestoreNotRun              Event = "restore_not_run"
	RestoreIdle                Event = "restore_idle"
	RestoreNewError            Event = "restore_new_error"
	RestorePartiallySuccessful Event = "restore_partially_successful"
	RestorePendingAdminConsent Event = "restore_pending_admin_consent"

	// ClearNotRun and its siblings leave pending_admin_consent, when a check
	// sees the grant, for what the tenant would rest in otherwise.
	ClearNotRun              Event = "clear_not_run"
	ClearIdle                Event = "clear_idle"
	ClearNewError            Event = "clear_new_error"
	ClearPartiallySuccessful Event = "clear_partially_successful"
)

// RestoreTo returns the event by which a cancelled run leads back to the
// resting status s, and whether there is one.
func RestoreTo(s Status) (Event, bool) { return leadingTo("restore_", s) }

// ClearTo returns the event by which pending_admin_consent is cleared to the
// resting status s, and whether there is one.
func ClearTo(s Status) (Event, bool) { return leadingTo("clear_", s) }

func leadingTo(prefix string, s Status) (Event, bool) {
	ev := Event(prefix + string(s))
	for _, t := range table {
		if t.Event == ev {
			return ev, true
		}
	}
	return "", false
}
