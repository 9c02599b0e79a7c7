package syncer

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/internal/repo"
)

// repository is the tenant's part of the repository.
func (c *session) repository() repo.Lines {
	l := c.s.lines(c.tenant)
	l.Kinds, l.Safely = c.kinds, c.safely
	return l
}

// base reads what both sides last agreed on; nil before the first sync.
func (c *session) base(ctx context.Context) (*diff.Base, error) {
	return c.s.base(ctx, c.now().d.Base)
}

// settings are the tenant's, for the directory that is connected.
func (c *session) settings(ctx context.Context) (Settings, error) {
	return c.cfg.settings(ctx, c.tenant, c.identity.Directory)
}

// comparing returns a comparison by a tenant's settings, with the base and
// without the other sides.
func (c *session) comparing(ctx context.Context, set Settings) (diff.Input, error) {
	base, err := c.base(ctx)
	return diff.Input{Tenant: c.tenant, Kinds: c.kinds, Scopes: set.Scopes, Variables: set.Variables, Rules: set.Rules, Base: base,
		Now: c.now().storeTime(), Keys: c.cfg.keys(c.tenant)}, err
}

// readTenant reads everything in scope into the tenant's side of a comparison.
// found is what the look at the permissions has shown, if the phase had one.
func (c *session) readTenant(ctx context.Context, in diff.Input, found reading.Permissions) (*diff.Comparison, error) {
	in.Current.Taken = c.now().storeTime()
	return reading.Tenant(ctx, reading.Request{Input: in, Act: string(c.phase()), Client: c.client, Concurrency: c.cfg.ReadConcurrency,
		Log: c.log, Unreadable: found.Unreadable, Left: found.Left, Port: readingPort{c}})
}

// readingPort is the engine's side of package reading.
type readingPort struct{ c *session }

var _ reading.Port = readingPort{}

// Failed says whether an error of the tenant's is about the credentials.
func (p readingPort) Failed(act string, err error) error { return failure.OfCall(act, err) }

// Safely returns f with its panics as errors of the run.
func (p readingPort) Safely(act string, f func() error) func() error { return p.c.safely(act, f) }

// Progress tells the observer how far the phase is. It is stored with the next
// commit of the run.
func (p readingPort) Progress(ctx context.Context, done, total int) {
	cur := p.c.now()
	p.c.s.observe(ctx, Event{Type: ProgressMade, RunRef: RunRef{Tenant: p.c.tenant, Run: cur.runID()}, Time: cur.storeTime(),
		Progress: Progress{Phase: p.c.phase(), Done: done, Total: total}})
}
