// Package runlog keeps the log of a run until it is stored, beside the host's log.
package runlog

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/tenantsync/tenantsync/internal/bounds"
)

// Buffer collects the log of one run as JSON lines until they are stored.
type Buffer struct {
	mu  sync.Mutex
	run string
	buf bytes.Buffer
}

// handle writes a line of a run by h, which writes to the buffer. The first line
// of another run drops the lines of the one before: that run has ended, and its
// last commit has stored its log.
func (b *Buffer) handle(ctx context.Context, h slog.Handler, run string, line slog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.run != run {
		b.run = run
		b.buf.Reset()
	}
	return h.Handle(ctx, line)
}

// Take returns the lines of a run and begins anew.
func (b *Buffer) Take(run string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.run != run {
		return nil
	}
	out := bytes.Clone(b.buf.Bytes())
	b.buf.Reset()
	return out
}

// Empty reports whether no line of a run waits to be stored.
func (b *Buffer) Empty(run string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.run != run || b.buf.Len() == 0
}

// Logger returns a logger that writes to the host's and to b. Every line has the
// tenant and the run, as run returns it at the time of the line.
func (b *Buffer) Logger(host *slog.Logger, tenantName string, run func() string) *slog.Logger {
	return slog.New(lineHandler{lines: b, run: run, host: host.Handler(), kept: bounds.Handler{Handler: slog.NewJSONHandler(&b.buf, nil)}}).
		With("tenant", tenantName)
}

// lineHandler writes the lines of a session to the host's logger and to the log
// of the run that the tenant is in. A session can see more than one run.
type lineHandler struct {
	lines      *Buffer
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
