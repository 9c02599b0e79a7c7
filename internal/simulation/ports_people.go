package simulation

import (
	"context"
	"log/slog"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/syncer"
)

// authPorts are one worker's connections to the sign-in.
type authPorts struct{ *ports }

var _ auth.Authenticator = authPorts{}

// Credential is part of [auth.Authenticator].
func (p authPorts) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	s := p.w.subject(req.Tenant)
	return through(ctx, p.ports, call{op: opCredential, s: s}, func(ctx context.Context) (auth.Credential, error) {
		return s.auth.Credential(ctx, req)
	})
}

// Begin is part of [auth.Authenticator]. Who answers the code is drawn here.
func (p authPorts) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	s := p.w.subject(req.Tenant)
	c := call{op: opBegin, s: s}
	return through(ctx, p.ports, c, func(ctx context.Context) (auth.SignIn, error) {
		person, how := s.whoSignsIn()
		s.auth.Expect(person)
		p.note(ctx, c, how)
		return s.auth.Begin(ctx, req)
	})
}

// slowLog is a log that takes time where goroutines of one engine would else be
// ready at one time and ask for the same thing: items of a wave that are skipped
// together, for the journal; and a session whose person has signed in, for a
// place, together with the loop that claims tenants.
type slowLog struct {
	slog.Handler
	p      *ports
	tenant string
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
	if r.Message == "signed in" {
		item = r.Message
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
	_, err := through(ctx, h.p, call{op: opLog, s: h.p.w.subject(h.tenant), detail: item}, func(context.Context) (struct{}, error) {
		return struct{}{}, nil
	})
	return err
}

// settings are a tenant's own.
func (p *ports) settings(ctx context.Context, name string) (syncer.Settings, error) {
	s := p.w.subject(name)
	return through(ctx, p, call{op: opSettings, s: s, instant: true}, func(context.Context) (syncer.Settings, error) {
		set := s.settings // in place of the engine's, whose rules are the same for all
		common := p.w.engineConfig().Settings
		set.Approval, set.RequireConsent, set.RunTimeout = common.Approval, common.RequireConsent, common.RunTimeout
		return set, nil
	})
}
