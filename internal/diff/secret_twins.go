package diff

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// secretTwins finds members of sets in the tenant that only secrets tell apart:
// a write could hit the wrong one, and nobody could see that afterwards.
type secretTwins struct {
	current *jsonval.Node
	// at is the set that was looked at last, and members what it has; nil where
	// the set has neither a secret nor a mask.
	at      []string
	members *seenMembers
}

// has reports whether the set has twins of the first of the proposals. The
// others are those behind it: the members of a set stand together.
func (s *secretTwins) has(propose []proposal) bool {
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
			s.members = newSeenMembers(array, propose[:n])
		}
	}
	return s.members != nil && s.members.twins(first.difference)
}

// seenMembers are the members of a set by what can be seen of them.
type seenMembers struct {
	rule   *schema.Rule
	places schema.HiddenPlaces
	// byText are all of them, masked those that have a mask.
	byText, masked map[string][]*jsonval.Node
}

func newSeenMembers(array *jsonval.Node, propose []proposal) *seenMembers {
	m := &seenMembers{rule: propose[0].rule.Step("*"), byText: map[string][]*jsonval.Node{}, masked: map[string][]*jsonval.Node{}}
	for _, kid := range array.Kids {
		m.places.Add(m.rule, kid, schema.HiddenInNames)
	}
	for _, p := range propose {
		m.places.Add(m.rule, p.sought(), schema.HiddenInNames)
	}
	for _, kid := range array.Kids {
		text := m.places.SeenText(m.rule, kid)
		if m.byText[text] = append(m.byText[text], kid); schema.HasMask(kid) {
			m.masked[text] = append(m.masked[text], kid)
		}
	}
	return m
}

// sought is the member that a write looks for: the tenant's, or the new one.
func (d *difference) sought() *jsonval.Node {
	if d.current != nil {
		return d.current
	}
	return d.desired
}

// alike returns the members that a write of the difference could hit, as far as
// can be seen. A new member could be taken for one that hides its secret.
func (m *seenMembers) alike(d *difference) []*jsonval.Node {
	text := m.places.SeenText(m.rule, d.sought())
	if d.current == nil {
		return m.masked[text]
	}
	return m.byText[text]
}

// twins reports whether a write of the difference could hit another member.
func (m *seenMembers) twins(d *difference) bool {
	others, itself := 0, 0
	for _, kid := range m.alike(d) {
		switch {
		case !schema.EqualButSecrets(kid, d.sought()):
			continue
		case d.current == nil:
			return true
		case jsonval.Equal(kid, d.current) && !schema.HasMask(kid):
			itself = 1 // what is there twice is one member, if its secret can be seen
		default:
			others++
		}
		if others+itself > 1 {
			return true
		}
	}
	return false
}
