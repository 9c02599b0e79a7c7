package deploy

import (
	"context"
	"errors"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// view is the tenant as a deployment reads it.
type view struct {
	job    *Job
	port   Port
	client tenant.Client
	ids    *ids
	// desired has the repository's resources of items with sensitive values, by
	// item ID.
	desired map[string]tenant.Resource
}

// step returns the input of package apply for an item.
func (v *view) step(it *plan.Item) apply.Step {
	s := apply.Step{Item: it, Kind: v.job.Kinds.Get(it.Kind), Bindings: v.ids.known, Variables: v.job.Variables, Key: v.job.Key}
	if r, ok := v.desired[it.ID]; ok {
		s.Desired = &r
	}
	return s
}

// unchanged reports whether an object has the fingerprint of the plan.
func (v *view) unchanged(it *plan.Item, current *tenant.Resource) (bool, error) {
	sum, err := apply.Fingerprint(it, v.job.Kinds.Get(it.Kind), current.Body, v.job.Key)
	return err == nil && sum == it.Before, err
}

// failed classifies the error of a read. The end of ctx ends the work.
func (v *view) failed(ctx context.Context, act string, err error) *Failure {
	if ctx.Err() != nil {
		return &Failure{Err: context.Cause(ctx), Disposition: Ends}
	}
	f := v.port.Judge(act, err)
	return &f
}

// answer interprets the answer to a read of one object. It returns the object,
// nil if the tenant says that the object is missing, or a failure.
func (v *view) answer(ctx context.Context, act string, r tenant.Resource, err error) (*tenant.Resource, *Failure) {
	switch {
	case err == nil:
		return &r, nil
	case errors.Is(err, &tenant.Error{Class: tenant.NotFound}):
		return nil, nil
	}
	return nil, v.failed(ctx, act, err)
}

// find searches for objects with a new item's natural key. ok is false for an
// item without one, and for an item whose natural key is a secret that the plan
// does not hold: such an object cannot be searched for.
//
// A failed search is always retried, because nothing can be concluded from it.
func (v *view) find(ctx context.Context, it *plan.Item) (found []tenant.Resource, ok bool, failed *Failure) {
	match, ok := apply.NaturalMatch(v.job.Kinds.Get(it.Kind), it)
	for _, value := range match {
		ok = ok && value != plan.Redacted
	}
	if !ok {
		return nil, false, nil
	}
	res, err := v.client.Read(ctx, tenant.ReadRequest{Kind: it.Kind, Matches: []tenant.Match{match}}, func(r tenant.Resource) error {
		found = append(found, r)
		return nil
	})
	if err == nil && !res.Completeness.AbsenceCounts() {
		err = &tenant.Error{Class: tenant.Transient, Op: "read", Kind: it.Kind, Message: res.Reason, RequestID: res.RequestID}
	}
	if err == nil {
		return found, true, nil
	}
	failed = v.failed(ctx, "deploy "+it.ID+": look for its name", err)
	if failed.Disposition == Permanent {
		failed.Disposition = Transient
	}
	return nil, true, failed
}
