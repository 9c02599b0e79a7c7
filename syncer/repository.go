package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/redact"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

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

// repo calls the repository with the tries that every call gets.
func repo[T any](ctx context.Context, c *session, act string, f func() (T, error)) (T, error) {
	v, err := retry.Do(ctx, c.cfg.MaxAttempts, repositoryTransient, f)
	switch {
	case err == nil:
		return v, nil
	case failure.IsPanic(err):
		return v, err
	case ctx.Err() == nil && repositoryTransient(err):
		return v, &failure.Retryable{Err: failure.New(ClassRepository, "%s: %w", act, err)}
	}
	return v, failure.New(ClassRepository, "%s: %w", act, err)
}

// updateRepository writes the desired line. Files may hold secrets, and an
// error of the repository's does not repeat them. A write that was sent when
// the run was cancelled, or the worker was told to stop, is waited for as long
// as a write to the tenant: nobody could tell else what became of it.
func (c *session) updateRepository(ctx context.Context, act string, req tenant.UpdateRequest) (tenant.Revision, error) {
	req.Tenant = c.tenant
	return repo(ctx, c, act, func() (tenant.Revision, error) {
		if err := ctx.Err(); err != nil {
			return tenant.Revision{}, err
		}
		call, giveUp := context.WithCancel(context.WithoutCancel(ctx))
		defer giveUp()
		defer context.AfterFunc(ctx, func() { time.AfterFunc(c.cfg.WriteTimeout, giveUp) })()
		var rev tenant.Revision
		err := c.safely(act, func() (err error) {
			rev, err = c.cfg.Repository.Update(call, req)
			return err
		})()
		return rev, redact.Error(err, redact.SecretsIn(c.kinds, req.Changes))
	})
}

// repositoryTransient reports whether trying again can change the answer.
func repositoryTransient(err error) bool {
	return failure.StorageTransient(err) && !errors.Is(err, tenant.ErrMoved) && !errors.Is(err, tenant.ErrNoRevision) && !errors.Is(err, tenant.ErrInvalidRequest) &&
		!failure.IsNewer(err)
}

// desired reads the head of the desired line.
func (c *session) desired(ctx context.Context) (tenant.Desired, error) {
	return repo(ctx, c, "read the desired line", func() (tenant.Desired, error) {
		return c.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: c.tenant})
	})
}
