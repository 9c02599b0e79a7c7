package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// Retry-After is read as seconds or as a date; anything else is no wait.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for text, want := range map[string]time.Duration{
			"": 0, "soon": 0, "-1": 0, "0": 0, "1": time.Second, "0.5": 500 * time.Millisecond, "999999": 999999 * time.Second, "1000000": 1000000 * time.Second, "1000001": 1000000 * time.Second, "1e300": 1000000 * time.Second, "NaN": 0,
			"Fri, 31 Dec 9999 23:59:59 GMT":                         1000000 * time.Second,
			now.Add(90 * time.Second).UTC().Format(http.TimeFormat): 90 * time.Second,
			now.Add(-time.Second).UTC().Format(http.TimeFormat):     0,
		} {
			if got := retryAfter(http.Header{"Retry-After": {text}}); got != want {
				t.Errorf("%q: got %s, want %s", text, got, want)
			}
		}
	})
}

// Each status at the edges of the successes and of the server's errors has its
// class.
func TestStatuses(t *testing.T) {
	for status, want := range map[int]tenant.Class{
		199: tenant.Permanent, 200: "", 299: "", 300: tenant.Permanent, 404: tenant.NotFound, 410: tenant.NotFound,
		400: tenant.Invalid, 422: tenant.Invalid, 413: tenant.Invalid, 415: tenant.Invalid, 401: tenant.Unauthenticated, 403: tenant.AccessDenied,
		409: tenant.Conflict, 412: tenant.Conflict, 429: tenant.Throttled,
		408: tenant.Transient, 423: tenant.Transient, 424: tenant.Transient, 425: tenant.Transient, 418: tenant.Permanent,
		499: tenant.Permanent, 500: tenant.Transient, 501: tenant.Permanent, 502: tenant.Transient, 599: tenant.Transient,
	} {
		var got tenant.Class
		if e := (Answer{Status: status, RequestID: "ours"}).Refusal(Subject{"get", "groups", "1"}); e != nil {
			got = e.Class
			if e.Message == "" || e.RequestID != "ours" || e.Op != "get" || e.Kind != "groups" || e.ID != "1" {
				t.Errorf("%d: got %+v, want a message, the request's id and what it was about", status, e)
			}
		}
		if got != want {
			t.Errorf("%d: got %q, want %q", status, got, want)
		}
	}
	const licence = `{"error":{"code":"AadPremiumLicenseRequired","message":"x","innerError":{"request-id":"theirs"}}}`
	for _, status := range []int{400, 403} {
		if e := (Answer{Status: status, Body: []byte(licence), RequestID: "ours"}).Refusal(Subject{"get", "groups", "1"}); e.Class != tenant.NotLicensed || e.RequestID != "theirs" {
			t.Errorf("%d with a word about licences: got %+v", status, e)
		}
	}
}

// Texts of the service are cut to a size, at a whole character.
func TestCut(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"ab", "ab"}, {"abc", "abc"}, {"abcd", "abc…"}, {"abé", "ab…"}, {"aéb", "aé…"},
	} {
		if got := Cut(tt.text, 3); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
	long := Answer{Status: 400, Body: []byte(`{"error":{"code":"` + strings.Repeat("c", 101) + `","message":"` + strings.Repeat("m", 501) + `"}}`)}
	e := long.Refusal(Subject{"get", "groups", ""})
	if e.Code != strings.Repeat("c", 100)+"…" || e.Message != strings.Repeat("m", 500)+"…" {
		t.Errorf("got a code of %d and a message of %d bytes", len(e.Code), len(e.Message))
	}
}

// Control characters become spaces, and Intune's own error within the message is
// taken out.
func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"a\x1fb\x7fc\nd  e": "a b c d e", "a b": "a b", "~\u0080": "~\u0080",
		`{"Message":"inner\r\ntext"}`: "inner text", `{"Message":""}`: `{"Message":""}`, `{"Other":"x"}`: `{"Other":"x"}`,
	} {
		if got := plain(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// A write that surely was not sent has not taken effect. Any other error leaves
// that open.
func TestUnanswered(t *testing.T) {
	tests := []struct {
		name  string
		err   error
		write bool
		maybe bool
	}{
		{"a read", errors.New("cut"), false, false},
		{"a write", errors.New("cut"), true, true},
		{"nothing was sent", errors.Join(errNotSent, errors.New("x")), true, false},
		{"no address", &net.DNSError{Err: "no such host"}, true, false},
		{"no connection", &net.OpError{Op: "dial", Err: errors.New("refused")}, true, false},
		{"a connection that broke", &net.OpError{Op: "read", Err: errors.New("reset")}, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := Unanswered(tt.err, Answer{RequestID: "r"}, Subject{"update", "groups", "1"}, tt.write)
			if e.Class != tenant.Transient || e.MaybeApplied != tt.maybe || e.RequestID != "r" || !errors.Is(e, tt.err) {
				t.Errorf("got %+v, want Transient, maybe applied: %v", e, tt.maybe)
			}
		})
	}
}

// The end of a context counts only once it has ended.
func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	if err := Ended(ctx); err != nil {
		t.Errorf("got %v before the end", err)
	}
	cause := errors.New("stopped")
	cancel(cause)
	if err := Ended(ctx); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause", err)
	}
}
