package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// look reads an item's object before the write and compares it with the object
// of the plan. It returns the object, nil for a create, or a result if there is
// nothing to write.
func (v *view) look(ctx context.Context, it *plan.Item) (*tenant.Resource, *Result, error) {
	if it.Restored {
		return v.lookDeleted(ctx, it)
	}
	if it.Verb == tenant.Create {
		res, err := v.lookForName(ctx, it)
		return nil, res, err
	}
	r, err := v.client.Get(ctx, tenant.GetRequest{Kind: it.Kind, ID: it.TenantID})
	current, failed := v.answer(ctx, "deploy "+it.ID+": read before the write", r, err)
	switch {
	case failed != nil:
		res, err := failed.beforeWrite(it)
		return nil, res, err
	case current == nil && it.Verb == tenant.Delete:
		return nil, &Result{Status: Applied, TenantID: it.TenantID, Message: "it was already gone"}, nil
	case current == nil:
		return nil, conflict(it.TenantID, "it has been deleted in the tenant since the plan was made"), nil
	}
	same, err := v.unchanged(it, current)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("deploy %s: %w", it.ID, err)
	case same:
		return current, nil, nil
	}
	if was := v.begunDelete(it, current); was != nil {
		return was, nil, nil
	}
	if reached, err := apply.Reached(v.step(it), current); err == nil && reached {
		return nil, &Result{Status: Applied, TenantID: it.TenantID, Message: "it was already as approved"}, nil
	}
	return nil, conflict(it.TenantID, "it has been changed in the tenant since the plan was made; it was left alone"), nil
}

// lookForName checks whether the object of a create exists already.
func (v *view) lookForName(ctx context.Context, it *plan.Item) (*Result, error) {
	found, _, failed := v.find(ctx, it)
	switch {
	case failed != nil:
		return failed.beforeWrite(it)
	case len(found) > 0:
		return conflict(found[0].ID, fmt.Sprintf("an object of this name has appeared in the tenant since the plan was made (id %s)", found[0].ID)), nil
	}
	return nil, nil
}

// conflict is the result of an item whose object has changed.
func conflict(id, message string) *Result {
	return &Result{Status: Conflict, Class: string(tenant.Conflict), TenantID: id, Message: message}
}

// beforeWrite returns the result of an item whose object could not be read
// before the write. Nothing was sent, so that another attempt is safe.
func (f *Failure) beforeWrite(it *plan.Item) (*Result, error) {
	res := &Result{Status: Retry, Class: string(tenant.ClassOf(f.Err)), Message: f.Err.Error(), After: f.After}
	switch f.Disposition {
	case Ends:
		return nil, f.Err
	case Permanent:
		res.Status, res.TenantID = Failed, it.TenantID
		if e, ok := errors.AsType[*tenant.Error](f.Err); ok {
			res.RequestID = e.RequestID
		}
	}
	return res, nil
}
