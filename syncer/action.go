package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

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

// inputs returns the request's texts, to be checked against their bounds.
func (req StartRequest) inputs() []bounds.Input {
	in := []bounds.Input{bounds.Comment("Comment", req.Comment), bounds.Name("Mode", string(req.Mode)), bounds.Name("DesiredFrom", req.DesiredFrom), bounds.Name("RetryOf", req.RetryOf)}
	for name, value := range req.Labels {
		in = append(in, bounds.Name("Labels", name), bounds.Name("Labels", value))
	}
	for _, t := range req.Targets {
		in = append(in, bounds.Name("Targets", t.Kind), bounds.Key("Targets", t.Key))
	}
	return in
}

// check returns ErrInvalid for a request that can never succeed.
func (req StartRequest) check() error {
	switch {
	case !slices.Contains([]Mode{Full, Preview, BackupOnly}, req.Mode):
		return fmt.Errorf("%w: mode %q, want one of %q", ErrInvalid, req.Mode, modes)
	case req.DesiredFrom != "" && req.Mode == BackupOnly:
		return fmt.Errorf("%w: a backup has nothing to roll back", ErrInvalid)
	}
	for k, v := range req.Labels {
		if k == "" || !bounds.Storable(k) || !bounds.Storable(v) {
			return fmt.Errorf("%w: a label is of UTF-8 without control characters and has a name, not %q=%q", ErrInvalid, k, v)
		}
	}
	for _, t := range req.Targets {
		if t.Kind == "" {
			return fmt.Errorf("%w: a target without a kind", ErrInvalid)
		}
	}
	return nil
}

// CancelRequest asks to end the run under way.
type CancelRequest struct {
	RunRef
	// Actor is the person. Required.
	Actor string
	// Comment is kept with the run. Optional.
	Comment string
}

// RetryRequest asks for a run that repeats the items that an ended run did not
// apply. Items that the decision left out are not repeated. The new run is
// interactive if the ended one was.
type RetryRequest struct {
	RunRef
	// Actor is the person. Required.
	Actor string
}

// RecheckRequest asks for a look at a tenant's permissions.
type RecheckRequest struct {
	// Tenant is required.
	Tenant string
	// Actor is the person or schedule. Required.
	Actor string
}

// PauseRequest asks to hold a tenant.
type PauseRequest struct {
	// Tenant is required.
	Tenant string
	// Actor holds the tenant until the same actor resumes it. Required.
	Actor string
	// Reason is shown to people. Optional.
	Reason string
}

// ResumeRequest asks to end an actor's hold on a tenant.
type ResumeRequest struct {
	// Tenant is required.
	Tenant string
	// Actor is the actor who paused the tenant. Required.
	Actor string
}

// checkTenant returns ErrInvalid for a missing name, and for one that no tenant can
// have.
func checkTenant(name string) error {
	if name == "" {
		return fieldMissing("Tenant")
	}
	return checkTexts(bounds.Name("Tenant", name))
}

// checkTexts returns ErrInvalid for the first text that is too long or that a store
// would refuse.
func checkTexts(inputs ...bounds.Input) error {
	if err := bounds.Check(inputs...); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// checkAsked checks the two fields that the request of every action has: the tenant,
// and the person who asks.
func checkAsked(tenantName, actor string) error {
	if err := checkTenant(tenantName); err != nil {
		return err
	}
	if err := checkTexts(bounds.Name("Actor", actor)); err != nil {
		return err
	}
	if ActorKey(actor) == "" {
		return ErrNoActor
	}
	return nil
}

// fieldMissing is the error of a request without a required field.
func fieldMissing(field string) error { return fmt.Errorf("%w: %s is required", ErrInvalid, field) }

// permit makes the checks that every action needs: the tenant's name, the actor, the
// bounds of the texts, and then Authorize.
func (c Config) permit(ctx context.Context, actor string, action Action, tenantName string, inputs ...bounds.Input) error {
	if err := checkAsked(tenantName, actor); err != nil {
		return err
	}
	if err := checkTexts(inputs...); err != nil {
		return err
	}
	if c.Authorize != nil {
		if err := c.Authorize(ctx, actor, action, tenantName); err != nil {
			return fmt.Errorf("syncer: %s: %s by %s: %w", tenantName, action, actor, err)
		}
	}
	return nil
}

// RemoveRequest asks to remove a tenant.
type RemoveRequest struct {
	// Tenant is required.
	Tenant string
	// Actor is the person. Required, and kept in the audit entry.
	Actor string
	// Comment is kept in the audit entry. Optional.
	Comment string
	// EndRun cancels a run under way first, as [Syncer.Cancel] does. Without it,
	// Remove returns an [*ActiveError] while a run is under way.
	EndRun bool
	// Repository removes the tenant's configuration and its backups from the
	// repository too. The repository must be a [tenant.Remover].
	Repository bool
}

// Errors of the engine's methods, alone or wrapped.
var (
	// ErrNoActor is returned by every action without an actor.
	ErrNoActor = errors.New("syncer: an action needs an actor")
	// ErrActive is returned by Start, Retry, Recheck and Remove while a run is
	// under way. The error is an *[ActiveError] that names the run.
	ErrActive = errors.New("syncer: a run is under way")
	// ErrPaused is returned by Start and Retry while somebody has paused the tenant.
	ErrPaused = errors.New("syncer: the tenant is paused")
	// ErrStalePlan is returned by Decide and Review for another plan than the one
	// that waits for a decision. Review that plan and decide again.
	ErrStalePlan = runrecord.ErrStalePlan
	// ErrNotPending is returned by Decide and Review when no plan waits for a
	// decision, and by Cancel when the run is not under way.
	ErrNotPending = errors.New("syncer: nothing is pending")
	// ErrExpired is returned by Decide at or after the approval's deadline.
	ErrExpired = errors.New("syncer: the time for a decision has passed")
	// ErrSelfApproval is returned by Decide when the person who asked for the
	// run approves it, and the rules forbid that.
	ErrSelfApproval = errors.New("syncer: the person who asked for the run cannot approve it")
	// ErrAlreadyVoted is returned by Decide for a person's second approval.
	ErrAlreadyVoted = errors.New("syncer: this person has already approved")
	// ErrNotFound is returned for a tenant, a run, a plan or a report that does not
	// exist, or not yet, or that the store has pruned.
	ErrNotFound = errors.New("syncer: not found")
	// ErrInvalid is returned for a request that can never succeed.
	ErrInvalid = errors.New("syncer: invalid request")
	// ErrNothingFailed is returned by Retry for a run without failed items.
	ErrNothingFailed = errors.New("syncer: nothing to retry")
	// ErrNewerFormat is returned for a record, plan, entry or report that a newer
	// version of this library wrote. The engine never overwrites it. A run that
	// needs it waits for a process that can read it: upgrade this one.
	ErrNewerFormat = failure.ErrNewer
	// ErrRemoving is returned by Start and Retry for a tenant that is being
	// removed.
	ErrRemoving = errors.New("syncer: the tenant is being removed")
	// ErrBusy is returned by Recheck while another worker holds the tenant.
	ErrBusy = errors.New("syncer: another worker holds the tenant")
)

// ActiveError is the error of an action that cannot be done while a run is under
// way. It names that run. errors.Is reports that it is [ErrActive].
type ActiveError struct {
	RunRef
	Status state.Status
}

// Error names tenant, run and status.
func (e *ActiveError) Error() string {
	return fmt.Sprintf("syncer: %s: run %s is under way (%s)", e.Tenant, e.Run, e.Status.Label())
}

// Is reports whether target is ErrActive.
func (e *ActiveError) Is(target error) bool { return target == ErrActive }

// BrokenRulesError is returned by Decide for an approval that does not accept every
// guard rule that its items break.
type BrokenRulesError struct {
	Tenant string
	// Rules are the names that [Decision.Accept] lacks.
	Rules []string
}

// Error names the rules.
func (e *BrokenRulesError) Error() string {
	return fmt.Sprintf("syncer: %s: the plan breaks %s: name each in the decision to accept it",
		e.Tenant, strings.Join(e.Rules, ", "))
}

// Row is one tenant as people see it.
type Row struct {
	// RunRef names the tenant and its current or last run.
	RunRef
	Status state.Status `json:"status"`
	// Label is the status's text for people.
	Label string `json:"label"`
	// Actor asked for the run. Outcome and Reason say how it ended.
	Actor   string  `json:"actor,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	Reason  string  `json:"reason,omitempty"`
	// Undone counts the work that the run was asked for and did not do. It is zero
	// until the run has ended. [Undone.Qualify] puts it beside the outcome.
	Undone Undone `json:"undone,omitzero"`
	// Phase and Progress are where an active run is, as of its last commit or, if
	// that came later, of the last renewal of its lease: every third of
	// [Config].LeaseDuration.
	Phase    Phase    `json:"phase,omitempty"`
	Progress Progress `json:"progress,omitzero"`
	// Deadline is when the sign-in or the approval times out.
	Deadline time.Time `json:"deadline,omitzero"`
	// Prompt tells a person how to sign in, while the status is Pending
	// authentication.
	Prompt *auth.Prompt `json:"prompt,omitempty"`
	// Digest and Counts are the plan's.
	Digest string       `json:"digest,omitempty"`
	Counts *plan.Counts `json:"counts,omitempty"`
	// Votes are the approvals so far, where several are needed, without their Items.
	// [Syncer.Review] has these too.
	Votes []Vote `json:"votes,omitempty"`
	// Demands lists the approvals that the plan needs and has, by the rules of the
	// last vote or, before the first vote, of the time when the plan was made.
	// [Syncer.Review] applies the present rules.
	Demands []Demand `json:"demands,omitempty"`
	// Newer is the head of the desired line if the line has moved on while the
	// plan waits for a decision, as of the last look (Settings.NewerInterval).
	// [Syncer.Review] looks at once.
	Newer *NewerRevision `json:"newer,omitempty"`
	// LastSuccess is when a run last did what people decided, a rejection included.
	// The tables in the package's comment say which endings move it.
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	// Error is why the last run did not succeed. While a run is active, it is the
	// storage error that keeps the run waiting, class "storage"; the worker retries.
	Error *ErrorInfo `json:"error,omitempty"`
	// Missing and ConsentURL say which permissions an administrator has to
	// grant, and where.
	Missing    []MissingPermission `json:"missing,omitempty"`
	ConsentURL string              `json:"consentUrl,omitempty"`
	// Cancelling reports that somebody has asked to end the run.
	Cancelling bool `json:"cancelling,omitempty"`
	// Removing is the removal that somebody has asked for and that is not finished.
	Removing *Removal `json:"removing,omitempty"`
	// Paused names who holds the tenant.
	Paused []Pause `json:"paused,omitempty"`
	// Directory is the directory id that the tenant is pinned to.
	Directory string `json:"directory,omitempty"`
	// Labels are the host's, see [StartRequest].
	Labels map[string]string `json:"labels,omitempty"`
	// Version counts the record's commits, and UpdatedAt is the last one's time,
	// by the store's clock.
	Version   int64     `json:"version"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
}

// rowOf returns the row of a record.
func rowOf(l loaded) Row {
	if l.d == nil {
		return Row{}
	}
	row := Row{
		RunRef: RunRef{Tenant: l.rec.Tenant}, Status: l.rec.Status, Label: l.rec.Status.Label(), Deadline: l.rec.Deadline,
		LastSuccess: l.d.LastSuccess, Missing: l.d.Missing, ConsentURL: l.d.ConsentURL, Paused: l.d.Paused, Removing: l.d.Removing,
		Directory: l.d.Directory, Labels: l.rec.Labels, Version: l.rec.Version, UpdatedAt: l.rec.UpdatedAt,
	}
	if r := l.d.Run; r != nil {
		row.Run, row.Actor, row.Outcome, row.Reason, row.Error = r.ID, r.Actor, r.Outcome, r.Reason, r.Error
		row.Undone = r.Undone
		row.Digest, row.Counts = r.Digest, r.Counts
		if l.rec.Status.Active() {
			row.Phase, row.Progress, row.Prompt, row.Votes = r.Phase, r.Progress, r.Prompt, shown(r.Votes, nil)
			row.Cancelling, row.Error, row.Demands = r.Cancel != nil, r.Stalled, r.Demands
			// The note is of the last renewal of the lease, if that came after the last
			// commit. One of a newer version may be anything.
			var p Progress
			if len(l.rec.Note) > 0 && json.Unmarshal(l.rec.Note, &p) == nil && slices.Contains(phases, p.Phase) {
				row.Phase, row.Progress = p.Phase, p
			}
		}
		if l.rec.Status == state.PendingApproval {
			row.Newer = r.Newer
		}
	}
	return row
}
