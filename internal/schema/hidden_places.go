package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// HiddenPlaces are the places within elements of arrays where at least one of
// these elements hides its value. A hidden value equals any other, so that
// equality of what can be seen is no equivalence: a mask equals two secrets that
// differ. Without all these places it is one. Elements that are equal but for
// hidden values have the same [HiddenPlaces.SeenText], and only those with the
// same text need to be compared. The zero value has no place.
type HiddenPlaces struct {
	// here: the value itself is hidden in one of the elements.
	here bool
	// below are the places below it, by the name of a member, or "*" for all
	// elements of an array.
	below map[string]*HiddenPlaces
}

// HiddenInNames is the hides of [HiddenPlaces.Add] for values in name form:
// secrets and masks.
func HiddenInNames(_ *Facts, n *jsonval.Node) bool {
	return reference.IsMask(n) || reference.IsSecret(n)
}

// Add adds the places of an element: those of which hides reports that it hides
// the value there. r is the rule of the element. Add reports whether there are
// more places than before.
func (p *HiddenPlaces) Add(r *Rule, n *jsonval.Node, hides func(f *Facts, n *jsonval.Node) bool) bool {
	_, more := p.add(r, n, hides)
	return more
}

// add is Add. A nil p has no place; then add returns what it makes in its stead.
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
	// A value that is left out with a secret in it, for the two together are the
	// declared default, is left out without the secret too.
	if p != nil && slices.ContainsFunc(f.defaults, func(d *jsonval.Node) bool { return len(d.Kids) > 0 }) {
		p.here, more = true, true
	}
	return p, more
}

// SeenText returns the canonical text of an element without the values at the
// places. r is the rule of the element.
func (p *HiddenPlaces) SeenText(r *Rule, n *jsonval.Node) string {
	return string(CanonicalMember(r, p.without(n)).JSON())
}

// without returns a value with null in place of what stands at the places: in
// canonical form, the members of these names are absent then.
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
