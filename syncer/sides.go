package syncer

import (
	"cmp"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
)

// repository returns the tenant's part of the repository.
func (c *connection) repository() repo.Lines {
	l := c.s.lines(c.tenant)
	l.Kinds, l.Safely = c.kinds, c.safely
	return l
}

// base reads the base, which both sides last agreed on. Its Base is nil before the
// first sync.
func (c *holding) base(ctx context.Context) (*baseline.Stored, error) {
	d := c.now().d
	if known := c.walk.base; known.Is(d.Pages) {
		return known, nil
	}
	stored, err := c.s.base(ctx, c.tenant, d)
	if err == nil {
		c.walk.base = stored
	}
	return stored, err
}

// beside calls other and decodes the base at the same time, because each takes long
// for a large tenant. A later call of base returns the base at once.
func (c *session) beside(ctx context.Context, other func() error) error {
	d := c.now().d
	if c.walk.base.Is(d.Pages) {
		return other()
	}
	decode, err := fetchBase(ctx, c.tenant, d, c.s.get)
	if err != nil {
		return err
	}
	var (
		decoding errgroup.Group
		stored   *baseline.Stored
	)
	decoding.Go(c.safely("decode the base", func() (err error) {
		stored, err = decode()
		return err
	}))
	err = other()
	if err := cmp.Or(decoding.Wait(), err); err != nil {
		return err
	}
	c.walk.base = stored
	return nil
}

// saveBase stores a base for the next commit.
func (c *holding) saveBase(ctx context.Context, base *diff.Base) (*baseline.Root, error) {
	stored, err := c.base(ctx)
	if err != nil {
		return nil, err
	}
	return stored.Save(ctx, base, func(ctx context.Context, page []byte) (*state.BlobRef, error) { return c.put(ctx, baseline.Kind, page) })
}

// settings returns the tenant's settings, for the connected directory.
func (c *connection) settings(ctx context.Context) (Settings, error) {
	return c.cfg.settings(ctx, c.tenant, c.identity.Directory)
}

// comparing returns a comparison by a tenant's settings, with the base and
// without the other sides.
func (c *connection) comparing(ctx context.Context, set Settings) (diff.Input, error) {
	base, err := c.base(ctx)
	if err != nil {
		return diff.Input{}, err
	}
	return diff.Input{Tenant: c.tenant, Kinds: c.kinds, Scopes: set.Scopes, Variables: set.Variables, Rules: set.Rules, Base: base.Base,
		Now: c.now().storeTime(), Keys: c.cfg.keys(c.tenant)}, nil
}

// readTenant reads everything in scope into the tenant's side of a comparison.
// found is the result of the look at the permissions, if the phase had one.
func (c *connection) readTenant(ctx context.Context, in diff.Input, found reading.Permissions) (*diff.Comparison, error) {
	in.Current.Taken = c.now().storeTime()
	return reading.Tenant(ctx, reading.Request{Input: in, Act: string(c.phase()), Client: c.client, Concurrency: c.cfg.ReadConcurrency,
		Log: c.log, Unreadable: found.Unreadable, Left: found.Left, Port: readingPort{c}})
}

// readingPort is the engine's side of package reading.
type readingPort struct{ c *connection }

var _ reading.Port = readingPort{}

// Failed classifies an error of the tenant's client.
func (p readingPort) Failed(act string, err error) error { return failure.OfCall(act, err) }

// Safely returns a function that calls f and turns a panic into an error of the run.
func (p readingPort) Safely(act string, f func() error) func() error { return p.c.safely(act, f) }

// Progress tells the observer how far the phase is. The lease's next renewal stores it.
func (p readingPort) Progress(ctx context.Context, done, total int) {
	cur := p.c.now()
	made := Progress{Phase: p.c.phase(), Done: done, Total: total}
	p.c.mu.Lock()
	p.c.progress = made
	p.c.mu.Unlock()
	p.c.s.observe(ctx, Event{Type: ProgressMade, RunRef: RunRef{Tenant: p.c.tenant, Run: cur.runID()}, Time: cur.storeTime(), Progress: made})
}

// base reads a tenant's base. Its Base is nil if there is none.
func (s *records) base(ctx context.Context, tenantName string, d *data) (*baseline.Stored, error) {
	decode, err := fetchBase(ctx, tenantName, d, s.get)
	if err != nil {
		return nil, err
	}
	return decode()
}

// fetchBase reads a tenant's base, and returns the function that decodes it. get reads
// a blob.
func fetchBase(ctx context.Context, tenantName string, d *data, get func(context.Context, state.BlobRef) ([]byte, error)) (decode func() (*baseline.Stored, error), err error) {
	content := func() (*baseline.Stored, error) { return baseline.Unstored(nil), nil }
	switch {
	case d.Pages != nil:
		content, err = baseline.Fetch(ctx, *d.Pages, tenantName, get)
	case d.Base != nil:
		var raw []byte
		raw, err = get(ctx, *d.Base)
		content = func() (*baseline.Stored, error) {
			base, err := diff.DecodeBase(raw)
			return baseline.Unstored(base), failure.AsNewer(err)
		}
	}
	if err != nil {
		return nil, err
	}
	return func() (*baseline.Stored, error) {
		stored, err := content()
		if err != nil {
			return nil, fmt.Errorf("backup: %w", err)
		}
		return stored, nil
	}, nil
}

// readComparison reads the summary of the backup and the plan, for the report. If the
// summary is lost, it returns an empty one with the error. For a run that has not
// stored one yet, the summary has only the adopted changes.
func (s *records) readComparison(ctx context.Context, tenantName string, r *run) (*backup.Summary, error) {
	if r.Comparison == nil {
		done, err := s.adopted(ctx, tenantName, r)
		if err != nil && !failure.Dispose(ctx, err).How.LeavesRun() {
			return new(backup.Summary), failure.New(word.ClassStorage, "run %s: what it has adopted is not known: %w", r.ID, err)
		}
		return &backup.Summary{Adopted: done.Changes}, err
	}
	raw, err := s.get(ctx, *r.Comparison)
	if err != nil {
		return new(backup.Summary), err
	}
	sum, err := backup.DecodeSummary(raw)
	switch {
	case failure.IsNewer(err):
		return new(backup.Summary), fmt.Errorf("syncer: run %s: %w", r.ID, err)
	case err != nil:
		return new(backup.Summary), failure.New(word.ClassStorage, "run %s: %w", r.ID, err)
	}
	return sum, nil
}

// adopted finds out which changes a run has adopted that was interrupted while it
// adopted them.
func (s *records) adopted(ctx context.Context, tenantName string, r *run) (backup.Adopted, error) {
	if r == nil || r.Adoption == nil {
		return backup.Adopted{}, nil
	}
	raw, err := s.get(ctx, *r.Adoption)
	if err != nil {
		return backup.Adopted{}, err
	}
	return backup.Find(ctx, s.lines(tenantName), raw)
}

// filed holds the requests for approval that wait in the tenant, and their blob.
type filed struct {
	ref      *state.BlobRef
	requests map[string]deploy.Request
}

// filedRequests reads the requests for approval that earlier runs have filed. A run can
// go on without them: the service refuses to file an open request again.
func filedRequests(ctx context.Context, c *session) (filed, error) {
	out := filed{ref: c.now().d.Requests}
	if out.ref == nil {
		return out, nil
	}
	var stored deploy.Requests
	raw, err := c.s.get(ctx, *out.ref)
	if err == nil {
		err = format.Decode("requests", raw, deploy.RequestsFormat, &stored)
	}
	if err != nil && failure.Dispose(ctx, err).How.LeavesRun() {
		return out, err
	}
	if err != nil { // it is lost
		c.log.Error("the run does not know which changes wait for approval in the tenant", "error", err)
	}
	out.requests = stored.Requests
	return out, nil
}
