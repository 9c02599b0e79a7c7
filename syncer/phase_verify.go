package syncer

import (
	"context"
	"errors"
	"slices"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/readback"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// verifyPhase reads the written objects back until they agree or their time is up.
// Then it moves the base to the values that both sides now agree on, asks the service
// whether people still get in ([tenant.Confirmer]), and ends the run. An object that
// cannot be read back counts as applied and not confirmed.
func (c *session) verifyPhase(ctx context.Context) (onward, error) {
	end := c.run().decidedEnding()
	dep, err := c.openDeployment(ctx)
	if err == nil {
		if end.verified, err = dep.readBack(ctx); err == nil {
			end.verified.confirmed, err = dep.confirm(ctx)
		}
	}
	if err != nil {
		if _, ended := errors.AsType[*endsRun](err); ended || failure.Dispose(ctx, err).How.LeavesRun() {
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

// confirm returns what the service says after the writes, as notes of the report. An
// answer that does not come is logged: the run has done its work.
func (d *deployment) confirm(ctx context.Context) ([]plan.Note, error) {
	asks, ok := d.c.client.(tenant.Confirmer)
	if !ok {
		return nil, nil
	}
	req := tenant.ConfirmRequest{Tenant: d.c.tenant}
	for _, it := range d.items {
		req.Kinds = append(req.Kinds, it.Kind)
	}
	slices.Sort(req.Kinds)
	req.Kinds = slices.Compact(req.Kinds)
	said, err := asks.Confirm(ctx, req)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		d.c.log.Warn("the service could not be asked who still gets in", "error", err)
	}
	_, notes := diff.Sorted(d.plan, said)
	return notes, nil
}

// rebase compares the touched kinds again, moves the base by the result, and stores the
// snapshot after the writes.
func (d *deployment) rebase(ctx context.Context, out *verified, seen *deploy.Verified) error {
	c, r := d.c, d.c.run()
	in, err := c.comparing(ctx, d.set)
	if err != nil {
		return err
	}
	d.work.Describe(&in, seen)
	if in.Desired, err = c.repository().At(ctx, r.Desired); err != nil {
		return err
	}
	cmp, err := c.readTenant(ctx, in, reading.Permissions{})
	if err != nil {
		return err
	}
	now, err := readback.Compare(ctx, readback.Request{Comparison: cmp, Seen: seen, Touched: in.Targets, Lines: c.repository(), Backup: r.Backup})
	out.base = now.Base
	if err != nil {
		return err
	}
	out.after, err = c.put(ctx, "after", now.After)
	return err
}
