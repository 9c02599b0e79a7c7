package syncer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// RunRef names a run of a tenant. An empty Run stands for the tenant's current
// or, at rest, its last run.
type RunRef struct {
	Tenant string `json:"tenant"`
	Run    string `json:"run,omitempty"`
}

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

// Options are the options of one run. They are stored in the record, and do not change
// once the run has started.
type Options struct {
	// Mode defaults to Full.
	Mode Mode `json:"mode"`
	// Targets, if any, limit the run to these kinds or objects, in any order: at
	// most 10,000 of them. A kind that the client does not know, or that is out of
	// scope, ends the run in New error, class "invalid_target". So does a key that no
	// object has, in the repository, the base or the tenant (of a roll back: in the
	// backup), before anything is written.
	Targets []plan.Target `json:"targets,omitempty"`
	// DesiredFrom rolls back: the desired side of the targets (of everything,
	// without targets) is this revision of the backup line. On approval it is
	// committed to the desired line before the first write to the tenant; if the
	// line has moved since the plan was made, the run ends in New error, class
	// "repository_moved". The run undoes the tenant's changes since that backup and
	// does not adopt them. Secrets, which no backup holds, and variables stay as the
	// line's files have them. Backups hold no ids: an object that was renamed since
	// gets its former name back if its present file has that name among its
	// previous names. Otherwise the run creates it again under the former name, and
	// deletes it under the present one. Only in Full and Preview.
	DesiredFrom string `json:"desiredFrom,omitempty"`
	// Interactive allows asking a person to sign in. Without it a run that
	// would have to ask ends in New error, class "sign_in_needed".
	Interactive bool `json:"interactive,omitempty"`
	// Comment is shown with the run.
	Comment string `json:"comment,omitempty"`
	// RetryOf names the run whose failed items this one repeats.
	RetryOf string `json:"retryOf,omitempty"`
}

// Phase is a part of a run.
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
	// PhaseDeploy writes the approved items to the tenant.
	PhaseDeploy Phase = "deploy"
	// PhaseRevert takes the plan's changes back in the repository.
	PhaseRevert Phase = "revert"
	// PhaseVerify reads the written objects back.
	PhaseVerify Phase = "verify"
	// PhaseReport stores how the run ended.
	PhaseReport Phase = "report"
)

// ErrorInfo says why a run did not succeed, for people and for programs.
type ErrorInfo struct {
	// Class is the kind of failure.
	Class Class `json:"class"`
	// Phase in which it happened.
	Phase Phase `json:"phase,omitempty"`
	// Message says what happened, to what, and what to do next.
	Message string `json:"message"`
	// RequestID is the service's id of the request, if a request failed.
	RequestID string    `json:"requestId,omitempty"`
	Time      time.Time `json:"time,omitzero"`
}

// Progress is how far a phase is: Done of Total reads or items. Total is 0
// while unknown.
type Progress struct {
	Phase Phase `json:"phase,omitempty"`
	Done  int   `json:"done,omitempty"`
	Total int   `json:"total,omitempty"`
}

// Pause is somebody's hold on a tenant.
type Pause struct {
	// Holder is the actor who holds the tenant; each holder once.
	Holder string `json:"holder"`
	// Reason is the holder's, for people.
	Reason string `json:"reason,omitempty"`
	// Since is the store's time.
	Since time.Time `json:"since"`
}

// MissingPermission is a permission that is not granted.
type MissingPermission struct {
	// AnyOf are the names of permissions, any of them enough.
	AnyOf []string `json:"anyOf"`
	// Kinds are the kinds that need the permission.
	Kinds []string `json:"kinds"`
	// Write reports that the kinds need it to be written, not to be read.
	Write bool `json:"write,omitempty"`
}

// NewerRevision is the head of the desired line when it is not the revision that
// a waiting plan was made from. The plan does not change. To plan from the newer
// revision, start the sync again with Supersede.
type NewerRevision struct {
	// Revision is the head's id.
	Revision string `json:"revision"`
	// Seen is when a look found it first, by the store's clock.
	Seen time.Time `json:"seen"`
}

// String says for people that the line has moved on, and what to do.
func (n *NewerRevision) String() string {
	return "the repository has moved on to " + n.Revision + " since this plan was made; sync again with Supersede to plan from it"
}

// revision returns the newer revision's id, or "" for nil.
func (n *NewerRevision) revision() string {
	if n == nil {
		return ""
	}
	return n.Revision
}

// Removal is a removal that was asked for and is not finished.
type Removal struct {
	Actor   string `json:"actor"`
	Comment string `json:"comment,omitempty"`
	// Since is the store's time.
	Since time.Time `json:"since"`
	// Repository reports that the tenant's part of the repository is removed too.
	Repository bool `json:"repository,omitempty"`
	// Error says why the last attempt failed. A worker will retry.
	Error string `json:"error,omitempty"`
}

// Verdict is the answer of a decision.
type Verdict string

// The verdicts. The zero value decides nothing.
const (
	// Undecided leaves the plan to [Syncer.Decide].
	Undecided Verdict = ""
	// Approve lets the engine carry out the plan, or the named items of it.
	Approve Verdict = "approve"
	// Reject changes neither the tenant nor the repository.
	Reject Verdict = "reject"
	// RejectAndRevert does not change the tenant, and returns the repository to
	// the tenant's values.
	RejectAndRevert Verdict = "reject_and_revert"
)

// Vote is one person's approval, where several are needed. It counts for the
// plan with this Digest. Time is the store's.
type Vote struct {
	Actor   string `json:"actor"`
	Comment string `json:"comment,omitempty"`
	// Part counts the items that the approval covers. It is nil for an approval of
	// the whole plan.
	Part *Part `json:"part,omitempty"`
	// Items are the IDs of these items, sorted. Only a [Review] has them: a [Row] is
	// read without the store's blobs, one of which holds this list.
	Items  []string  `json:"items,omitzero"`
	Digest string    `json:"digest,omitempty"`
	Time   time.Time `json:"time"`
}

// Part describes the items that an approval of a part of a plan covers.
type Part struct {
	// Items is the number of items.
	Items int `json:"items"`
	// Digest is a hash of the plan's digest and the items' IDs. Two approvals of one
	// plan cover the same items if their Part has the same Digest.
	Digest string `json:"digest"`
}

// Demand counts the approvals that one rule asks for and those that were given.
type Demand struct {
	// Rule is the name of the [ApprovalRule]; empty for [ApprovalRules].Approvals.
	Rule string `json:"rule,omitempty"`
	// Approvals is the number of approvals that the rule asks for, and Given the
	// number of approvals that count for it.
	Approvals int `json:"approvals"`
	Given     int `json:"given"`
	// Groups are the groups whose members count; empty means that everybody does.
	Groups []string `json:"groups,omitempty"`
}

// Met reports whether there are enough approvals.
func (d Demand) Met() bool { return d.Given >= d.Approvals }

// String shows the demand to people, such as "1 of 2 approvals by group security
// (rule deletes)".
func (d Demand) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d approvals", min(d.Given, d.Approvals), d.Approvals)
	if len(d.Groups) > 0 {
		b.WriteString(" by group " + strings.Join(d.Groups, " or "))
	}
	if d.Rule != "" {
		b.WriteString(" (rule " + d.Rule + ")")
	}
	return b.String()
}

// demandNames lists the demands that are not met, for people.
func demandNames(demands []Demand) string {
	var names []string
	for _, d := range demands {
		if !d.Met() {
			names = append(names, d.String())
		}
	}
	return strings.Join(names, "; ")
}

// data is the engine's content of [state.Record.Data]. It holds no secret. It holds a
// user code only while the status is Pending authentication.
type data struct {
	Format int `json:"format"`
	// Commits are the ids of the last commits, newest first, by which a commit
	// of unknown outcome finds out whether it was carried out.
	Commits []string `json:"commits,omitempty"`
	// Directory is the directory id first connected.
	Directory string `json:"directory,omitempty"`
	// Pages is where the base is stored. Base is the blob of one that an earlier
	// version of this library has stored.
	Pages *baseline.Root `json:"pages,omitempty"`
	Base  *state.BlobRef `json:"base,omitempty"`
	// Requests are the requests for approval that wait in the tenant.
	Requests *state.BlobRef `json:"requests,omitempty"`
	// LagsUntil is when reads show every object that the last run created.
	LagsUntil time.Time `json:"lagsUntil,omitzero"`
	// RestsIn is the status that the tenant would rest in if no permission were
	// missing.
	RestsIn state.Status `json:"restsIn,omitempty"`
	// Missing are the permissions that the last look found missing.
	Missing    []MissingPermission `json:"missing,omitempty"`
	ConsentURL string              `json:"consentUrl,omitempty"`
	Paused     []Pause             `json:"paused,omitempty"`
	// Removing is the removal that was asked for.
	Removing *Removal `json:"removing,omitempty"`
	// LooksFailed counts the looks at a resting tenant's permissions that failed
	// one after the other.
	LooksFailed int `json:"looksFailed,omitempty"`
	// LastSuccess is when a run last succeeded.
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	// Same are the last runs, at most maxSame, that the current one has superseded,
	// one after the other, with the same proposal: a decision may name any of them.
	Same []string `json:"same,omitempty"`
	// Run is the current or the last run.
	Run *run `json:"run,omitempty"`
}

// run is the state of one run. Its large parts are in blobs: nothing in it grows with
// the plan.
type run struct {
	ID    string `json:"id"`
	Actor string `json:"actor"`
	// Options has no Targets, except in a record that a former release wrote.
	Options Options `json:"options"`
	// Targets names the list of the run's targets.
	Targets *runrecord.List `json:"targetList,omitempty"`
	Phase   Phase           `json:"phase,omitempty"`
	Started time.Time       `json:"started"`
	Ended   time.Time       `json:"ended,omitzero"`
	Before  state.Status    `json:"before"`
	runrecord.Clock

	// SignIns counts the sign-ins asked for, and Reconnects the refusals of good credentials.
	SignIns    int `json:"signIns,omitempty"`
	Reconnects int `json:"reconnects,omitempty"`

	Prompt   *auth.Prompt   `json:"prompt,omitempty"`
	Identity *auth.Identity `json:"identity,omitempty"`

	runrecord.Documents

	// Proposal is the wait for a decision.
	Since    time.Time        `json:"since,omitzero"`
	Reviewed bool             `json:"reviewed,omitempty"`
	Votes    []runrecord.Vote `json:"votes,omitempty"`
	Demands  []Demand         `json:"demands,omitempty"` // as of the last vote
	Decision *decided         `json:"decision,omitempty"`
	// Newer is the result of the last look at the desired line before the decision.
	Newer   *NewerRevision `json:"newer,omitempty"`
	Carried *carried       `json:"carried,omitempty"`

	// Wrote: a write to the tenant may have been sent.
	Wrote  bool    `json:"wrote,omitempty"`
	Cancel *cancel `json:"cancel,omitempty"`
	// Stalled is the storage error that keeps the run waiting. The next commit of a
	// worker clears it.
	Stalled *ErrorInfo `json:"stalled,omitempty"`
	// Trouble is the error that ended the deploy early, and with it the run.
	Trouble  *ErrorInfo `json:"trouble,omitempty"`
	Progress Progress   `json:"progress,omitzero"`

	Outcome Outcome    `json:"outcome,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	Error   *ErrorInfo `json:"error,omitempty"`
	Undone  Undone     `json:"undone,omitzero"`
	runrecord.Results
}

// shown returns votes as hosts see them. items has the items by the digest of each
// [Part], or is nil to leave them out.
func shown(votes []runrecord.Vote, items map[string][]string) []Vote {
	var out []Vote
	for _, v := range votes {
		show := Vote{Actor: v.Actor, Comment: v.Comment, Digest: v.Digest, Time: v.Time}
		if !v.All() {
			show.Part = &Part{Items: v.Len(), Digest: v.Sum(v.Digest)}
			show.Items = slices.Clone(items[show.Part.Digest])
		}
		out = append(out, show)
	}
	return out
}

// decided is the decision that a run carries out.
type decided struct {
	Verdict Verdict  `json:"verdict"`
	Actors  []string `json:"actors"`
	Comment string   `json:"comment,omitempty"`
	Accept  []string `json:"accept,omitempty"`
	runrecord.Chosen
	Time time.Time `json:"time"`

	// Binding names the plan that was decided on. The engine compares the run's own
	// documents with it before each write; see decidedPlan.
	runrecord.Binding
}

// carried is the wait that a superseding run continues if its plan has the same
// digest.
type carried struct {
	Run      string           `json:"run"`
	Digest   string           `json:"digest"`
	Since    time.Time        `json:"since"`
	Deadline time.Time        `json:"deadline"`
	Votes    []runrecord.Vote `json:"votes,omitempty"`
	Reviewed bool             `json:"reviewed,omitempty"`
}

// cancel is a request to end a run.
type cancel struct {
	Actor   string    `json:"actor"`
	Comment string    `json:"comment,omitempty"`
	Time    time.Time `json:"time"`
}

// loaded is a record with its data, and the store's time when it was read.
type loaded struct {
	rec state.Record
	d   *data
	now time.Time
	// at is this process's time when now was read; only differences to it count.
	at time.Time
}

// storeTime estimates the store's time now.
func (l loaded) storeTime() time.Time { return l.now.Add(time.Since(l.at)) }

// with returns the record as it is after a change of its run.
func (l loaded) with(change func(*run)) (loaded, error) {
	d, err := decodeData(l.rec)
	if err != nil {
		return l, err
	}
	change(d.Run)
	l.d = d
	return l, nil
}

// runID returns the id of the current or last run. It is "" for a tenant without a run
// and for a record that could not be loaded.
func (l loaded) runID() string {
	if l.d == nil || l.d.Run == nil {
		return ""
	}
	return l.d.Run.ID
}

// underway reports whether writes have begun, so that a cancel has to let the
// deploy close its journal first.
func (r *run) underway() bool {
	return r.Wrote && (r.Phase == PhaseDeploy || r.Phase == PhaseVerify || r.Phase == PhaseReport)
}

// closing returns the outcome of a run that must not begin another write, or "".
func (r *run) closing() Outcome {
	switch {
	case r.Cancel != nil:
		return Cancelled
	case r.Trouble != nil && r.Trouble.Class == word.ClassTimedOut:
		return TimedOut
	case r.Trouble != nil:
		return FailedWith
	}
	return ""
}

// lookedAt is the result of a look at the desired line. The zero value stands for a
// look that was not made, and changes nothing.
type lookedAt struct {
	plan string // the revision that the run's plan was made from
	head string
}

// movedOn reports whether the line's head differs from the plan's revision.
func (l lookedAt) movedOn() bool { return l.head != l.plan }

// newer returns the newer revision to show beside the run's plan now, or nil.
func (l lookedAt) newer(r *run, now time.Time) *NewerRevision {
	switch {
	case l.plan == "" || l.plan != r.Desired:
		return r.Newer
	case !l.movedOn():
		return nil
	case r.Newer.revision() == l.head:
		return r.Newer
	}
	return &NewerRevision{Revision: l.head, Seen: now}
}

func holders(ps []Pause) string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.Holder
		if p.Reason != "" {
			names[i] += " (" + p.Reason + ")"
		}
	}
	return strings.Join(names, ", ")
}

// joinActors lists names for people.
func joinActors(names []string) string { return strings.Join(names, ", ") }

// Class is the kind of failure in an [ErrorInfo] or an [ItemResult], for programs to
// react to. Newer versions of this library may use classes that are not listed here.
type Class string

// RunFacts are the fields of a [RunRow] by which a list cannot be filtered.
type RunFacts struct {
	Mode Mode `json:"mode,omitempty"`
	// Comment is the comment of the request that started the run.
	Comment string `json:"comment,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// Digest and Counts are the plan's.
	Digest string       `json:"digest,omitempty"`
	Counts *plan.Counts `json:"counts,omitempty"`
	// Verdict is the decision, and DecidedBy are those who made it.
	Verdict   Verdict  `json:"verdict,omitempty"`
	DecidedBy []string `json:"decidedBy,omitempty"`
	// Undone counts the work that the run was asked for and did not do.
	Undone Undone `json:"undone,omitzero"`
	// Error says why the run did not succeed.
	Error *ErrorInfo `json:"error,omitempty"`
}

var (
	phases   = []Phase{PhaseConnect, PhaseConsent, PhaseBackup, PhasePlan, PhaseApprove, PhaseDeploy, PhaseRevert, PhaseVerify, PhaseReport}
	modes    = []Mode{Full, Preview, BackupOnly}
	verdicts = []Verdict{Approve, Reject, RejectAndRevert}
)
