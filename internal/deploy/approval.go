package deploy

import (
	"context"
	"errors"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// The service may hold a write until another administrator approves it in the tenant.
// The item then ends with [Waits], and its [Request] is kept for later runs:
//
//   - While the request is pending, a later run neither sends nor files the item again.
//   - Once it is approved, a run whose plan has the same change of the same object sends
//     the write again, unchanged and with the code. Two hashes prove that it is unchanged:
//     the engine's, of the change, and the client's, of method, address and body.
//   - A request that was rejected, withdrawn or that has lapsed is reported once. The
//     plan after that one files the change afresh.
//
// The plan of that later run needs an approval of its own, like any plan: no write
// precedes a decision.

// sum is [tenant.Operation.Sum].
func (d *Deployment) sum(text []byte) string {
	return schema.KeyedSum(d.job.Key, "held request", text)
}

// changeSum is the keyed hash of an operation's change.
func (d *Deployment) changeSum(op tenant.Operation) string {
	return schema.KeyedSum(d.job.Key, "held change", []byte(op.Verb), []byte(op.Kind), []byte(op.ID), []byte(op.Part), op.After, op.Patch)
}

// approval finds out what became of the request for approval that an earlier run has
// filed for the item. It returns a result if nothing is to be sent, and otherwise puts
// an approved request into the operation.
func (d *Deployment) approval(ctx context.Context, it *plan.Item, op *tenant.Operation) (*Result, error) {
	op.Sum = d.sum
	filed, ok := d.job.Requests[it.ID]
	reader, reads := d.client.(tenant.ApprovalReader)
	if !ok || !reads {
		return nil, nil
	}
	seen, err := reader.ReadApproval(ctx, filed.Code)
	switch {
	case errors.Is(err, &tenant.Error{Class: tenant.NotFound}): // the service forgets requests that are closed
		seen = tenant.ApprovalRequest{State: tenant.ApprovalLapsed}
	case err != nil:
		return d.view.failed(ctx, "deploy "+it.ID+": read its request for approval", err).beforeWrite(it)
	}
	if !seen.Until.IsZero() {
		filed.Until = seen.Until
	}
	edited := filed.Change != "" && filed.Change != d.changeSum(*op)
	switch seen.State {
	case tenant.ApprovalApproved:
		if message := filed.outdated(it, edited, d.job.Key); message != "" {
			return &Result{Status: Conflict, Class: string(tenant.Conflict), TenantID: it.TenantID, Message: message}, nil
		}
		op.Approval = &tenant.Approval{Code: filed.Code, Sum: filed.Sum, Until: filed.Until}
		return nil, nil
	case tenant.ApprovalCompleted: // the object is not as planned all the same: this is another change
		return nil, nil
	case tenant.ApprovalRejected, tenant.ApprovalWithdrawn, tenant.ApprovalLapsed:
		if edited {
			return nil, nil // the request was about another change
		}
		return filed.closed(it, seen.State), nil
	}
	return filed.waits(it, edited), nil
}

// held is the result of a write that the service holds.
func (d *Deployment) held(it *plan.Item, op tenant.Operation, found *tenant.Approval) *Result {
	if found == nil {
		found = new(tenant.Approval)
	}
	r := Request{Code: found.Code, Until: found.Until, Sum: found.Sum, KeyID: schema.KeyID(d.job.Key)}
	if !found.Begun {
		r.Change, r.Before = d.changeSum(op), it.Before
	}
	return r.waits(it, false)
}
