package syncer

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/reading"
)

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
func (p readingPort) Failed(act string, err error) error { return p.c.passing(act, err) }

// Safely returns f with its panics as errors of the run.
func (p readingPort) Safely(act string, f func() error) func() error { return p.c.safely(act, f) }

// Progress tells the observer how far the phase is. It is stored with the next
// commit of the run.
func (p readingPort) Progress(ctx context.Context, done, total int) {
	cur := p.c.now()
	p.c.s.observe(ctx, Event{Type: ProgressMade, RunRef: RunRef{Tenant: p.c.tenant, Run: cur.runID()}, Time: cur.storeTime(),
		Progress: Progress{Phase: p.c.phase(), Done: done, Total: total}})
}
