package tenanttest

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/fault"
	"github.com/tenantsync/tenantsync/tenant"
)

// RepositoryFaults is a repository whose calls are struck by faults, under the
// names "Repository.Desired", "Repository.Update", "Repository.Backup",
// "Repository.Snapshot", "Repository.History" and "Repository.Remove".
type RepositoryFaults struct {
	Repository tenant.Repository
	// Faults decides; nil strikes none.
	Faults *Injector
}

var (
	_ tenant.Repository = RepositoryFaults{}
	_ tenant.Remover    = RepositoryFaults{}
)

// Desired is part of [tenant.Repository].
func (r RepositoryFaults) Desired(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
	return fault.Do(ctx, r.Faults, "Repository.Desired", func() (tenant.Desired, error) {
		return r.Repository.Desired(ctx, req)
	})
}

// Update is part of [tenant.Repository].
func (r RepositoryFaults) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	return fault.Do(ctx, r.Faults, "Repository.Update", func() (tenant.Revision, error) {
		return r.Repository.Update(ctx, req)
	})
}

// Backup is part of [tenant.Repository].
func (r RepositoryFaults) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	return fault.Do(ctx, r.Faults, "Repository.Backup", func() (tenant.Revision, error) {
		return r.Repository.Backup(ctx, req)
	})
}

// Snapshot is part of [tenant.Repository].
func (r RepositoryFaults) Snapshot(ctx context.Context, req tenant.SnapshotRequest) (tenant.Snapshot, error) {
	return fault.Do(ctx, r.Faults, "Repository.Snapshot", func() (tenant.Snapshot, error) {
		return r.Repository.Snapshot(ctx, req)
	})
}

// History is part of [tenant.Repository].
func (r RepositoryFaults) History(ctx context.Context, req tenant.RepositoryHistoryRequest) ([]tenant.Revision, error) {
	return fault.Do(ctx, r.Faults, "Repository.History", func() ([]tenant.Revision, error) {
		return r.Repository.History(ctx, req)
	})
}

// Injector decides which calls are struck by a fault, and keeps a list of all.
// It has the methods Inject, which takes a func(Call) Fault, Calls, Count and
// Do. Its zero value injects nothing. It is the type that statetest uses, so
// that fakes, repositories and stores can share one.
type Injector = fault.Injector

// Fault is what happens to a call: a Delay first, then Before, an error in
// place of the call, or After, an error in place of its result.
type Fault = fault.Fault

// Remove is part of [tenant.Remover]. It returns errors.ErrUnsupported unless the
// repository is a Remover.
func (r RepositoryFaults) Remove(ctx context.Context, tenantID string) error {
	return r.Faults.Do(ctx, "Repository.Remove", func() error {
		remover, ok := r.Repository.(tenant.Remover)
		if !ok {
			return fmt.Errorf("tenanttest: %T removes no tenants: %w", r.Repository, errors.ErrUnsupported)
		}
		return remover.Remove(ctx, tenantID)
	})
}
