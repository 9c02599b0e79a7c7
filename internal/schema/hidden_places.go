package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// HiddenPlaces are the places within elements of arrays at which at least one
// element has a hidden value. A hidden value equals any other value, so
// equality is not transitive: a mask equals two different secrets. Without the
// values at all these places, it is. Elements that are equal apart from hidden
// values have the same [HiddenPlaces.VisibleText], so only elements with the
// same text need to be compared. The zero value has no place.
type HiddenPlaces struct {
	// here is true if one of the elements hides the value at this place.
	here bool
	// below has the places below this place, by the name of a member, or "*"
	// for all elements of an array.
	below map[string]*HiddenPlaces
}

// HiddenInNames is the parameter hides of [HiddenPlaces.Add] for values in name
// form: it reports true for secrets and masks.
func HiddenInNames(_ *Facts, n *jsonval.Node) bool {
	return reference.IsMask(n) || reference.IsSecret(n)
}

// Add adds the places of an element at which hides reports true. r is the rule
// of the element. Add reports whether it has added a place.
func (p *HiddenPlaces) Add(r *Rule, n *jsonval.Node, hides func(f *Facts, n *jsonval.Node) bool) bool {
	_, more := p.add(r, n, hides)
	return more
}

// add is Add. A nil p has no place; add then returns a new one if it needs it.
func (p *HiddenPlaces) add(r *Rule, n *jsonval.Node, hides func(f *Facts, n *jsonval.Node) bool) (*HiddenPlaces, bool) {
	if n == nil || p != nil && p.here {
		return p, false
	}
	f := r.Fact()
	if hides(f, n) {
		if p == nil {
			p = &HiddenPlaces{}
		}
		p.here = true
		return p, true
	}
	more := false
	of := r.In(n)
	for i, kid := range n.Kids {
		name := "*"
		if n.IsObject() {
			name = n.Names[i]
		}
		var known *HiddenPlaces
		if p != nil {
			known = p.below[name]
		}
		below, added := known.add(of.Step(name), kid, hides)
		if more = more || added; below == known {
			continue
		}
		if p == nil {
			p = &HiddenPlaces{}
		}
		if p.below == nil {
			p.below = map[string]*HiddenPlaces{}
		}
		p.below[name] = below
	}
	// A value is left out if it equals the declared default together with its
	// secret. Then it must be left out without the secret too.
	if p != nil && slices.ContainsFunc(f.defaults, func(d *jsonval.Node) bool { return len(d.Kids) > 0 }) {
		p.here, more = true, true
	}
	return p, more
}

// VisibleText returns the canonical text of an element without the values at
// the places. r is the rule of the element.
func (p *HiddenPlaces) VisibleText(r *Rule, n *jsonval.Node) string {
	return string(CanonicalMember(r, p.without(n)).JSON())
}

// without replaces the values at the places by null. In canonical form these
// members are absent then.
func (p *HiddenPlaces) without(n *jsonval.Node) *jsonval.Node {
	switch {
	case p == nil:
		return n
	case p.here:
		return jsonval.NullNode
	}
	return n.MapKids(func(i int) *jsonval.Node {
		if !n.IsObject() {
			return p.below["*"].without(n.Kids[i])
		}
		return p.below[n.Names[i]].without(n.Kids[i])
	})
}
