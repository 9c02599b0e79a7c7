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
	// Targets, if any, limit the run to these kinds or objects. A kind that the
	// client does not know, or that is out of scope, ends the run in New error,
	// class "invalid_target".
	Targets []plan.Target `json:"targets,omitempty"`
	// DesiredFrom rolls back: the desired side of the targets (of everything,
	// without targets) is this revision of the backup line. On approval it is
	// committed to the desired line before the first write to the tenant; if the
	// line moved meanwhile, the run ends in New error, class "repository_moved".
	// What the tenant has changed since that backup is undone, not adopted. Secrets, which no backup holds, and
	// variables stay as the line's files have them. Backups hold no ids: an
	// object that has another name since is not renamed back but made again
	// under the former one, and deleted. Only in Full and Preview.
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
	// Labels, if not nil, replace the tenant's labels: UTF-8 without control
	// characters, no empty name.
	Labels map[string]string
}

// Phase is where in a run the engine is.
type Phase string

// The phases, in order.
const (
	// PhaseConnect gets credentials and a client.
	PhaseConnect Phase = "connect"
	// PhaseConsent compares required with granted permissions.
	PhaseConsent Phase = "consent"
	// PhaseBackup reads the tenant, stores its snapshot and adopts drift.
	PhaseBackup Phase = "backup"
	// PhasePlan compares base, repository and tenant.
	PhasePlan Phase = "plan"
	// PhaseApprove waits for a decision.
	PhaseApprove Phase = "approve"
	// PhaseDeploy writes what was approved.
	PhaseDeploy Phase = "deploy"
	// PhaseRevert takes the plan's changes back in the repository.
	PhaseRevert Phase = "revert"
	// PhaseVerify reads back what was written.
	PhaseVerify Phase = "verify"
	// PhaseReport stores how the run ended.
	PhaseReport Phase = "report"
)

// Outcome is how a run ended, beside the status.
type Outcome string

// The outcomes.
const (
	// NoChanges: both sides agreed.
	NoChanges Outcome = "no_changes"
	// Deployed: the approved changes were carried out, not always all of them.
	Deployed Outcome = "deployed"
	// Adopted: the repository took over changes of the tenant, and there were
	// none the other way.
	Adopted Outcome = "adopted"
	// Previewed: a run of mode Preview has made its plan.
	Previewed Outcome = "previewed"
	// BackedUp: a run of mode BackupOnly has made its backup.
	BackedUp Outcome = "backed_up"
	// Rejected: a person rejected the plan.
	Rejected Outcome = "rejected"
	// Reverted: a person rejected the plan, and the repository went back.
	Reverted Outcome = "reverted"
	// NothingToRollBack: a roll back ([Options.DesiredFrom]) has changed nothing,
	// since nothing differed from the backup or no difference could be changed.
	NothingToRollBack Outcome = "nothing_to_roll_back"
	// Cancelled: somebody ended the run, or superseded it.
	Cancelled Outcome = "cancelled"
	// TimedOut: the sign-in, the approval or the run took too long; the reason
	// tells which.
	TimedOut Outcome = "timed_out"
	// FailedWith: an error ended the run; its class is in [ErrorInfo].
	FailedWith Outcome = "failed"
)

// Action is what a person does, for [Config.Authorize].
type Action string

// The actions, named after the methods of [Syncer] that carry them out.
const (
	ActStart   Action = "start"
	ActDecide  Action = "decide"
	ActCancel  Action = "cancel"
	ActRetry   Action = "retry"
	ActRecheck Action = "recheck"
	ActPause   Action = "pause"
	ActResume  Action = "resume"
	ActRemove  Action = "remove"
)
