package apply

import (
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// memberIndex finds members of one set. Without it, each of many changes to one
// set would search the whole set.
type memberIndex struct {
	set   *schema.Rule
	array *jsonval.Node
	// byText has the first of several equal members, by canonical text.
	byText map[string]*jsonval.Node
	// byIdentity has the members by the identity that the kind declares. It is
	// nil if the kind declares none, or if two different members share one.
	byIdentity map[string]*jsonval.Node
}

// indexMembers indexes a set in the tenant's object. r is the set's rule. The
// index is empty if the tenant has no array there.
func indexMembers(r *schema.Rule, array *jsonval.Node) *memberIndex {
	x := &memberIndex{set: r, array: array, byText: map[string]*jsonval.Node{}}
	set := r.Fact().Set
	if !array.IsArray() {
		return x
	}
	if set != nil && len(set.By) > 0 && set.HasUniqueIdentities(array) {
		x.byIdentity = make(map[string]*jsonval.Node, len(array.Kids))
	}
	for _, kid := range array.Kids {
		if text := x.text(kid); x.byText[text] == nil {
			x.byText[text] = kid
		}
		if x.byIdentity != nil {
			if name := set.DeclaredIdentity(kid); x.byIdentity[name] == nil {
				x.byIdentity[name] = kid
			}
		}
	}
	return x
}

func (x *memberIndex) text(n *jsonval.Node) string {
	return string(schema.CanonicalMember(x.set.Step("*"), n).JSON())
}

// find returns the set's member that corresponds to m: an equal one, or else the
// one with the same declared identity, or nil.
func (x *memberIndex) find(m *jsonval.Node) *jsonval.Node {
	if m == nil || !x.array.IsArray() || x.set.Fact().Set == nil {
		return nil
	}
	if found := x.same(m); found != nil || x.byIdentity == nil {
		return found
	}
	return x.byIdentity[x.set.Set.DeclaredIdentity(m)]
}

// same returns the array's member that is equal to m, or nil. A hidden secret in
// m is equal to any value.
func (x *memberIndex) same(m *jsonval.Node) *jsonval.Node {
	if m == nil || !x.array.IsArray() {
		return nil
	}
	next := x.set.Step("*")
	if !hidesSecret(next, m) {
		return x.byText[x.text(m)]
	}
	candidates := x.array.Kids
	if x.byIdentity != nil { // an identity has no secrets, so it is enough to compare one member
		candidates = []*jsonval.Node{x.byIdentity[x.set.Set.DeclaredIdentity(m)]}
	}
	for _, kid := range candidates {
		if kid != nil && schema.SameMember(next, filled(next, m, kid), kid) {
			return kid
		}
	}
	return nil
}
