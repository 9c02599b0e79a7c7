package auth

import (
	"context"
	"fmt"
	"strings"
)

// Static returns an [Authenticator] that gives this credential to every tenant
// and never asks a person: for a host that gets its own credentials, such as
// one application for one tenant. Where a request pins another directory than
// the credential's, the error has class WrongTenant; Begin's has class
// Misconfigured.
func Static(cred Credential) Authenticator { return static{cred} }

type static struct{ cred Credential }

func (s static) Credential(ctx context.Context, req Request) (Credential, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if got := s.cred.Identity().Directory; req.Directory != "" && !strings.EqualFold(got, req.Directory) {
		return nil, &Error{Class: WrongTenant, Tenant: req.Tenant, SignIn: req.SignIn, Message: fmt.Sprintf(
			"the credential is for directory %s, the tenant is connected to %s; use a credential of that directory", got, req.Directory)}
	}
	return s.cred, nil
}

func (s static) Begin(ctx context.Context, req Request) (SignIn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, &Error{Class: Misconfigured, Tenant: req.Tenant, SignIn: req.SignIn,
		Message: "this credential works without a person; check its secret or certificate and its permissions"}
}
