package plan

import (
	"strconv"
	"strings"
)

// member is one member of a set on up to three sides.
type member struct {
	base, desired, current *node
	// index is the member's place in the repository's file.
	index int
}

// identity tells members of a set apart.
func (s *setRule) identity(n *node) string {
	if len(s.by) == 0 {
		return string(n.json())
	}
	var b strings.Builder
	for _, segs := range s.by {
		// Missing and null name the same member.
		b.Write(n.at(segs).appendJSON(nil))
		b.WriteByte(' ')
	}
	return b.String()
}

// members pairs the members of a set: in the tenant's order, then what only
// the repository has, then what only the base had.
func (s *setRule) members(base, desired, current *node) []*member {
	var out []*member
	index := map[string]*member{}
	each := func(array *node, put func(m *member, i int, n *node)) {
		if !array.isArray() {
			return
		}
		seen := map[string]int{}
		for i, n := range array.kids {
			id := s.identity(n)
			seen[id]++
			// Members that nothing tells apart are told apart by their number.
			id += "#" + strconv.Itoa(seen[id])
			m := index[id]
			if m == nil {
				m = &member{index: -1}
				index[id] = m
				out = append(out, m)
			}
			put(m, i, n)
		}
	}
	each(current, func(m *member, _ int, n *node) { m.current = n })
	each(desired, func(m *member, i int, n *node) { m.desired, m.index = n, i })
	each(base, func(m *member, _ int, n *node) { m.base = n })
	return out
}
