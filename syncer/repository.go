package syncer

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
)

// base reads a stored base; nil for none.
func (s *records) base(ctx context.Context, ref *state.BlobRef) (*diff.Base, error) {
	if ref == nil {
		return nil, nil
	}
	raw, err := s.get(ctx, *ref)
	if err != nil {
		return nil, err
	}
	base, err := diff.DecodeBase(raw)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", failure.AsNewer(err))
	}
	return base, nil
}

// readComparison reads what the report needs of the backup, and returns the
// error with an empty one for one that is lost. Of a run that did not come so
// far it has what was adopted.
func (s *records) readComparison(ctx context.Context, tenantName string, r *run) (*backup.Summary, error) {
	if r.Comparison == nil {
		done, err := s.adopted(ctx, tenantName, r)
		if err != nil && !failure.Dispose(ctx, err).How.LeavesRun() {
			return new(backup.Summary), failure.New(word.ClassStorage, "run %s: what it has adopted is not known: %w", r.ID, err)
		}
		return &backup.Summary{Adopted: done.Changes}, err
	}
	raw, err := s.get(ctx, *r.Comparison)
	if err != nil {
		return new(backup.Summary), err
	}
	sum, err := backup.DecodeSummary(raw)
	switch {
	case failure.IsNewer(err):
		return new(backup.Summary), fmt.Errorf("syncer: run %s: %w", r.ID, err)
	case err != nil:
		return new(backup.Summary), failure.New(word.ClassStorage, "run %s: %w", r.ID, err)
	}
	return sum, nil
}

// adopted finds out what a run has adopted that was interrupted at it.
func (s *records) adopted(ctx context.Context, tenantName string, r *run) (backup.Adopted, error) {
	if r == nil || r.Adoption == nil {
		return backup.Adopted{}, nil
	}
	raw, err := s.get(ctx, *r.Adoption)
	if err != nil {
		return backup.Adopted{}, err
	}
	return backup.Find(ctx, s.lines(tenantName), raw)
}
