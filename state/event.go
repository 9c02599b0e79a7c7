package state

// Event names something that happened to a tenant. Only the pairs of event and
// status that [Transitions] lists are legal.
type Event string

// The events.
const (
	// Start: a sync is asked for.
	Start Event = "start"
	// Begin: a worker has claimed the run.
	Begin Event = "begin"
	// RequireAuthentication: no cached credential; a person must sign in.
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
	// SucceedPartially: the run reached its end, but a part of it failed.
	SucceedPartially Event = "succeed_partially"
	// RequireConsent: a run, or a check outside a run, found that a required
	// permission is not granted.
	RequireConsent Event = "require_consent"
	// TimeOut: the sign-in, the decision or the run took too long.
	TimeOut Event = "time_out"
	// Fail: the run ended with an error.
	Fail Event = "fail"

	// RestoreNotRun and its siblings put back the status that the tenant had
	// before the run. The run was cancelled before it wrote to the tenant.
	RestoreNotRun              Event = "restore_not_run"
	RestoreIdle                Event = "restore_idle"
	RestoreNewError            Event = "restore_new_error"
	RestorePartiallySuccessful Event = "restore_partially_successful"
	RestorePendingAdminConsent Event = "restore_pending_admin_consent"

	// ClearNotRun and its siblings end pending_admin_consent when a check finds
	// the permission granted. The tenant gets the status in which it would rest
	// without pending_admin_consent.
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
