package entra

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/retry"
)

const (
	// defaultInterval is the pace of polls where the server names none, and how
	// much slower each slow_down makes it (RFC 8628).
	defaultInterval = 5 * time.Second
	// firstBackoff is the first pause after a passing fault; it doubles up to the interval.
	firstBackoff = time.Second
	// lastLook is how long before the end the last poll starts, so that whoever
	// signs in in time gets in, and the answer still has time to come.
	lastLook = 800 * time.Millisecond
)

// Begin asks for a device code. Where the request pins no directory, whoever
// signs in decides it.
func (a *Authenticator) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	if err := checkRequest(req); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fail(ctx, req, err)
	}
	// The cache is empty: what the person brings replaces what there was, or,
	// if it is refused, is never stored.
	x := new(accessor)
	client, err := a.msal(cmp.Or(req.Directory, anyDirectory), x)
	if err != nil {
		return nil, fail(ctx, req, err)
	}
	code, err := client.AcquireTokenByDeviceCode(ctx, a.cfg.Scopes, public.WithClaims(req.Claims))
	if err != nil {
		return nil, fail(ctx, req, err)
	}
	a.cfg.Logger.InfoContext(ctx, "sign-in begun", "tenant", req.Tenant, "signIn", req.SignIn, "expires", code.Result.ExpiresOn)
	return &signIn{a: a, req: req, code: code, cache: x}, nil
}

// signIn is a device code that waits for a person.
type signIn struct {
	a      *Authenticator
	req    auth.Request
	code   public.DeviceCode
	cache  *accessor
	waited atomic.Bool
}

func (s *signIn) Prompt() auth.Prompt {
	r := s.code.Result
	return auth.Prompt{
		UserCode:  r.UserCode,
		URL:       r.VerificationURL,
		Message:   r.Message,
		ExpiresAt: r.ExpiresOn,
		SignIn:    s.req.SignIn,
	}
}

// Wait polls at the pace that the server asks for until the person has
// answered, and once more just before the end of ctx or of the code.
func (s *signIn) Wait(ctx context.Context) error {
	if s.waited.Swap(true) {
		return fail(ctx, s.req, &auth.Error{Class: auth.Failed, Tenant: s.req.Tenant, SignIn: s.req.SignIn,
			Message: "Wait was called twice; begin again for a new code"})
	}
	res, err := s.poll(ctx)
	if err != nil {
		return fail(ctx, s.req, err)
	}
	if err := s.a.check(s.req, s.req.Directory, res); err != nil {
		return err
	}
	return s.store(ctx, res)
}

// store keeps the account that signed in. It goes on when ctx ends: the person
// was there in time.
func (s *signIn) store(ctx context.Context, res public.AuthResult) error {
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), persistTimeout)
	defer cancel()
	key := auth.CacheKey{Tenant: s.req.Tenant, SignIn: s.req.SignIn}
	unlock, err := s.a.locks.lock(saving, key)
	if err != nil {
		return fail(ctx, s.req, err)
	}
	defer unlock()
	id := s.a.identify(res)
	err = s.a.replace(saving, key, content{Account: res.Account.HomeAccountID, Identity: id, MSAL: s.cache.data})
	if err != nil {
		return fail(ctx, s.req, err)
	}
	s.a.cfg.Logger.InfoContext(ctx, "signed in", "tenant", s.req.Tenant, "signIn", s.req.SignIn, "directory", id.Directory)
	return nil
}

// poll asks until the person has answered, the code has expired or ctx ends.
//
// MSAL's own loop ends at the first fault, ignores the pace that the server
// asks for, and may sleep through the last seconds. So it is not used: client
// gives MSAL the answer "not yet" as an error like any other, and each call
// to it asks exactly once.
func (s *signIn) poll(ctx context.Context) (public.AuthResult, error) {
	p := s.newPace(ctx)
	for {
		res, err := s.ask(ctx, p.limit(time.Now()))
		if err == nil {
			return res, nil
		}
		if ctx.Err() != nil {
			return public.AuthResult{}, ctx.Err()
		}
		pause, fault := p.after(err)
		if fault {
			err = fail(ctx, s.req, err)
			if auth.ClassOf(err) != auth.Transient {
				return public.AuthResult{}, err
			}
			s.a.cfg.Logger.WarnContext(ctx, "sign-in met a passing fault, asking again", "tenant", s.req.Tenant, "signIn", s.req.SignIn, "error", err)
		}
		next, again := p.next(time.Now(), pause)
		if retry.Pause(ctx, time.Until(next)) != nil {
			return public.AuthResult{}, ctx.Err()
		}
		if !again {
			return public.AuthResult{}, &auth.Error{Class: auth.CodeExpired, Tenant: s.req.Tenant, SignIn: s.req.SignIn,
				Message: advice[auth.CodeExpired]}
		}
	}
}

// ask asks once.
func (s *signIn) ask(ctx context.Context, limit time.Time) (public.AuthResult, error) {
	ctx, cancel := context.WithDeadline(ctx, limit)
	defer cancel()
	return s.code.AuthenticationResult(ctx)
}

// pace decides when to poll.
type pace struct {
	interval time.Duration // between polls
	backoff  time.Duration // after the next fault
	end      time.Time     // of ctx or of the code
	looked   bool          // the last look was taken
}

func (s *signIn) newPace(ctx context.Context) *pace {
	p := &pace{interval: time.Duration(s.code.Result.Interval) * time.Second, backoff: firstBackoff, end: s.code.Result.ExpiresOn}
	if p.interval <= 0 {
		p.interval = defaultInterval
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(p.end) {
		p.end = deadline
	}
	return p
}

// limit is when a poll that starts now is given up at the latest: before the
// last look, so that a server that hangs does not cost it.
func (p *pace) limit(now time.Time) time.Time {
	if last := p.end.Add(-lastLook); now.Before(last) {
		return last
	}
	return p.end
}

// after returns the pause that an answer calls for, and whether it was a fault
// and not just "not yet".
func (p *pace) after(err error) (pause time.Duration, fault bool) {
	server, ok := errors.AsType[*serverError](err)
	if ok && classify(server) == waiting {
		if server.code == "slow_down" {
			p.interval += defaultInterval
		}
		p.backoff = firstBackoff
		return p.interval, false
	}
	pause = min(p.backoff, p.interval)
	p.backoff = min(2*p.backoff, p.interval)
	if ok {
		pause = max(pause, server.retryAfter)
	}
	return pause, true
}

// next returns when to poll again, or, with false, when it all ends. A poll
// that would leave too short a pause before the last look is left out.
func (p *pace) next(now time.Time, pause time.Duration) (time.Time, bool) {
	if p.looked {
		return p.end, false
	}
	last := p.end.Add(-lastLook)
	if next := now.Add(pause); !last.Before(next.Add(pause)) {
		return next, true
	}
	p.looked = true
	if now.After(last) {
		return now, true
	}
	return last, true
}
