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
	array *jsonval.Node
	// byText has the first of several equal members, by canonical text.
	byText map[string]*jsonval.Node
	// byIdentity has the members by the identity that the kind declares. It is
	// nil if the kind declares none, or if two different members share one.
	byIdentity map[string]*jsonval.Node
	// places are where a member hides its value, or one that was looked for.
	// alike has the members by what the others show; it is made when needed.
	places   schema.HiddenPlaces
	alike    map[string]*alikeMembers
	elements *elements // made when needed
	teller   *schema.Teller
}

// alikeMembers are the members of a set that show the same, in their order.
// hiding are the members among them that hide a value.
type alikeMembers struct{ all, hiding []*jsonval.Node }

// indexMembers indexes a set in the tenant's object. r is the set's rule. The
// index is empty if the tenant has no array there.
func indexMembers(r *schema.Rule, array *jsonval.Node) *memberIndex {
	x := &memberIndex{set: r, array: array, byText: map[string]*jsonval.Node{}, teller: schema.NewTeller(array)}
	set := r.Fact().Set
	if !array.IsArray() {
		return x
	}
	if set != nil && len(set.By) > 0 && set.TellsApart(array) {
		x.byIdentity = make(map[string]*jsonval.Node, len(array.Kids))
	}
	for _, kid := range array.Kids {
		if text := x.text(kid); x.byText[text] == nil {
			x.byText[text] = kid
		}
		if x.byIdentity != nil {
			if name := set.Declared(kid); x.byIdentity[name] == nil {
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
	return x.byIdentity[x.set.Set.Declared(m)]
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
	var candidates []*jsonval.Node
	if x.byIdentity != nil { // an identity has no secrets, so it is enough to compare one member
		candidates = []*jsonval.Node{x.byIdentity[x.set.Set.Declared(m)]}
	} else {
		candidates = x.seenAs(m).all
	}
	for _, kid := range candidates {
		if kid != nil && sameShown(next, m, kid) {
			return kid
		}
	}
	return nil
}

// sameHiding returns the array's member that hides a part of itself and is m in
// all that can be seen, or nil.
func (x *memberIndex) sameHiding(m *jsonval.Node) *jsonval.Node {
	if !x.array.IsArray() {
		return nil
	}
	next := x.set.Step("*")
	for _, kid := range x.seenAs(m).hiding {
		if sameMember(next, m, kid) {
			return kid
		}
	}
	return nil
}

// seenAs returns the members that look like m where all that is hidden in one of
// them is left out: no other can be m.
func (x *memberIndex) seenAs(m *jsonval.Node) *alikeMembers {
	next := x.set.Step("*")
	more := x.places.Add(next, m, hides)
	if x.alike == nil {
		for _, kid := range x.array.Kids {
			x.places.Add(next, kid, hides)
		}
	}
	if x.alike == nil || more {
		x.alike = make(map[string]*alikeMembers, len(x.array.Kids))
		for _, kid := range x.array.Kids {
			text := x.places.SeenText(next, kid)
			if x.alike[text] == nil {
				x.alike[text] = &alikeMembers{}
			}
			members := x.alike[text]
			if members.all = append(members.all, kid); hidesSecret(next, kid) {
				members.hiding = append(members.hiding, kid)
			}
		}
	}
	if found := x.alike[x.places.SeenText(next, m)]; found != nil {
		return found
	}
	return &alikeMembers{}
}

// counterpart returns the element of other that stands where m stands in the
// array.
func (x *memberIndex) counterpart(m, other *jsonval.Node) *jsonval.Node {
	if x.elements == nil {
		x.elements = &elements{array: x.array}
	}
	return x.elements.counterpart(m, other)
}

// elements finds the places of an array's elements.
type elements struct {
	array *jsonval.Node
	at    map[*jsonval.Node]int // made when needed
}

// counterpart returns the element of other that stands where m stands in the
// array.
func (e *elements) counterpart(m, other *jsonval.Node) *jsonval.Node {
	if m == nil || !other.IsArray() || len(other.Kids) != len(e.array.Kids) {
		return nil
	}
	if e.at == nil {
		e.at = make(map[*jsonval.Node]int, len(e.array.Kids))
		for i, kid := range slices.Backward(e.array.Kids) { // of one node, the first place
			e.at[kid] = i
		}
	}
	if i, ok := e.at[m]; ok {
		return other.Kids[i]
	}
	return nil
}
