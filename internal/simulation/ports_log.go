package simulation

import (
	"context"
	"log/slog"
)

// slowLog is a log that takes time where goroutines of one engine would else be
// ready at one time and ask for the same thing: items of a wave that are skipped
// together, for the journal; and a session whose person has signed in, for a
// place, together with the loop that claims tenants.
type slowLog struct {
	slog.Handler
	gate    *gate
	tenants *roster
	tenant  string
}

// WithAttrs remembers the tenant.
func (h slowLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "tenant" {
			h.tenant = a.Value.String()
		}
	}
	return h
}

// WithGroup is of no use here.
func (h slowLog) WithGroup(string) slog.Handler { return h }

// Enabled takes everything.
func (h slowLog) Enabled(context.Context, slog.Level) bool { return true }

// Handle takes its time.
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
