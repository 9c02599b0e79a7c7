package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// HasValue reports whether a tree has a value that is not an object. If the two
// sides agree on no such value, the object was never in the repository.
func HasValue(n *jsonval.Node) bool {
	return !n.IsObject() || slices.ContainsFunc(n.Kids, HasValue)
}

// Covers reports whether big has everything that small has, with equal values.
// In objects, only the properties of small are compared. All other values must
// have the same [Canonical] form. This is how a file is compared with the
// tenant.
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

// SameMember reports whether two elements of arrays are equal. nil is an absent
// element, which equals only nil.
func SameMember(r *Rule, a, b *jsonval.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return jsonval.Equal(a, b) || jsonval.Equal(CanonicalMember(r, a), CanonicalMember(r, b))
}

// Exactly reports whether two values have the same notation, apart from the
// order of sets. It compares a file with the base: a person's edit counts even
// if the new value is equal.
func Exactly(r *Rule, a, b *jsonval.Node) bool {
	return jsonval.Equal(a, b) || a != nil && b != nil && jsonval.Equal(SortedSets(r, a), SortedSets(r, b))
}

// Managed returns the part of n that desired manages: in objects, only the
// properties that desired has.
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
