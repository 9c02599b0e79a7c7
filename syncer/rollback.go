package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/rollback"
	"github.com/tenantsync/tenantsync/tenant"
)

// snapshotAt reads the backup line at a revision.
func (c *session) snapshotAt(ctx context.Context, revision string) (tenant.Snapshot, error) {
	return repo(ctx, c, "read the snapshot "+revision, func() (tenant.Snapshot, error) {
		return c.cfg.Repository.Snapshot(ctx, tenant.SnapshotRequest{Tenant: c.tenant, Revision: revision})
	})
}

// compareRolledBack plans a roll back: the tenant is to become as it was, so
// drift is undone, not adopted.
func (c *session) compareRolledBack(ctx context.Context, cmp *diff.Comparison, now *diff.Result) (*diff.Result, error) {
	snap, err := c.snapshotAt(ctx, c.run().Options.DesiredFrom)
	if err != nil {
		return nil, err
	}
	again, err := cmp.With(func(in *diff.Input) error {
		in.Rules.Enforce, in.Rules.EnforceByKind = true, nil
		in.Desired, in.Targets, err = rollback.Desired(in.Desired, snap, in.Targets, in.Variables)
		return err
	})
	if err != nil {
		return nil, err
	}
	return compareKeepingBase(ctx, again, now)
}

// line is the desired side that the plan was made against.
func (d *deployment) line(ctx context.Context) (tenant.Desired, error) {
	line, err := d.c.desiredAt(ctx, d.plan.Revision)
	from := d.c.run().Options
	if err != nil || from.DesiredFrom == "" {
		return line, err
	}
	snap, err := d.c.snapshotAt(ctx, from.DesiredFrom)
	if err != nil {
		return line, err
	}
	line, _, err = rollback.Desired(line, snap, from.Targets, d.set.Variables)
	return line, err
}

// commitRollback makes an approved roll back the desired line's, before the
// first write to the tenant. It is refused if the line has moved.
func (d *deployment) commitRollback(ctx context.Context) error {
	c := d.c
	r := c.run()
	if r.Options.DesiredFrom == "" || r.Desired != d.plan.Revision {
		return nil // no roll back, or already the line's
	}
	line, err := d.line(ctx)
	if err != nil {
		return err
	}
	var changes []tenant.Change
	change := func(kind, key string) {
		ch := tenant.Change{Kind: kind, Key: key}
		if file := resourceIn(line, kind, key); file != nil {
			ch.Body = file.Body
		}
		if !slices.ContainsFunc(changes, func(c tenant.Change) bool { return c.Kind == kind && c.Key == key }) {
			changes = append(changes, ch)
		}
	}
	for _, it := range d.items {
		change(it.Kind, it.Key)
		if it.RenamedFrom != "" {
			change(it.Kind, it.RenamedFrom)
		}
	}
	rev, err := c.updateRepository(ctx, "roll back: write the desired line", tenant.UpdateRequest{Parent: d.plan.Revision,
		Key: changeKey(r.ID, "rollback", d.plan.Revision, nil), Changes: changes,
		Message: fmt.Sprintf("Roll %s back to %s", c.tenant, r.Options.DesiredFrom), Author: joinActors(r.Decision.Actors)})
	if errors.Is(err, tenant.ErrMoved) {
		return failure.New(ClassRepositoryMoved, "roll back: the desired line was edited after the plan was made; nothing was written, start again for a fresh plan: %w", err)
	}
	if err != nil || rev.ID == r.Desired {
		return err
	}
	return c.commit(ctx, func(t *draft) error { t.d.Run.Desired = rev.ID; return nil })
}

// resourceIn finds a resource of the desired line; nil if it is not there.
func resourceIn(d tenant.Desired, kind, key string) *tenant.Resource {
	i := slices.IndexFunc(d.Resources, func(r tenant.Resource) bool { return r.Kind == kind && r.Key == key })
	if i < 0 {
		return nil
	}
	return &d.Resources[i]
}
