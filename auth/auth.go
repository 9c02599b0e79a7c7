package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Authenticator gets credentials for tenants: silently where it can, by asking
// a person where it must.
//
// Implementations must be safe for concurrent use and honor the context's
// cancellation. Errors are *[Error] wherever the class is known, and never
// hold a token, a device code or a secret.
//
// [github.com/tenantsync/tenantsync/auth/authtest.TestAuthenticator] checks all of this.
type Authenticator interface {
	// Credential returns credentials without asking anybody. Its error has
	// class SignInNeeded when only a person can help; then Begin. Where several
	// sign-ins are needed, the error names one after the other.
	Credential(ctx context.Context, req Request) (Credential, error)

	// Begin begins a sign-in by a person and returns when there is a prompt to
	// show. An implementation that never asks a person returns class
	// Misconfigured.
	Begin(ctx context.Context, req Request) (SignIn, error)
}

// Request says for whom credentials are wanted.
type Request struct {
	// Tenant is the host's name for the tenant.
	Tenant string
	// Directory is the directory id that the credentials must lead to; empty
	// before the tenant was first connected.
	Directory string
	// SignIn names the sign-in that Credential asked for ([Error.SignIn]);
	// empty for the first or only one.
	SignIn string
	// Claims is a claims challenge of the service (continuous access
	// evaluation), or empty.
	Claims string
	// Fresh asks for new tokens even where good ones are cached, so that a
	// permission granted a moment ago is seen.
	Fresh bool
}

// SignIn is a sign-in that waits for a person.
type SignIn interface {
	// Prompt is what the person is to be shown.
	Prompt() Prompt
	// Wait returns when the person has signed in (nil; then call Credential
	// again), has declined (class Declined), when the code has expired
	// (CodeExpired), or when ctx ends. A passing fault of the network or the
	// server does not end it. Wait may be called once; cancel ctx to give up.
	Wait(ctx context.Context) error
}

// Prompt is what a person needs to sign in.
type Prompt struct {
	// UserCode is the code to enter on the page.
	UserCode string `json:"userCode"`
	// URL is the page to open.
	URL string `json:"url"`
	// Message is the server's own sentence, in the person's language if it can.
	Message string `json:"message,omitempty"`
	// ExpiresAt is when the code becomes useless; zero if unknown. The engine's
	// own deadline is usually sooner.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// SignIn names the sign-in where there are several.
	SignIn string `json:"signIn,omitempty"`
}

// Credential gives access tokens for one tenant. Safe for concurrent use.
type Credential interface {
	// Token returns an access token for the scopes, renewed as needed. Its
	// error has class SignInNeeded when only a person can help.
	Token(ctx context.Context, req TokenRequest) (Token, error)
	// Identity says who this is.
	Identity() Identity
}

// TokenRequest asks for an access token.
type TokenRequest struct {
	// Scopes, such as "https://graph.microsoft.com/.default". Empty means the
	// authenticator's own.
	Scopes []string
	// Claims is a claims challenge, or empty.
	Claims string
}

// Token is an access token.
type Token struct {
	// Value is the secret itself.
	Value Secret
	// ExpiresAt is when it ends.
	ExpiresAt time.Time
	// Scopes are the granted scopes or roles, as far as known.
	Scopes []string
}

// Identity says who signed in and where. It holds no secret.
type Identity struct {
	// Directory is the directory id of the tenant that tokens are for.
	Directory string `json:"directory"`
	// HomeDirectory is the account's own; it differs for partners.
	HomeDirectory string `json:"homeDirectory,omitempty"`
	// ObjectID and Username are of the account; empty for an application.
	ObjectID string `json:"objectId,omitempty"`
	Username string `json:"username,omitempty"`
	// Application is the client id.
	Application string `json:"application,omitempty"`
}

// Secret is a string that does not print itself: with fmt, slog and JSON it
// shows as "[redacted]". Use Reveal to send it.
type Secret string

const redacted = "[redacted]"

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// Format writes "[redacted]" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns "[redacted]"; so do encoding/json and log/slog.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Class is what kind of failure an [Error] is.
type Class string

// The classes. The signals behind each are those of Microsoft Entra.
const (
	// SignInNeeded: no usable refresh token; a person has to sign in.
	SignInNeeded Class = "sign_in_needed"
	// Declined: the person said no.
	Declined Class = "declined"
	// CodeExpired: nobody used the code while it was good.
	CodeExpired Class = "code_expired"
	// ConsentNeeded: an administrator has to grant a permission.
	ConsentNeeded Class = "consent_needed"
	// Blocked: a policy of the tenant forbids this way to sign in; an
	// administrator has to change it, trying again is useless.
	Blocked Class = "blocked_by_policy"
	// WrongTenant: the account signed in to another directory, or comes from a
	// home directory that is not allowed.
	WrongTenant Class = "wrong_tenant"
	// Misconfigured: wrong client id, secret, scope or redirect.
	Misconfigured Class = "misconfigured"
	// Transient: a passing fault; again later.
	Transient Class = "transient"
	// Failed: any other failure.
	Failed Class = "failed"
)

// Error is a failure to get credentials.
type Error struct {
	Class Class
	// Tenant is the host's name for the tenant.
	Tenant string
	// SignIn names the sign-in that is needed, where there are several.
	SignIn string
	// Code is the server's own, such as "AADSTS53003"; may be empty.
	Code string
	// Message says what happened and what to do next.
	Message string
	// CorrelationID is the server's, for its support; may be empty.
	CorrelationID string
	// Err is the cause, without secrets, or nil.
	Err error
}

// Error says what happened, for which tenant, and what to do next.
func (e *Error) Error() string {
	s := "sign-in"
	if e.Tenant != "" {
		s += " for " + e.Tenant
	}
	s += ": " + string(e.Class)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.CorrelationID != "" {
		s += " (correlation " + e.CorrelationID + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of err: of the first *Error in its tree, else
// Failed. ClassOf(nil) is empty.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Failed
}
