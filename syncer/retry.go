package syncer

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/plan"
)

// Retry starts a run for the items of an ended run that were not applied, and
// for what their files refer to that is not in the tenant: the desired line is
// read for that. What it proposes needs a decision of its own. It returns what
// Start returns, ErrNotFound, ErrNothingFailed, and the repository's errors.
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
	base, err := s.base(ctx, cur.d.Base)
	if err != nil && !failure.Dispose(ctx, err).Lost {
		return nil, err
	}
	return diff.Needs(desired, base, targets), nil
}
