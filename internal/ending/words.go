package ending

// The words are the engine's stored ones.

// Modes of a run.
const (
	modePreview    = "preview"
	modeBackupOnly = "backup_only"
)

// Verdicts on a plan. A run without a decision has none.
const (
	undecided       = ""
	approve         = "approve"
	reject          = "reject"
	rejectAndRevert = "reject_and_revert"
)

// Outcomes.
const (
	noChanges         = "no_changes"
	deployed          = "deployed"
	adopted           = "adopted"
	previewed         = "previewed"
	backedUp          = "backed_up"
	rejected          = "rejected"
	reverted          = "reverted"
	nothingToRollBack = "nothing_to_roll_back"
	cancelled         = "cancelled"
	timedOut          = "timed_out"
	failed            = "failed"
)

// Phases.
const (
	phaseBackup = "backup"
	phasePlan   = "plan"
	phaseDeploy = "deploy"
	phaseRevert = "revert"
	phaseVerify = "verify"
	phaseReport = "report"
)

// Classes of errors.
const (
	classInternal      = "internal"
	classRead          = "read"
	classUnread        = "unread"
	classItems         = "items"
	classPartial       = "partial"
	classNotKept       = "not_kept"
	classUnverified    = "unverified"
	classEdited        = "edited"
	classConsentNeeded = "consent_needed"
)

// Statuses of items.
const (
	itemApplied      = "applied"
	itemUnsupported  = "unsupported"
	itemSkipped      = "skipped"
	itemNotAttempted = "not_attempted"
	itemUnknown      = "unknown"
)
