package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/redact"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// carryOut brings one item to its result.
func (d *deployment) carryOut(ctx context.Context, it *plan.Item) error {
	started := time.Now()
	it = d.located(it)
	res, err := d.tryItem(ctx, it)
	if err != nil || res == nil {
		return err // left for later: the journal says how far it came
	}
	res.Item, res.Kind, res.Key, res.Verb = it.ID, it.Kind, it.Key, it.Verb
	res.Duration = time.Since(started)
	if res.Status == ItemApplied {
		d.learn(it, res.TenantID)
	} else {
		d.c.log.Warn("item not applied", "item", it.ID, "verb", it.Verb, "result", res.Status, "class", res.Class, "message", res.Message, "request", res.RequestID)
	}
	return d.journal.record(ctx, *res)
}

// located returns the item with the id of its object, which for a part of a
// created object is known once that is there.
func (d *deployment) located(it *plan.Item) *plan.Item {
	if it.Part == "" || it.TenantID != "" {
		return it
	}
	known := *it
	known.TenantID = d.bindings[it.Kind][it.Key]
	return &known
}

// tryItem writes until there is a result. A nil result means that the run ends
// before the item was begun.
func (d *deployment) tryItem(ctx context.Context, it *plan.Item) (*ItemResult, error) {
	attempt := d.journal.attempts(it.ID)
	if open, ok := d.journal.pending(it.ID); ok {
		res, err := d.settle(ctx, it, open, "")
		if err != nil || res.Status != itemRetry {
			return res, err
		}
		if err := d.journal.record(ctx, *res); err != nil {
			return nil, err
		}
	}
	for {
		if d.c.run().closing() != "" {
			return nil, nil
		}
		if res := d.blocked(it); res != nil {
			return res, nil
		}
		if err := d.awaitDependencies(ctx, it); err != nil {
			return nil, err
		}
		attempt++
		res, after, err := d.attempt(ctx, it, attempt)
		if err != nil || res.Status != itemRetry {
			return res, err
		}
		if d.spent(it, res, attempt) {
			res.Status = ItemFailed
			res.Message = fmt.Sprintf("%s (given up after %d attempts)", res.Message, attempt)
			return res, nil
		}
		res.Item = it.ID
		if err := d.journal.record(ctx, *res); err != nil {
			return nil, err
		}
		if err := retry.Pause(ctx, max(after, retry.Backoff(attempt, time.Second, 30*time.Second))); err != nil {
			return nil, err
		}
	}
}

// throttlePatience is how long the service may turn one item away for being
// asked too often before the item fails. A tenant's limits are shared with every
// other program that works on it: what is refused now is carried out later.
const throttlePatience = 10 * time.Minute

// spent reports whether an item that may be tried again is not. Refusals for
// asking too often had no effect and say nothing against the next try, so that
// they do not count among the attempts; what bounds them is time.
func (d *deployment) spent(it *plan.Item, res *ItemResult, attempts int) bool {
	refused := d.journal.refusals(it.ID)
	if res.Class != string(tenant.Throttled) {
		return attempts-refused.n >= d.c.s.cfg.MaxAttempts
	}
	return refused.n > 0 && d.c.now().storeTime().Sub(refused.first) >= throttlePatience
}

// blocked says why an item is not even tried.
func (d *deployment) blocked(it *plan.Item) *ItemResult {
	for _, dep := range it.DependsOn {
		if res, ok := d.journal.result(dep); !ok || res.Status != ItemApplied {
			return &ItemResult{Status: ItemSkipped, Class: "dependency", Message: dep + ", which it depends on, was not applied"}
		}
	}
	if !d.c.s.ownKey(d.plan) && d.c.kinds.Get(it.Kind).HasSecrets() {
		return &ItemResult{Status: ItemConflict, Class: string(apply.Changed), TenantID: it.TenantID,
			Message: "the secret of the configuration (Config.Secret) was replaced since the plan was made, so that nothing tells whether the object or the approved secrets have changed; sync again for a fresh plan"}
	}
	if d.c.s.cfg.StopOnFailure && d.journal.failed() {
		return &ItemResult{Status: ItemNotAttempted, Class: "stopped", Message: "an earlier item failed, and the policy is to stop"}
	}
	return nil
}

// attempt makes one write: look, store the intent, send, and find out.
func (d *deployment) attempt(ctx context.Context, it *plan.Item, n int) (*ItemResult, time.Duration, error) {
	current, res, err := d.look(ctx, it)
	if err != nil || res != nil {
		return retryLook(res, err)
	}
	op, err := apply.Operation(d.step(it), current)
	if err != nil {
		res := &ItemResult{Status: ItemFailed, Class: "invalid", Message: err.Error(), TenantID: it.TenantID}
		if note, ok := errors.AsType[*apply.NoteError](err); ok {
			res.Class, res.Message = string(note.Note.Class), note.Note.Message
			switch {
			case note.Note.Class == apply.Changed:
				res.Status = ItemConflict
			case !note.Note.Class.Failure():
				res.Status = ItemUnsupported
			}
		}
		return res, 0, nil
	}
	op.IdempotencyKey = fmt.Sprintf("%s/%s", d.c.run().ID, it.ID)
	if err := d.c.holdForWrite(ctx); err != nil {
		return nil, 0, err
	}
	intent := Intent{Item: it.ID, Attempt: n, TenantID: it.TenantID, Verb: it.Verb, Key: op.IdempotencyKey}
	if err := d.journal.intend(ctx, intent); err != nil {
		return nil, 0, err
	}
	if err := d.c.holdForWrite(context.WithoutCancel(ctx)); err != nil {
		return nil, 0, err
	}
	return d.send(ctx, it, op, openIntent{Intent: intent, at: d.c.now().storeTime()})
}

// retryLook turns a failed look before a write into another try: nothing was sent.
func retryLook(res *ItemResult, err error) (*ItemResult, time.Duration, error) {
	if passing, ok := errors.AsType[*retryable](err); ok {
		return &ItemResult{Status: itemRetry, Class: string(tenant.ClassOf(err)), Message: err.Error()}, passing.after, nil
	}
	return res, 0, err
}

// send sends the write once. It is finished even while the worker shuts down.
func (d *deployment) send(ctx context.Context, it *plan.Item, op tenant.Operation, open openIntent) (*ItemResult, time.Duration, error) {
	call, stop := context.WithTimeout(context.WithoutCancel(ctx), d.c.s.cfg.WriteTimeout)
	defer stop()
	var applied tenant.Applied
	err := d.c.safely("write "+it.ID, func() (err error) { // a panic leaves the outcome unknown
		applied, err = d.c.client.Apply(call, op)
		return err
	})()
	if err == nil {
		res := &ItemResult{Status: ItemApplied, TenantID: applied.Resource.ID, RequestID: applied.RequestID, Attempts: open.Attempt}
		if res.TenantID == "" {
			res.TenantID = it.TenantID
		}
		return res, 0, nil
	}
	err = redact.Error(err, redact.SecretsOf(d.c.kinds.Get(it.Kind), op.Before, op.After, op.Patch))
	var requestID string
	var after time.Duration
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		requestID, after = e.RequestID, e.RetryAfter
	}
	if tenant.MaybeApplied(err) {
		d.c.log.Warn("a write's outcome is unknown; reading the tenant", "item", it.ID, "error", err, "request", requestID)
		res, serr := d.settle(ctx, it, open, err.Error())
		return res, after, serr
	}
	res := &ItemResult{Status: ItemFailed, Class: string(tenant.ClassOf(err)), Message: err.Error(), RequestID: requestID, Attempts: open.Attempt, TenantID: it.TenantID}
	switch tenant.ClassOf(err) {
	case tenant.Throttled, tenant.Transient:
		res.Status = itemRetry
	case tenant.Conflict:
		res.Status = ItemConflict
	case tenant.Unauthenticated: // nothing was done: sign in, and try again
		res.Status, res.Item = itemRetry, it.ID
		return nil, 0, errors.Join(d.journal.record(ctx, *res), d.c.passing("deploy "+it.ID, err))
	}
	return res, after, nil
}

// look reads the object and compares it with what the plan saw. A result means
// that there is nothing to write.
func (d *deployment) look(ctx context.Context, it *plan.Item) (*tenant.Resource, *ItemResult, error) {
	kind := d.c.kinds.Get(it.Kind)
	if it.Verb == tenant.Create {
		found, _, err := d.find(ctx, it)
		if err != nil {
			return nil, nil, err
		}
		if len(found) > 0 {
			return nil, &ItemResult{Status: ItemConflict, Class: string(tenant.Conflict), TenantID: found[0].ID,
				Message: fmt.Sprintf("an object of this name has appeared in the tenant since the plan was made (id %s)", found[0].ID)}, nil
		}
		return nil, nil, nil
	}
	current, err := d.c.client.Get(ctx, tenant.GetRequest{Kind: it.Kind, ID: it.TenantID})
	switch {
	case errors.Is(err, &tenant.Error{Class: tenant.NotFound}) && it.Verb == tenant.Delete:
		return nil, &ItemResult{Status: ItemApplied, TenantID: it.TenantID, Message: "it was already gone"}, nil
	case errors.Is(err, &tenant.Error{Class: tenant.NotFound}):
		return nil, &ItemResult{Status: ItemConflict, Class: string(tenant.Conflict), TenantID: it.TenantID, Message: "it has been deleted in the tenant since the plan was made"}, nil
	case err != nil:
		return nil, lookFailed(it, err), d.readFailed(ctx, "deploy "+it.ID+": read before the write", err)
	}
	sum, err := apply.Fingerprint(it, kind, current.Body, d.key)
	if err != nil {
		return nil, nil, fmt.Errorf("deploy %s: %w", it.ID, err)
	}
	if sum == it.Before {
		return &current, nil, nil
	}
	if reached, err := apply.Reached(d.step(it), &current); err == nil && reached {
		return nil, &ItemResult{Status: ItemApplied, TenantID: it.TenantID, Message: "it was already as approved"}, nil
	}
	return nil, &ItemResult{Status: ItemConflict, Class: string(tenant.Conflict), TenantID: it.TenantID,
		Message: "it has been changed in the tenant since the plan was made; it was left alone"}, nil
}

// lookFailed is the result of a read before the write that will not pass.
func lookFailed(it *plan.Item, err error) *ItemResult {
	switch tenant.ClassOf(err) {
	case tenant.Transient, tenant.Throttled, tenant.Unauthenticated:
		return nil
	}
	res := &ItemResult{Status: ItemFailed, Class: string(tenant.ClassOf(err)), Message: "read before the write: " + err.Error(), TenantID: it.TenantID}
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		res.RequestID = e.RequestID
	}
	return res
}

// readFailed is the error of a read that may pass, or that needs a sign-in;
// nil for one that does neither.
func (d *deployment) readFailed(ctx context.Context, act string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	wrapped := d.c.passing(act, err)
	if _, ok := errors.AsType[*retryable](wrapped); ok || errors.Is(wrapped, errSignInNeeded) {
		return wrapped
	}
	return nil
}

// find looks for objects with a new item's natural key. It is not ok for an
// item without one, or whose natural key is a secret that the plan does not
// hold: then it cannot be looked for, and nothing found means nothing.
func (d *deployment) find(ctx context.Context, it *plan.Item) (found []tenant.Resource, ok bool, err error) {
	match, ok := apply.NaturalMatch(d.c.kinds.Get(it.Kind), it)
	for _, value := range match {
		ok = ok && value != plan.Redacted
	}
	if !ok {
		return nil, false, nil
	}
	res, err := d.c.client.Read(ctx, tenant.ReadRequest{Kind: it.Kind, Matches: []tenant.Match{match}}, func(r tenant.Resource) error {
		found = append(found, r)
		return nil
	})
	if err == nil && res.Completeness != tenant.Complete {
		err = &tenant.Error{Class: tenant.Transient, Op: "read", Kind: it.Kind, Message: res.Reason, RequestID: res.RequestID}
	}
	if err != nil {
		if failed := d.readFailed(ctx, "deploy "+it.ID+": look for its name", err); failed != nil {
			return nil, true, failed
		}
		return nil, true, &retryable{err: err}
	}
	return found, true, nil
}
