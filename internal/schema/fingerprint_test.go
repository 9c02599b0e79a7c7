package schema

import (
	"testing"

	"pgregory.net/rapid"
)

// The fingerprint that is made in one pass over the body is the one that is made
// with a tree.
func TestFingerprintWithoutTree(t *testing.T) {
	k := compiled(t, everything())
	var c Canonicalizer
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(randomValue(t, 0, true))
		want, wantErr := k.Fingerprint(body, "key")
		got, err := c.Fingerprint(k, body, "key")
		if got != want || (err == nil) != (wantErr == nil) {
			t.Fatalf("%s\nwith a tree %s, %v\nin one pass %s, %v", body, want, wantErr, got, err)
		}
	})
}
