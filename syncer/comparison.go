package syncer

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// comparison is what the report needs of the backup and plan phases.
type comparison struct {
	Format    int                  `json:"format"`
	Backup    string               `json:"backup"`
	Adopted   []plan.AdoptedChange `json:"adopted,omitempty"`
	Written   string               `json:"written,omitempty"` // the desired line's revision, if the run wrote one
	Kinds     []tenant.KindState   `json:"kinds"`
	Read      map[string]int       `json:"read"`
	Unchanged map[string]int       `json:"unchanged,omitempty"`
	Notes     []plan.Note          `json:"notes,omitempty"`
}

// readComparison reads what the report needs of the backup, and returns the
// error with an empty one for one that is lost. Of a run that did not come so
// far it has what was adopted.
func (s *records) readComparison(ctx context.Context, tenantName string, r *run) (*comparison, error) {
	sum := new(comparison)
	if r.Comparison == nil {
		done, err := retry.Do(ctx, s.cfg.MaxAttempts, repositoryTransient, func() (adopted, error) { return s.adopted(ctx, tenantName, r) })
		if err != nil && !failure.Dispose(ctx, err).How.LeavesRun() {
			return sum, failure.New(ClassStorage, "run %s: what it has adopted is not known: %w", r.ID, err)
		}
		sum.Adopted = done.changes
		return sum, err
	}
	raw, err := s.get(ctx, *r.Comparison)
	if err != nil {
		return sum, err
	}
	switch err := format.Decode("comparison", raw, comparisonFormat, sum); {
	case failure.IsNewer(err):
		return new(comparison), fmt.Errorf("syncer: run %s: %w", r.ID, err)
	case err != nil:
		return new(comparison), failure.New(ClassStorage, "run %s: %w", r.ID, err)
	}
	return sum, nil
}
