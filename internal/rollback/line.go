package rollback

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Planned names the sources of a plan.
type Planned struct {
	Lines repo.Lines
	// Revision is the revision of the desired line.
	Revision string
	// From is the backup that a roll back restores, or "" for any other run.
	From string
	// Targets are the targets of the run.
	Targets   []plan.Target
	Variables map[string]string
}

// Line returns the desired side that the plan was made from.
func (p Planned) Line(ctx context.Context) (tenant.Desired, error) {
	line, err := p.Lines.At(ctx, p.Revision)
	if err != nil || p.From == "" {
		return line, err
	}
	snap, err := p.Lines.Snapshot(ctx, p.From)
	if err != nil {
		return line, err
	}
	line, _, err = Desired(line, snap, p.Targets, p.Variables)
	return line, err
}

// Commit writes the approved items of a roll back into the desired line, before
// the first write to the tenant, and returns the revision. If the line was
// edited since the plan, Commit writes nothing.
func (p Planned) Commit(ctx context.Context, run, author string, approved []*plan.Item) (revision string, err error) {
	line, err := p.Line(ctx)
	if err != nil {
		return "", err
	}
	rev, err := p.Lines.Update(ctx, "roll back: write the desired line", tenant.UpdateRequest{Parent: p.Revision,
		Key: repo.Key(run, "rollback", p.Revision, nil), Changes: changes(line, approved),
		Message: fmt.Sprintf("Roll %s back to %s", p.Lines.Tenant, p.From), Author: author})
	if errors.Is(err, tenant.ErrMoved) {
		return "", failure.New(word.ClassRepositoryMoved, "roll back: the desired line was edited after the plan was made; nothing was written, start again for a fresh plan: %w", err)
	}
	return rev.ID, err
}

// changes returns the line's files for the items: one for each present or
// former name of an item.
func changes(line tenant.Desired, items []*plan.Item) []tenant.Change {
	files := make(map[plan.Target]tenant.Resource, len(line.Resources))
	for _, r := range line.Resources {
		files[plan.Target{Kind: r.Kind, Key: r.Key}] = r
	}
	var out []tenant.Change
	changed := map[plan.Target]bool{}
	change := func(kind, key string) {
		if name := (plan.Target{Kind: kind, Key: key}); !changed[name] {
			changed[name] = true
			out = append(out, tenant.Change{Kind: kind, Key: key, Body: files[name].Body})
		}
	}
	for _, it := range items {
		change(it.Kind, it.Key)
		if it.RenamedFrom != "" {
			change(it.Kind, it.RenamedFrom)
		}
	}
	return out
}
