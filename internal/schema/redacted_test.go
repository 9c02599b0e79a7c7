package schema

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Redacted replaces each secret and each mask, at any depth, and says whether
// there was one.
func TestRedacted(t *testing.T) {
	k := compiled(t, everything())
	secret, mask, plain := SecretNode("key", k, jsonval.StringNode("s3cret")), jsonval.StringNode(reference.MaskMark), jsonval.StringNode("x")
	object := func(name string, n *jsonval.Node) *jsonval.Node {
		b := &jsonval.ObjectBuilder{}
		b.Add(name, n)
		return b.Node()
	}
	for _, tt := range []struct {
		name   string
		n      *jsonval.Node
		want   string
		hidden bool
	}{
		{"nothing", nil, ``, false},
		{"a text", plain, `"x"`, false},
		{"a secret", secret, `"[redacted]"`, true},
		{"a mask", mask, `"****"`, true},
		{"an object without", object("a", plain), `{"a":"x"}`, false},
		{"a secret in an object", object("a", secret), `{"a":"[redacted]"}`, true},
		{"a secret before a text", jsonval.ArrayOf(secret, plain), `["[redacted]","x"]`, true},
		{"a secret after a text", jsonval.ArrayOf(plain, secret), `["x","[redacted]"]`, true},
		{"a mask before a text", jsonval.ArrayOf(mask, plain), `["****","x"]`, true},
		{"deep", object("a", jsonval.ArrayOf(plain, object("b", jsonval.ArrayOf(secret)))), `{"a":["x",{"b":["[redacted]"]}]}`, true},
	} {
		got, hidden := Redacted(tt.n)
		if string(got.JSON()) != tt.want || hidden != tt.hidden {
			t.Errorf("%s: got %s, %v, want %s, %v", tt.name, got.JSON(), hidden, tt.want, tt.hidden)
		}
		if shown := string(RedactedJSON(tt.n)); shown != tt.want {
			t.Errorf("%s: RedactedJSON returns %s, want %s", tt.name, shown, tt.want)
		}
	}
}
