package revert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Request has the plan to take back, and the run that asks for it.
type Request struct {
	// Run is the run's ID, which the key of the write begins with. Author rejected
	// the plan.
	Run, Author string
	Plan        *plan.Plan
	// Comparison has the present objects of the tenant, and [diff.Input.Revert] set.
	Comparison *diff.Comparison
	Lines      repo.Lines
	// LastAttempt: a kind that cannot be read now is not read again later.
	LastAttempt bool
	Log         *slog.Logger
}

// Result says how a revert ended.
type Result struct {
	// Base is what both sides agree on now.
	Base *diff.Base
	// Refused are the items that were left alone.
	Refused []string
	// Class and Message say why. They are empty if Refused is.
	Class, Message string
}

// Take takes the plan's items back. If somebody edits the line at the same time,
// their edit is read and compared first.
func Take(ctx context.Context, req Request) (*Result, error) {
	cmp := req.Comparison.WithoutBackup()
	unread := unreadKinds(req.Plan, cmp.Current().Kinds)
	if mayReadLater(unread) && !req.LastAttempt {
		return nil, &failure.Retryable{Err: failure.New(word.ClassRead, "revert: %s could not be read: %s", unread[0].Kind, unread[0].Reason)}
	}
	for attempt := 1; ; attempt++ {
		line, err := req.Lines.Desired(ctx)
		if err != nil {
			return nil, err
		}
		res, err := compare(ctx, cmp.WithDesired(line))
		if err != nil {
			return nil, err
		}
		changes, left := choose(req.Plan, res, unread)
		if message := left.message(); message != "" {
			req.Log.Warn("not reverted", "reason", message)
		}
		if len(changes) > 0 {
			err = req.write(ctx, line.Revision, changes)
			if errors.Is(err, tenant.ErrMoved) && attempt < req.Lines.MaxAttempts {
				continue
			}
			if err != nil {
				return nil, err
			}
			// The base moves to where both sides now agree.
			if res, err = compare(ctx, cmp.WithDesired(repo.With(line, changes))); err != nil {
				return nil, err
			}
		}
		return &Result{Base: res.Base, Refused: left.items(), Class: left.class(), Message: left.message()}, nil
	}
}

// write writes the changes into the desired line.
func (req Request) write(ctx context.Context, parent string, changes []tenant.Change) error {
	rev, err := req.Lines.Update(ctx, "revert: write the desired line", tenant.UpdateRequest{Parent: parent,
		Key: repo.Key(req.Run, "revert", parent, changes), Changes: changes,
		Message: fmt.Sprintf("Take back %s proposed for %s", repo.Counted(len(changes)), req.Lines.Tenant), Author: req.Author})
	if err == nil {
		req.Log.Info("reverted in the repository", "changes", len(changes), "revision", rev.ID)
	}
	return err
}

func compare(ctx context.Context, cmp *diff.Comparison) (*diff.Result, error) {
	res, err := cmp.Compare(ctx)
	if err != nil {
		return nil, fmt.Errorf("revert: compare: %w", err)
	}
	return res, nil
}
