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

func SameMember(r *Rule, a, b *jsonval.Node) bool {
	return jsonval.Equal(a, b) || a != nil && b != nil && Covers(r, a, b) && Covers(r, b, a)
}

// Covers reports whether big has everything that small has, with the same
// values: in objects, what small lacks does not count. Absent and null are the
// same for a property as a whole, and so are other empty values where the kind
// says so.
func Covers(r *Rule, small, big *jsonval.Node) bool {
	f := r.Fact()
	switch {
	case small.IsNull() && big.IsNull():
		return true
	case f.emptyIsAbsent && small.IsEmpty() && big.IsEmpty():
		return true
	case small.IsObject() && big.IsObject():
		for i, name := range small.Names {
			if !Covers(r.Step(name), small.Kids[i], big.Get(name)) {
				return false
			}
		}
		return true
	case f.Set != nil && small.IsArray() && big.IsArray():
		return equalSets(r, small, big)
	}
	return jsonval.Equal(small, big)
}

func equalSets(r *Rule, a, b *jsonval.Node) bool {
	for _, m := range r.Set.Members(nil, a, b) {
		if m.Desired == nil || m.Current == nil || !jsonval.Equal(m.Desired, m.Current) {
			return false
		}
	}
	return true
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
