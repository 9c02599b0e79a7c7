package apply

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// memberIndex finds members of one set. Without it, each of many changes to one
// set would search the whole set.
type memberIndex struct {
	set   *schema.Rule
	array *jsonval.Node // never nil
	// byText has the first of several equal members, by canonical text.
	byText map[string]*jsonval.Node
	// byIdentity has the members by the identity that the kind declares. It is
	// nil if the kind declares none, or if two different members share one.
	byIdentity map[string]*jsonval.Node
	// places are the places with a hidden value, in a member or in a member
	// that was searched for. byVisible has the members by their other values.
	// It is filled on first use.
	places    schema.HiddenPlaces
	byVisible map[string]*visibleMembers
	elements  *elements // filled on first use
	types     *schema.TypeFilter
}

// visibleMembers are the members of a set with the same visible values, in
// their order. hiding are those of them with a hidden value.
type visibleMembers struct{ all, hiding []*jsonval.Node }

// indexMembers indexes a set in the tenant's object. r is the set's rule. The
// index is empty if the tenant has no array there.
func indexMembers(r *schema.Rule, array *jsonval.Node) *memberIndex {
	x := &memberIndex{set: r, array: array, byText: map[string]*jsonval.Node{}, types: schema.NewTypeFilter(array)}
	if !array.IsArray() {
		x.array = jsonval.ArrayOf()
		return x
	}
	set := r.Fact().Set
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

// find returns the set's member that corresponds to m, or nil. It is the member
// with the same identity if the kind declares one. An equal member has the same
// identity too.
func (x *memberIndex) find(m *jsonval.Node) *jsonval.Node {
	if x.byIdentity != nil {
		return x.byIdentity[x.set.Set.DeclaredIdentity(m)]
	}
	return x.same(m)
}

// same returns the array's member that is equal to m, or nil. A hidden secret in
// m is equal to any value.
func (x *memberIndex) same(m *jsonval.Node) *jsonval.Node {
	next := x.set.Step("*")
	if !hidesSecret(next, m) {
		return x.byText[x.text(m)]
	}
	var candidates []*jsonval.Node
	if x.byIdentity != nil { // an identity has no secrets, so it is enough to compare one member
		candidates = []*jsonval.Node{x.byIdentity[x.set.Set.DeclaredIdentity(m)]}
	} else {
		candidates = x.lookingLike(m).all
	}
	for _, kid := range candidates {
		if kid != nil && sameShown(next, m, kid) {
			return kid
		}
	}
	return nil
}

// sameHiding returns the array's member that has a hidden value and otherwise
// equals m, or nil.
func (x *memberIndex) sameHiding(m *jsonval.Node) *jsonval.Node {
	next := x.set.Step("*")
	for _, kid := range x.lookingLike(m).hiding {
		if sameMember(next, m, kid) {
			return kid
		}
	}
	return nil
}

// lookingLike returns the members that equal m apart from hidden values. No
// other member can equal m.
func (x *memberIndex) lookingLike(m *jsonval.Node) *visibleMembers {
	next := x.set.Step("*")
	more := x.places.Add(next, m, hides)
	if x.byVisible == nil {
		for _, kid := range x.array.Kids {
			x.places.Add(next, kid, hides)
		}
	}
	if x.byVisible == nil || more {
		x.byVisible = make(map[string]*visibleMembers, len(x.array.Kids))
		for _, kid := range x.array.Kids {
			text := x.places.VisibleText(next, kid)
			if x.byVisible[text] == nil {
				x.byVisible[text] = &visibleMembers{}
			}
			members := x.byVisible[text]
			if members.all = append(members.all, kid); hidesSecret(next, kid) {
				members.hiding = append(members.hiding, kid)
			}
		}
	}
	if found := x.byVisible[x.places.VisibleText(next, m)]; found != nil {
		return found
	}
	return &visibleMembers{}
}

// counterpart returns the element of other at the position of m in the array.
func (x *memberIndex) counterpart(m, other *jsonval.Node) *jsonval.Node {
	if x.elements == nil {
		x.elements = &elements{array: x.array}
	}
	return x.elements.counterpart(m, other)
}

// elements finds the positions of an array's elements.
type elements struct {
	array *jsonval.Node
	at    map[*jsonval.Node]int // filled on first use
}

// counterpart returns the element of other at the position of m in the array.
func (e *elements) counterpart(m, other *jsonval.Node) *jsonval.Node {
	if !other.IsArray() || len(other.Kids) != len(e.array.Kids) {
		return nil
	}
	if e.at == nil {
		e.at = make(map[*jsonval.Node]int, len(e.array.Kids))
		for i, kid := range slices.Backward(e.array.Kids) { // a repeated node has its first position
			e.at[kid] = i
		}
	}
	if i, ok := e.at[m]; ok {
		return other.Kids[i]
	}
	return nil
}
