package plan

import (
	"cmp"
	"slices"
	"strings"
)

// member is one member of a set on up to three sides.
type member struct {
	base, desired, current *node
	// places are where it stands in the repository's file.
	places []int
}

// identity returns how the members of a set are told apart on these sides: by
// what the kind declares, or by their whole value where it declares nothing,
// or where that does not tell all of them apart.
func (s *setRule) identity(sides ...*node) func(*node) string {
	if len(s.by) > 0 {
		unique := true
		for _, side := range sides {
			unique = unique && s.tellsApart(side)
		}
		if unique {
			return s.declared
		}
	}
	return func(n *node) string { return string(n.json()) }
}

// declared is the identity that the kind declares.
func (s *setRule) declared(n *node) string {
	var b strings.Builder
	for _, segs := range s.by {
		// Missing and null name the same member.
		b.Write(n.at(segs).appendJSON(nil))
		b.WriteByte(' ')
	}
	return b.String()
}

func (s *setRule) tellsApart(array *node) bool {
	if !array.isArray() {
		return true
	}
	seen := make(map[string]*node, len(array.kids))
	for _, kid := range array.kids {
		id := s.declared(kid)
		if other := seen[id]; other != nil && !equal(other, kid) {
			return false
		}
		seen[id] = kid
	}
	return true
}

// members pairs the members of a set: in the tenant's order, then what only
// the repository has, then what only the base had. A member that stands there
// twice is one member.
func (s *setRule) members(base, desired, current *node) []*member {
	var out []*member
	index := map[string]*member{}
	identity := s.identity(base, desired, current)
	each := func(array *node, put func(m *member, i int, n *node)) {
		if !array.isArray() {
			return
		}
		for i, n := range array.kids {
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
	each(current, func(m *member, _ int, n *node) { m.current = n })
	each(desired, func(m *member, i int, n *node) { m.desired, m.places = n, append(m.places, i) })
	each(base, func(m *member, _ int, n *node) { m.base = n })
	return out
}

// sortedSets returns a tree in name form with the members of all its sets in an
// order of their own: the same whatever order a tenant lists them in. What can
// be seen counts first, so that it is the same in every tenant.
func sortedSets(r *rule, n *node) *node {
	if n == nil || r == nil || len(n.kids) == 0 {
		return n
	}
	next := r.step("*")
	out := n.mapKids(func(i int) *node {
		if n.isObject() {
			next = r.step(n.names[i])
		}
		return sortedSets(next, n.kids[i])
	})
	if !n.isArray() || r.fact().set == nil || len(n.kids) < 2 {
		return out
	}
	type member struct {
		*node
		seen, text string
	}
	members := make([]member, len(out.kids))
	for i, kid := range out.kids {
		shown, _ := redacted(kid)
		members[i] = member{kid, string(shown.json()), string(kid.json())}
	}
	slices.SortStableFunc(members, func(a, b member) int {
		return cmp.Or(strings.Compare(a.seen, b.seen), strings.Compare(a.text, b.text))
	})
	sorted := &node{kind: '[', kids: make([]*node, len(members))}
	for i, m := range members {
		sorted.kids[i] = m.node
	}
	return sorted
}
