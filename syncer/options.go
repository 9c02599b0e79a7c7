package syncer

import (
	"github.com/tenantsync/tenantsync/plan"
)

// Mode says how far a run goes.
type Mode string

// The modes.
const (
	// Full backs up, plans, asks for approval and deploys. The default.
	Full Mode = "full"
	// Preview backs up and plans, as if drift were adopted, and ends there.
	// The desired line is not written.
	Preview Mode = "preview"
	// BackupOnly backs up and ends there. The desired line is not written.
	BackupOnly Mode = "backup_only"
)

// Options are a run's own. They cannot change once it has started, and are
// kept in the record.
type Options struct {
	// Mode defaults to Full.
	Mode Mode `json:"mode"`
	// Targets, if any, limit the run to these kinds or objects.
	Targets []plan.Target `json:"targets,omitempty"`
	// DesiredFrom rolls back: the desired side of the targets (of everything,
	// without targets) is this revision of the backup line. On approval it is
	// committed to the desired line before the first write to the tenant, and
	// refused if the line moved meanwhile. Only in Full and Preview.
	DesiredFrom string `json:"desiredFrom,omitempty"`
	// Interactive allows asking a person to sign in. Without it a run that
	// would have to ask ends in New error, class "sign_in_needed".
	Interactive bool `json:"interactive,omitempty"`
	// Comment is shown with the run.
	Comment string `json:"comment,omitempty"`
	// RetryOf names the run whose failed items this one repeats.
	RetryOf string `json:"retryOf,omitempty"`
}

// StartRequest asks for a sync.
type StartRequest struct {
	// Tenant is required: 1 to 256 bytes of valid UTF-8 without control
	// characters.
	Tenant string
	// Actor is required: the person or schedule that asks.
	Actor string
	Options
	// Supersede ends a run that waits for approval or for a sign-in and starts
	// this one in its place, in one commit. If the new plan has the old one's
	// digest, votes and age carry over. It does not end a run at work.
	Supersede bool
	// Labels, if not nil, replace the tenant's labels.
	Labels map[string]string
}

// Phase is where in a run the engine is.
type Phase string

// The phases, in order.
const (
	PhaseConnect Phase = "connect"
	PhaseConsent Phase = "consent"
	PhaseBackup  Phase = "backup"
	PhasePlan    Phase = "plan"
	PhaseApprove Phase = "approve"
	PhaseDeploy  Phase = "deploy"
	PhaseRevert  Phase = "revert"
	PhaseVerify  Phase = "verify"
	PhaseReport  Phase = "report"
)

// Outcome is how a run ended, beside the status.
type Outcome string

// The outcomes.
const (
	NoChanges  Outcome = "no_changes"
	Deployed   Outcome = "deployed"
	Adopted    Outcome = "adopted"
	Previewed  Outcome = "previewed"
	BackedUp   Outcome = "backed_up"
	Rejected   Outcome = "rejected"
	Reverted   Outcome = "reverted"
	Cancelled  Outcome = "cancelled"
	TimedOut   Outcome = "timed_out"
	FailedWith Outcome = "failed"
)

// Action is what a person does, for [Config.Authorize].
type Action string

// The actions.
const (
	ActStart   Action = "start"
	ActDecide  Action = "decide"
	ActCancel  Action = "cancel"
	ActRetry   Action = "retry"
	ActRecheck Action = "recheck"
	ActPause   Action = "pause"
	ActResume  Action = "resume"
)
