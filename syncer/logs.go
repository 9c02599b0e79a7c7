package syncer

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/state"
)

// flush stores the lines so far and returns the entry that refers to them.
// Lines that cannot be stored are lost to the run, not to the host's logger.
func (c *holding) flush(ctx context.Context) *state.BlobRef {
	ctx, cancel := c.detach(ctx)
	defer cancel()
	run := c.now().runID()
	lines := c.lines.Take(run)
	if len(lines) == 0 {
		return nil
	}
	ref, err := c.s.put(ctx, c.tenant, run, "log", lines)
	if err != nil {
		c.s.cfg.Logger.Warn("a part of the run's log could not be stored", "tenant", c.tenant, "run", run, "error", err)
		return nil
	}
	return ref
}

// keepLog stores the lines of a session that lets go of a run before its end.
func (c *holding) keepLog(ctx context.Context) {
	if cur := c.now(); !cur.rec.Status.Active() || c.lines.Empty(cur.runID()) {
		return
	}
	ref := c.flush(ctx)
	if ref == nil {
		return
	}
	err := c.commit(ctx, func(t *draft) error {
		if t.run() != ref.Run {
			return errNoChange
		}
		t.logEntry(ref)
		return nil
	})
	if err != nil && !errors.Is(err, failure.ErrLeaseLost) && !errors.Is(err, failure.ErrInterrupted) {
		c.s.cfg.Logger.Warn("a part of the run's log could not be stored", "tenant", c.tenant, "run", ref.Run, "error", err)
	}
}

// logEntry adds the reference to a stored chunk of log.
func (t *draft) logEntry(ref *state.BlobRef) {
	if ref != nil {
		t.entry(EntryLog, EntryData{Log: ref})
	}
}

// Logs returns a run's log as JSON lines, as far as it is stored: whole once
// the run has ended. It returns ErrNotFound for a tenant or run that is not
// there.
//
// Each line has time, level, msg, tenant and run. The other fields depend on
// msg. The host's logger ([Config].Logger) gets the same lines, with the same
// fields. The levels are:
//
//	DEBUG  the details of attempts: a write that is about to be sent, a wait
//	       between two reads. Only the host's logger gets these lines.
//	INFO   the story: the run and its phases begin and end, a person is asked to
//	       sign in and has signed in, permissions are granted, a plan is made,
//	       people vote and decide, pause and cancel, an item is applied.
//	WARN   something is degraded or will be retried: a failed attempt and the
//	       pause after it, missing permissions, an item that was not attempted or
//	       was left alone, a run that ends partially successful.
//	ERROR  the run has failed or has timed out, or a person must look at the
//	       tenant: an item has failed, or its outcome is unknown.
//
// The line of a time-out says what the run waited for. A decision that was made
// in another process is in the log of the worker that goes on with the run. No
// line has a secret, or a code to sign in with.
func (s *Syncer) Logs(ctx context.Context, ref RunRef) ([]byte, error) {
	tenantName := ref.Tenant
	run, cur, err := s.runOrLast(ctx, ref)
	if err != nil {
		return nil, err
	}
	if run != cur.runID() {
		page, err := s.History(ctx, HistoryRequest{Tenant: tenantName, Run: run, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(page.Items) == 0 {
			return nil, fmt.Errorf("%w: %s has had no run %s", ErrNotFound, tenantName, run)
		}
	}
	var out bytes.Buffer
	for e, err := range s.entries(ctx, tenantName, run, EntryLog) {
		if err != nil {
			return nil, err
		}
		if e.Log == nil {
			continue
		}
		chunk, err := s.get(ctx, *e.Log)
		if err != nil {
			return nil, fmt.Errorf("syncer: %s: logs of run %s: %w", tenantName, run, pruned(err))
		}
		out.Write(chunk)
	}
	return out.Bytes(), nil
}
