package apply

import (
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
}

// indexMembers indexes an array of the tenant, or what is in place of one. r is
// the array's rule.
func indexMembers(r *schema.Rule, array *jsonval.Node) *memberIndex {
	x := &memberIndex{set: r, array: array, byText: map[string]*jsonval.Node{}}
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
	among := x.array.Kids
	if x.declared != nil { // what names a member is no secret
		among = []*jsonval.Node{x.declared[x.set.Set.Declared(m)]}
	}
	for _, kid := range among {
		if kid != nil && schema.SameMember(next, filled(next, m, kid), kid) {
			return kid
		}
	}
	return nil
}
