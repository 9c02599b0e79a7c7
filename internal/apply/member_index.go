package apply

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// memberIndex finds the members of one set: without it, many changes of one set
// would each look through all of it.
type memberIndex struct {
	set   *schema.Rule
	array *jsonval.Node
	// byText are the members by their canonical text, the first of equal ones.
	byText map[string]*jsonval.Node
	// declared are the members as the kind tells them apart; nil where it does
	// not tell these apart.
	declared map[string]*jsonval.Node
	// places are where a member hides its value, or one that was looked for;
	// alike are the members by what can be seen then, made when needed.
	places   schema.HiddenPlaces
	alike    map[string]*alikeMembers
	elements *elements // made when needed
	teller   *schema.Teller
}

// alikeMembers are the members of a set with the same visible values, in their
// order. hiding are those among them that hide something.
type alikeMembers struct{ all, hiding []*jsonval.Node }

// indexMembers indexes an array of the tenant, or what is in place of one. r is
// the array's rule.
func indexMembers(r *schema.Rule, array *jsonval.Node) *memberIndex {
	x := &memberIndex{set: r, array: array, byText: map[string]*jsonval.Node{}, teller: schema.NewTeller(array)}
	set := r.Fact().Set
	if !array.IsArray() {
		return x
	}
	if set != nil && len(set.By) > 0 && set.TellsApart(array) {
		x.declared = make(map[string]*jsonval.Node, len(array.Kids))
	}
	for _, kid := range array.Kids {
		if text := x.text(kid); x.byText[text] == nil {
			x.byText[text] = kid
		}
		if x.declared != nil {
			if name := set.Declared(kid); x.declared[name] == nil {
				x.declared[name] = kid
			}
		}
	}
	return x
}

func (x *memberIndex) text(n *jsonval.Node) string {
	return string(schema.CanonicalMember(x.set.Step("*"), n).JSON())
}

// find returns the member of a set that m stands for, or nil: the one that is
// the same in all that can be seen, or else as the kind tells members apart.
func (x *memberIndex) find(m *jsonval.Node) *jsonval.Node {
	if m == nil || !x.array.IsArray() || x.set.Fact().Set == nil {
		return nil
	}
	if found := x.same(m); found != nil || x.declared == nil {
		return found
	}
	return x.declared[x.set.Set.Declared(m)]
}

// same returns the array's member that is m in all that can be seen, or nil.
func (x *memberIndex) same(m *jsonval.Node) *jsonval.Node {
	if m == nil || !x.array.IsArray() {
		return nil
	}
	next := x.set.Step("*")
	if !hidesSecret(next, m) {
		return x.byText[x.text(m)]
	}
	var among []*jsonval.Node
	if x.declared != nil { // what names a member is no secret
		among = []*jsonval.Node{x.declared[x.set.Set.Declared(m)]}
	} else {
		among = x.seenAs(m).all
	}
	for _, kid := range among {
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
