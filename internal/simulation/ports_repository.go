package simulation

import (
	"context"

	"github.com/tenantsync/tenantsync/tenant"
)

// repositoryPorts are one worker's connections to the repository.
type repositoryPorts struct{ *ports }

var _ tenant.Repository = repositoryPorts{}

// Desired is part of [tenant.Repository].
func (p repositoryPorts) Desired(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
	return through(ctx, p.ports, call{op: opDesired, s: p.w.subject(req.Tenant)}, func(ctx context.Context) (tenant.Desired, error) {
		return p.w.repository.Desired(ctx, req)
	})
}

// Update is part of [tenant.Repository].
func (p repositoryPorts) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	s := p.w.subject(req.Tenant)
	return throughStruck(ctx, p.ports, call{op: opUpdate, s: s}, func(ctx context.Context, f strike) (tenant.Revision, error) {
		if f.meddle && len(req.Changes) > 0 {
			s.meddleFile(req.Changes[0].Kind, req.Changes[0].Key)
		}
		return s.updated(ctx, p.ports, req)
	})
}

// Backup is part of [tenant.Repository].
func (p repositoryPorts) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	s := p.w.subject(req.Tenant)
	c := call{op: opBackup, s: s}
	return throughStruck(ctx, p.ports, c, func(ctx context.Context, f strike) (tenant.Revision, error) {
		if f.meddle {
			s.meddleDrifted()
		}
		for _, r := range req.Snapshot.Resources {
			s.checkSecrets("a backup of "+r.Kind+"/"+r.Key, r.Body)
		}
		rev, err := p.w.repository.Backup(ctx, req)
		p.note(ctx, c, rev.ID)
		return rev, err
	})
}

// Snapshot is part of [tenant.Repository].
func (p repositoryPorts) Snapshot(ctx context.Context, req tenant.SnapshotRequest) (tenant.Snapshot, error) {
	return through(ctx, p.ports, call{op: opSnapshot, s: p.w.subject(req.Tenant)}, func(ctx context.Context) (tenant.Snapshot, error) {
		return p.w.repository.Snapshot(ctx, req)
	})
}

// History is part of [tenant.Repository].
func (p repositoryPorts) History(ctx context.Context, req tenant.RepositoryHistoryRequest) ([]tenant.Revision, error) {
	return through(ctx, p.ports, call{op: opRevisions, s: p.w.subject(req.Tenant)}, func(ctx context.Context) ([]tenant.Revision, error) {
		return p.w.repository.History(ctx, req)
	})
}
