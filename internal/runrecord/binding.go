package runrecord

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// A person decides at one time, and the engine carries the decision out at
// another, perhaps in another process after a crash. In between only the store
// holds both, and backups, migrations and people also write to the store. So
// the engine compares the plan with the decision each time that it reads the
// plan for use, and not only at the time of the decision:
//
//   - The plan document holds its tenant and its digest. The digest is not
//     enough, because the plans of two runs can have equal digests: the digest
//     leaves out the ids of the referenced objects, which the bindings hold.
//   - The name of a blob ([state.BlobRef]) contains the run that the document
//     belongs to. A store returns only the content that was put under that name
//     with that hash. So the decision keeps the names of plan and bindings,
//     which bind tenant, run and content.

// ErrStalePlan says that a plan differs from the plan of the decision.
var ErrStalePlan = errors.New("syncer: the plan has changed since")

// Binding names the plan of a decision.
type Binding struct {
	Digest   string         `json:"digest,omitempty"`
	Plan     *state.BlobRef `json:"plan,omitempty"`
	Bindings *state.BlobRef `json:"bindings,omitempty"`
}

// Owner is the run that documents must belong to.
type Owner struct{ Tenant, Run string }

// Misplaced returns the error of a run whose record does not refer to the run's
// own plan. It wraps ErrStalePlan and has the class storage: no later attempt
// would succeed.
func (o Owner) Misplaced(format string, args ...any) error {
	return failure.New(word.ClassStorage, "%w: %s: run %s: %s; find out what has changed the store, and start the sync again for a fresh plan",
		ErrStalePlan, o.Tenant, o.Run, fmt.Sprintf(format, args...))
}

// CheckOwn returns an error unless the name of a blob says that the blob
// belongs to the run.
func (o Owner) CheckOwn(ref *state.BlobRef) error {
	if ref.Tenant == o.Tenant && ref.Run == o.Run {
		return nil
	}
	return o.Misplaced("the record points to the %s of run %s of tenant %q", ref.Kind, ref.Run, ref.Tenant)
}

// DecodePlan decodes the run's plan. digest is the digest in the record, which
// is empty for a run that another run has followed. The error is an
// ErrStalePlan for the plan of another tenant or with another digest, an
// ErrNewer for a plan that a newer version wrote, and has the class storage for
// all other invalid data.
func (o Owner) DecodePlan(raw []byte, digest string) (*plan.Plan, error) {
	p, err := plan.DecodePlan(raw)
	switch err = failure.AsNewer(err); {
	case failure.IsNewer(err):
		return nil, fmt.Errorf("run %s: %w", o.Run, err)
	case err != nil:
		return nil, failure.New(word.ClassStorage, "plan of run %s: %w", o.Run, err)
	case p.Tenant != o.Tenant:
		return nil, o.Misplaced("the plan in the store is of tenant %q", p.Tenant)
	case digest != "" && p.Digest != digest:
		return nil, o.Misplaced("the plan in the store is %s, and the run's is %s", Short(p.Digest), Short(digest))
	}
	return p, nil
}

// Check returns an error unless actors decided on exactly these documents, and
// the documents are the run's own.
func (b Binding) Check(o Owner, d Documents, actors []string) error {
	by := strings.Join(actors, ", ")
	switch {
	case b.Digest == "" || b.Digest != d.Digest:
		return o.Misplaced("the run's plan is %q, and that of the decision by %s is %q", Short(d.Digest), by, Short(b.Digest))
	case !same(b.Plan, d.Plan):
		return o.Misplaced("the record points to another plan than that of the decision by %s", by)
	case !same(b.Bindings, d.Bindings):
		return o.Misplaced("the record points to other ids than those of the decision by %s", by)
	}
	if err := o.CheckOwn(d.Plan); err != nil {
		return err
	}
	return o.CheckOwn(d.Bindings)
}

// same reports whether two references are not nil and name one blob.
func same(a, b *state.BlobRef) bool { return a != nil && b != nil && *a == *b }

// Short returns the beginning of a digest, for messages.
func Short(digest string) string { return digest[:min(12, len(digest))] }
