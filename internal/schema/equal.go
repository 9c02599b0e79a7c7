package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// HasValue reports whether a tree has more than objects. Where both sides agree
// on no value at all, the object never was the repository's.
func HasValue(n *jsonval.Node) bool {
	return !n.IsObject() || slices.ContainsFunc(n.Kids, HasValue)
}

// Covers reports whether big has everything that small has, with equal values:
// of objects, only the properties that small names count, and all else must
// have the same [Canonical] form. A file that names some properties of an
// object is compared with the tenant in this way.
func Covers(r *Rule, small, big *jsonval.Node) bool {
	if small.IsObject() && big.IsObject() {
		of := r.In(small, big)
		for i, name := range small.Names {
			if !Covers(of.Step(name), small.Kids[i], big.Get(name)) {
				return false
			}
		}
		return true
	}
	return jsonval.Equal(small, big) || jsonval.Equal(Canonical(r, small), Canonical(r, big))
}

// SameMember reports whether two elements of arrays are equal. nil is an
// element that is not there and equals only another such.
func SameMember(r *Rule, a, b *jsonval.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return jsonval.Equal(a, b) || jsonval.Equal(CanonicalMember(r, a), CanonicalMember(r, b))
}

// Exactly reports whether two values are spelled alike but for the order of
// sets. It is the comparison of a file with the base: an edit of a person
// counts as it stands, also one that writes an equal value differently.
func Exactly(r *Rule, a, b *jsonval.Node) bool {
	return jsonval.Equal(a, b) || a != nil && b != nil && jsonval.Equal(SortedSets(r, a), SortedSets(r, b))
}

// Managed returns the part of n that desired manages: of objects, only the
// properties that it names.
func Managed(n, desired *jsonval.Node) *jsonval.Node {
	if !n.IsObject() || !desired.IsObject() {
		return n
	}
	out := &jsonval.ObjectBuilder{}
	for i, name := range desired.Names {
		out.Add(name, Managed(n.Get(name), desired.Kids[i]))
	}
	return out.Node()
}
