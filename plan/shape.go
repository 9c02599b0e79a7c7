package plan

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// shape brings an object's body into one of the canonical forms. The forms
// differ only in what becomes of strings, secrets and masks.
type shape struct {
	// text says what becomes of a string; nil keeps it.
	text func(s string, at *place) *node
	// secret says what becomes of a sensitive value; nil keeps it.
	secret func(n *node) *node
	// mask says what becomes of a masked value; nil keeps it.
	mask func(n *node) *node
	// repository: the body comes from there. Asterisks and "[redacted]" are
	// no values then, and empty values say "clear it".
	repository bool
	// keepTokens keeps the tokens that stand for masked secrets.
	keepTokens bool
	// sortSets orders the members of all sets, not just of those in arrays.
	sortSets bool
}

// place is where a value stands.
type place struct {
	segs []string
	refs []*tenant.Reference
	// holder is the nearest object around the value.
	holder *node
	// inArray: an array is somewhere above, so the value is part of one that
	// is compared as a whole, or of a set's member.
	inArray bool
}

// apply returns the body in the form; annotations, read-only properties and,
// at the top, directives are dropped.
func (s *shape) apply(k *kindRules, body *node) *node {
	out := &objectBuilder{}
	for i, name := range body.names {
		if strings.HasPrefix(name, "$") {
			continue
		}
		s.member(out, name, body.kids[i], k.root, &place{holder: body})
	}
	return out.node()
}

func (s *shape) member(out *objectBuilder, name string, v *node, r *rule, at *place) {
	if isAnnotation(name) {
		return
	}
	next := r.step(name)
	f := next.fact()
	if f.readOnly || f.isToken && !s.keepTokens {
		return
	}
	below := place{segs: append(at.segs, name), holder: at.holder, refs: f.refs, inArray: at.inArray}
	out.add(name, s.value(v, next, &below))
}

// value returns nil for what is dropped.
func (s *shape) value(n *node, r *rule, at *place) *node {
	f := r.fact()
	if f.masked && n.isString() && isAsterisks(n.text) ||
		(f.masked || f.sensitive) && s.repository && n.isString() && (n.text == Redacted || isAsterisks(n.text)) {
		if s.mask == nil {
			return n
		}
		return s.mask(n)
	}
	out := n
	switch n.kind {
	case '{':
		b := &objectBuilder{names: make([]string, 0, len(n.names)), kids: make([]*node, 0, len(n.kids))}
		for i, name := range n.names {
			s.member(b, name, n.kids[i], r, &place{segs: at.segs, holder: n, inArray: at.inArray})
		}
		out = b.node()
	case '[':
		out = s.array(n, r, at)
	case '"':
		if s.text != nil {
			out = s.text(n.text, at)
		}
	}
	if f.emptyIsAbsent && out.isEmpty() && (at.inArray || !s.repository) {
		return nil
	}
	if (f.sensitive || f.masked) && s.secret != nil && !out.isNull() && !out.isMask() {
		return s.secret(out)
	}
	return out
}

func (s *shape) array(n *node, r *rule, at *place) *node {
	f := r.fact()
	out := &node{kind: '[', kids: make([]*node, 0, len(n.kids))}
	next := r.step("*")
	refs := at.refs
	if own := next.fact().refs; len(own) > 0 {
		refs = append(slices.Clip(own), refs...)
	}
	for _, kid := range n.kids {
		below := place{segs: append(at.segs, "*"), holder: at.holder, refs: refs, inArray: true}
		v := s.value(kid, next, &below)
		if v == nil {
			// Elements have places, so an empty one stays.
			v = kid
		}
		out.kids = append(out.kids, v)
	}
	if f.set != nil && (s.sortSets || at.inArray) {
		sortByText(out.kids)
	}
	return out
}

// sortByText orders values by their canonical text.
func sortByText(kids []*node) {
	texts := make(map[*node]string, len(kids))
	for _, kid := range kids {
		texts[kid] = string(kid.json())
	}
	slices.SortStableFunc(kids, func(a, b *node) int { return strings.Compare(texts[a], texts[b]) })
}

// isAnnotation reports whether a name is OData's and no property.
func isAnnotation(name string) bool {
	return name != "@odata.type" && (strings.HasPrefix(name, "@") || strings.Contains(name, "@odata."))
}
