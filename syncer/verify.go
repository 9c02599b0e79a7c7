package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// verified is what reading back what was written has shown.
type verified struct {
	items map[string]bool // by item ID
	// unmet has, by item ID, what the tenant has otherwise than written.
	unmet map[string][]apply.Difference
	base  *diff.Base
	after *state.BlobRef
}

// verify reads back what was written, until it agrees or its time is up, moves
// the base to what both sides now agree on, and ends the run. What cannot be
// read back does not undo that it was applied: the report says so.
func (c *session) verify(ctx context.Context) error {
	end := c.run().decidedEnding()
	dep, err := c.openDeployment(ctx)
	if err != nil {
		if isStoreError(err) || isNewer(err) || errors.Is(err, errInterrupted) || errors.Is(err, errLeaseLost) || context.Cause(ctx) != nil {
			return err
		}
		c.log.Warn("what was written could not be read back", "error", err)
		return c.finish(ctx, end)
	}
	out, err := dep.readBack(ctx)
	if err != nil {
		if isStoreError(err) || isNewer(err) || context.Cause(ctx) != nil {
			return err
		}
		c.log.Warn("what was written could not be read back whole", "error", err)
	}
	end.verified = out
	return c.finish(ctx, end)
}

// readBack reads what was applied.
func (d *deployment) readBack(ctx context.Context) (*verified, error) {
	out := &verified{items: map[string]bool{}, unmet: map[string][]apply.Difference{}}
	objects, gone, err := d.awaitApplied(ctx, out)
	if err != nil || len(objects)+len(gone) == 0 {
		return out, err
	}
	return out, d.rebase(ctx, out, objects, gone)
}

// rebase compares the touched kinds once more, with what was just read back in
// place of what lists may still show, for the base, and stores the snapshot.
func (d *deployment) rebase(ctx context.Context, out *verified, objects map[diff.Object]tenant.Resource, gone []diff.Object) error {
	c := d.c
	in := diff.Input{Tenant: c.tenant, Kinds: c.kinds, Scopes: d.set.Scopes, Variables: d.set.Variables, Rules: d.set.Rules, Now: c.now().storeTime(), Keys: c.s.keys(c.tenant)}
	d.settled(&in, out)
	var err error
	if in.Base, err = c.base(ctx); err != nil {
		return err
	}
	if in.Desired, err = c.desiredAt(ctx, c.run().Desired); err != nil {
		return err
	}
	cmp, err := c.gather(ctx, in, consent{})
	if err != nil {
		return err
	}
	cmp.Replace(objects, gone)
	res, err := cmp.Compare(ctx)
	if err != nil {
		return fmt.Errorf("verify: compare: %w", err)
	}
	out.base = res.Base
	return d.storeAfter(ctx, out, in.Targets, res.Backup.Snapshot)
}

// settled tells a comparison what this run has done: the kinds that it touched,
// the ids of what it created, which lists may not show yet, and the secrets
// that it wrote, which no read can show. out has what reading back has shown.
func (d *deployment) settled(in *diff.Input, out *verified) {
	in.Bound, in.Written, in.NotKept = reference.Bindings{}, nil, nil
	for _, it := range d.items() {
		if t := (plan.Target{Kind: it.Kind}); !slices.Contains(in.Targets, t) {
			in.Targets = append(in.Targets, t)
		}
		res, ok := d.journal.result(it.ID)
		if !ok || res.Status != ItemApplied {
			continue
		}
		in.Written = append(in.Written, it)
		if len(out.unmet[it.ID]) > 0 {
			in.NotKept = append(in.NotKept, it)
		}
		if it.Verb == tenant.Create {
			if in.Bound[it.Kind] == nil {
				in.Bound[it.Kind] = map[string]string{}
			}
			in.Bound[it.Kind][it.Key] = res.TenantID
		}
	}
}

// storeAfter stores the snapshot from before with the touched kinds as they
// are now.
func (d *deployment) storeAfter(ctx context.Context, out *verified, touched []plan.Target, now tenant.Snapshot) error {
	before, err := d.c.snapshotAt(ctx, d.c.run().Backup)
	if err != nil {
		return err
	}
	snap := snapshotForm{Format: snapshotFormat, Snapshot: before}
	replaced := func(kind string) bool { return targeted(touched, kind, "") && wasRead(now, kind) }
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
