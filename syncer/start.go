package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Start asks for a sync of a tenant and returns at once. A worker ([Syncer.Run]) or
// [Syncer.Advance] does the work.
//
// Start returns ErrNoActor, ErrInvalid, ErrPaused, ErrRemoving, and an *[ActiveError]
// while a run is under way, unless Supersede ends that run. It also returns
// ErrNewerFormat, and the errors of Authorize, of [Config].SettingsFor and of the
// store.
func (s *Syncer) Start(ctx context.Context, req StartRequest) (Row, error) {
	if len(req.Targets) > bounds.MaxTargets || len(req.Labels) > bounds.MaxLabels {
		return Row{}, fmt.Errorf("%w: Targets has %d entries and Labels %d, and the limits are %d and %d", ErrInvalid, len(req.Targets), len(req.Labels), bounds.MaxTargets, bounds.MaxLabels)
	}
	if err := s.cfg.permit(ctx, req.Actor, ActStart, req.Tenant, req.inputs()...); err != nil {
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
	set, err := s.cfg.settings(ctx, req.Tenant, "")
	if err != nil {
		return Row{}, err
	}
	old, err := s.reportSuperseded(ctx, cur, req, id)
	if err != nil {
		return Row{}, err
	}
	var targets *runrecord.Content
	if len(req.Targets) > 0 {
		list, err := runrecord.Owner{Tenant: req.Tenant, Run: id}.ListTargets(req.Targets)
		if err != nil {
			return Row{}, err
		}
		targets = &list
	}
	seen := cur.runID()
	after, err := s.commit(ctx, cur, 0, nil, func(t *draft) error {
		// The record has another run than before. This commit may have started it,
		// if the store's answer was lost and other commits followed. By now the
		// run may be at work or over.
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
		if err := t.start(req, id, set.RunTimeout, old); err != nil || targets == nil {
			return err
		}
		t.d.Run.Options.Targets, t.d.Run.Targets = nil, &targets.List
		// Each attempt stores the list. The tenant, with its blobs, may have been
		// removed since the last one.
		return t.d.Run.lists(s.records, req.Tenant).Store(ctx, targets)
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

// start begins a run. If the request supersedes a pending run, start ends that run
// first.
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
		Before: before, Clock: runrecord.NewClock(t.now, workFor), Carried: take}
	t.due()
	return t.move(state.Start, EntryData{Actor: req.Actor, Comment: req.Comment, Message: string(req.Mode)})
}

// superseded ends the pending run. The tenant returns to its status from before that
// run.
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
	var seen lookedAt
	if cur.rec.Status == state.PendingApproval {
		seen = s.glance(ctx, req.Tenant, cur.d.Run)
	}
	a, err := accountOfSuperseded(ctx, s.records, cur, by)
	if err != nil {
		return nil, err
	}
	ref, err := s.storeReport(ctx, cur, a, seen)
	if err != nil {
		return nil, err
	}
	return &supersededReport{run: cur.d.Run.ID, ref: ref, seen: seen}, nil
}

// Retry starts a run for the items of an ended run that were not applied. The run also
// covers the objects that the files of these items refer to and that the tenant
// lacks: Retry reads the desired line to find them. The new plan needs a decision of
// its own.
//
// Retry returns ErrNoActor, ErrInvalid, ErrPaused, ErrRemoving, an *[ActiveError] while
// a run is under way, ErrNotFound for a run without a report, and ErrNothingFailed if
// there is nothing to retry. It also returns ErrNewerFormat, and the errors of
// Authorize, of [Config].SettingsFor, of the repository and of the store.
func (s *Syncer) Retry(ctx context.Context, req RetryRequest) (Row, error) {
	if err := s.cfg.permit(ctx, req.Actor, ActRetry, req.Tenant, bounds.Name("Run", req.Run)); err != nil {
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

// withNeeds adds to the targets of a retry the objects that they refer to. Without
// these, an item that failed for a missing object would fail again.
func (s *Syncer) withNeeds(ctx context.Context, cur loaded, targets []plan.Target) ([]plan.Target, error) {
	desired, err := s.lines(cur.rec.Tenant).Desired(ctx)
	if err != nil {
		return nil, fmt.Errorf("syncer: %s: retry: %w", cur.rec.Tenant, err)
	}
	base, err := s.base(ctx, cur.rec.Tenant, cur.d)
	switch {
	case err == nil:
	case failure.Dispose(ctx, err).Lost:
		base = baseline.Unstored(nil)
	default:
		return nil, err
	}
	return diff.Needs(desired, base.Base, targets), nil
}
