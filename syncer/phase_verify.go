package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/internal/rollback"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// verifyPhase reads the written objects back, until they agree or their time is
// up, moves the base to what both sides now agree on, and ends the run. An object
// that cannot be read back is applied all the same, and the report says so.
func (c *session) verifyPhase(ctx context.Context) (onward, error) {
	end := c.run().decidedEnding()
	dep, err := c.openDeployment(ctx)
	if err == nil {
		end.verified, err = dep.readBack(ctx)
	}
	if err != nil {
		if failure.Dispose(ctx, err).How.LeavesRun() {
			return onward{}, err
		}
		c.log.Warn("what was written could not be read back whole", "error", err)
	}
	return onward{end: &end}, nil
}

// readBack reads the applied objects back, and moves the base.
func (d *deployment) readBack(ctx context.Context) (*verified, error) {
	seen, err := d.work.ReadBack(ctx)
	out := &verified{items: seen.Agreed, unmet: seen.Unmet}
	if err != nil || len(seen.Objects)+len(seen.Gone) == 0 {
		return out, err
	}
	return out, d.rebase(ctx, out, seen)
}

// rebase compares the touched kinds once more, with the objects that were just
// read back in place of those that lists may still show, for the base, and
// stores the snapshot.
func (d *deployment) rebase(ctx context.Context, out *verified, seen *deploy.Verified) error {
	c := d.c
	in := diff.Input{Tenant: c.tenant, Kinds: c.kinds, Scopes: d.set.Scopes, Variables: d.set.Variables, Rules: d.set.Rules, Now: c.now().storeTime(), Keys: c.cfg.keys(c.tenant)}
	d.work.Describe(&in, seen)
	var err error
	if in.Base, err = c.base(ctx); err != nil {
		return err
	}
	if in.Desired, err = c.desiredAt(ctx, c.run().Desired); err != nil {
		return err
	}
	cmp, err := c.readTenant(ctx, in, reading.Permissions{})
	if err != nil {
		return err
	}
	cmp.Replace(seen.Objects, seen.Gone)
	res, err := cmp.Compare(ctx)
	if err != nil {
		return fmt.Errorf("verify: compare: %w", err)
	}
	out.base = res.Base
	return d.storeAfter(ctx, out, in.Targets, res.Backup.Snapshot)
}

// storeAfter stores the snapshot from before with the touched kinds as they
// are now.
func (d *deployment) storeAfter(ctx context.Context, out *verified, touched []plan.Target, now tenant.Snapshot) error {
	before, err := d.c.snapshotAt(ctx, d.c.run().Backup)
	if err != nil {
		return err
	}
	snap := snapshotForm{Format: snapshotFormat, Snapshot: before}
	replaced := func(kind string) bool { return rollback.Targeted(touched, kind, "") && rollback.WasRead(now, kind) }
	snap.Taken = now.Taken
	snap.Resources = slices.DeleteFunc(snap.Resources, func(r tenant.Resource) bool { return replaced(r.Kind) })
	for _, r := range now.Resources {
		if replaced(r.Kind) {
			snap.Resources = append(snap.Resources, r)
		}
	}
	raw, err := json.Marshal(snap)
	if err != nil {
		return fmt.Errorf("verify: encode snapshot: %w", err)
	}
	out.after, err = d.c.put(ctx, "after", raw)
	return err
}

// desiredAt reads the desired line at a revision, or its head if the repository
// does not keep that revision: each resource's own sum tells whether it has
// changed since.
func (c *session) desiredAt(ctx context.Context, revision string) (tenant.Desired, error) {
	line, err := repo(ctx, c, "read the desired line", func() (tenant.Desired, error) {
		return c.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: c.tenant, Revision: revision})
	})
	if errors.Is(err, tenant.ErrNoRevision) {
		return c.desired(ctx)
	}
	return line, err
}
