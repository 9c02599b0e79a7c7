package reference

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// A value in name form is a mask, a secret's hash, a reference or a literal.
func TestMarks(t *testing.T) {
	for _, tt := range []struct {
		value                   string
		mask, secret, reference bool
	}{
		{`"${masked}"`, true, false, false},
		{`"${secret:1.2}"`, false, true, false},
		{`"${secret:"`, false, true, false},
		{`"${secret/1}"`, false, false, true},
		{`"${masked/1}"`, false, false, true},
		{`"${groups/A}"`, false, false, true},
		{`"${groups/A#mail}"`, false, false, true},
		{`"${groups/A}b"`, false, false, false},
		{`"${groups}"`, false, false, false},
		{`"$${groups/A}"`, false, false, false},
		{`"$${masked}"`, false, false, false},
		{`" ${masked}"`, false, false, false},
		{`"${var:x}"`, false, false, false},
		{`"masked"`, false, false, false},
		{`""`, false, false, false},
		{`1`, false, false, false},
		{`null`, false, false, false},
		{`["${masked}"]`, false, false, false},
		{`{"${groups/A}":"${groups/A}"}`, false, false, false},
	} {
		n, err := jsonval.Parse([]byte(tt.value))
		if err != nil {
			t.Fatal(err)
		}
		if got := IsMask(n); got != tt.mask {
			t.Errorf("%s is a mask: %v", tt.value, got)
		}
		if got := IsSecret(n); got != tt.secret {
			t.Errorf("%s is a secret's hash: %v", tt.value, got)
		}
		if got := ReferenceIn(n); (got != nil) != tt.reference {
			t.Errorf("%s is the reference %v", tt.value, got)
		}
	}
}

func TestIsAsterisks(t *testing.T) {
	for s, want := range map[string]bool{"": false, "*": true, Asterisks: true, "*****": true, "*a": false, "a*": false, "*a*": false, "* *": false, "[redacted]": false} {
		if got := IsAsterisks(s); got != want {
			t.Errorf("%q: got %v", s, got)
		}
	}
}

func TestMayHaveTemplates(t *testing.T) {
	for text, want := range map[string]bool{
		``: false, `{"a":"$"}`: false, `{"a":"{"}`: false, `{"a":"$ {"}`: false, `{"a":"\n"}`: false,
		`{"a":"${x/y}"}`: true, `{"a":"$${"}`: true, `{"a":"\u0024{x/y}"}`: true,
	} {
		if got := MayHaveTemplates([]byte(text)); got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}
