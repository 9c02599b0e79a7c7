package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// ReplaceMember returns the array with one member removed, replaced or added.
// A member of a set that is there twice is one member, so all its copies go.
// r is the rule of the members.
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

// ReplaceMembers makes changes of different members at once: what
// [ReplaceMember] returns for one after the other, in time linear in the set.
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
	// Places are where it stands in the repository's file.
	Places []int
}

// identity returns how the members of a set are told apart on these sides: by
// what the kind declares, or by their whole value where it declares nothing,
// or where that does not tell all of them apart.
func (s *setRule) identity(sides ...*jsonval.Node) func(*jsonval.Node) string {
	if len(s.By) > 0 {
		unique := true
		for _, side := range sides {
			unique = unique && s.TellsApart(side)
		}
		if unique {
			return s.Declared
		}
	}
	return s.value
}

// value is the identity of a member by its whole value.
func (s *setRule) value(n *jsonval.Node) string { return string(CanonicalMember(s.member, n).JSON()) }

// Declared is the identity that the kind declares: the canonical values at By.
func (s *setRule) Declared(n *jsonval.Node) string {
	var b []byte
	for _, segs := range s.By {
		r, value := s.member.FollowIn(n, segs)
		// Missing, null and a default name the same member.
		b = append(canonicalProperty(r, value, true).AppendJSON(b), ' ')
	}
	return string(b)
}

// TellsApart reports whether the declared identity names every member of an
// array once. Equal members are one, unless the set is Multi.
func (s *setRule) TellsApart(array *jsonval.Node) bool {
	if !array.IsArray() {
		return true
	}
	identity := s.Declared
	if len(s.By) == 0 {
		identity = s.value
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

// Merges reports whether the set can be merged member by member: a Multi set
// only while nothing repeats, since nothing says then which members are pairs.
func (s *setRule) Merges(sides ...*jsonval.Node) bool {
	if s.multi {
		for _, side := range sides {
			if !s.TellsApart(side) {
				return false
			}
		}
	}
	return true
}

// SameList reports whether two sets are short lists of the same different texts
// in the same order, as most sets are that nobody has touched. What it says no
// to may be equal all the same.
func (s *setRule) SameList(desired, current *jsonval.Node) bool {
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
		if canonicalText(f, c.Text) != texts[i] || slices.Contains(texts[:i], texts[i]) {
			return false
		}
	}
	return true
}

// maxList is the longest list whose texts are compared with one another.
const maxList = 16

// Members pairs the members of a set: in the tenant's order, then what only
// the repository has, then what only the base had. A member that stands there
// twice is one member.
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

// SortedSets returns a tree in name form with the members of all its sets in an
// order of their own: the same whatever order a tenant lists them in. What can
// be seen counts first, so that it is the same in every tenant.
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
	type member struct {
		kid        *jsonval.Node
		seen, text string
	}
	members := make([]member, len(out.Kids))
	for i, kid := range out.Kids {
		shown, _ := Redacted(kid)
		members[i] = member{kid, string(shown.JSON()), string(kid.JSON())}
	}
	slices.SortStableFunc(members, func(a, b member) int {
		return cmp.Or(strings.Compare(a.seen, b.seen), strings.Compare(a.text, b.text))
	})
	sorted := &jsonval.Node{Kind: '[', Kids: make([]*jsonval.Node, len(members))}
	for i, m := range members {
		sorted.Kids[i] = m.kid
	}
	return sorted
}
