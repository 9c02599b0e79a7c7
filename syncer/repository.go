package syncer

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/state"
)

// lines are a tenant's part of the repository, for a caller that only reads.
func (s *Syncer) lines(tenantName string) repo.Lines {
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
func (s *Syncer) base(ctx context.Context, ref *state.BlobRef) (*diff.Base, error) {
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
