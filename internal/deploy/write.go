package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/redact"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// attempt makes at most one write, in the order that the package's
// documentation gives: look, hold the lease, store the intent, hold the lease
// again, send.
func (d *Deployment) attempt(ctx context.Context, it *plan.Item, n int) (*Result, error) {
	current, res, err := d.view.look(ctx, it)
	if err != nil || res != nil {
		return res, err
	}
	op, err := apply.Operation(d.view.step(it), current)
	if err != nil {
		return impossible(it, err), nil
	}
	op.IdempotencyKey = fmt.Sprintf("%s/%s", d.job.Run, it.ID)
	if res, err := d.approval(ctx, it, &op); err != nil || res != nil {
		return res, err
	}
	if err := d.port.Hold(ctx); err != nil {
		return nil, err
	}
	intent := Intent{Item: it.ID, Attempt: n, TenantID: it.TenantID, Verb: it.Verb, Key: op.IdempotencyKey}
	if err := d.journal.intend(ctx, intent); err != nil {
		return nil, err
	}
	if err := d.port.Hold(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	return d.send(ctx, it, op, openIntent{Intent: intent, at: d.port.Now()})
}

// impossible returns the result of an item that cannot be made an operation.
func impossible(it *plan.Item, err error) *Result {
	res := &Result{Status: Failed, Class: "invalid", Message: err.Error(), TenantID: it.TenantID}
	if note, ok := errors.AsType[*apply.NoteError](err); ok {
		res.Class, res.Message = string(note.Note.Class), note.Note.Message
		switch {
		case note.Note.Class == apply.Changed:
			res.Status = Conflict
		case !note.Note.Class.Failure():
			res.Status = Unsupported
		}
	}
	return res
}

// send sends the write once. The call is finished even while the worker shuts
// down. After a panic of the client the outcome is unknown.
func (d *Deployment) send(ctx context.Context, it *plan.Item, op tenant.Operation, open openIntent) (*Result, error) {
	call, stop := context.WithTimeout(context.WithoutCancel(ctx), d.job.WriteTimeout)
	defer stop()
	d.job.Log.Debug("write begun", "item", it.ID, "verb", it.Verb, "attempt", open.Attempt)
	var applied tenant.Applied
	err := d.port.Safely("write "+it.ID, func() (err error) {
		applied, err = d.client.Apply(call, op)
		return err
	})
	if err == nil {
		res := &Result{Status: Applied, TenantID: applied.Resource.ID, RequestID: applied.RequestID, Attempts: open.Attempt}
		if res.TenantID == "" {
			res.TenantID = it.TenantID
		}
		return res, nil
	}
	err = redact.Error(err, redact.SecretsOf(d.job.Kinds.Get(it.Kind), op.Before, op.After, op.Patch))
	if e, ok := errors.AsType[*tenant.Error](err); ok && e.Class == tenant.AwaitsApproval {
		res := d.held(it, op, e.Approval)
		res.RequestID, res.Attempts = e.RequestID, open.Attempt
		return res, nil
	}
	res := &Result{Status: Failed, Class: string(tenant.ClassOf(err)), Message: err.Error(), Attempts: open.Attempt, TenantID: it.TenantID}
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		res.RequestID, res.After = e.RequestID, e.RetryAfter
	}
	if tenant.MaybeApplied(err) {
		d.job.Log.Warn("a write's outcome is unknown; reading the tenant", "item", it.ID, "verb", it.Verb, "attempt", open.Attempt, "error", err, "request", res.RequestID)
		resolved, rerr := d.view.resolve(ctx, it, open, err.Error())
		if resolved != nil {
			resolved.After = res.After
		}
		return resolved, rerr
	}
	switch tenant.ClassOf(err) {
	case tenant.Throttled, tenant.Transient:
		res.Status = Retry
	case tenant.Conflict:
		res.Status = Conflict
	case tenant.Unauthenticated: // the write had no effect: sign in and retry
		res.Status, res.Item = Retry, it.ID
		d.logRetry(it, open.Attempt, 0, res)
		return nil, errors.Join(d.journal.record(ctx, *res), d.port.Judge("deploy "+it.ID, err).Err)
	}
	return res, nil
}
