package repo

import (
	"context"
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/internal/redact"
	"github.com/tenantsync/tenantsync/tenant"
)

// Update writes a revision of the desired line. act names the write in errors.
//
// Files may hold secrets, so an error keeps nothing that could repeat one. A
// write that was sent when ctx ended is waited for, at most WriteTimeout: the
// caller could not find out otherwise what became of it.
func (l Lines) Update(ctx context.Context, act string, req tenant.UpdateRequest) (tenant.Revision, error) {
	req.Tenant = l.Tenant
	return attempt(ctx, l, act, func() (tenant.Revision, error) {
		if err := ctx.Err(); err != nil {
			return tenant.Revision{}, err
		}
		rev, err := l.send(ctx, act, req)
		return rev, redact.Error(err, redact.SecretsIn(l.Kinds, req.Changes))
	})
}

// send makes one attempt of an update.
func (l Lines) send(ctx context.Context, act string, req tenant.UpdateRequest) (rev tenant.Revision, err error) {
	call, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(l.WriteTimeout, giveUp) })()
	update := func() (err error) {
		rev, err = l.Repository.Update(call, req)
		return err
	}
	if l.Safely != nil {
		update = l.Safely(act, update)
	}
	err = update()
	return rev, err
}

// Written finds out whether an update was made whose caller was interrupted. It
// returns the revision, or "" for an update that was not made. act names the
// question in errors.
//
// Written writes nothing. A line that is at the parent has not got the update. A
// line that has moved on was moved by the update itself or by another one.
// Repeating the update's key tells which, and cannot make the update, because
// the line is not at the parent any more.
func (l Lines) Written(ctx context.Context, act, parent, key string) (revision string, err error) {
	return attempt(ctx, l, act, func() (string, error) {
		head, err := l.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: l.Tenant})
		if err != nil || head.Revision == parent {
			return "", err
		}
		rev, err := l.Repository.Update(ctx, tenant.UpdateRequest{Tenant: l.Tenant, Parent: parent, Key: key})
		if errors.Is(err, tenant.ErrMoved) {
			return "", nil
		}
		return rev.ID, err
	})
}

// Backup appends a snapshot to the backup line.
func (l Lines) Backup(ctx context.Context, act string, req tenant.BackupRequest) (tenant.Revision, error) {
	req.Tenant = l.Tenant
	return attempt(ctx, l, act, func() (tenant.Revision, error) { return l.Repository.Backup(ctx, req) })
}
