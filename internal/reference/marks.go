package reference

import (
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// RefsOf returns the "kind/key" that a tree in name form refers to.
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

const Asterisks = "****"

// MaskMark stands for a secret that is not known: asterisks in the tenant,
// asterisks or "[redacted]" in the repository.
const MaskMark = "${masked}"

// Redacted stands where a sensitive value is hidden: in plans, backups and
// adopted files. In a file of the repository it means "not managed here".
const Redacted = "[redacted]"

// IsMask reports whether a string in name form stands for a secret that nobody can read.
func IsMask(n *jsonval.Node) bool { return n.IsString() && n.Text == MaskMark }

// IsSecret reports whether a string in name form is the keyed hash of a secret.
func IsSecret(n *jsonval.Node) bool { return n.IsString() && strings.HasPrefix(n.Text, SecretMark) }

// ReferenceIn returns the reference that a string in name form is, or nil.
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

// IsAsterisks reports whether s is a masked secret.
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

// PropertiesIn returns the references to properties in a tree in name form, in
// their order.
func PropertiesIn(n *jsonval.Node) []Ref {
	var refs []Ref
	EachReference(n, func(r Ref) {
		if r.Property != "" {
			refs = append(refs, r)
		}
	})
	return refs
}
