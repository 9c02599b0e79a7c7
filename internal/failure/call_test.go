package failure

import (
	"errors"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/tenant"
)

// An error of a call names the call, and its class decides what it means.
func TestOfCall(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		how   How
		after time.Duration
	}{
		{"no class", errors.New("boom"), End, 0},
		{"a declined sign-in", &auth.Error{Class: auth.Declined}, End, 0},
		{"a sign-in is needed", &auth.Error{Class: auth.SignInNeeded}, SignIn, 0},
		{"a transient error of the authenticator", &auth.Error{Class: auth.Transient}, Retry, 0},
		{"refused credentials", &tenant.Error{Class: tenant.Unauthenticated}, SignIn, 0},
		{"no access", &tenant.Error{Class: tenant.AccessDenied}, End, 0},
		{"a transient error", &tenant.Error{Class: tenant.Transient}, Retry, 0},
		{"throttled", &tenant.Error{Class: tenant.Throttled, RetryAfter: time.Minute}, Retry, time.Minute},
	} {
		got := OfCall("read groups", tt.err)
		if !errors.Is(got, tt.err) {
			t.Errorf("%s: got %v, want it to wrap the error", tt.name, got)
		}
		text := "read groups: " + tt.err.Error()
		if tt.how == SignIn {
			text = "the sign-in has ended: " + text
		}
		if d := Dispose(t.Context(), got); d.How != tt.how || d.After != tt.after || got.Error() != text {
			t.Errorf("%s: got %q, %s after %s, want %q, %s after %s", tt.name, got, d.How, d.After, text, tt.how, tt.after)
		}
	}
}
