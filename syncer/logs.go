package syncer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/tenantsync/tenantsync/state"
)

// logBuffer collects a run's log as JSON lines until they are stored.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends lines; slog's handlers write whole ones.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// take returns what was collected and begins anew.
func (b *logBuffer) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := bytes.Clone(b.buf.Bytes())
	b.buf.Reset()
	return out
}

func (b *logBuffer) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Len() == 0
}

// logger returns a logger that writes to the host's and to b.
func (b *logBuffer) logger(host *slog.Logger) *slog.Logger {
	return slog.New(slog.NewMultiHandler(host.Handler(), boundedHandler{slog.NewJSONHandler(b, nil)}))
}

// flush stores the lines so far and returns the entry that refers to them.
// Lines that cannot be stored are lost to the run, not to the host's logger.
func (c *holding) flush(ctx context.Context) *state.BlobRef {
	ctx, cancel := c.detach(ctx)
	defer cancel()
	lines := c.lines.take()
	if len(lines) == 0 || c.run() == nil {
		return nil
	}
	ref, err := c.put(ctx, "log", lines)
	if err != nil {
		c.s.cfg.Logger.Warn("a part of the run's log could not be stored", "tenant", c.tenant, "error", err)
		return nil
	}
	return ref
}

// keepLog stores the lines of a session that lets go of a run before its end.
func (c *holding) keepLog(ctx context.Context) {
	if c.lines.empty() || !c.now().rec.Status.Active() {
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
	if err != nil && !errors.Is(err, errLeaseLost) && !errors.Is(err, errInterrupted) {
		c.s.cfg.Logger.Warn("a part of the run's log could not be stored", "tenant", c.tenant, "error", err)
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
