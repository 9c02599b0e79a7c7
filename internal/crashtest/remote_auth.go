package crashtest

import (
	"context"
	"errors"

	"github.com/tenantsync/tenantsync/auth"
)

// Authenticator returns an authenticator that uses the world's sign-in page.
func (r *Remote) Authenticator() auth.Authenticator { return remoteAuth{r} }

type remoteAuth struct{ remote *Remote }

// askAuth makes a call about a sign-in.
func askAuth[T any](ctx context.Context, r *Remote, tenantName, path string, in any) (T, error) {
	if err := ctx.Err(); err != nil {
		return *new(T), err
	}
	out, err := ask[T](ctx, r, "auth/"+path, in)
	if _, lost := errors.AsType[*noAnswer](err); lost {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		err = &auth.Error{Class: auth.Transient, Tenant: tenantName, Message: "no answer", Err: err}
	}
	return out, err
}

// Credential is part of [auth.Authenticator].
func (a remoteAuth) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	got, err := askAuth[wireCredential](ctx, a.remote, req.Tenant, "credential", req)
	if err != nil {
		return nil, err
	}
	return &remoteCredential{remote: a.remote, tenant: req.Tenant, got: got}, nil
}

// Begin is part of [auth.Authenticator].
func (a remoteAuth) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	got, err := askAuth[wireSignIn](ctx, a.remote, req.Tenant, "begin", req)
	if err != nil {
		return nil, err
	}
	return &remoteSignIn{remote: a.remote, tenant: req.Tenant, got: got}, nil
}

type remoteCredential struct {
	remote *Remote
	tenant string
	got    wireCredential
}

func (c *remoteCredential) Identity() auth.Identity { return c.got.Identity }

func (c *remoteCredential) Token(ctx context.Context, req auth.TokenRequest) (auth.Token, error) {
	got, err := askAuth[wireToken](ctx, c.remote, c.tenant, "token", tokenRequest{ID: c.got.ID, Request: req})
	got.Token.Value = auth.Secret(got.Value)
	return got.Token, err
}

type remoteSignIn struct {
	remote *Remote
	tenant string
	got    wireSignIn
}

func (s *remoteSignIn) Prompt() auth.Prompt { return s.got.Prompt }

// Wait waits for the world's answer. If the connection breaks, Wait reports the
// code as expired, so that the engine shows a new one.
func (s *remoteSignIn) Wait(ctx context.Context) error {
	_, err := askAuth[struct{}](ctx, s.remote, s.tenant, "wait", s.got.ID)
	if auth.ClassOf(err) == auth.Transient {
		return &auth.Error{Class: auth.CodeExpired, Tenant: s.tenant, Message: "the connection broke", Err: err}
	}
	return err
}
