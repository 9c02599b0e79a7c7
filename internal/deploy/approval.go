package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// The classes of items whose request for approval ended without an approval.
const (
	Rejected  = "approval_rejected"
	Withdrawn = "approval_withdrawn"
	Lapsed    = "approval_lapsed"
)

// Request is a request for approval, as runs keep it. It holds no value of the change.
type Request struct {
	// Code is the service's name of the request. It is empty if the service says that
	// a request is open and does not say which.
	Code string
	// Until is when the request lapses.
	Until time.Time
	// Sum is the keyed hash of the held request: method, address and body.
	Sum string
	// Change is the keyed hash of the change, and Before the fingerprint of its object
	// when the request was filed. Both are empty if a part of the change was carried
	// out before the request: the rest is another change of another object.
	Change, Before string
	// KeyID names the key of the hashes.
	KeyID string
}

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

// outdated says why an approved request must not be completed; "" if it may be.
func (r Request) outdated(it *plan.Item, edited bool, key string) string {
	const then = "; it was not sent. Withdraw request %s in the tenant, or wait until it lapses (%s), and sync again"
	switch {
	case !OwnKey(r.KeyID, key):
		return fmt.Sprintf("the change was approved in the tenant, but the secret of the configuration (Config.Secret) was replaced since the request was filed, so that nothing tells whether it is the same"+then, r.Code, r.until())
	case r.Before != "" && r.Before != it.Before:
		return fmt.Sprintf("the change was approved in the tenant, but its object has been changed there since the request was filed"+then, r.Code, r.until())
	case edited:
		return fmt.Sprintf("an earlier form of the change was approved in the tenant, and it has been edited since the request was filed"+then, r.Code, r.until())
	}
	return ""
}

// closed is the result of an item whose request ended without an approval.
func (r Request) closed(it *plan.Item, state tenant.ApprovalState) *Result {
	res := &Result{Status: Failed, TenantID: it.TenantID}
	switch state {
	case tenant.ApprovalRejected:
		res.Class, res.Message = Rejected, "an administrator rejected its request for approval (%s) in the tenant"
	case tenant.ApprovalWithdrawn:
		res.Class, res.Message = Withdrawn, "its request for approval (%s) was withdrawn in the tenant"
	default:
		res.Class, res.Message = Lapsed, "its request for approval (%s) lapsed: no administrator approved it in time, or it was not completed in time"
	}
	res.Message = fmt.Sprintf(res.Message, r.Code) + "; nothing was sent. The next sync proposes the change afresh"
	return res
}

// waits is the result of an item whose request is open.
func (r Request) waits(it *plan.Item, edited bool) *Result {
	res := &Result{Status: Waits, Class: string(tenant.AwaitsApproval), TenantID: it.TenantID, Approval: &r}
	switch {
	case r.Code == "":
		res.Message = "a request for approval of this object is open in the tenant already, and it is not known which: look at it there, and sync again once it is closed"
	case edited:
		res.Message = fmt.Sprintf("request %s for an earlier form of the change waits for approval in the tenant until %s: withdraw it there, and sync again", r.Code, r.until())
	default:
		res.Message = fmt.Sprintf("request %s waits for approval by another administrator in the tenant until %s; once it is approved, sync again", r.Code, r.until())
	}
	return res
}

func (r Request) until() string { return r.Until.UTC().Format("2006-01-02 15:04 UTC") }

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
