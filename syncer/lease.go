package syncer

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/internal/runlog"
	"github.com/tenantsync/tenantsync/state"
)

// open makes a session of a lease that was just acquired.
func (s *records) open(hold *lease.Hold) (*session, error) {
	got := hold.Acquired()
	cur, err := newLoaded(got.Record, got.Now)
	if err != nil {
		return nil, err
	}
	c := &session{connection: &connection{holding: &holding{s: s, cfg: s.cfg, tenant: hold.Tenant(), hold: hold, lines: new(runlog.Buffer), cur: cur}}}
	hold.Watch(c.renewed)
	hold.Note(c.progressNote)
	c.log = c.lines.Logger(s.cfg.Logger, c.tenant, func() string { return c.now().runID() })
	s.holds(hold)
	return c, nil
}

// progressNote returns where the run is, for a renewal of the lease: the phases and the
// progress since the last commit cost no commit. It returns nil if there is nothing new.
func (c *holding) progressNote() json.RawMessage {
	cur, phase := c.now(), c.phase()
	if cur.d.Run == nil || !cur.rec.Status.Active() {
		return nil
	}
	c.mu.Lock()
	p := c.progress
	c.mu.Unlock()
	if p.Phase != phase {
		p = Progress{Phase: phase}
	}
	if p == cur.d.Run.Progress {
		return nil
	}
	note, _ := json.Marshal(p) // a word and two numbers: it cannot fail
	return note
}

// detachTenant ends the session for this process; the lease stays.
func (c *holding) detachTenant() {
	c.s.release(c.hold)
}

// forgo releases a tenant whose record or documents need a newer version. It stores
// nothing, not even the log. Finding that out costs some work, so it keeps this
// process from claiming the tenant again soon.
func (c *holding) forgo(ctx context.Context) {
	c.detachTenant()
	ctx, cancel := c.detach(ctx)
	defer cancel()
	c.s.leave(ctx, c.hold, c.cfg.LeaseDuration)
}

// close ends the session and releases the tenant.
func (c *holding) close(ctx context.Context) {
	c.detachTenant()
	ctx, cancel := c.detach(ctx)
	defer cancel()
	c.keepLog(ctx)
	if err := c.hold.Release(ctx); err != nil {
		c.log.Warn("the lease could not be released; it will run out", "error", err)
	}
}

// renewed notices commits of others in the record that came with a renewed lease, and
// reports whether this version of the library can read that record.
func (c *holding) renewed(got state.Lease) bool {
	fresh, err := newLoaded(got.Record, got.Now)
	if err != nil {
		return false
	}
	c.notice(fresh)
	return true
}

// keepLog stores the lines of a session that releases a run before its end.
func (c *holding) keepLog(ctx context.Context) {
	if cur := c.now(); !cur.rec.Status.Active() || c.lines.Empty(cur.runID()) {
		return
	}
	chunk := c.flush(ctx)
	if chunk == nil {
		return
	}
	err := c.commit(ctx, func(t *draft) error {
		if t.run() != chunk.run {
			return errNoChange
		}
		t.logEntry(chunk)
		return nil
	})
	if err != nil && !errors.Is(err, failure.ErrLeaseLost) && !errors.Is(err, failure.ErrInterrupted) {
		c.cfg.Logger.Warn("a part of the run's log could not be stored", "tenant", c.tenant, "run", chunk.run, "error", err)
	}
}
