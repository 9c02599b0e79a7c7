package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
)

var _ auth.CacheStore = (*auth.MemoryCacheStore)(nil)

func TestMemoryCacheStore(t *testing.T) {
	authtest.TestCacheStore(t, func(*testing.T) auth.CacheStore { return new(auth.MemoryCacheStore) })
}

// fixedCredential gives one token.
type fixedCredential struct{ identity auth.Identity }

func (c fixedCredential) Identity() auth.Identity { return c.identity }

func (c fixedCredential) Token(ctx context.Context, _ auth.TokenRequest) (auth.Token, error) {
	return auth.Token{Value: "token"}, ctx.Err()
}

func TestStatic(t *testing.T) {
	const directory = "84760df4-e82e-80ff-8057-4f77bb592bd0"
	a := auth.Static(fixedCredential{auth.Identity{Directory: directory}})
	for _, tt := range []struct {
		directory string
		want      auth.Class
	}{
		{"", ""},
		{directory, ""},
		{"84760DF4-E82E-80FF-8057-4F77BB592BD0", ""},
		{"another", auth.WrongTenant},
	} {
		_, err := a.Credential(t.Context(), auth.Request{Tenant: "contoso", Directory: tt.directory})
		if got := auth.ClassOf(err); got != tt.want {
			t.Errorf("Credential for directory %q: got %v, want class %q", tt.directory, err, tt.want)
		}
	}
	_, err := a.Begin(t.Context(), auth.Request{Tenant: "contoso"})
	if got := auth.ClassOf(err); got != auth.Misconfigured {
		t.Errorf("Begin: got %v, want class %q", err, auth.Misconfigured)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Credential(ctx, auth.Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Credential: got %v, want %v", err, context.Canceled)
	}
	if _, err := a.Begin(ctx, auth.Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Begin: got %v, want %v", err, context.Canceled)
	}
}

func TestErrorText(t *testing.T) {
	tests := []struct {
		err  auth.Error
		want string
	}{
		{auth.Error{Class: auth.Declined}, "sign-in: declined"},
		{auth.Error{Class: auth.Blocked, Tenant: "contoso", Code: "AADSTS53003", Message: "ask an administrator", Err: io.EOF, CorrelationID: "c"},
			"sign-in for contoso: blocked_by_policy (AADSTS53003): ask an administrator: EOF (correlation c)"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestClassOf(t *testing.T) {
	blocked := &auth.Error{Class: auth.Blocked, Err: io.EOF}
	tests := []struct {
		err  error
		want auth.Class
	}{
		{nil, ""},
		{io.EOF, auth.Failed},
		{blocked, auth.Blocked},
		{fmt.Errorf("connect: %w", blocked), auth.Blocked},
	}
	for _, tt := range tests {
		if got := auth.ClassOf(tt.err); got != tt.want {
			t.Errorf("ClassOf(%v): got %q, want %q", tt.err, got, tt.want)
		}
	}
	if !errors.Is(blocked, io.EOF) {
		t.Error("the cause is lost")
	}
}
