package syncer

import (
	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// The classes of the engine itself.
const (
	// ClassCancelled: somebody ended the run before its work was done.
	ClassCancelled Class = "cancelled"
	// ClassTimedOut: the sign-in, the approval or the run took too long.
	ClassTimedOut Class = "timed_out"
	// ClassInternal: a fault of this library or of a part that the host
	// provides, such as a panic. The log has the stack.
	ClassInternal Class = "internal"
	// ClassStorage: the host's store fails, or has lost a part of the run.
	ClassStorage Class = "storage"
	// ClassSettings: SettingsFor fails, or returns settings that cannot be used.
	ClassSettings Class = "settings"
	// ClassRepository: the repository fails.
	ClassRepository Class = "repository"
	// ClassRepositoryMoved: somebody edited the desired configuration after a
	// roll back was planned.
	ClassRepositoryMoved Class = "repository_moved"
	// ClassInvalidTarget: a target of the run names a kind that is unknown or out
	// of scope.
	ClassInvalidTarget Class = "invalid_target"
	// ClassNotApproved: the stored plan is not the plan of the decision.
	ClassNotApproved Class = "not_approved"
	// ClassRead: no kind could be read.
	ClassRead Class = "read"
	// ClassUnread: some kinds could not be read, or not completely.
	ClassUnread Class = "unread"
	// ClassItems: none of the approved changes was applied.
	ClassItems Class = "items"
	// ClassPartial: some of the approved changes were applied and others not.
	ClassPartial Class = "partial"
	// ClassNotKept: the service shows other values than were written.
	ClassNotKept Class = "not_kept"
	// ClassUnverified: changes were applied and could not be read back.
	ClassUnverified Class = "unverified"
	// ClassEdited: a revert left items alone that somebody edited since the plan was
	// made.
	ClassEdited Class = "edited"
	// ClassDependency: an item that this one depends on was not applied.
	ClassDependency Class = "dependency"
	// ClassStopped: an earlier item failed, and the policy is to stop.
	ClassStopped Class = "stopped"
	// ClassUnknown: the write was sent, and its outcome could not be found out.
	ClassUnknown Class = "unknown"
	// ClassFailed: the run or the sign-in failed, and no other class fits.
	ClassFailed Class = "failed"
)

// The classes of a sign-in, see [auth.Class].
const (
	ClassSignInNeeded  = Class(auth.SignInNeeded)
	ClassDeclined      = Class(auth.Declined)
	ClassCodeExpired   = Class(auth.CodeExpired)
	ClassConsentNeeded = Class(auth.ConsentNeeded)
	ClassBlocked       = Class(auth.Blocked)
	ClassWrongTenant   = Class(auth.WrongTenant)
	ClassMisconfigured = Class(auth.Misconfigured)
)

// The classes of calls to the tenant, see [tenant.Class]. ClassTransient is
// also a class of sign-ins.
const (
	ClassNotFound        = Class(tenant.NotFound)
	ClassConflict        = Class(tenant.Conflict)
	ClassThrottled       = Class(tenant.Throttled)
	ClassUnauthenticated = Class(tenant.Unauthenticated)
	ClassForbidden       = Class(tenant.AccessDenied)
	ClassUnlicensed      = Class(tenant.NotLicensed)
	ClassInvalid         = Class(tenant.Invalid)
	ClassTransient       = Class(tenant.Transient)
	ClassPermanent       = Class(tenant.Permanent)
	// ClassAwaitsApproval: the tenant holds the change until another administrator
	// approves it there.
	ClassAwaitsApproval = Class(tenant.AwaitsApproval)
)

// The classes of changes whose request for approval in the tenant ended without an
// approval.
const (
	// ClassApprovalRejected: an administrator rejected the request for approval.
	ClassApprovalRejected Class = deploy.Rejected
	// ClassApprovalWithdrawn: the request was withdrawn.
	ClassApprovalWithdrawn Class = deploy.Withdrawn
	// ClassApprovalLapsed: the request lapsed before an approval.
	ClassApprovalLapsed Class = deploy.Lapsed
)

// The classes of changes that cannot be made, see [plan.NoteClass].
const (
	ClassUnsupported  = Class(plan.Unsupported)
	ClassAmbiguous    = Class(plan.Ambiguous)
	ClassUnresolved   = Class(plan.Unresolved)
	ClassBadFile      = Class(plan.BadFile)
	ClassCycle        = Class(plan.Cycle)
	ClassSecretNeeded = Class(plan.SecretNeeded)
	// ClassChanged: the file, a secret or a reference of the item has changed
	// since the plan was made.
	ClassChanged = Class(apply.Changed)
)
