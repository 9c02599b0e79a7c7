package syncer

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/internal/revert"
	"github.com/tenantsync/tenantsync/internal/word"
)

// revertPhase takes the plan's items back in the desired line, and ends the run.
func (c *session) revertPhase(ctx context.Context) (onward, error) {
	r := c.run()
	end := r.decidedEnding()
	if r.Options.DesiredFrom != "" {
		return onward{end: &end}, nil // the line has nothing of a roll back that was not approved
	}
	if err := c.connect(ctx); err != nil {
		return onward{}, err
	}
	p, err := c.s.decidedPlan(ctx, c.tenant, r, RejectAndRevert)
	if err != nil {
		return onward{}, err
	}
	set, err := c.settings(ctx)
	if err != nil {
		return onward{}, err
	}
	in, err := c.comparing(ctx, set)
	if err != nil {
		return onward{}, err
	}
	in.Revert = true
	if in.Targets, err = r.lists(c.s, c.tenant).Targets(ctx, r.Targets, r.Options.Targets); err != nil {
		return onward{}, err
	}
	if in.Desired, err = c.repository().Desired(ctx); err != nil { // objects that it refers to are read too
		return onward{}, err
	}
	cmp, err := c.readTenant(ctx, in, reading.Permissions{})
	if err != nil {
		return onward{}, err
	}
	lines := c.repository()
	took, err := revert.Take(ctx, revert.Request{Run: r.ID, Author: joinActors(r.Decision.Actors), Plan: p, Comparison: cmp, Lines: lines,
		LastAttempt: r.Attempt+1 >= lines.MaxAttempts, Log: c.log})
	if err != nil {
		return onward{}, err
	}
	end.base, end.refused = took.Base, took.Refused
	if took.Class != "" {
		end.err = concluded(&ending.Info{Class: took.Class, Phase: word.PhaseRevert, Message: took.Message})
	}
	return onward{end: &end}, nil
}
