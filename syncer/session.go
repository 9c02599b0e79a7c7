package syncer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// session is one process's hold on one tenant: from getting the lease to
// letting go of it.
type session struct {
	s      *Syncer
	tenant string
	fence  int64
	log    *slog.Logger
	lines  *logBuffer
	// nudged asks to look at the record before the next renewal is due.
	nudged chan struct{}
	// place is given up while a person is waited for.
	place *place

	committing sync.Mutex // one commit at a time

	walk walk
	// failedIn is the phase that the last error came from.
	failedIn Phase

	mu         sync.Mutex
	cur        loaded
	leaseUntil leaseEnd
	interrupt  context.CancelCauseFunc

	// client is made by connect, and again after a sign-in; fresh asks for new
	// tokens because the tenant refused the ones at hand.
	client   tenant.Client
	fresh    bool
	attempt  auth.SignIn // shown, and to be waited for
	identity *auth.Identity
	set      Settings // as last read: when connecting, and before a plan is made
	proven   bool     // the tenant has answered as that identity's directory
	kinds    *schema.Kinds
}

// open makes a session of a lease that was just acquired; asked is when.
func (s *Syncer) open(lease state.Lease, asked time.Time) (*session, error) {
	cur, err := newLoaded(lease.Record, lease.Now)
	if err != nil {
		return nil, err
	}
	c := &session{
		s: s, tenant: lease.Record.Tenant, fence: lease.Record.Fence,
		lines: new(logBuffer), nudged: make(chan struct{}, 1),
		cur: cur, leaseUntil: endOfLease(asked, s.cfg.LeaseDuration),
	}
	c.log = c.lines.logger(s.cfg.Logger).With("tenant", c.tenant)
	s.mu.Lock()
	s.sessions[c.tenant] = c
	s.mu.Unlock()
	return c, nil
}

// detachTenant ends the session for this process; the lease stays.
func (c *session) detachTenant() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.sessions[c.tenant] == c {
		delete(c.s.sessions, c.tenant)
	}
}

// forgo lets go of a tenant that only a newer version can go on with. Nothing
// is stored, not even the log. It takes some work to find out, so this process
// is not to try again soon.
func (c *session) forgo(ctx context.Context) {
	c.detachTenant()
	ctx, cancel := c.detach(ctx)
	defer cancel()
	c.s.leave(ctx, state.Lease{Record: state.Record{Tenant: c.tenant, Fence: c.fence}}, c.s.cfg.LeaseDuration)
}

// close lets go of the tenant. A lease that was lost is not ours to release.
func (c *session) close(ctx context.Context) {
	c.detachTenant()
	ctx, cancel := c.detach(ctx)
	defer cancel()
	c.keepLog(ctx)
	_, err := retry.Do(ctx, c.s.cfg.MaxAttempts, storageTransient, func() (struct{}, error) {
		return struct{}{}, c.s.cfg.Store.Release(ctx, state.ReleaseRequest{Tenant: c.tenant, Fence: c.fence})
	})
	if err != nil && !errors.Is(err, state.ErrLeaseLost) && !errors.Is(err, state.ErrNotFound) { // a removed tenant has none
		c.log.Warn("the lease could not be released; it will run out", "error", err)
	}
}

// detach returns a context for what must be finished even while the worker
// shuts down: bounded by the length of a lease.
func (c *session) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), c.s.cfg.LeaseDuration)
}

// nudge asks the keeper to look at the record now.
func (c *session) nudge() {
	select {
	case c.nudged <- struct{}{}:
	default:
	}
}

// now returns the record as last seen.
func (c *session) now() loaded {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cur
}

// run returns the run as last seen. It must not be changed.
func (c *session) run() *run { return c.now().d.Run }

// update takes over a newer record.
func (c *session) update(l loaded) (before loaded, newer bool) {
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
func (c *session) commit(ctx context.Context, change func(*draft) error) error {
	c.committing.Lock()
	defer c.committing.Unlock()
	ctx, cancel := c.detach(ctx)
	defer cancel()
	from := c.now()
	runID, noted := from.runID(), c.noted()
	after, err := c.s.commit(ctx, from, c.fence, c, func(t *draft) error {
		if t.run() != runID {
			return errInterrupted // superseded
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

// keep renews the lease at a third of its length, and looks when it is nudged,
// until ctx ends. lost is called when the lease is.
func (c *session) keep(ctx context.Context, lost context.CancelCauseFunc) {
	tick := time.NewTicker(c.s.cfg.LeaseDuration / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-c.nudged:
		}
		if err := c.renew(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			if errors.Is(err, errLeaseLost) {
				lost(errLeaseLost)
				return
			}
			c.log.Warn("the lease could not be renewed; trying again", "error", err)
		}
	}
}

// renew renews the lease and notices what others have committed.
func (c *session) renew(ctx context.Context) error {
	asked := time.Now()
	lease, err := c.s.cfg.Store.Renew(ctx, state.RenewRequest{Tenant: c.tenant, Fence: c.fence, For: c.s.cfg.LeaseDuration})
	if errors.Is(err, state.ErrLeaseLost) || errors.Is(err, state.ErrNotFound) {
		return errLeaseLost
	}
	if err != nil {
		if c.leaseLeft() <= 0 {
			return errLeaseLost
		}
		return err
	}
	c.mu.Lock()
	c.leaseUntil = endOfLease(asked, c.s.cfg.LeaseDuration)
	c.mu.Unlock()
	fresh, err := newLoaded(lease.Record, lease.Now)
	if err != nil {
		return errLeaseLost // a newer version has taken over
	}
	c.notice(fresh)
	return nil
}

// notice takes over a record and interrupts what is under way when somebody
// asked for something that it has to look at.
func (c *session) notice(l loaded) {
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
			interrupt(errInterrupted)
		}
	}
}

// leaseLeft is how long the lease is sure to last.
func (c *session) leaseLeft() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaseUntil.left(time.Now())
}

// leaseEnd is this process's time until which a lease is sure, by both of its
// clocks: the monotonic one stands still while a machine sleeps, and the wall
// clock may be set back.
type leaseEnd struct{ monotonic, wall time.Time }

func endOfLease(asked time.Time, length time.Duration) leaseEnd {
	until := asked.Add(length)
	return leaseEnd{monotonic: until, wall: until.Round(0)} // Round strips the monotonic reading
}

// left is how long the lease lasts by the clock that says less.
func (e leaseEnd) left(now time.Time) time.Duration {
	return min(e.monotonic.Sub(now), e.wall.Sub(now))
}

// holdForWrite makes sure that the lease outlasts a write that begins now: a
// fence in the store does not reach the tenant.
func (c *session) holdForWrite(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for range 2 {
		if c.leaseLeft() > c.s.cfg.WriteTimeout {
			return nil
		}
		if err := c.renew(ctx); err != nil {
			if errors.Is(err, errLeaseLost) {
				return err
			}
			return &storeError{fmt.Errorf("syncer: %s: renew lease before a write: %w", c.tenant, err)}
		}
	}
	return errLeaseLost
}

// put stores a blob of the current run.
func (c *session) put(ctx context.Context, kind string, data []byte) (*state.BlobRef, error) {
	return c.s.put(ctx, c.tenant, c.run().ID, kind, data)
}

// put stores a blob; before the commit that refers to it.
func (s *Syncer) put(ctx context.Context, tenantName, run, kind string, data []byte) (*state.BlobRef, error) {
	ref, err := retry.Do(ctx, s.cfg.MaxAttempts, storageTransient, func() (state.BlobRef, error) {
		ref, err := s.cfg.Store.Put(ctx, state.PutRequest{Tenant: tenantName, Run: run, Kind: kind, Data: data})
		if errors.Is(err, state.ErrUnknown) { // putting it again is harmless
			err = fmt.Errorf("outcome unknown: %s", err.Error())
		}
		return ref, err
	})
	if err != nil {
		return nil, &storeError{fmt.Errorf("syncer: %s: store %s: %w", tenantName, kind, err)}
	}
	return &ref, nil
}

// get reads a blob. One that is gone is no passing failure of the storage, but
// ends the run that needs it.
func (s *Syncer) get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	data, err := retry.Do(ctx, s.cfg.MaxAttempts, storageTransient, func() ([]byte, error) { return s.cfg.Store.Get(ctx, ref) })
	if errors.Is(err, state.ErrNotFound) {
		return nil, failure(classStorage, "syncer: %s: the %s of run %s is gone from the store: %w", ref.Tenant, ref.Kind, ref.Run, err)
	}
	if err != nil {
		return nil, &storeError{fmt.Errorf("syncer: %s: read %s of run %s: %w", ref.Tenant, ref.Kind, ref.Run, err)}
	}
	return data, nil
}
