package entra

import (
	"context"
	"errors"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
)

// HybridConfig configures [Hybrid]. Both fields are required.
type HybridConfig struct {
	// Application works without a person: an [Application] or [External].
	Application auth.Authenticator
	// Person is who signs in for what no application may do: an [Authenticator].
	Person auth.Authenticator
}

// Hybrid returns an authenticator for runs in which an application does what
// applications may do, and a signed-in person the rest, as each kind needs it.
// Its credentials are a [*HybridCredential], of which the host's connector passes
// both on; with tenant/graph:
//
//	h := req.Credential.(*entra.HybridCredential)
//	graph.New(graph.Config{
//		Credential: entra.TokenCredential(h.Application),
//		Delegated:  entra.TokenCredential(h.Person),
//	})
//
// The application comes first: nobody is asked to sign in as long as it does not
// work. Both must lead to the same directory. A run that nobody may be asked in
// goes on as long as the person's sign-in lasts.
func Hybrid(cfg HybridConfig) (auth.Authenticator, error) {
	if cfg.Application == nil || cfg.Person == nil {
		return nil, errors.New("entra: Hybrid: Application and Person are required")
	}
	return &hybrid{cfg}, nil
}

type hybrid struct{ cfg HybridConfig }

// HybridCredential is a credential of [Hybrid]. Safe for concurrent use.
type HybridCredential struct {
	// Application and Person are the two that it is made of.
	Application auth.Credential
	Person      auth.Credential
}

// Credential returns both credentials as one, or the error of the one that is
// missing.
func (h *hybrid) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	app, err := h.cfg.Application.Credential(ctx, req)
	if err != nil {
		return nil, err
	}
	person, err := h.cfg.Person.Credential(ctx, req)
	if err != nil {
		return nil, err
	}
	want, got := app.Identity().Directory, person.Identity().Directory
	if !strings.EqualFold(want, got) {
		return nil, &auth.Error{Class: auth.WrongTenant, Tenant: req.Tenant, SignIn: req.SignIn,
			Message: "the person is signed in to directory " + got + ", the application works in " + want + "; sign in again with an account of the latter"}
	}
	return &HybridCredential{Application: app, Person: person}, nil
}

// Begin begins the person's sign-in.
func (h *hybrid) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	return h.cfg.Person.Begin(ctx, req)
}

// Token returns the application's token: it does what it may. Ask Person for
// one of the person's.
func (c *HybridCredential) Token(ctx context.Context, req auth.TokenRequest) (auth.Token, error) {
	return c.Application.Token(ctx, req)
}

// Identity says who has signed in, and for which application.
func (c *HybridCredential) Identity() auth.Identity {
	id := c.Person.Identity()
	id.Application = c.Application.Identity().Application
	return id
}

// Forget forgets what the application and the person have stored.
func (h *hybrid) Forget(ctx context.Context, tenant string) error {
	var errs []error
	for _, a := range []auth.Authenticator{h.cfg.Application, h.cfg.Person} {
		if f, ok := a.(auth.Forgetter); ok {
			errs = append(errs, f.Forget(ctx, tenant))
		}
	}
	return errors.Join(errs...)
}
