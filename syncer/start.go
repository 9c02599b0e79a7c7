package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/people"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Start asks for a sync of a tenant and returns at once; a worker ([Syncer.Run])
// or [Syncer.Advance] does it.
//
// It returns ErrNoActor, ErrInvalid, ErrPaused, and an *[ActiveError] while a
// run is under way, unless Supersede ends it.
func (s *Syncer) Start(ctx context.Context, req StartRequest) (Row, error) {
	if len(req.Targets) > bounds.MaxTargets || len(req.Labels) > bounds.MaxLabels {
		return Row{}, fmt.Errorf("%w: Targets has %d entries and Labels %d, and the limits are %d and %d", ErrInvalid, len(req.Targets), len(req.Labels), bounds.MaxTargets, bounds.MaxLabels)
	}
	if err := s.permit(ctx, req.Actor, ActStart, req.Tenant, req.inputs()...); err != nil {
		return Row{}, err
	}
	return s.start(ctx, req)
}

func (s *Syncer) start(ctx context.Context, req StartRequest) (Row, error) {
	if req.Mode == "" {
		req.Mode = Full
	}
	if err := req.check(); err != nil {
		return Row{}, err
	}
	id := s.cfg.NewRunID()
	cur, err := s.load(ctx, req.Tenant)
	if err != nil {
		return Row{}, err
	}
	set, err := s.settings(ctx, req.Tenant, "")
	if err != nil {
		return Row{}, err
	}
	old, err := s.reportSuperseded(ctx, cur, req, id)
	if err != nil {
		return Row{}, err
	}
	seen := cur.runID()
	after, err := s.commit(ctx, cur, 0, nil, func(t *draft) error {
		// The answer may have been lost, and found out so late that the record
		// has forgotten the commit: by then the run may be at work or over.
		if now := t.run(); now != seen {
			begun, err := s.hasBegun(ctx, req.Tenant, id)
			switch {
			case err != nil:
				return err
			case begun:
				return errNoChange
			}
			seen = now
		}
		return t.start(req, id, set.RunTimeout, old)
	})
	if errors.Is(err, errNoChange) {
		err = nil
	}
	return rowOf(after), err
}

// hasBegun reports whether a run has ever been begun.
func (s *records) hasBegun(ctx context.Context, tenantName, id string) (bool, error) {
	req := state.HistoryRequest{Tenant: tenantName, Run: id, Limit: 1}
	page, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.HistoryPage, error) { return s.cfg.Store.History(ctx, req) })
	if err != nil {
		return false, &failure.Storage{Err: fmt.Errorf("syncer: %s: history: %w", tenantName, err)}
	}
	return len(page.Entries) > 0, nil
}

// inputs are the request's texts.
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

// check reports a request that can never succeed.
func (req StartRequest) check() error {
	switch {
	case !slices.Contains([]Mode{Full, Preview, BackupOnly}, req.Mode):
		return fmt.Errorf("%w: mode %q", ErrInvalid, req.Mode)
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

// start begins a run, in place of a pending one if the request supersedes it.
func (t *draft) start(req StartRequest, id string, workFor time.Duration, old *supersededReport) error {
	if t.d.Removing != nil {
		return fmt.Errorf("%w: %s by %s", ErrRemoving, t.rec.Tenant, t.d.Removing.Actor)
	}
	if len(t.d.Paused) > 0 {
		return fmt.Errorf("%w: %s by %s", ErrPaused, t.rec.Tenant, holders(t.d.Paused))
	}
	before := t.rec.Status
	var take *carried
	if t.rec.Status.Active() {
		pending := t.rec.Status == state.PendingApproval || t.rec.Status == state.PendingAuthentication
		if !req.Supersede || !pending || old == nil || old.run != t.d.Run.ID {
			return &ActiveError{RunRef: RunRef{Tenant: t.rec.Tenant, Run: t.d.Run.ID}, Status: t.rec.Status}
		}
		if t.d.Run.Wrote {
			return &ActiveError{RunRef: RunRef{Tenant: t.rec.Tenant, Run: t.d.Run.ID}, Status: t.rec.Status}
		}
		before = t.d.Run.Before
		if t.rec.Status == state.PendingApproval {
			r := t.d.Run
			take = &carried{Run: r.ID, Digest: r.Digest, Since: r.Since, Deadline: t.rec.Deadline, Votes: r.Votes, Reviewed: r.Reviewed}
		}
		if err := t.superseded(req.Actor, id, old); err != nil {
			return err
		}
	}
	if req.Labels != nil {
		t.rec.Labels = req.Labels
	}
	t.d.Run = &run{ID: id, Actor: req.Actor, Options: req.Options, Phase: PhaseConnect, Started: t.now,
		Before: before, WorkUntil: t.now.Add(workFor), WorkFor: workFor, Carried: take}
	t.due()
	return t.move(state.Start, EntryData{Actor: req.Actor, Comment: req.Comment, Message: string(req.Mode)})
}

// superseded ends the pending run, back to what the tenant rested in before.
func (t *draft) superseded(actor, by string, old *supersededReport) error {
	r := t.d.Run
	ev, ok := state.RestoreTo(r.Before)
	if !ok {
		return fmt.Errorf("%w: %s rested in %s", ErrInvalid, t.rec.Tenant, r.Before)
	}
	t.looked(old.seen)
	r.Outcome, r.Reason, r.Ended = Cancelled, "superseded by run "+by, t.now
	t.entry(EntryCancel, EntryData{Actor: actor, Message: r.Reason})
	return t.move(ev, EntryData{Actor: actor, Outcome: Cancelled, Message: r.Reason, Report: old.ref, Plan: r.Plan, Backup: r.Backup})
}

// supersededReport is the report of a run that is about to be superseded,
// stored before the commit that ends it.
type supersededReport struct {
	run  string
	ref  *state.BlobRef
	seen lookedAt
}

func (s *Syncer) reportSuperseded(ctx context.Context, cur loaded, req StartRequest, by string) (*supersededReport, error) {
	if !req.Supersede || !cur.rec.Status.Active() {
		return nil, nil
	}
	end := ending{outcome: Cancelled, reason: "superseded by run " + by}
	if cur.rec.Status == state.PendingApproval {
		end.seen = s.glance(ctx, req.Tenant, cur.d.Run)
	}
	rep, err := s.buildReport(ctx, cur, end, tally{}, nil, cur.d.Run.Before)
	if err != nil {
		return nil, err
	}
	ref, err := s.putReport(ctx, rep)
	if err != nil {
		return nil, err
	}
	return &supersededReport{run: cur.d.Run.ID, ref: ref, seen: end.seen}, nil
}

// Cancel ends the run under way. Before its first write to the tenant, the
// tenant goes back to the status from before the run; later, writes in flight
// are finished and the run ends with what was applied. It returns
// ErrNotPending when no run is under way, and for another run than the current
// one. Cancelling twice is no error.
func (s *Syncer) Cancel(ctx context.Context, req CancelRequest) (Row, error) {
	if err := s.permit(ctx, req.Actor, ActCancel, req.Tenant, bounds.Name("Run", req.Run), bounds.Comment("Comment", req.Comment)); err != nil {
		return Row{}, err
	}
	run := req.Run
	after, err := s.act(ctx, req.Tenant, func(t *draft) error {
		if !t.rec.Status.Active() {
			return fmt.Errorf("%w: %s is %s", ErrNotPending, req.Tenant, t.rec.Status.Label())
		}
		// Bound to the first that it is: where the answer is lost, another may be
		// under way by the time that this is found out.
		run = cmp.Or(run, t.d.Run.ID)
		if run != t.d.Run.ID {
			return fmt.Errorf("%w: %s: the run is %s, not %s", ErrNotPending, req.Tenant, t.d.Run.ID, run)
		}
		if t.d.Run.Cancel != nil {
			return errNoChange
		}
		t.d.Run.Cancel = &cancel{Actor: req.Actor, Comment: req.Comment, Time: t.now}
		t.due()
		t.entry(EntryCancel, EntryData{Actor: req.Actor, Comment: req.Comment, Phase: t.d.Run.Phase})
		return nil
	})
	return rowOf(after), err
}

// Retry starts a run for the items of an ended run that were not applied, and
// for what their files refer to that is not in the tenant: the desired line is
// read for that. What it proposes needs a decision of its own. It returns what
// Start returns, ErrNotFound, ErrNothingFailed, and the repository's errors.
func (s *Syncer) Retry(ctx context.Context, req RetryRequest) (Row, error) {
	if err := s.permit(ctx, req.Actor, ActRetry, req.Tenant, bounds.Name("Run", req.Run)); err != nil {
		return Row{}, err
	}
	cur, err := s.load(ctx, req.Tenant)
	if err != nil {
		return Row{}, err
	}
	if cur.rec.Status.Active() {
		return rowOf(cur), &ActiveError{RunRef: RunRef{Tenant: req.Tenant, Run: cur.runID()}, Status: cur.rec.Status}
	}
	rep, err := s.Report(ctx, req.RunRef)
	if err != nil {
		return Row{}, err
	}
	var targets []plan.Target
	for _, it := range rep.Items {
		if it.Status != ItemApplied && it.Status != ItemUnsupported {
			targets = append(targets, plan.Target{Kind: it.Kind, Key: it.Key})
		}
	}
	for _, n := range rep.Notes {
		if n.Class.Failure() && n.Kind != "" && n.Key != "" {
			targets = append(targets, plan.Target{Kind: n.Kind, Key: n.Key})
		}
	}
	if len(targets) == 0 {
		return Row{}, fmt.Errorf("%w: run %s of %s", ErrNothingFailed, rep.Run, req.Tenant)
	}
	if targets, err = s.withNeeds(ctx, cur, targets); err != nil {
		return Row{}, err
	}
	return s.start(ctx, StartRequest{Tenant: req.Tenant, Actor: req.Actor,
		Options: Options{Mode: Full, Targets: targets, Interactive: rep.Options.Interactive, RetryOf: rep.Run, Comment: rep.Options.Comment}})
}

// withNeeds adds to the targets of a retry what they refer to: without it, what
// failed for a missing object would fail again.
func (s *Syncer) withNeeds(ctx context.Context, cur loaded, targets []plan.Target) ([]plan.Target, error) {
	desired, err := retry.Do(ctx, s.cfg.MaxAttempts, repositoryTransient, func() (tenant.Desired, error) {
		return s.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: cur.rec.Tenant})
	})
	if err != nil {
		return nil, fmt.Errorf("syncer: %s: retry: read the desired line: %w", cur.rec.Tenant, err)
	}
	base, err := s.base(ctx, cur.d.Base)
	if err != nil && !failure.Dispose(ctx, err).Lost {
		return nil, err
	}
	return diff.Needs(desired, base, targets), nil
}

// Pause holds a tenant: no run starts, and one under way does not go on to its
// next phase or write, until every holder has resumed. A sign-in and a decision
// can still be made, and their deadlines stand. Pausing again replaces the
// holder's reason.
func (s *Syncer) Pause(ctx context.Context, req PauseRequest) (Row, error) {
	if err := s.permit(ctx, req.Actor, ActPause, req.Tenant, bounds.Comment("Reason", req.Reason)); err != nil {
		return Row{}, err
	}
	after, err := s.act(ctx, req.Tenant, func(t *draft) error {
		i := holdOf(s.cfg.people(), t.d.Paused, req.Actor)
		if i >= 0 {
			t.d.Paused[i].Reason = req.Reason
		} else {
			t.d.Paused = append(t.d.Paused, Pause{Holder: req.Actor, Reason: req.Reason, Since: t.now})
		}
		if t.d.Run != nil && t.rec.Status.Active() && t.d.Run.WaitingSince.IsZero() {
			t.await()
		}
		t.entry(EntryPause, EntryData{Actor: req.Actor, Comment: req.Reason})
		return nil
	})
	return rowOf(after), err
}

// Resume gives up a holder's pause. The run goes on when no other holds it.
// Resuming what is not paused is no error.
func (s *Syncer) Resume(ctx context.Context, req ResumeRequest) (Row, error) {
	if err := s.permit(ctx, req.Actor, ActResume, req.Tenant); err != nil {
		return Row{}, err
	}
	after, err := s.act(ctx, req.Tenant, func(t *draft) error {
		i := holdOf(s.cfg.people(), t.d.Paused, req.Actor)
		if i < 0 {
			return errNoChange
		}
		t.d.Paused = slices.Delete(t.d.Paused, i, i+1)
		t.entry(EntryResume, EntryData{Actor: req.Actor})
		working := t.rec.Status == state.Starting || t.rec.Status == state.InProgress
		if len(t.d.Paused) == 0 && working {
			t.resume()
			t.due()
		}
		return nil
	})
	return rowOf(after), err
}

// holdOf returns the place of a person's hold on the tenant, or -1.
func holdOf(rule people.Rule, holds []Pause, actor string) int {
	return slices.IndexFunc(holds, func(h Pause) bool { return rule.Same(h.Holder, actor) })
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
