package state

// Status is the status of a tenant's sync. A tenant has exactly one at a time.
//
// Stores keep the values; people see the labels ([Status.Label]).
type Status string

// The nine statuses.
const (
	// NotRun: never synced.
	NotRun Status = "not_run"
	// Idle: the last sync was successful and none is running.
	Idle Status = "idle"
	// Starting: the sync process has started.
	Starting Status = "starting"
	// InProgress: signing in silently, backing up, planning, deploying,
	// reverting, verifying or reporting; the run's phase tells which.
	InProgress Status = "in_progress"
	// PendingAuthentication: a person has to sign in; the code to copy and the
	// page to open are shown until the sign-in deadline.
	PendingAuthentication Status = "pending_authentication"
	// PendingApproval: the plan has changes for the tenant and waits for a
	// person's decision. Nothing before this point touches the tenant.
	PendingApproval Status = "pending_approval"
	// PendingAdminConsent: a required permission is not granted. A resting
	// status: the kinds that can be read are synced, and start is allowed.
	PendingAdminConsent Status = "pending_admin_consent"
	// PartiallySuccessful: the run reached its end, but a part of it failed.
	PartiallySuccessful Status = "partially_successful"
	// NewError: the sync ended with an error.
	NewError Status = "new_error"
)

// statuses in the order in which a run meets them, with their labels and
// whether a tenant may rest in them.
var statuses = [...]struct {
	status  Status
	label   string
	resting bool
}{
	{NotRun, "Not run", true},
	{Idle, "Idle", true},
	{Starting, "Starting", false},
	{InProgress, "In progress", false},
	{PendingAuthentication, "Pending authentication", false},
	{PendingApproval, "Pending approval", false},
	{PendingAdminConsent, "Pending admin consent", true},
	{PartiallySuccessful, "Partially successful", true},
	{NewError, "New error", true},
}

// Statuses returns the nine statuses in a fixed order. The caller owns the slice.
func Statuses() []Status {
	all := make([]Status, len(statuses))
	for i, s := range statuses {
		all[i] = s.status
	}
	return all
}

// Label returns the text that people see, for example "Pending approval". It
// returns an unknown status in quotes.
func (s Status) Label() string {
	for _, known := range statuses {
		if known.status == s {
			return known.label
		}
	}
	return `"` + string(s) + `"`
}

// Valid reports whether s is one of the nine statuses.
func (s Status) Valid() bool {
	for _, known := range statuses {
		if known.status == s {
			return true
		}
	}
	return false
}

// Resting reports whether no run is under way in s. A tenant rests in exactly
// the statuses that are not [Status.Active].
func (s Status) Resting() bool {
	for _, known := range statuses {
		if known.status == s {
			return known.resting
		}
	}
	return false
}

// Active reports whether a run is under way in s.
func (s Status) Active() bool { return s.Valid() && !s.Resting() }
