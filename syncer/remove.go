package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Remove removes a tenant: its record, its history, its runs, its blobs, the
// tokens that the Authenticator stores for it ([auth.Forgetter]) and, on
// request, its part of the repository. The tenant in Microsoft 365 is not
// touched. One line of history remains, of type [EntryRemove]: who removed the
// tenant, when and why. A tenant that is started again later is a new one.
//
// Remove works on the removal itself, or waits for the worker that does, until
// everything is removed. With EndRun it first waits until the run has ended, writes
// under way included. If Remove is interrupted or a part fails, the tenant stays with
// [Row.Removing], no run starts in it, and a worker or a second Remove finishes the
// removal. Tokens stay if the Authenticator is not a Forgetter.
//
// Remove returns ErrNoActor, ErrInvalid, ErrNotFound for a tenant without a record,
// an [*ActiveError] while a run is under way and EndRun is not set, ErrNewerFormat,
// and Authorize's errors. It returns errors.ErrUnsupported, before it removes
// anything, if the repository cannot remove a tenant. Any other error comes from the
// part that failed.
func (s *Syncer) Remove(ctx context.Context, req RemoveRequest) error {
	if err := s.cfg.permit(ctx, req.Actor, ActRemove, req.Tenant, bounds.Comment("Comment", req.Comment)); err != nil {
		return err
	}
	if _, ok := s.cfg.Repository.(tenant.Remover); req.Repository && !ok {
		return fmt.Errorf("syncer: %s: remove: %T is no tenant.Remover: %w", req.Tenant, s.cfg.Repository, errors.ErrUnsupported)
	}
	if cur, err := s.load(ctx, req.Tenant); err != nil {
		return err
	} else if cur.rec.Version == 0 {
		return fmt.Errorf("%w: %s has no record", ErrNotFound, req.Tenant)
	}
	changes, stop := s.watch()
	defer stop()
	for {
		if err := markRemoval(ctx, s.records, req); err != nil {
			return err
		}
		_, err := s.Advance(ctx, req.Tenant)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		cur, err := s.load(ctx, req.Tenant)
		if err != nil || cur.rec.Version == 0 {
			return err
		}
		if !idle(ctx, changes, s.cfg.PollInterval) {
			return context.Cause(ctx)
		}
	}
}

// markRemoval stores that the tenant is to be removed, or first cancels the run
// under way. It does nothing if the record says so already.
func markRemoval(ctx context.Context, s *records, req RemoveRequest) error {
	_, err := s.act(ctx, req.Tenant, func(t *draft) error {
		r := t.d.Run
		switch {
		case t.rec.Version == 0: // a worker was faster
			return errNoChange
		case t.rec.Status.Resting() && t.d.Removing != nil:
			return errNoChange
		case t.rec.Status.Resting():
			t.d.Removing = &Removal{Actor: req.Actor, Comment: req.Comment, Since: t.now, Repository: req.Repository}
			t.due()
			t.entry(EntryRemove, EntryData{Actor: req.Actor, Comment: req.Comment, Message: "asked for"})
			return nil
		case !req.EndRun:
			return &ActiveError{RunRef: RunRef{Tenant: req.Tenant, Run: r.ID}, Status: t.rec.Status}
		case r.Cancel != nil:
			return errNoChange
		}
		t.cancel(req.Actor, req.Comment)
		return nil
	})
	return err
}

// removal is the work on the removal that a record asks for.
type removal struct {
	*holding
	asked Removal
}

// run carries the removal out. Each part can be repeated, and the record goes
// last, so that a worker can resume an interrupted removal.
func (c removal) run(ctx context.Context) error {
	err := c.safely("remove the tenant", func() error { return c.parts(ctx) })()
	if err == nil {
		return c.record(ctx)
	}
	if context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	c.log.Warn("the tenant could not be removed; a worker tries again", "error", err)
	failed := c.commit(ctx, func(t *draft) error {
		if t.d.Removing != nil {
			t.d.Removing.Error = err.Error()
		}
		t.wakeIn = retry.Backoff(3, 5*time.Second, time.Minute)
		return nil
	})
	return &failure.Storage{Err: errors.Join(fmt.Errorf("syncer: %s: remove: %w", c.tenant, err), failed)}
}

// parts removes all but the record.
func (c removal) parts(ctx context.Context) error {
	if f, ok := c.cfg.Authenticator.(auth.Forgetter); ok {
		if err := f.Forget(ctx, c.tenant); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return fmt.Errorf("tokens: %w", err)
		}
	}
	if r, ok := c.cfg.Repository.(tenant.Remover); ok && c.asked.Repository {
		if err := r.Remove(ctx, c.tenant); err != nil {
			return fmt.Errorf("repository: %w", err)
		}
	}
	_, err := retry.Do(ctx, c.cfg.MaxAttempts, failure.StorageTransient, func() (struct{}, error) {
		return struct{}{}, c.cfg.Store.Remove(ctx, c.tenant)
	})
	if err != nil {
		return fmt.Errorf("blobs: %w", err)
	}
	return nil
}

// record removes the record with its history and runs, and leaves the audit
// entry.
func (c removal) record(ctx context.Context) error {
	ctx, stop := c.detach(ctx)
	defer stop()
	parts := "record, history, runs, blobs and tokens"
	if c.asked.Repository {
		parts = "record, history, runs, blobs, tokens and repository"
	}
	audit := newEntry("", EntryRemove, EntryData{Actor: c.asked.Actor, Comment: c.asked.Comment, Message: "removed: " + parts})
	_, err := retry.Do(ctx, c.cfg.MaxAttempts, failure.StorageTransient, func() (state.Committed, error) {
		cur, err := c.s.load(ctx, c.tenant) // others may have committed, or the answer was lost
		if err != nil || cur.rec.Version == 0 {
			return state.Committed{}, err
		}
		done, err := c.cfg.Store.Commit(ctx, state.CommitRequest{
			Record: state.Record{Tenant: c.tenant, Version: cur.rec.Version}, Fence: c.hold.Fence(), Remove: true, Entries: []state.Entry{audit}})
		if errors.Is(err, state.ErrUnknown) || errors.Is(err, state.ErrConflict) {
			err = fmt.Errorf("not known to be removed: %s", err.Error()) // so that it is tried again
		}
		return done, err
	})
	if err != nil {
		return &failure.Storage{Err: fmt.Errorf("syncer: %s: remove the record: %w", c.tenant, err)}
	}
	c.s.observe(ctx, Event{Type: TenantRemoved, RunRef: RunRef{Tenant: c.tenant}, Time: c.now().storeTime()})
	c.s.changed(c.tenant, c.hold)
	return nil
}
