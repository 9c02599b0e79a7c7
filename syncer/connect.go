package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
)

// maxSignIns bounds the sign-ins of one run, so that it cannot ask without end.
const maxSignIns = 8

// request returns the authenticator's request for the tenant.
func (c *connection) request(r *run) auth.Request {
	req := auth.Request{Tenant: c.tenant, Directory: cmp.Or(c.now().d.Directory, c.set.Directory), Fresh: c.fresh}
	if r != nil && r.Prompt != nil {
		req.SignIn = r.Prompt.SignIn
	}
	return req
}

// connectPhase gets credentials and a client.
func (c *connection) connectPhase(ctx context.Context) (onward, error) {
	if err := c.connect(ctx); err != nil {
		return onward{}, err
	}
	return onward{phase: PhaseConsent}, nil
}

// connect makes the client if there is none yet. It gets credentials silently, or after
// asking a person to sign in, and connects with them.
func (c *connection) connect(ctx context.Context) error {
	if c.client != nil {
		return nil
	}
	if err := c.expect(ctx); err != nil {
		return err
	}
	cred, err := c.cfg.Authenticator.Credential(ctx, c.request(nil))
	switch class := auth.ClassOf(err); {
	case err == nil:
	case class == auth.SignInNeeded && c.run().closing() != "":
		return failure.New(auth.SignInNeeded, "the run ends without another sign-in: %w", err)
	case class == auth.SignInNeeded && !c.run().Options.Interactive:
		return failure.New(auth.SignInNeeded, "nobody is asked to sign in during an unattended run; start an interactive one: %w", err)
	case class == auth.SignInNeeded:
		req := c.request(nil)
		if e, ok := errors.AsType[*auth.Error](err); ok {
			req.SignIn = e.SignIn
		}
		if c.run().SignIns >= maxSignIns {
			return failure.New(auth.SignInNeeded, "connect: %d sign-ins were made in this run and credentials are still missing", maxSignIns)
		}
		if err := c.beginSignIn(ctx, req); err != nil {
			return err
		}
		return failure.ErrInterrupted // the wait is a separate step, outside the run's time
	case class == auth.Transient:
		return &failure.Retryable{Err: fmt.Errorf("connect: %w", err)}
	default:
		return fmt.Errorf("connect: %w", err)
	}
	id := cred.Identity()
	if err := c.checkDirectory(id); err != nil {
		return err
	}
	c.identity, c.proven = &id, false
	client, err := c.cfg.Connector.Connect(ctx, ConnectRequest{Tenant: c.tenant, Credential: cred})
	if err != nil {
		return failure.OfCall("connect", err)
	}
	kinds, err := client.Kinds(ctx)
	if err != nil {
		return failure.OfCall("connect: kinds", err)
	}
	compiled, err := schema.CompileAll(kinds)
	if err != nil {
		return fmt.Errorf("connect: kinds: %w", err)
	}
	c.client, c.kinds, c.fresh = client, compiled, false
	c.logConnected(id)
	return nil
}

// expect reads the settings. They may name the tenant's directory.
func (c *connection) expect(ctx context.Context) error {
	set, err := c.cfg.settings(ctx, c.tenant, "")
	if err != nil {
		return err
	}
	c.set = set
	return nil
}

// checkDirectory refuses credentials of another directory than that of the settings,
// or that to which the tenant is pinned.
func (c *connection) checkDirectory(id auth.Identity) error {
	pinned := c.now().d.Directory
	switch {
	case id.Directory == "":
		return failure.New(auth.WrongTenant, "connect: the credentials for %s do not tell which directory they lead to", c.tenant)
	case c.set.Directory != "" && !strings.EqualFold(id.Directory, c.set.Directory):
		return failure.New(auth.WrongTenant, "connect: signed in to directory %s, but the settings say that %s is directory %s: sign in with an account of that directory, or correct the settings",
			id.Directory, c.tenant, c.set.Directory)
	case pinned != "" && !strings.EqualFold(id.Directory, pinned):
		return failure.New(auth.WrongTenant, "connect: signed in to directory %s, but %s is directory %s: sign in with an account of that directory",
			id.Directory, c.tenant, pinned)
	}
	return nil
}

// reconnect drops the client after the tenant refused its credentials, so that
// the phase begins again with new ones, silently or by a sign-in.
func (c *connection) reconnect(ctx context.Context, cause error) error {
	c.log.Warn("the tenant refused the credentials; connecting again", "error", cause)
	return c.commit(ctx, func(t *draft) error {
		t.d.Run.Reconnects++
		return nil
	})
}

// beginSignIn asks a person to sign in; signIn then waits for it.
func (c *connection) beginSignIn(ctx context.Context, req auth.Request) error {
	attempt, err := c.cfg.Authenticator.Begin(ctx, req)
	if err != nil {
		if auth.ClassOf(err) == auth.Transient {
			return c.signInAgain(ctx, fmt.Errorf("connect: %w", err))
		}
		return fmt.Errorf("connect: %w", err)
	}
	if err := c.showPrompt(ctx, attempt.Prompt()); err != nil {
		return err
	}
	if c.now().rec.Status == state.PendingAuthentication { // it was still in time
		c.attempt = attempt
	}
	return nil
}

// signIn waits until the person has signed in, but not past the deadline that was
// stored on entering the status. The wait holds the lease and one goroutine. It
// releases the worker's slot; the next phase takes one again.
func (c *connection) signIn(ctx context.Context, req auth.Request) error {
	c.slot.Release()
	cur := c.now()
	wait, stop := context.WithTimeout(ctx, cur.rec.Deadline.Sub(cur.storeTime()))
	defer stop()
	err := c.trySignIn(wait, req)
	if _, ended := err.(*endsRun); ended {
		return err
	}
	if err != nil && wait.Err() != nil && context.Cause(ctx) == nil {
		return c.signInAgain(ctx, context.DeadlineExceeded)
	}
	return err
}

func (c *connection) trySignIn(ctx context.Context, req auth.Request) error {
	if c.attempt == nil {
		// Another process began the sign-in, or its code has expired. The person
		// may have signed in since.
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if _, err := c.cfg.Authenticator.Credential(ctx, req); err == nil {
			return c.signedIn(ctx)
		}
		return c.beginSignIn(ctx, req)
	}
	attempt := c.attempt
	c.attempt = nil // it can be waited for once
	err := attempt.Wait(ctx)
	switch {
	case err == nil:
		return c.signedIn(ctx)
	case context.Cause(ctx) != nil:
		return err
	case auth.ClassOf(err) == auth.CodeExpired, auth.ClassOf(err) == auth.Transient, errors.Is(err, context.DeadlineExceeded):
		return c.signInAgain(ctx, err)
	}
	return fmt.Errorf("connect: %w", err)
}

// showPrompt enters Pending authentication, or replaces the code there: the
// deadline is set once, on entering.
func (c *connection) showPrompt(ctx context.Context, p auth.Prompt) error {
	err := c.commit(ctx, func(t *draft) error {
		if t.rec.Status != state.PendingAuthentication {
			if err := t.move(state.RequireAuthentication, EntryData{Phase: t.d.Run.Phase, Message: p.SignIn}); err != nil {
				return err
			}
			t.deadlineIn = c.set.AuthTimeout
			t.d.Run.SignIns++
			t.await()
		} else {
			t.beforeDeadline = true // a code after the deadline is of no use
		}
		t.d.Run.Prompt = &p
		t.due()
		t.entry(EntryPrompt, EntryData{Phase: t.d.Run.Phase})
		t.event(Event{Type: PromptShown, Prompt: &p})
		return nil
	})
	if errors.Is(err, state.ErrExpired) {
		return c.signInTimedOut()
	}
	if err == nil {
		c.logPrompt(p)
	}
	return err
}

// signedIn leaves Pending authentication, if it is still in time.
func (c *connection) signedIn(ctx context.Context) error {
	err := c.commit(ctx, func(t *draft) error {
		if t.rec.Status != state.PendingAuthentication {
			return failure.ErrInterrupted
		}
		t.beforeDeadline = true
		t.resume()
		t.due()
		return t.move(state.Authenticate, EntryData{Phase: t.d.Run.Phase})
	})
	if errors.Is(err, state.ErrExpired) {
		return c.signInTimedOut()
	}
	if err == nil {
		c.log.Info("signed in")
	}
	return err
}

// signInAgain lets the next step show a new code. It ends the run if the deadline has
// passed by the store's clock, which may differ from this process's.
func (c *connection) signInAgain(ctx context.Context, cause error) error {
	fresh, err := c.s.load(ctx, c.tenant)
	if err != nil {
		return err
	}
	c.notice(fresh)
	if fresh.rec.Status != state.PendingAuthentication { // before the first prompt
		return &failure.Retryable{Err: cause}
	}
	left := fresh.rec.Deadline.Sub(fresh.storeTime())
	if left <= 0 {
		return c.signInTimedOut()
	}
	c.log.Info("the sign-in goes on with a new code", "error", cause)
	return retry.Pause(ctx, min(time.Second, left))
}

// signInTimedOut returns the error that ends a run whose sign-in came too late.
func (c *connection) signInTimedOut() error {
	cur := c.now()
	given := cur.rec.Deadline.Sub(cur.d.Run.WaitingSince).Round(time.Second)
	return &endsRun{runEnd{stop: ending.TimedOut, reason: "sign-in", while: state.PendingAuthentication, err: c.errorInfo(word.ClassTimedOut,
		fmt.Errorf("nobody signed in within %s; start the sync again when somebody can", given))}}
}

// logPrompt logs who has to sign in, and where. The line has no code, and only the
// host of the page, because the page's address can contain the code.
func (c *connection) logPrompt(p auth.Prompt) {
	cur := c.now()
	r := cur.d.Run
	if cur.rec.Status != state.PendingAuthentication || r == nil {
		return
	}
	page := ""
	if u, err := url.Parse(p.URL); err == nil {
		page = u.Hostname()
	}
	c.log.Info("waiting for a sign-in", "sign-in", p.SignIn, "page", page, "directory", cmp.Or(cur.d.Directory, c.set.Directory),
		"asked by", r.Actor, "until", cur.rec.Deadline)
}

// logConnected logs the identity that the run uses.
func (c *connection) logConnected(id auth.Identity) {
	c.log.Info("connected", "as", cmp.Or(id.Username, id.ObjectID, id.Application), "application", id.Application,
		"directory", id.Directory, "home directory", id.HomeDirectory)
}
