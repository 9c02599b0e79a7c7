package simulation

import (
	"context"

	"github.com/tenantsync/tenantsync/tenant"
)

// repositoryPort is one worker's connection to the repository.
type repositoryPort struct {
	gate       *gate
	repository *tenant.MemoryRepository
	tenants    *roster
}

var _ tenant.Repository = (*repositoryPort)(nil)

// Desired is part of [tenant.Repository].
func (p *repositoryPort) Desired(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
	return through(ctx, p.gate, p.tenants.of(req.Tenant).call(opDesired), func(ctx context.Context) (tenant.Desired, error) {
		return p.repository.Desired(ctx, req)
	})
}

// Update is part of [tenant.Repository].
func (p *repositoryPort) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	s := p.tenants.of(req.Tenant)
	c := s.call(opUpdate)
	return throughStruck(ctx, p.gate, c, func(ctx context.Context, f strike) (tenant.Revision, error) {
		if f.meddle && len(req.Changes) > 0 {
			s.editor.meddleFile(req.Changes[0].Kind, req.Changes[0].Key)
		}
		before := s.editor.line()
		rev, err := p.repository.Update(ctx, req)
		if err != nil {
			p.gate.note(ctx, c, "refused: "+err.Error())
			return rev, err
		}
		s.witness.updated(p.gate.who(ctx), req, rev, before, s.editor.line())
		return rev, nil
	})
}

// Backup is part of [tenant.Repository].
func (p *repositoryPort) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	s := p.tenants.of(req.Tenant)
	c := s.call(opBackup)
	return throughStruck(ctx, p.gate, c, func(ctx context.Context, f strike) (tenant.Revision, error) {
		if f.meddle {
			s.editor.meddleDrifted()
		}
		for _, r := range req.Snapshot.Resources {
			s.witness.stores("a backup of "+r.Kind+"/"+r.Key, r.Body)
		}
		rev, err := p.repository.Backup(ctx, req)
		p.gate.note(ctx, c, rev.ID)
		return rev, err
	})
}

// Snapshot is part of [tenant.Repository].
func (p *repositoryPort) Snapshot(ctx context.Context, req tenant.SnapshotRequest) (tenant.Snapshot, error) {
	return through(ctx, p.gate, p.tenants.of(req.Tenant).call(opSnapshot), func(ctx context.Context) (tenant.Snapshot, error) {
		return p.repository.Snapshot(ctx, req)
	})
}

// History is part of [tenant.Repository].
func (p *repositoryPort) History(ctx context.Context, req tenant.RepositoryHistoryRequest) ([]tenant.Revision, error) {
	return through(ctx, p.gate, p.tenants.of(req.Tenant).call(opRevisions), func(ctx context.Context) ([]tenant.Revision, error) {
		return p.repository.History(ctx, req)
	})
}
