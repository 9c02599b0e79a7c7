package entra

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
)

// A word of a server is up to 64 letters, digits, underscores and hyphens.
func TestWord(t *testing.T) {
	for _, s := range []string{"", "a", "z", "A", "Z", "0", "9", "_", "-", "invalid_grant", strings.Repeat("w", 63), strings.Repeat("w", 64)} {
		if got := word(s); got != s {
			t.Errorf("%q: got %q", s, got)
		}
	}
	for _, s := range []string{"`", "{", "@", "[", "/", ":", "a b", "é", strings.Repeat("w", 65)} {
		if got := word(s); got != "" {
			t.Errorf("%q: got %q, want nothing", s, got)
		}
	}
}

// A directory id is a UUID, with its hyphens where they belong.
func TestIsDirectoryID(t *testing.T) {
	const id = "0123abcd-4567-89ef-ABCD-EF0123456789"
	if !isDirectoryID(id) {
		t.Errorf("%q is refused", id)
	}
	for _, s := range []string{"", id[1:], id + "0", strings.ReplaceAll(id, "-", "0"), strings.Replace(id, "a", "g", 1), strings.Replace(id, "0", "-", 1),
		strings.Replace(id, "-4", "4-", 1), strings.Replace(id, "-8", "8-", 1), strings.Replace(id, "0", "é", 1)[:36]} {
		if isDirectoryID(s) {
			t.Errorf("%q is accepted", s)
		}
	}
	for i := range id {
		other := "-"
		if id[i] == '-' {
			other = "0"
		}
		if s := id[:i] + other + id[i+1:]; isDirectoryID(s) {
			t.Errorf("%q is accepted", s)
		}
	}
}

// The first number that is known counts, wherever the answer has it.
func TestAADSTS(t *testing.T) {
	for _, tt := range []struct {
		codes       []int
		description string
		want        int
	}{
		{nil, "", 0},
		{nil, "no number", 0},
		{nil, "AADSTS", 0},
		{nil, "AADSTS50173: expired", 50173},
		{[]int{1, 50173}, "", 50173},
		{[]int{1, 2}, "", 1},
		{[]int{1}, "AADSTS50173", 50173},
		{[]int{1}, "AADSTS2", 1},
	} {
		if got := aadsts(tt.codes, tt.description); got != tt.want {
			t.Errorf("%v and %q: got %d, want %d", tt.codes, tt.description, got, tt.want)
		}
	}
}

// Only a number of seconds above 0 is a pause.
func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "-1": 0, "0": 0, "1": time.Second, "soon": 0} {
		if got := newServerError(&http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {text}}}, nil).retryAfter; got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// Without a known code, the status says whether the answer may pass. Below 400 an
// answer without a code did not come from the token server.
func TestStatuses(t *testing.T) {
	for status, want := range map[int][2]auth.Class{ // without a code, and with an unknown one
		302: {auth.Transient, auth.Failed}, 399: {auth.Transient, auth.Failed}, 400: {auth.Failed, auth.Failed}, 407: {auth.Failed, auth.Failed},
		408: {auth.Transient, auth.Transient}, 409: {auth.Failed, auth.Failed}, 428: {auth.Failed, auth.Failed}, 429: {auth.Transient, auth.Transient},
		430: {auth.Failed, auth.Failed}, 499: {auth.Failed, auth.Failed}, 500: {auth.Transient, auth.Transient}, 503: {auth.Transient, auth.Transient},
	} {
		for i, code := range []string{"", "unheard_of"} {
			if got := classify(&serverError{status: status, code: code}); got != want[i] {
				t.Errorf("HTTP %d with the code %q: got %s, want %s", status, code, got, want[i])
			}
		}
	}
}
