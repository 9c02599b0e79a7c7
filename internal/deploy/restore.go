package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// lookDeleted reads the object of an item that restores it, before the write: among
// the deleted objects, or in the tenant, if an earlier attempt has restored it. It
// returns the object in the form of the plan, or a result if nothing is to be
// written.
func (v *view) lookDeleted(ctx context.Context, it *plan.Item) (*tenant.Resource, *Result, error) {
	act := "deploy " + it.ID + ": read before the write"
	r, err := v.client.Get(ctx, tenant.GetRequest{Kind: it.Kind, ID: it.TenantID})
	current, failed := v.answer(ctx, act, r, err)
	if failed == nil && current == nil {
		if res, err := v.lookForName(ctx, it); res != nil || err != nil {
			return nil, res, err
		}
		current, failed = v.deleted(ctx, act, it)
	}
	switch {
	case failed != nil:
		res, err := failed.beforeWrite(it)
		return nil, res, err
	case current == nil:
		return nil, conflict(it.TenantID, "it can no longer be restored: the service has removed it for good since the plan was made; roll back again to have it created anew, with another id"), nil
	}
	same, err := v.unchanged(it, current)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("deploy %s: %w", it.ID, err)
	case !same:
		if reached, err := apply.Reached(v.step(it), current); err == nil && reached && len(it.Changes) > 1 {
			break // an earlier attempt has changed it too
		}
		return nil, conflict(it.TenantID, "it is not in the form of the plan any more; it was left alone"), nil
	}
	return current, nil, nil
}

// deleted returns the item's object as it comes back, or nil if it cannot be restored.
func (v *view) deleted(ctx context.Context, act string, it *plan.Item) (*tenant.Resource, *Failure) {
	restorer, ok := v.client.(tenant.Restorer)
	if !ok {
		return nil, nil
	}
	all, err := restorer.Deleted(ctx, tenant.DeletedRequest{Kind: it.Kind})
	if err != nil && !errors.Is(err, &tenant.Error{Class: tenant.NotFound}) {
		return nil, v.failed(ctx, act, err)
	}
	i := slices.IndexFunc(all.Objects, func(o tenant.DeletedObject) bool { return o.ID == it.TenantID })
	if i < 0 {
		return nil, nil
	}
	return &all.Objects[i].Resource, nil
}
