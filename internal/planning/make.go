package planning

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/rollback"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Request holds the comparison to plan from, and the options of the plan.
type Request struct {
	// Made is the comparison, whose backup is stored.
	Made *backup.Made
	// Mode is the run's mode, one of package word.
	Mode string
	// RollBackTo is the revision of the backup line that a roll back leads to, or
	// "".
	RollBackTo string
	// AnyTargets allows targets of a roll back that name no object.
	AnyTargets bool
	Lines      repo.Lines
	// Client is asked about the plan if it is a [tenant.Guard].
	Client tenant.Client
	// Failed returns the error of an act from the error of the client.
	Failed func(act string, err error) error
}

// Proposal is a plan with its documents.
type Proposal struct {
	Plan *plan.Plan
	// Base is the base that the run moves to. Summary is for the report.
	Base    *diff.Base
	Summary *backup.Summary
	// Asks reports whether the run asks for a decision on the plan. It ends
	// otherwise.
	Asks bool
	// Documents must be stored before the record refers to them.
	Documents []Document
}

// Make makes the plan.
func Make(ctx context.Context, req Request) (*Proposal, error) {
	sum := *req.Made.Summary
	res, err := req.compare(ctx)
	if err != nil {
		return nil, err
	}
	if req.Mode == word.Preview && req.RollBackTo == "" {
		sum.Adopted = req.Made.Result.Adopted
	}
	req.Made.Backup.MarkIn(res.Base, sum.Backup)
	count(&sum, req.Made.Comparison.Current(), res)
	if err := req.guard(ctx, res); err != nil {
		return nil, err
	}
	p := &Proposal{Plan: res.Plan, Base: res.Base, Summary: &sum, Asks: req.Mode == word.Full && len(res.Plan.Items) > 0}
	if p.Documents, err = encode(res, &sum, p.Asks); err != nil {
		return nil, err
	}
	return p, nil
}

// compare compares with the desired side that the run asks for.
func (req Request) compare(ctx context.Context) (*diff.Result, error) {
	now := req.Made.Comparison
	switch {
	case req.Mode == word.BackupOnly:
	case req.RollBackTo != "":
		past, err := req.rolledBack(ctx, now)
		if err != nil {
			return nil, err
		}
		res, err := req.keepingBase(ctx, past)
		if err == nil {
			res, err = req.restoring(ctx, past, res)
		}
		if err == nil && !req.AnyTargets {
			err = backup.CheckTargets(res)
		}
		return res, err
	case req.Mode == word.Preview: // as if drift were adopted
		return req.keepingBase(ctx, now.WithDesired(repo.With(now.Desired(), req.Made.Result.Adopt)))
	}
	return req.Made.Result, nil
}

// rolledBack returns the comparison with a desired side from a backup. A roll
// back restores the tenant, so it reverts drift and does not adopt it.
func (req Request) rolledBack(ctx context.Context, now *diff.Comparison) (*diff.Comparison, error) {
	snap, err := req.Lines.Snapshot(ctx, req.RollBackTo)
	if err != nil {
		return nil, err
	}
	return now.With(func(in *diff.Input) error {
		in.Rules.Enforce, in.Rules.EnforceByKind = true, nil
		in.Desired, in.Targets, err = rollback.Desired(in.Desired, snap, in.Targets, in.Variables)
		return err
	})
}

// keepingBase compares with a desired side other than the line. Such a
// comparison must not move the base.
func (req Request) keepingBase(ctx context.Context, cmp *diff.Comparison) (*diff.Result, error) {
	res, err := req.Made.Again(ctx, cmp)
	if err != nil {
		return nil, err
	}
	res.Base = req.Made.Result.Base
	return res, nil
}
