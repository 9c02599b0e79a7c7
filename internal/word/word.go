// Package word holds the words of the engine that its rooms share: phases, modes,
// outcomes, verdicts, classes and the statuses of items, as package syncer defines
// them for hosts. They are untyped, so that a room can use them in values of its
// own. A test of package syncer holds the two equal.
package word

// The phases.
const (
	PhaseConnect = "connect"
	PhaseConsent = "consent"
	PhaseBackup  = "backup"
	PhasePlan    = "plan"
	PhaseApprove = "approve"
	PhaseDeploy  = "deploy"
	PhaseRevert  = "revert"
	PhaseVerify  = "verify"
	PhaseReport  = "report"
)

// The modes of a run.
const (
	Full       = "full"
	Preview    = "preview"
	BackupOnly = "backup_only"
)

// The outcomes of a run.
const (
	NoChanges         = "no_changes"
	Deployed          = "deployed"
	Adopted           = "adopted"
	Previewed         = "previewed"
	BackedUp          = "backed_up"
	Rejected          = "rejected"
	Reverted          = "reverted"
	NothingToRollBack = "nothing_to_roll_back"
	Cancelled         = "cancelled"
	TimedOut          = "timed_out"
	FailedWith        = "failed"
)

// The verdicts.
const (
	Undecided       = ""
	Approve         = "approve"
	Reject          = "reject"
	RejectAndRevert = "reject_and_revert"
)

// The classes of errors, without those that other packages define.
const (
	ClassCancelled       = "cancelled"
	ClassTimedOut        = "timed_out"
	ClassInternal        = "internal"
	ClassStorage         = "storage"
	ClassSettings        = "settings"
	ClassRepository      = "repository"
	ClassRepositoryMoved = "repository_moved"
	ClassInvalidTarget   = "invalid_target"
	ClassNotApproved     = "not_approved"
	ClassRead            = "read"
	ClassUnread          = "unread"
	ClassItems           = "items"
	ClassPartial         = "partial"
	ClassNotKept         = "not_kept"
	ClassUnverified      = "unverified"
	ClassEdited          = "edited"
	ClassDependency      = "dependency"
	ClassStopped         = "stopped"
	ClassUnknown         = "unknown"
	ClassFailed          = "failed"
)

// The statuses of items.
const (
	ItemApplied      = "applied"
	ItemFailed       = "failed"
	ItemConflict     = "conflict"
	ItemUnsupported  = "unsupported"
	ItemSkipped      = "skipped"
	ItemNotAttempted = "not_attempted"
	ItemUnknown      = "unknown"
	ItemWaits        = "waits"
	ItemRetry        = "retry"
)
