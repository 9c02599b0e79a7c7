package syncer

import "github.com/tenantsync/tenantsync/internal/ending"

// Outcome says how a run ended, in more detail than the status.
type Outcome string

// The outcomes.
const (
	// NoChanges: both sides agreed.
	NoChanges Outcome = "no_changes"
	// Deployed: the approved changes were carried out, not always all of them.
	Deployed Outcome = "deployed"
	// Adopted: the repository took over changes of the tenant, and the tenant
	// needed no change.
	Adopted Outcome = "adopted"
	// Previewed: a run of mode Preview has made its plan.
	Previewed Outcome = "previewed"
	// BackedUp: a run of mode BackupOnly has made its backup.
	BackedUp Outcome = "backed_up"
	// Rejected: a person rejected the plan.
	Rejected Outcome = "rejected"
	// Reverted: a person rejected the plan, and the engine took its changes back in
	// the repository.
	Reverted Outcome = "reverted"
	// NothingToRollBack: a roll back ([Options.DesiredFrom]) has changed nothing,
	// since nothing differed from the backup or no difference could be changed.
	NothingToRollBack Outcome = "nothing_to_roll_back"
	// Cancelled: somebody ended the run, or superseded it.
	Cancelled Outcome = "cancelled"
	// TimedOut: the sign-in, the approval or the run took too long; the reason
	// names it.
	TimedOut Outcome = "timed_out"
	// FailedWith: an error ended the run; its class is in [ErrorInfo].
	FailedWith Outcome = "failed"
)

// Undone counts the work that a run was asked for and did not do. Only the last
// eight keep a run from ending in Idle; see the tables in the package's comment.
type Undone struct {
	// DeletesOff counts objects that a plan would delete if the deletes of their
	// kind were switched on ([plan.Rules].Deletes).
	DeletesOff int `json:"deletesOff,omitempty"`
	// LeftOut counts items of the plan that the decision did not choose.
	LeftOut int `json:"leftOut,omitempty"`
	// NamesOnly counts kinds whose objects were read for their names alone
	// ([tenant.Referenced]) or not whole ([tenant.NamesOnly]), so that no backup
	// holds all of them.
	NamesOnly int `json:"namesOnly,omitempty"`
	// Unsupported counts changes that the service, the client or a setting does
	// not allow. The files of a kind that is not synced count as one. Such a
	// kind lacks its licence or its optional permission, for example.
	Unsupported int `json:"unsupported,omitempty"`
	// Failed counts approved items that were not applied, except for Unknown and Waits.
	Failed int `json:"failed,omitempty"`
	// Unknown counts approved items whose outcome could not be found out.
	Unknown int `json:"unknown,omitempty"`
	// Waits counts approved items that the tenant holds until another administrator
	// approves them there.
	Waits int `json:"waits,omitempty"`
	// NotKept counts applied items that the service did not keep as written.
	NotKept int `json:"notKept,omitempty"`
	// Unconfirmed counts applied items that could not be read back.
	Unconfirmed int `json:"unconfirmed,omitempty"`
	// Unplanned counts differences that could not be planned.
	Unplanned int `json:"unplanned,omitempty"`
	// Refused counts items that a revert left alone.
	Refused int `json:"refused,omitempty"`
	// Unread counts kinds that were not completely read.
	Unread int `json:"unread,omitempty"`
}

// String returns the counts that are not zero, on one line: "2 deletes switched
// off, 1 item left out by the decision".
func (u Undone) String() string { return ending.Undone(u).String() }

// Qualify returns the outcome with the counts, on one line: "deployed; 2 deletes
// switched off". It is the outcome alone if nothing was left undone.
func (u Undone) Qualify(o Outcome) string { return ending.Undone(u).Qualify(string(o)) }
