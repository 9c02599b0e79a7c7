package repo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// Lines are a tenant's two lines in the repository: the desired line and the
// backup line. The zero values of Kinds and Safely do for a caller that only
// reads.
type Lines struct {
	Repository tenant.Repository
	Tenant     string
	// MaxAttempts is how often a call is attempted.
	MaxAttempts int
	// WriteTimeout is how long a write that was sent is waited for after the
	// caller's context has ended.
	WriteTimeout time.Duration
	// Kinds say which values of a file are secret.
	Kinds *schema.Kinds
	// Safely returns f with its panics as errors. nil returns f itself.
	Safely func(act string, f func() error) func() error
}

// Desired reads the head of the desired line.
func (l Lines) Desired(ctx context.Context) (tenant.Desired, error) { return l.desired(ctx, "") }

// At reads the desired line at a revision. If the repository does not keep that
// revision, At reads the head: each resource's own sum tells whether it has
// changed since.
func (l Lines) At(ctx context.Context, revision string) (tenant.Desired, error) {
	d, err := l.desired(ctx, revision)
	if errors.Is(err, tenant.ErrNoRevision) {
		return l.Desired(ctx)
	}
	return d, err
}

func (l Lines) desired(ctx context.Context, revision string) (tenant.Desired, error) {
	return attempt(ctx, l, "read the desired line", func() (tenant.Desired, error) {
		return l.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: l.Tenant, Revision: revision})
	})
}

// Snapshot reads the backup line at a revision.
func (l Lines) Snapshot(ctx context.Context, revision string) (tenant.Snapshot, error) {
	return attempt(ctx, l, "read the snapshot "+revision, func() (tenant.Snapshot, error) {
		return l.Repository.Snapshot(ctx, tenant.SnapshotRequest{Tenant: l.Tenant, Revision: revision})
	})
}

// Head returns the id of the desired line's head. It asks the repository once
// and gives the error no class, for a caller that can do without the answer. The
// history names the head without its files. A line without revisions has a head
// that only the files' reader knows.
func (l Lines) Head(ctx context.Context) (string, error) {
	revs, err := l.Repository.History(ctx, tenant.RepositoryHistoryRequest{Tenant: l.Tenant, Line: tenant.DesiredLine, Limit: 1})
	if err == nil && len(revs) > 0 {
		return revs[0].ID, nil
	}
	var d tenant.Desired
	if err == nil {
		d, err = l.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: l.Tenant})
	}
	if err != nil {
		return "", fmt.Errorf("%s: read the head of the desired line: %w", l.Tenant, err)
	}
	return d.Revision, nil
}
