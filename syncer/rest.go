package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// recheck looks at the permissions of a tenant at rest and moves it to or from
// Pending admin consent. It does not ask a person to sign in. Its one commit also
// makes the tenant due for the next look.
func (c *connection) recheck(ctx context.Context) error {
	c.fresh = true // a token from before the grant does not show it
	found, err := c.lookAtConsent(ctx)
	if err != nil {
		if context.Cause(ctx) != nil {
			return context.Cause(ctx)
		}
		signIn := auth.ClassOf(err) == auth.SignInNeeded || tenant.ClassOf(err) == tenant.Unauthenticated
		if signIn { // no failure: a look does not ask a person to sign in
			c.log.Info("the permissions were not looked at, since somebody would have to sign in", "error", err)
		} else {
			c.log.Warn("the permissions could not be checked", "error", err)
		}
		cerr := c.commit(ctx, func(t *draft) error {
			if t.rec.Status.Active() {
				return failure.ErrInterrupted
			}
			if signIn {
				t.d.LooksFailed = 0
			} else {
				t.d.LooksFailed++
			}
			t.lookLater(c.restingSettings(), t.rec.Status)
			return nil
		})
		return errors.Join(err, cerr)
	}
	missing := missingOf(found)
	c.logConsent(missing)
	return c.commit(ctx, func(t *draft) error {
		if t.rec.Status.Active() {
			return failure.ErrInterrupted
		}
		t.d.Missing, t.d.ConsentURL = missing, found.ConsentURL
		switch pending := t.rec.Status == state.PendingAdminConsent; {
		case len(missing) > 0 && !pending:
			t.d.RestsIn = t.rec.Status
			if err := t.move(state.RequireConsent, EntryData{Missing: missing, Message: "a check found permissions missing"}); err != nil {
				return err
			}
		case len(missing) == 0 && pending:
			ev, ok := state.ClearTo(t.d.RestsIn)
			if !ok {
				ev = state.ClearNotRun
			}
			if err := t.move(ev, EntryData{Message: "the missing permissions are granted"}); err != nil {
				return err
			}
			t.d.RestsIn = ""
		}
		t.d.LooksFailed = 0
		t.lookLater(c.restingSettings(), t.rec.Status)
		return nil
	})
}

func (c *connection) lookAtConsent(ctx context.Context) (reading.Permissions, error) {
	if err := c.expect(ctx); err != nil {
		return reading.Permissions{}, err
	}
	cred, err := c.cfg.Authenticator.Credential(ctx, c.request(nil))
	if err != nil {
		return reading.Permissions{}, fmt.Errorf("recheck: %w", err)
	}
	id := cred.Identity()
	if err := c.checkDirectory(id); err != nil {
		return reading.Permissions{}, err
	}
	client, err := c.cfg.Connector.Connect(ctx, ConnectRequest{Tenant: c.tenant, Credential: cred})
	if err != nil {
		return reading.Permissions{}, fmt.Errorf("recheck: connect: %w", err)
	}
	kinds, err := client.Kinds(ctx)
	if err != nil {
		return reading.Permissions{}, fmt.Errorf("recheck: kinds: %w", err)
	}
	set, err := c.cfg.settings(ctx, c.tenant, id.Directory)
	if err != nil {
		return reading.Permissions{}, err
	}
	found, err := c.lookAt(ctx, client, kinds, id, set)
	if err != nil {
		return reading.Permissions{}, fmt.Errorf("recheck: permissions: %w", err)
	}
	return found, nil
}

// Recheck looks at the tenant's permissions now. A tenant at rest moves to Pending
// admin consent when a required permission is missing, and out of it when all are
// granted. Recheck does not ask a person to sign in.
//
// Recheck returns ErrNoActor, ErrInvalid, an [*ActiveError] while a run is under way
// (a run looks at the permissions itself), ErrBusy while another worker holds the
// tenant, ErrNotFound for a tenant that was never started, ErrNewerFormat, and the
// errors of Authorize and of the store. If the permissions cannot be looked at, it
// returns the error of the look: of SettingsFor, of the sign-in or of the tenant.
func (s *Syncer) Recheck(ctx context.Context, req RecheckRequest) (Row, error) {
	tenantName := req.Tenant
	if err := s.cfg.permit(ctx, req.Actor, ActRecheck, tenantName); err != nil {
		return Row{}, err
	}
	cur, err := s.load(ctx, tenantName)
	if err != nil {
		return Row{}, err
	}
	if cur.rec.Status.Active() {
		return Row{}, &ActiveError{RunRef: RunRef{Tenant: tenantName, Run: cur.runID()}, Status: cur.rec.Status}
	}
	hold, err := s.leases().Acquire(ctx, tenantName)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return Row{}, fmt.Errorf("%w: %s was never started", ErrNotFound, tenantName)
	case errors.Is(err, state.ErrLeased):
		return Row{}, fmt.Errorf("%w: %s", ErrBusy, tenantName)
	case err != nil:
		return Row{}, fmt.Errorf("syncer: %s: acquire lease: %w", tenantName, err)
	}
	c, err := s.open(hold)
	if err != nil {
		s.leave(ctx, hold, min(s.cfg.LeaseDuration, s.cfg.PollInterval))
		return Row{}, err
	}
	defer c.close(ctx)
	err = c.recheck(ctx)
	if errors.Is(err, failure.ErrInterrupted) {
		err = nil // a run was started, and looks at the permissions itself
	}
	return rowOf(c.now()), err
}

// rest looks at the permissions of a tenant at rest if the look is due, and returns the
// time until the next one.
func (c *connection) rest(ctx context.Context) (*Next, error) {
	cur := c.now()
	if !cur.rec.WakeAt.IsZero() && !cur.rec.WakeAt.After(cur.storeTime()) {
		// A look that fails does not fail a run.
		err := c.safely("recheck", func() error { return c.lookAtRest(ctx) })()
		if err != nil && failure.Dispose(ctx, err).How.LeavesRun() {
			return nil, err
		}
		cur = c.now()
	}
	switch {
	case cur.rec.Status.Active():
		return nil, nil // a run was started
	case cur.rec.WakeAt.IsZero():
		return &Next{}, nil
	}
	return &Next{In: max(time.Millisecond, cur.rec.WakeAt.Sub(cur.storeTime()))}, nil
}

// lookAtRest looks at the permissions of a resting tenant that is due, unless its
// settings have switched the looks off.
func (c *connection) lookAtRest(ctx context.Context) error {
	set, err := c.cfg.settings(ctx, c.tenant, "")
	if err == nil && set.lookInterval(c.tenant, c.now().rec.Status) <= 0 {
		return c.commit(ctx, func(t *draft) error {
			if !t.rec.Status.Resting() {
				return failure.ErrInterrupted
			}
			t.rec.WakeAt = time.Time{}
			return nil
		})
	}
	return c.recheck(ctx) // which says, too, that the settings cannot be read
}
