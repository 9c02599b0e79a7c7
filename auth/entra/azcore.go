package entra

import (
	"context"
	"errors"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/tenantsync/tenantsync/auth"
)

// TokenCredential returns a credential of the engine as one that clients of the
// Azure SDK take, tenant/graph's among them. Its errors are the credential's
// own, marked as not worth another try by the SDK: the engine decides that.
func TokenCredential(c auth.Credential) azcore.TokenCredential { return tokenCredential{c} }

type tokenCredential struct{ auth.Credential }

// GetToken returns a token for the scopes.
func (c tokenCredential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.Token(ctx, auth.TokenRequest{Scopes: o.Scopes, Claims: o.Claims})
	if err != nil {
		return azcore.AccessToken{}, &tokenError{err}
	}
	return azcore.AccessToken{Token: token.Value.Reveal(), ExpiresOn: token.ExpiresAt}, nil
}

// tokenError marks an error for azcore.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// NonRetriable tells azcore not to try again.
func (e *tokenError) NonRetriable() {}

// ExternalConfig configures [External].
type ExternalConfig struct {
	// Credential gives the tokens: any of azidentity's, or the host's own.
	// Required.
	Credential azcore.TokenCredential
	// Cloud and Scopes are as in [Config].
	Cloud  Cloud
	Scopes []string
	// Application is the client id, for people. Optional.
	Application string
}

// External returns an authenticator that gets its tokens from an Azure SDK
// credential. It never asks a person. The credential is asked for the directory
// of the request, which must name one.
func External(cfg ExternalConfig) (auth.Authenticator, error) {
	if cfg.Credential == nil {
		return nil, errors.New("entra: Credential is required")
	}
	common, err := (Config{ClientID: "external", Cloud: cfg.Cloud, Scopes: cfg.Scopes}).withDefaults()
	if err != nil {
		return nil, err
	}
	return &external{cfg: cfg, scopes: common.Scopes}, nil
}

type external struct {
	cfg    ExternalConfig
	scopes []string
}

// Credential proves that a token can be had.
func (x *external) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	if err := checkRequest(req); err != nil {
		return nil, err
	}
	if req.Directory == "" {
		return nil, &auth.Error{Class: auth.Misconfigured, Tenant: req.Tenant, SignIn: req.SignIn,
			Message: "the tenant's directory id must be known before the first connection: name it in the tenant's settings"}
	}
	c := externalCredential{x, req}
	_, err := c.Token(ctx, auth.TokenRequest{Claims: req.Claims})
	return c, err
}

// Begin fails: nobody is asked.
func (x *external) Begin(_ context.Context, req auth.Request) (auth.SignIn, error) {
	return nil, &auth.Error{Class: auth.Misconfigured, Tenant: req.Tenant, SignIn: req.SignIn,
		Message: "the host's own credential gives no tokens, and nobody can sign in for it here"}
}

type externalCredential struct {
	x   *external
	req auth.Request
}

// Identity is the directory that was asked for.
func (c externalCredential) Identity() auth.Identity {
	return auth.Identity{Directory: c.req.Directory, Application: c.x.cfg.Application}
}

// Token asks the Azure SDK credential.
func (c externalCredential) Token(ctx context.Context, req auth.TokenRequest) (auth.Token, error) {
	scopes := req.Scopes
	if len(scopes) == 0 {
		scopes = c.x.scopes
	}
	token, err := c.x.cfg.Credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: scopes, Claims: req.Claims, TenantID: c.req.Directory, EnableCAE: true})
	if err != nil {
		if ctx.Err() != nil {
			return auth.Token{}, fail(ctx, c.req, ctx.Err())
		}
		return auth.Token{}, c.failed(err)
	}
	return auth.Token{Value: auth.Secret(token.Token), ExpiresAt: token.ExpiresOn, Scopes: scopes}, nil
}

// failed classifies an error of a credential that is not ours, by the number in
// its text. The text itself, which may hold anything, is left out.
func (c externalCredential) failed(err error) error {
	server := &serverError{number: aadsts(nil, err.Error())}
	if e, ok := errors.AsType[*azcore.ResponseError](err); ok {
		server.status = e.StatusCode
	}
	e := &auth.Error{Tenant: c.req.Tenant, SignIn: c.req.SignIn, Class: classify(server), Code: server.name()}
	if server.number == 0 && server.status == 0 {
		e.Class = auth.Failed
		if strings.Contains(err.Error(), "timeout") || strings.Contains(err.Error(), "connection") {
			e.Class = auth.Transient
		}
	}
	e.Message = advice[e.Class]
	if e.Class == auth.SignInNeeded {
		e.Class, e.Message = auth.Misconfigured, "the host's own credential is not accepted any more, and nobody can sign in for it here; renew it where the host keeps it"
	}
	if said, known := applicationAdvice[e.Code]; known {
		e.Class, e.Message = auth.Misconfigured, said
	}
	return e
}
