package schema

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Meanings numbers values by their [Canonical] form: equal values, and only
// they, have the same number. Each value is looked at once, so that comparing
// the parts of two trees level by level takes time linear in the trees. The zero
// Meanings is ready for use, by one goroutine at a time. Numbers of different
// Meanings have nothing to do with each other.
type Meanings struct {
	numbers map[string]int
	known   map[placed]int
	masked  map[*jsonval.Node]bool
	key     []byte
}

// placed is a value at a place: what it means depends on the rule there, and on
// whether an array is somewhere around it.
type placed struct {
	rule    *Rule
	node    *jsonval.Node
	inArray bool
}

// Member returns the number of an element of an array; 0 stands for one that is
// not there (nil).
func (m *Meanings) Member(r *Rule, n *jsonval.Node) int {
	if n == nil {
		return 0
	}
	return m.value(r, n, true)
}

// InMember returns the number of a property inside an element of an array; 0
// stands for what means the same as absence.
func (m *Meanings) InMember(r *Rule, n *jsonval.Node) int { return m.property(r, n, true) }

// HasMask is the function of this name, which looks at each value once.
func (m *Meanings) HasMask(n *jsonval.Node) bool {
	if n == nil || len(n.Kids) == 0 {
		return HasMask(n)
	}
	has, known := m.masked[n]
	if !known {
		has = slices.ContainsFunc(n.Kids, m.HasMask)
		if m.masked == nil {
			m.masked = map[*jsonval.Node]bool{}
		}
		m.masked[n] = has
	}
	return has
}

// property follows canonicalProperty.
func (m *Meanings) property(r *Rule, n *jsonval.Node, inArray bool) int {
	if n.IsNull() {
		return 0
	}
	f := r.Fact()
	out := m.value(r, n, inArray)
	if (inArray || f.emptyIsAbsent || f.Set != nil || len(f.defaults) > 0) &&
		(out == m.number('{') || out == m.number('[') || out == m.number('"')) {
		return 0
	}
	if slices.ContainsFunc(f.defaults, func(d *jsonval.Node) bool { return m.value(r, d, inArray) == out }) {
		return 0
	}
	return out
}

// value follows canonicalValue.
func (m *Meanings) value(r *Rule, n *jsonval.Node, inArray bool) int {
	place := placed{r, n, inArray}
	if number, ok := m.known[place]; ok && len(n.Kids) > 0 {
		return number
	}
	// A value of other values is written as their numbers.
	var kids []int
	switch {
	case n.IsObject():
		of := r.In(n)
		kids = make([]int, len(n.Kids))
		for i, kid := range n.Kids {
			kids[i] = m.property(of.Step(n.Names[i]), kid, inArray)
		}
		m.begin('{')
		for i, kid := range kids {
			if kid != 0 {
				m.text(n.Names[i])
				m.key = binary.AppendUvarint(m.key, uint64(kid))
			}
		}
	case n.IsArray():
		element, set := r.Step("*"), r.Fact().Set
		kids = make([]int, len(n.Kids))
		for i, kid := range n.Kids {
			kids[i] = m.value(element, kid, true)
		}
		if set != nil {
			slices.Sort(kids)
			if !set.multi {
				kids = slices.Compact(kids)
			}
		}
		m.begin('[')
		for _, kid := range kids {
			m.key = binary.AppendUvarint(m.key, uint64(kid))
		}
	case n.IsString():
		m.begin('"')
		if text := canonicalText(r.Fact(), n.Text); text != "" {
			m.text(text)
		}
	default:
		m.begin(n.Kind)
		m.text(n.Text)
	}
	number := m.end()
	if len(n.Kids) > 0 {
		if m.known == nil {
			m.known = map[placed]int{}
		}
		m.known[place] = number
	}
	return number
}

func (m *Meanings) number(kind byte) int {
	m.begin(kind)
	return m.end()
}

func (m *Meanings) begin(kind byte) { m.key = append(m.key[:0], kind) }

func (m *Meanings) text(s string) {
	m.key = append(binary.AppendUvarint(m.key, uint64(len(s))), s...)
}

// end returns the number of what was written since begin: 1 and above.
func (m *Meanings) end() int {
	number := cmp.Or(m.numbers[string(m.key)], len(m.numbers)+1)
	if m.numbers == nil {
		m.numbers = map[string]int{}
	}
	m.numbers[string(m.key)] = number
	return number
}
