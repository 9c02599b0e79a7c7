package syncer

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// A decision is made in one moment and carried out in another, perhaps by
// another process after a crash. In between there is only the store, which
// backups, migrations and people write to as well. So what a run carries out is
// held against what was decided on each time that it is read for use, not only
// when the decision is made:
//
//   - The plan document holds its tenant and its digest. Its digest is not
//     enough, since plans of two runs can have the same one: it leaves out the
//     ids of what the items refer to, which are beside it, in the bindings.
//   - The run that a document belongs to is in its blob's name
//     ([state.BlobRef]): a store gives back only what was put under that name,
//     and only with that hash. So the decision keeps the names of plan and
//     bindings, and these bind tenant, run and content.

// readPlan reads a run's plan. It is an error, which wraps ErrStalePlan, if what
// the record points to is not of that tenant and run, or has another digest than
// the record shows.
func (s *records) readPlan(ctx context.Context, tenantName string, r *run) (*plan.Plan, error) {
	if r == nil || r.Plan == nil {
		return nil, fmt.Errorf("%w: the run has no plan", ErrNotFound)
	}
	if err := r.owns(tenantName, r.Plan); err != nil {
		return nil, err
	}
	raw, err := s.get(ctx, *r.Plan)
	if err != nil {
		return nil, err
	}
	p, err := plan.DecodePlan(raw)
	switch err = failure.AsNewer(err); {
	case failure.IsNewer(err):
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	case err != nil:
		return nil, failure.New(ClassStorage, "plan of run %s: %w", r.ID, err)
	case p.Tenant != tenantName:
		return nil, misplaced(tenantName, r, "the plan in the store is of tenant %q", p.Tenant)
	case r.Digest != "" && p.Digest != r.Digest: // of a run that is over the digest is not kept
		return nil, misplaced(tenantName, r, "the plan in the store is %s, and the run's is %s", short(p.Digest), short(r.Digest))
	}
	return p, nil
}

// owns reports, as an error, that a blob is not named as one of the run's.
func (r *run) owns(tenantName string, ref *state.BlobRef) error {
	if ref.Tenant == tenantName && ref.Run == r.ID {
		return nil
	}
	return misplaced(tenantName, r, "the record points to the %s of run %s of tenant %q", ref.Kind, ref.Run, ref.Tenant)
}

// misplaced is the error of a run whose record does not lead to the run's own
// plan. No try later mends that.
func misplaced(tenantName string, r *run, format string, args ...any) error {
	return failure.New(ClassStorage, "%w: %s: run %s: %s; find out what has changed the store, and start the sync again for a fresh plan",
		ErrStalePlan, tenantName, r.ID, fmt.Sprintf(format, args...))
}

// decidedPlan reads the plan that the run's decision was made on, for whoever
// carries that decision out. The error has the class not_approved, and nothing
// may be written, unless the decision is of this verdict and was made on the
// plan, and with it the ids, that the record leads to now.
func (s *records) decidedPlan(ctx context.Context, tenantName string, r *run, v Verdict) (*plan.Plan, error) {
	err := r.decidedOn(tenantName, v)
	var p *plan.Plan
	if err == nil {
		p, err = s.readPlan(ctx, tenantName, r)
	}
	if errors.Is(err, ErrStalePlan) {
		return nil, failure.New(ClassNotApproved, "nothing more is written: %w", err)
	}
	return p, err
}

// decidedOn holds what the record leads to against the run's decision.
func (r *run) decidedOn(tenantName string, v Verdict) error {
	d := r.Decision
	switch {
	case d == nil || d.Verdict != v:
		return misplaced(tenantName, r, "the record holds no decision to %s", v)
	case d.Digest == "" || d.Digest != r.Digest:
		return misplaced(tenantName, r, "the run's plan is %q, and that of the decision by %s is %q", short(r.Digest), joinActors(d.Actors), short(d.Digest))
	case !sameBlob(d.Plan, r.Plan):
		return misplaced(tenantName, r, "the record points to another plan than that of the decision by %s", joinActors(d.Actors))
	case !sameBlob(d.Bindings, r.Bindings):
		return misplaced(tenantName, r, "the record points to other ids than those of the decision by %s", joinActors(d.Actors))
	}
	if err := r.owns(tenantName, r.Plan); err != nil {
		return err
	}
	return r.owns(tenantName, r.Bindings)
}

// sameBlob reports whether two references, neither nil, are to one blob.
func sameBlob(a, b *state.BlobRef) bool { return a != nil && b != nil && *a == *b }
