package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// ReplaceMember returns the array with one member removed, replaced or added.
// If the array has duplicates of old, all of them are removed or replaced by
// one now. r is the rule of the members.
func ReplaceMember(r *Rule, array, old, now *jsonval.Node) *jsonval.Node {
	out := &jsonval.Node{Kind: '['}
	placed := now == nil
	if array.IsArray() {
		for _, kid := range array.Kids {
			switch {
			case old == nil || !SameMember(r, kid, old):
				out.Kids = append(out.Kids, kid)
			case !placed:
				out.Kids = append(out.Kids, now)
				placed = true
			}
		}
	}
	if !placed {
		out.Kids = append(out.Kids, now)
	}
	return out
}

// MemberChange is a member of a set that is replaced, added (Old is nil) or
// removed (Now is nil).
type MemberChange struct{ Old, Now *jsonval.Node }

// ReplaceMembers makes changes of different members. It returns the same as
// [ReplaceMember] for one change after the other, in time linear in the size of
// the set.
func ReplaceMembers(r *Rule, array *jsonval.Node, changes []MemberChange) *jsonval.Node {
	text := func(n *jsonval.Node) string { return string(CanonicalMember(r, n).JSON()) }
	byText := make(map[string]int, len(changes))
	for i, c := range changes {
		if c.Old != nil {
			byText[text(c.Old)] = i
		}
	}
	out := &jsonval.Node{Kind: '['}
	placed := make([]bool, len(changes))
	if array.IsArray() {
		for _, kid := range array.Kids {
			i, changed := byText[text(kid)]
			switch {
			case !changed:
				out.Kids = append(out.Kids, kid)
			case changes[i].Now != nil && !placed[i]:
				out.Kids = append(out.Kids, changes[i].Now)
				placed[i] = true
			}
		}
	}
	for i, c := range changes {
		if c.Now != nil && !placed[i] {
			out.Kids = append(out.Kids, c.Now)
		}
	}
	return out
}

// member is one member of a set on up to three sides.
type member struct {
	Base, Desired, Current *jsonval.Node
	// Places are the member's positions in the repository's array.
	Places []int
}

// identity returns a function that returns the identity of a member. It is the
// declared identity if the kind declares one and it is unique in each array.
// Otherwise it is the whole value.
func (s *setRule) identity(sides ...*jsonval.Node) func(*jsonval.Node) string {
	if len(s.By) > 0 {
		unique := true
		for _, side := range sides {
			unique = unique && s.HasUniqueIdentities(side)
		}
		if unique {
			return s.DeclaredIdentity
		}
	}
	return s.wholeValue
}

// wholeValue returns the identity of a member by its whole value.
func (s *setRule) wholeValue(n *jsonval.Node) string {
	return string(CanonicalMember(s.member, n).JSON())
}

// DeclaredIdentity returns the identity that the kind declares: the canonical
// values at By.
func (s *setRule) DeclaredIdentity(n *jsonval.Node) string {
	var b []byte
	for _, segs := range s.By {
		r, value := s.member.FollowIn(n, segs)
		// A missing value, null and a default are the same identity.
		b = append(canonicalProperty(r, value, true).AppendJSON(b), ' ')
	}
	return string(b)
}

// HasUniqueIdentities reports whether the members of an array have different
// identities: the declared one, or the whole value if the kind declares none.
// Equal members count as one, unless the set is Multi.
func (s *setRule) HasUniqueIdentities(array *jsonval.Node) bool {
	if !array.IsArray() {
		return true
	}
	identity := s.DeclaredIdentity
	if len(s.By) == 0 {
		identity = s.wholeValue
	}
	seen := make(map[string]*jsonval.Node, len(array.Kids))
	for _, kid := range array.Kids {
		id := identity(kid)
		if other := seen[id]; other != nil && (s.multi || !SameMember(s.member, other, kid)) {
			return false
		}
		seen[id] = kid
	}
	return true
}

// Merges reports whether the set can be merged member by member. A Multi set
// can be merged only if it has no duplicates, because members with equal
// identities cannot be paired.
func (s *setRule) Merges(sides ...*jsonval.Node) bool {
	if s.multi {
		for _, side := range sides {
			if !s.HasUniqueIdentities(side) {
				return false
			}
		}
	}
	return true
}

// SameList reports whether two sets have no members, or are short arrays of the
// same strings, without duplicates and in the same order. Most unchanged sets
// are. Sets for which it reports false can be equal too.
func (s *setRule) SameList(desired, current *jsonval.Node) bool {
	if len(desired.Kids) == 0 && current.IsNull() {
		return true
	}
	if !current.IsArray() || len(desired.Kids) != len(current.Kids) || len(desired.Kids) > maxList {
		return false
	}
	var texts [maxList]string
	f := s.member.Fact()
	for i, d := range desired.Kids {
		c := current.Kids[i]
		if !d.IsString() || !c.IsString() {
			return false
		}
		texts[i] = canonicalText(f, d.Text)
		if d.Text != c.Text && canonicalText(f, c.Text) != texts[i] || slices.Contains(texts[:i], texts[i]) {
			return false
		}
	}
	return true
}

// maxList is the longest array whose strings SameList compares with one
// another.
const maxList = 16

// Members pairs the members of a set. The members have the tenant's order.
// Members that only the repository has follow, and then members that only the
// base has. Duplicates are one member.
func (s *setRule) Members(base, desired, current *jsonval.Node) []*member {
	var out []*member
	index := map[string]*member{}
	identity := s.identity(base, desired, current)
	each := func(array *jsonval.Node, put func(m *member, i int, n *jsonval.Node)) {
		if !array.IsArray() {
			return
		}
		for i, n := range array.Kids {
			id := identity(n)
			m := index[id]
			if m == nil {
				m = &member{}
				index[id] = m
				out = append(out, m)
			}
			put(m, i, n)
		}
	}
	each(current, func(m *member, _ int, n *jsonval.Node) { m.Current = n })
	each(desired, func(m *member, i int, n *jsonval.Node) { m.Desired, m.Places = n, append(m.Places, i) })
	each(base, func(m *member, _ int, n *jsonval.Node) { m.Base = n })
	return out
}

// SortedByText returns an object of the tenant in name form, with the members of
// all its sets in the order of their texts. It is [Form.Apply] with SortSets, for
// an object that has the form already. New nodes are in the slab.
func SortedByText(r *Rule, n *jsonval.Node, slab *jsonval.Slab) *jsonval.Node {
	if r == nil || len(n.Kids) == 0 {
		return n
	}
	of, next := r, r.Step("*")
	if n.IsObject() {
		of = r.In(n)
	}
	out := jsonval.CopyOf(n, slab)
	for i, kid := range n.Kids {
		if len(kid.Kids) > 0 {
			if n.IsObject() {
				next = of.Step(n.Names[i])
			}
			kid = SortedByText(next, kid, slab)
		}
		out.Put(kid)
	}
	if n.IsArray() && r.Set != nil {
		return sortedByText(out.Node(), slab)
	}
	return out.Node()
}

// SortedSets returns a tree in name form with the members of all its sets
// sorted. The order does not depend on the order in the tenant. It depends on
// the redacted text first, so that it is the same in each tenant.
func SortedSets(r *Rule, n *jsonval.Node) *jsonval.Node {
	if n == nil || r == nil || len(n.Kids) == 0 {
		return n
	}
	next := r.Step("*")
	out := n.MapKids(func(i int) *jsonval.Node {
		if n.IsObject() {
			next = r.Step(n.Names[i])
		}
		return SortedSets(next, n.Kids[i])
	})
	if !n.IsArray() || r.Fact().Set == nil || len(n.Kids) < 2 {
		return out
	}
	shown, hides := Redacted(out)
	if !hides {
		return sortedByText(out, nil)
	}
	type member struct {
		kid            *jsonval.Node
		redacted, text string
	}
	members := make([]member, len(out.Kids))
	for i, kid := range out.Kids {
		members[i] = member{kid, string(shown.Kids[i].JSON()), string(kid.JSON())}
	}
	slices.SortStableFunc(members, func(a, b member) int {
		return cmp.Or(strings.Compare(a.redacted, b.redacted), strings.Compare(a.text, b.text))
	})
	sorted := &jsonval.Node{Kind: '[', Kids: make([]*jsonval.Node, len(members))}
	for i, m := range members {
		sorted.Kids[i] = m.kid
	}
	return sorted
}
