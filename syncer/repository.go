package syncer

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/state"
)

// lines are a tenant's part of the repository, for a caller that only reads.
func (s *records) lines(tenantName string) repo.Lines {
	return repo.Lines{Repository: s.cfg.Repository, Tenant: tenantName, MaxAttempts: s.cfg.MaxAttempts, WriteTimeout: s.cfg.WriteTimeout}
}

// repository is the tenant's part of the repository.
func (c *session) repository() repo.Lines {
	l := c.s.lines(c.tenant)
	l.Kinds, l.Safely = c.kinds, c.safely
	return l
}

// base reads what both sides last agreed on; nil before the first sync.
func (c *session) base(ctx context.Context) (*diff.Base, error) {
	return c.s.base(ctx, c.now().d.Base)
}

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
			return new(backup.Summary), failure.New(ClassStorage, "run %s: what it has adopted is not known: %w", r.ID, err)
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
		return new(backup.Summary), failure.New(ClassStorage, "run %s: %w", r.ID, err)
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
