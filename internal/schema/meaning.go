package schema

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Meanings gives a number to each value. Two values have the same number
// exactly if they have the same [Canonical] form. It visits each value once. So
// comparing the parts of two trees, level by level, takes time linear in the
// size of the trees. The zero value is ready for use. A Meanings must not be
// used concurrently. Numbers from different Meanings cannot be compared.
type Meanings struct {
	numbers map[string]int
	known   map[placed]int
	masked  map[*jsonval.Node]bool
	key     []byte
}

// placed is a value and its place. The number of a value depends on the rule at
// the place, and on whether an enclosing value is an array.
type placed struct {
	rule    *Rule
	node    *jsonval.Node
	inArray bool
}

// Member returns the number of an element of an array, or 0 for an absent
// element (nil).
func (m *Meanings) Member(r *Rule, n *jsonval.Node) int {
	if n == nil {
		return 0
	}
	return m.value(r, n, true)
}

// InMember returns the number of a property within an element of an array, or 0
// if the property is equal to an absent one.
func (m *Meanings) InMember(r *Rule, n *jsonval.Node) int { return m.property(r, n, true) }

// HasMask returns the same as the function [HasMask], but visits each value
// once.
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

// property must agree with canonicalProperty.
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

// value must agree with canonicalValue.
func (m *Meanings) value(r *Rule, n *jsonval.Node, inArray bool) int {
	place := placed{r, n, inArray}
	if number, ok := m.known[place]; ok && len(n.Kids) > 0 {
		return number
	}
	// The key of an object or array has the numbers of its values.
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

// end returns the number of the key that was written since begin. Numbers begin
// at 1.
func (m *Meanings) end() int {
	number := cmp.Or(m.numbers[string(m.key)], len(m.numbers)+1)
	if m.numbers == nil {
		m.numbers = map[string]int{}
	}
	m.numbers[string(m.key)] = number
	return number
}
