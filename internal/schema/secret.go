package schema

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// RedactedJSON returns the JSON text of the tree that [Redacted] returns.
func RedactedJSON(n *jsonval.Node) json.RawMessage {
	shown, _ := Redacted(n)
	return shown.JSON()
}

// Redacted returns a tree in name form with its secrets and masks redacted, and
// reports whether it had any.
func Redacted(n *jsonval.Node) (*jsonval.Node, bool) {
	switch {
	case n == nil:
		return nil, false
	case reference.IsSecret(n):
		return jsonval.StringNode(reference.Redacted), true
	case reference.IsMask(n):
		return jsonval.StringNode(reference.Asterisks), true
	}
	found := false
	out := n.MapKids(func(i int) *jsonval.Node {
		kid, here := Redacted(n.Kids[i])
		found = found || here
		return kid
	})
	return out, found
}

// SecretsIn calls yield with the path of each secret and mask in a tree in name
// form.
func SecretsIn(n *jsonval.Node, segs []string, yield func(segs []string, n *jsonval.Node)) {
	if n == nil {
		return
	}
	if reference.IsSecret(n) || reference.IsMask(n) {
		yield(segs, n)
	}
	for i, kid := range n.Kids {
		SecretsIn(kid, append(segs, n.Segment(i)), yield)
	}
}

// HasMask reports whether a tree in name form contains a mask.
func HasMask(n *jsonval.Node) bool {
	return n != nil && (reference.IsMask(n) || slices.ContainsFunc(n.Kids, HasMask))
}

// EqualExceptSecrets reports whether two trees in name form are equal apart
// from their secrets and masks.
func EqualExceptSecrets(a, b *jsonval.Node) bool {
	isHidden := func(n *jsonval.Node) bool { return reference.IsMask(n) || reference.IsSecret(n) }
	switch {
	case isHidden(a) || isHidden(b):
		return true
	case a.IsObject() && b.IsObject():
		return coversExceptSecrets(a, b) && showsNoMore(b, a)
	case a.IsArray() && b.IsArray():
		if len(a.Kids) != len(b.Kids) {
			return false
		}
		for i := range a.Kids {
			if !EqualExceptSecrets(a.Kids[i], b.Kids[i]) {
				return false
			}
		}
		return true
	}
	return jsonval.Equal(a, b)
}

func coversExceptSecrets(a, b *jsonval.Node) bool {
	for i, name := range a.Names {
		other := b.Get(name)
		if other == nil && (reference.IsMask(a.Kids[i]) || reference.IsSecret(a.Kids[i])) {
			continue
		}
		if other == nil || !EqualExceptSecrets(a.Kids[i], other) {
			return false
		}
	}
	return true
}

// TokenState returns the property by which an object declares that its secret
// is a token. It is empty if the secret is not a token.
func (f *Facts) TokenState(object *jsonval.Node) string {
	if f.tokenState == nil || !strings.EqualFold(jsonval.TextOf(object.Get(f.tokenState.Property)), f.tokenState.Value) {
		return ""
	}
	return f.tokenState.Property
}

// showsNoMore reports whether b has all visible properties of a. It does not
// compare their values, because [coversExceptSecrets] has compared them. Two
// comparisons at each level would take time exponential in the depth.
func showsNoMore(a, b *jsonval.Node) bool {
	for i, name := range a.Names {
		if b.Get(name) == nil && !reference.IsMask(a.Kids[i]) && !reference.IsSecret(a.Kids[i]) {
			return false
		}
	}
	return true
}
