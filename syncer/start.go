package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
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

// superseded ends the pending run. The tenant returns to its status before it.
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
	a, err := s.superseded(ctx, cur, by)
	if err != nil {
		return nil, err
	}
	ref, err := s.storeReport(ctx, cur, a, seen)
	if err != nil {
		return nil, err
	}
	return &supersededReport{run: cur.d.Run.ID, ref: ref, seen: seen}, nil
}
