package diff

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// secretDuplicates finds members of sets in the tenant that differ only in
// secrets. A write could change the wrong member, and a read could not detect
// it.
type secretDuplicates struct {
	current *jsonval.Node
	// at is the path of the last set, and members its members. members is nil
	// if the set has neither a secret nor a mask.
	at      []string
	members *visibleMembers
}

// has reports whether the set has duplicates of the first proposal's member.
// propose also has the later proposals, because those for one set are adjacent.
func (s *secretDuplicates) has(propose []proposal) bool {
	first := propose[0]
	if !first.member {
		return false
	}
	if s.at == nil || !slices.Equal(s.at, first.segs) {
		s.at, s.members = first.segs, nil
		array := s.current.At(first.segs)
		if _, hides := schema.Redacted(array); hides && array.IsArray() {
			n := slices.IndexFunc(propose, func(p proposal) bool { return !p.member || !slices.Equal(p.segs, first.segs) })
			if n < 0 {
				n = len(propose)
			}
			s.members = newVisibleMembers(array, propose[:n])
		}
	}
	return s.members != nil && s.members.hasDuplicates(first.difference)
}

// visibleMembers has the members of a set by their visible values.
type visibleMembers struct {
	rule   *schema.Rule
	places schema.HiddenPlaces
	// byText has all members, and masked those with a mask.
	byText, masked map[string][]*jsonval.Node
}

func newVisibleMembers(array *jsonval.Node, propose []proposal) *visibleMembers {
	m := &visibleMembers{rule: propose[0].rule.Step("*"), byText: map[string][]*jsonval.Node{}, masked: map[string][]*jsonval.Node{}}
	for _, kid := range array.Kids {
		m.places.Add(m.rule, kid, schema.HiddenInNames)
	}
	for _, p := range propose {
		m.places.Add(m.rule, p.sought(), schema.HiddenInNames)
	}
	for _, kid := range array.Kids {
		text := m.places.VisibleText(m.rule, kid)
		if m.byText[text] = append(m.byText[text], kid); schema.HasMask(kid) {
			m.masked[text] = append(m.masked[text], kid)
		}
	}
	return m
}

// sought returns the member that a write searches for: the tenant's, or the new
// one.
func (d *difference) sought() *jsonval.Node {
	if d.current != nil {
		return d.current
	}
	return d.desired
}

// candidates returns the members that a write of the difference could change,
// by their visible values. A new member could be confused with one that has a
// mask.
func (m *visibleMembers) candidates(d *difference) []*jsonval.Node {
	text := m.places.VisibleText(m.rule, d.sought())
	if d.current == nil {
		return m.masked[text]
	}
	return m.byText[text]
}

// hasDuplicates reports whether a write of the difference could change another
// member.
func (m *visibleMembers) hasDuplicates(d *difference) bool {
	others, itself := 0, 0
	for _, kid := range m.candidates(d) {
		switch {
		case !schema.EqualExceptSecrets(kid, d.sought()):
			continue
		case d.current == nil:
			return true
		case jsonval.Equal(kid, d.current) && !schema.HasMask(kid):
			itself = 1 // equal members without a mask are one member
		default:
			others++
		}
		if others+itself > 1 {
			return true
		}
	}
	return false
}
