package reference

import (
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// RefsOf returns the "kind/key" of each object that a tree in name form refers
// to, once each, in the order of the tree.
func RefsOf(n *jsonval.Node) []string {
	var refs []string
	seen := map[string]bool{}
	EachReference(n, func(r Ref) {
		if id := r.Object(); !seen[id] {
			seen[id] = true
			refs = append(refs, id)
		}
	})
	return refs
}

// Asterisks is the text of a masked secret in plans and files.
const Asterisks = "****"

// MaskMark is the name form of a secret whose value is unknown. In the tenant
// such a secret is asterisks, in the repository asterisks or [Redacted].
const MaskMark = "${masked}"

// Redacted replaces a sensitive value in plans, backups and adopted files. In a
// repository file it means that the file does not manage the value.
const Redacted = "[redacted]"

// IsMask reports whether a string in name form is [MaskMark].
func IsMask(n *jsonval.Node) bool { return n.IsString() && n.Text == MaskMark }

// IsSecret reports whether a string in name form is the keyed hash of a secret.
func IsSecret(n *jsonval.Node) bool { return n.IsString() && strings.HasPrefix(n.Text, SecretMark) }

// ReferenceIn parses a string in name form as a reference. It returns nil for a
// literal, a secret, a mask and a node that is not a string.
func ReferenceIn(n *jsonval.Node) *Ref {
	if !n.IsString() || !strings.HasPrefix(n.Text, "${") || IsMask(n) || IsSecret(n) {
		return nil
	}
	_, ref, err := Expand(n.Text, nil)
	if err != nil {
		return nil
	}
	return ref
}

// IsAsterisks reports whether s consists of asterisks alone, which is how a
// service shows a masked secret.
func IsAsterisks(s string) bool { return s != "" && strings.Trim(s, "*") == "" }

// EachReference calls yield for each reference in a tree in name form.
func EachReference(n *jsonval.Node, yield func(Ref)) {
	if n == nil {
		return
	}
	if ref := ReferenceIn(n); ref != nil {
		yield(*ref)
	}
	for _, kid := range n.Kids {
		EachReference(kid, yield)
	}
}

// PropertiesIn returns the references in a tree in name form that name a
// property, in the order of the tree.
func PropertiesIn(n *jsonval.Node) []Ref {
	var refs []Ref
	EachReference(n, func(r Ref) {
		if r.Property != "" {
			refs = append(refs, r)
		}
	})
	return refs
}
