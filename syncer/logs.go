package syncer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/state"
)

// logBuffer collects the log of one run as JSON lines until they are stored.
type logBuffer struct {
	mu  sync.Mutex
	run string
	buf bytes.Buffer
}

// handle writes a line of a run by h, which writes to the buffer. The first line
// of another run drops the lines of the one before: that run has ended, and its
// last commit has stored its log.
func (b *logBuffer) handle(ctx context.Context, h slog.Handler, run string, line slog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.run != run {
		b.run = run
		b.buf.Reset()
	}
	return h.Handle(ctx, line)
}

// take returns the lines of a run and begins anew.
func (b *logBuffer) take(run string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.run != run {
		return nil
	}
	out := bytes.Clone(b.buf.Bytes())
	b.buf.Reset()
	return out
}

// empty reports whether no line of a run waits to be stored.
func (b *logBuffer) empty(run string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.run != run || b.buf.Len() == 0
}

// logger returns a logger that writes to the host's and to b. Every line has the
// tenant and the run, as run returns it at the time of the line.
func (b *logBuffer) logger(host *slog.Logger, tenantName string, run func() string) *slog.Logger {
	return slog.New(lineHandler{lines: b, run: run, host: host.Handler(), kept: boundedHandler{slog.NewJSONHandler(&b.buf, nil)}}).
		With("tenant", tenantName)
}

// lineHandler writes the lines of a session to the host's logger and to the log
// of the run that the tenant is in. A session can see more than one run.
type lineHandler struct {
	lines      *logBuffer
	run        func() string
	host, kept slog.Handler
}

// Enabled reports whether either of them takes the level.
func (h lineHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.host.Enabled(ctx, level) || h.kept.Enabled(ctx, level)
}

// Handle adds the run to the line.
func (h lineHandler) Handle(ctx context.Context, r slog.Record) error {
	run := h.run()
	line := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	line.AddAttrs(slog.String("run", run))
	r.Attrs(func(a slog.Attr) bool {
		line.AddAttrs(a)
		return true
	})
	var errs [2]error
	if h.host.Enabled(ctx, r.Level) {
		errs[0] = h.host.Handle(ctx, line.Clone())
	}
	if h.kept.Enabled(ctx, r.Level) {
		errs[1] = h.lines.handle(ctx, h.kept, run, line)
	}
	return errors.Join(errs[:]...)
}

// WithAttrs adds attributes to the lines of both.
func (h lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.host, h.kept = h.host.WithAttrs(attrs), h.kept.WithAttrs(attrs)
	return h
}

// WithGroup begins a group in the lines of both.
func (h lineHandler) WithGroup(name string) slog.Handler {
	h.host, h.kept = h.host.WithGroup(name), h.kept.WithGroup(name)
	return h
}

// flush stores the lines so far and returns the entry that refers to them.
// Lines that cannot be stored are lost to the run, not to the host's logger.
func (c *holding) flush(ctx context.Context) *state.BlobRef {
	ctx, cancel := c.detach(ctx)
	defer cancel()
	run := c.now().runID()
	lines := c.lines.take(run)
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
	if cur := c.now(); !cur.rec.Status.Active() || c.lines.empty(cur.runID()) {
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
