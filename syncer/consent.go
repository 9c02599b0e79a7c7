package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// consent is what a look at the permissions showed.
type consent struct {
	missing []MissingPermission
	url     string
	// unreadable and unwritable are the kinds that lack a permission, with its
	// names; left are those that an optional one leaves out of scope.
	unreadable map[string][]string
	unwritable map[string][]string
	left       map[string]bool
}

// checkConsent compares required with granted permissions: of all kinds in
// scope, whatever a run's targets are, so that no run makes a missing one
// forgotten. A client that leads to another directory than the credentials do
// is an error.
func (c *session) checkConsent(ctx context.Context, client tenant.Client, kinds []tenant.Kind, id auth.Identity, set Settings) (consent, error) {
	out := consent{unreadable: map[string][]string{}, unwritable: map[string][]string{}, left: map[string]bool{}}
	p, err := client.Permissions(ctx, tenant.PermissionsRequest{Kinds: reading.InScope(kinds, set.Scopes, nil), Write: c.now().d.needsWrite()})
	if err != nil {
		return out, err
	}
	if p.Directory != "" && !strings.EqualFold(p.Directory, id.Directory) {
		return out, failure.New(ClassWrongTenant, "the tenant that answers for %s is directory %s, and the credentials are for directory %s: correct the connection",
			c.tenant, p.Directory, id.Directory)
	}
	out.url = p.ConsentURL
	for _, need := range p.Required {
		if slices.ContainsFunc(need.AnyOf, func(name string) bool { return slices.Contains(p.Granted, name) }) {
			continue
		}
		if need.Optional {
			for _, k := range need.Kinds {
				out.left[k] = out.left[k] || !need.Write
			}
			if !need.Write {
				continue
			}
		}
		names := need.AnyOf[:min(1, len(need.AnyOf))]
		for _, k := range need.Kinds {
			if need.Write {
				out.unwritable[k] = append(out.unwritable[k], names...)
			} else {
				out.unreadable[k] = append(out.unreadable[k], names...)
			}
		}
		if !need.Optional {
			out.missing = append(out.missing, MissingPermission{AnyOf: need.AnyOf, Kinds: need.Kinds, Write: need.Write})
		}
	}
	return out, nil
}

// consentNeeded ends a run that cannot even connect before an administrator has
// consented to the application.
func (c *session) consentNeeded(ctx context.Context, info *ErrorInfo) error {
	if c.now().rec.Status == state.PendingAuthentication { // the person was there, and could not give it
		if err := c.signedIn(ctx); err != nil {
			return err
		}
	}
	return c.finish(ctx, ending{stop: stopConsent, reason: string(info.Class), err: info})
}

// needsWrite reports whether permissions to write count: when the tenant's run
// writes, and while one is known to be missing.
func (d *data) needsWrite() bool {
	return d.Run == nil || d.Run.Options.Mode == Full ||
		slices.ContainsFunc(d.Missing, func(m MissingPermission) bool { return m.Write })
}

// unwritableKinds says of each kind that may be read and not written why not, so
// that the plan says it instead of failing later.
func (g consent) unwritableKinds() map[string]string {
	reasons := map[string]string{}
	for kind, names := range g.unwritable {
		if len(names) > 0 {
			reasons[kind] = fmt.Sprintf("the permission %s is not granted", joinActors(names))
		}
	}
	return reasons
}

// recheck looks at a resting tenant's permissions and moves it to or from
// Pending admin consent. It asks nobody to sign in. Its one commit also makes the
// tenant due for the next look.
func (c *session) recheck(ctx context.Context) error {
	c.fresh = true // a token from before the grant does not show it
	found, err := c.lookAtConsent(ctx)
	if err != nil {
		if context.Cause(ctx) != nil {
			return context.Cause(ctx)
		}
		signIn := auth.ClassOf(err) == auth.SignInNeeded || tenant.ClassOf(err) == tenant.Unauthenticated
		if signIn { // no failure: nobody is asked
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
	c.logConsent(found)
	return c.commit(ctx, func(t *draft) error {
		if t.rec.Status.Active() {
			return failure.ErrInterrupted
		}
		t.d.Missing, t.d.ConsentURL = found.missing, found.url
		switch pending := t.rec.Status == state.PendingAdminConsent; {
		case len(found.missing) > 0 && !pending:
			t.d.RestsIn = t.rec.Status
			if err := t.move(state.RequireConsent, EntryData{Missing: found.missing, Message: "a check found permissions missing"}); err != nil {
				return err
			}
		case len(found.missing) == 0 && pending:
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

func (c *session) lookAtConsent(ctx context.Context) (consent, error) {
	if err := c.expect(ctx); err != nil {
		return consent{}, err
	}
	cred, err := c.s.cfg.Authenticator.Credential(ctx, c.request(nil))
	if err != nil {
		return consent{}, fmt.Errorf("recheck: %w", err)
	}
	id := cred.Identity()
	if err := c.checkDirectory(id); err != nil {
		return consent{}, err
	}
	client, err := c.s.cfg.Connector.Connect(ctx, ConnectRequest{Tenant: c.tenant, Credential: cred})
	if err != nil {
		return consent{}, fmt.Errorf("recheck: connect: %w", err)
	}
	kinds, err := client.Kinds(ctx)
	if err != nil {
		return consent{}, fmt.Errorf("recheck: kinds: %w", err)
	}
	set, err := c.s.settings(ctx, c.tenant, id.Directory)
	if err != nil {
		return consent{}, err
	}
	found, err := c.checkConsent(ctx, client, kinds, id, set)
	if err != nil {
		return consent{}, fmt.Errorf("recheck: permissions: %w", err)
	}
	return found, nil
}

// Recheck looks at the tenant's permissions now: a tenant at rest moves to
// Pending admin consent when a required one is missing, and out of it when
// all are granted. Nobody is asked to sign in. It returns ErrActive while a
// run is under way (which checks by itself), ErrBusy while another worker
// holds the tenant, and ErrNotFound for one that was never started.
func (s *Syncer) Recheck(ctx context.Context, req RecheckRequest) (Row, error) {
	tenantName := req.Tenant
	if err := s.permit(ctx, req.Actor, ActRecheck, tenantName); err != nil {
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
		err = nil // started meanwhile: the run checks by itself
	}
	return rowOf(c.now()), err
}
