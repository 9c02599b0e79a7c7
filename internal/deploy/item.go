package deploy

import (
	"context"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// carryOut brings one item to its result and stores it.
func (d *Deployment) carryOut(ctx context.Context, it *plan.Item) error {
	started := time.Now()
	it = d.ids.located(it)
	res, err := d.attemptUntilFinal(ctx, it)
	if err != nil || res == nil {
		return err // a later process continues: the journal says how far the item came
	}
	res.Item, res.Kind, res.Key, res.Verb = it.ID, it.Kind, it.Key, it.Verb
	res.Duration = time.Since(started)
	if res.Status == Applied {
		d.ids.learn(it, res.TenantID)
	}
	d.logResult(ctx, res)
	return d.journal.record(ctx, *res)
}

// attemptUntilFinal makes attempts until there is a final result. The result is
// nil if the run ends before the next attempt.
func (d *Deployment) attemptUntilFinal(ctx context.Context, it *plan.Item) (*Result, error) {
	attempt := d.journal.attempts(it.ID)
	if open, ok := d.journal.pending(it.ID); ok {
		res, err := d.view.resolve(ctx, it, open, "")
		if err != nil || res.final() {
			return res, err
		}
		if err := d.journal.record(ctx, *res); err != nil {
			return nil, err
		}
	}
	for {
		if d.port.Closing() {
			return nil, nil
		}
		if res := d.blocked(it); res != nil {
			return res, nil
		}
		if err := d.visible.await(ctx, it); err != nil {
			return nil, err
		}
		attempt++
		res, err := d.attempt(ctx, it, attempt)
		if err != nil || res.final() {
			return res, err
		}
		if d.spent(it, res, attempt) {
			res.Status = Failed
			res.Message = fmt.Sprintf("%s (given up after %d attempts)", res.Message, attempt)
			return res, nil
		}
		res.Item = it.ID
		if err := d.journal.record(ctx, *res); err != nil {
			return nil, err
		}
		pause := max(res.After, retry.Backoff(attempt, time.Second, 30*time.Second))
		d.logRetry(it, attempt, pause, res)
		if err := retry.Pause(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// throttlePatience is how long the service may throttle one item before the
// item fails. Other programs share the limits of the tenant, so a throttled
// item can often be carried out later.
const throttlePatience = 10 * time.Minute

// spent reports whether an item is out of attempts. A throttled attempt had no
// effect and says nothing about the next one. So it does not count, and
// throttlePatience bounds it instead.
func (d *Deployment) spent(it *plan.Item, res *Result, attempts int) bool {
	refused := d.journal.refusals(it.ID)
	if res.Class != string(tenant.Throttled) {
		return attempts-refused.n >= d.job.MaxAttempts
	}
	return refused.n > 0 && d.port.Now().Sub(refused.first) >= throttlePatience
}

// blocked returns the result of an item that must not be attempted, or nil.
func (d *Deployment) blocked(it *plan.Item) *Result {
	for _, dep := range it.DependsOn {
		if _, ok := d.journal.applied(dep); !ok {
			return &Result{Status: Skipped, Class: "dependency", Message: dep + ", which it depends on, was not applied"}
		}
	}
	if !OwnKey(d.job.KeyID, d.job.Key) && d.job.Kinds.Get(it.Kind).MayHaveSecrets() {
		return &Result{Status: Conflict, Class: string(apply.Changed), TenantID: it.TenantID,
			Message: "the secret of the configuration (Config.Secret) was replaced since the plan was made, so that nothing tells whether the object or the approved secrets have changed; sync again for a fresh plan"}
	}
	if d.job.StopOnFailure && d.journal.failed() {
		return &Result{Status: NotAttempted, Class: "stopped", Message: "an earlier item failed, and the policy is to stop"}
	}
	return nil
}
