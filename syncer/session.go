package syncer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/internal/runlog"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/slot"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// holding is one process's hold on one tenant, from getting the lease to
// releasing it: the record as last seen, and all that is stored under the lease.
// It is safe for concurrent use, but the loop alone changes walk.
type holding struct {
	s      *records
	tenant string
	hold   *lease.Hold
	log    *slog.Logger
	lines  *runlog.Buffer

	committing sync.Mutex // one commit at a time

	walk walk
	// failedIn is the phase that the last error came from.
	failedIn Phase
	// decided is the run whose decision this session has logged.
	decided string
	// identity is who is signed in, which each commit stores, and proven says that
	// the tenant has answered as that identity's directory.
	identity *auth.Identity
	proven   bool

	mu        sync.Mutex
	cur       loaded
	interrupt context.CancelCauseFunc
	// timeUp reports whether the run's time ended during the present step, and
	// unfinished are the acts that were under way then.
	timeUp     func() bool
	unfinished []string
}

// session is the work on one tenant under a hold.
type session struct {
	*holding
	// slot is released while the tenant waits for a person.
	slot *slot.Slot
	// client is made by connect, and again after a sign-in; fresh asks for new
	// tokens because the tenant refused the ones at hand.
	client  tenant.Client
	fresh   bool
	attempt auth.SignIn // shown, and to be waited for
	// cancelled is the run whose cancellation this session has logged.
	cancelled string
	set       Settings // as last read: when connecting, and before a plan is made
	kinds     *schema.Kinds
}

// open makes a session of a lease that was just acquired.
func (s *Syncer) open(hold *lease.Hold) (*session, error) {
	got := hold.Acquired()
	cur, err := newLoaded(got.Record, got.Now)
	if err != nil {
		return nil, err
	}
	c := &session{holding: &holding{s: s.records, tenant: hold.Tenant(), hold: hold, lines: new(runlog.Buffer), cur: cur}}
	hold.Watch(c.renewed)
	c.log = c.lines.Logger(s.cfg.Logger, c.tenant, func() string { return c.now().runID() })
	s.holds(hold)
	return c, nil
}

// detachTenant ends the session for this process; the lease stays.
func (c *holding) detachTenant() {
	c.s.release(c.hold)
}

// forgo lets go of a tenant that only a newer version can go on with. Nothing
// is stored, not even the log. It takes some work to find out, so this process
// is not to try again soon.
func (c *holding) forgo(ctx context.Context) {
	c.detachTenant()
	ctx, cancel := c.detach(ctx)
	defer cancel()
	c.s.leave(ctx, c.hold, c.s.cfg.LeaseDuration)
}

// close ends the session and releases the tenant.
func (c *holding) close(ctx context.Context) {
	c.detachTenant()
	ctx, cancel := c.detach(ctx)
	defer cancel()
	c.keepLog(ctx)
	if err := c.hold.Release(ctx); err != nil {
		c.log.Warn("the lease could not be released; it will run out", "error", err)
	}
}

// detach returns a context for what must be finished even while the worker
// shuts down: bounded by the length of a lease.
func (c *holding) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), c.s.cfg.LeaseDuration)
}

// now returns the record as last seen.
func (c *holding) now() loaded {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cur
}

// run returns the run as last seen. It must not be changed.
func (c *holding) run() *run { return c.now().d.Run }

// update takes over a newer record.
func (c *holding) update(l loaded) (before loaded, newer bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before = c.cur
	if l.rec.Version < before.rec.Version {
		return before, false
	}
	c.cur = l
	return before, l.rec.Version > before.rec.Version
}

// commit makes a change under the lease. It is finished even while the worker
// shuts down, so that what was done is recorded.
func (c *holding) commit(ctx context.Context, change func(*draft) error) error {
	c.committing.Lock()
	defer c.committing.Unlock()
	ctx, cancel := c.detach(ctx)
	defer cancel()
	from := c.now()
	runID, noted := from.runID(), c.noted()
	after, err := c.s.commit(ctx, from, c.hold.Fence(), c.hold, func(t *draft) error {
		if t.run() != runID {
			return failure.ErrInterrupted // superseded
		}
		if t.d.Run != nil {
			t.d.Run.Stalled = nil
		}
		for _, e := range noted {
			t.enter(e)
		}
		if err := change(t); err != nil {
			return err
		}
		return t.identify(c.identity, c.proven)
	})
	if err == nil {
		c.mu.Lock()
		c.walk.noted = c.walk.noted[len(noted):]
		c.mu.Unlock()
	}
	if err == nil || after.rec.Version > from.rec.Version {
		c.notice(after)
	}
	if errors.Is(err, errNoChange) {
		return nil
	}
	return err
}

// renewed notices what others have committed, and reports whether this version
// of the library can read it.
func (c *holding) renewed(got state.Lease) bool {
	fresh, err := newLoaded(got.Record, got.Now)
	if err != nil {
		return false
	}
	c.notice(fresh)
	return true
}

// notice takes over a record and interrupts what is under way when somebody
// asked for something that it has to look at.
func (c *holding) notice(l loaded) {
	before, newer := c.update(l)
	if !newer || before.d.Run == nil || l.d.Run == nil {
		return
	}
	switch {
	case before.d.Run.ID != l.d.Run.ID,
		before.d.Run.Cancel == nil && l.d.Run.Cancel != nil,
		len(before.d.Paused) == 0 && len(l.d.Paused) > 0 && l.rec.Status == state.InProgress,
		before.d.Run.Decision == nil && l.d.Run.Decision != nil:
		c.mu.Lock()
		interrupt := c.interrupt
		c.mu.Unlock()
		if interrupt != nil {
			interrupt(failure.ErrInterrupted)
		}
	}
}

// holdForWrite makes sure that the lease outlasts a write that begins now: a
// fence in the store does not reach the tenant.
func (c *holding) holdForWrite(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	err := c.hold.Ensure(ctx, c.s.cfg.WriteTimeout)
	if err != nil && !errors.Is(err, failure.ErrLeaseLost) {
		return &failure.Storage{Err: fmt.Errorf("syncer: %s: renew lease before a write: %w", c.tenant, err)}
	}
	return err
}

// put stores a blob of the current run.
func (c *holding) put(ctx context.Context, kind string, data []byte) (*state.BlobRef, error) {
	return c.s.put(ctx, c.tenant, c.run().ID, kind, data)
}
