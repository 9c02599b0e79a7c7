package simulation

import (
	"context"
	"log/slog"
)

// slowLog is a log handler that delays some goroutines of one engine. Without
// the delay they would be ready at one time and compete: items of a wave that
// are skipped together compete for the journal, and a session whose person has
// signed in competes for a free place with the loop that claims tenants.
type slowLog struct {
	slog.Handler
	gate    *gate
	tenants *roster
	tenant  string
}

// WithAttrs returns a handler that knows the tenant in attrs.
func (h slowLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "tenant" {
			h.tenant = a.Value.String()
		}
	}
	return h
}

// WithGroup ignores the group.
func (h slowLog) WithGroup(string) slog.Handler { return h }

// Enabled returns true, so that Handle sees every line.
func (h slowLog) Enabled(context.Context, slog.Level) bool { return true }

// Handle delays the lines that need it.
func (h slowLog) Handle(ctx context.Context, r slog.Record) error {
	item := ""
	switch r.Message {
	case "signed in":
		item = r.Message
	case "item not applied", "a write's outcome is unknown; reading the tenant":
	default:
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "item" {
			item = a.Value.String()
		}
		return item == ""
	})
	if item == "" || h.tenant == "" {
		return nil
	}
	_, err := through(ctx, h.gate, h.tenants.of(h.tenant).call(opLog).about(item), func(context.Context) (struct{}, error) {
		return struct{}{}, nil
	})
	return err
}
