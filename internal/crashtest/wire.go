package crashtest

import (
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/tenant"
)

// answer is the world's answer to a call.
type answer[T any] struct {
	Result T          `json:"result"`
	Error  *wireError `json:"error,omitempty"`
}

// wireError is an error on its way to another process.
type wireError struct {
	Tenant *tenant.Error `json:"tenant,omitempty"`
	Auth   *auth.Error   `json:"auth,omitempty"`
	// Cause is the text of the error that Tenant or Auth wraps.
	Cause string `json:"cause,omitempty"`
	// Plain is the text of any other error.
	Plain string `json:"plain,omitempty"`
}

// toWire converts an error, and returns nil for nil.
func toWire(err error) *wireError {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		sent := *e
		sent.Err = nil
		return &wireError{Tenant: &sent, Cause: textOf(e.Err)}
	}
	if e, ok := errors.AsType[*auth.Error](err); ok {
		sent := *e
		sent.Err = nil
		return &wireError{Auth: &sent, Cause: textOf(e.Err)}
	}
	return &wireError{Plain: err.Error()}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// err returns the error that was sent, with texts in place of its causes.
func (w *wireError) err() error {
	if w == nil {
		return nil
	}
	var cause error
	if w.Cause != "" {
		cause = errors.New(w.Cause)
	}
	switch {
	case w.Tenant != nil:
		w.Tenant.Err = cause
		return w.Tenant
	case w.Auth != nil:
		w.Auth.Err = cause
		return w.Auth
	}
	return errors.New(w.Plain)
}

// wireResource is a tenant.Resource whose body arrives byte for byte.
type wireResource struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Body []byte `json:"body,omitempty"`
}

func resourceToWire(r tenant.Resource) wireResource {
	return wireResource{Kind: r.Kind, ID: r.ID, Body: r.Body}
}

func (r wireResource) resource() tenant.Resource {
	return tenant.Resource{Kind: r.Kind, ID: r.ID, Body: r.Body}
}

// wireOperation is a tenant.Operation. Its bodies may be invalid JSON, which
// the tenant refuses.
type wireOperation struct {
	Verb   tenant.Verb `json:"verb"`
	Kind   string      `json:"kind"`
	ID     string      `json:"id,omitempty"`
	Before []byte      `json:"before,omitempty"`
	After  []byte      `json:"after,omitempty"`
	Patch  []byte      `json:"patch,omitempty"`
	Key    string      `json:"key"`
	// Deadline is the time at which the sender stops waiting.
	Deadline time.Time `json:"deadline"`
}

func operationToWire(op tenant.Operation) wireOperation {
	return wireOperation{Verb: op.Verb, Kind: op.Kind, ID: op.ID, Before: op.Before, After: op.After, Patch: op.Patch, Key: op.IdempotencyKey}
}

func (op wireOperation) operation() tenant.Operation {
	return tenant.Operation{Verb: op.Verb, Kind: op.Kind, ID: op.ID, Before: op.Before, After: op.After, Patch: op.Patch, IdempotencyKey: op.Key}
}

// wireApplied is a tenant.Applied.
type wireApplied struct {
	Resource  wireResource `json:"resource"`
	RequestID string       `json:"requestId"`
}

// wireRead is the result of a read: the objects, and the completeness.
type wireRead struct {
	Found  []wireResource    `json:"found"`
	Result tenant.ReadResult `json:"result"`
}

// connectRequest connects a worker. The answer is the id of a session.
type connectRequest struct {
	Tenant string `json:"tenant"`
	Worker string `json:"worker"`
	Token  string `json:"token"`
}

// wireCredential names a credential that stays in the world.
type wireCredential struct {
	ID       string        `json:"id"`
	Identity auth.Identity `json:"identity"`
}

// tokenRequest asks a credential for a token.
type tokenRequest struct {
	ID      string            `json:"id"`
	Request auth.TokenRequest `json:"request"`
}

// wireToken is an auth.Token with its secret in plain text, because auth.Token
// redacts the secret in JSON.
type wireToken struct {
	Value string     `json:"value"`
	Token auth.Token `json:"token"`
}

// wireSignIn names a sign-in that waits in the world.
type wireSignIn struct {
	ID     string      `json:"id"`
	Prompt auth.Prompt `json:"prompt"`
}
