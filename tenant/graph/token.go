package graph

import (
	"cmp"
	"context"
	"encoding/base64"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// claims are the claims of an access token. The package does not verify the token: the
// service does. Here the claims only tell people which permissions are missing.
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
type claims struct {
	Directory string   `json:"tid"`
	AppID     string   `json:"appid"`
	Client    string   `json:"azp"`
	Scopes    string   `json:"scp"`   // of a signed-in person
	Roles     []string `json:"roles"` // of an application
	Object    string   `json:"oid"`
	Name      string   `json:"upn"`
	// opaque: the token is in a form that cannot be read, which is its issuer's
	// right.
	opaque bool
}

// granted are the names of the permissions.
func (c claims) granted() []string { return append(strings.Fields(c.Scopes), c.Roles...) }

// client is the id of the application that the token was issued to.
func (c claims) client() string { return cmp.Or(c.AppID, c.Client) }

// isApplication reports whether the token is an application's, without a person.
func (c claims) isApplication() bool { return c.Scopes == "" }

// tokenReader reads the claims of the credentials' tokens. Safe for concurrent
// use.
type tokenReader struct {
	cfg Config

	mu           sync.Mutex
	last, person claims
}

// known are the claims that were read last: of Config.Credential, or of
// Config.Delegated.
func (t *tokenReader) known(person bool) claims {
	t.mu.Lock()
	defer t.mu.Unlock()
	if person {
		return t.person
	}
	return t.last
}

// directory returns the tenant's directory id, as configured or as the token says.
func (t *tokenReader) directory() string {
	if t.cfg.Directory != "" {
		return t.cfg.Directory
	}
	return t.known(false).Directory
}

// read asks Config.Credential for a token, or Config.Delegated where there is
// one, and returns its claims.
func (t *tokenReader) read(ctx context.Context, person bool) (claims, error) {
	cred, last := t.cfg.Credential, &t.last
	if person && t.cfg.Delegated != nil {
		cred, last = t.cfg.Delegated, &t.person
	}
	token, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{t.cfg.Endpoint + "/.default"}, EnableCAE: true})
	if err != nil {
		if cause := wire.Ended(ctx); cause != nil {
			return claims{}, cause
		}
		return claims{}, &tenant.Error{Class: tenant.Unauthenticated, Op: "token", Message: "no token", Err: err}
	}
	c := parseClaims(token.Token)
	t.mu.Lock()
	defer t.mu.Unlock()
	*last = c
	return c, nil
}

// parseClaims reads the middle of a JWT (RFC 7519).
func parseClaims(token string) claims {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{opaque: true}
	}
	var c claims
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || odatajson.Decode(payload, &c) != nil {
		return claims{opaque: true}
	}
	return c
}
