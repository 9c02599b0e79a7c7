package plan

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// shape brings an object's body into one of the canonical forms. The forms
// differ only in what becomes of strings, secrets and masks. A shape is used
// by one goroutine at a time.
type shape struct {
	// text says what becomes of a string; nil keeps it. The place is only
	// valid during the call.
	text func(n *node, at place) *node
	// secret says what becomes of a sensitive value; nil keeps it.
	secret func(n *node) *node
	// mask says what becomes of a masked value; nil keeps it.
	mask func(n *node) *node
	// repository: the body comes from there. Asterisks and "[redacted]" are
	// no values then, and empty values say "clear it".
	repository bool
	// keepTokens keeps the tokens that stand for masked secrets.
	keepTokens bool
	// sortSets orders the members of all sets, not just of those in arrays;
	// unsorted leaves those too in the order that they have.
	sortSets, unsorted bool

	segs []string // where the walk is
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
	// secret: the value is a secret, or part of one.
	secret bool
}

// apply returns the body in the form; annotations, read-only properties and,
// at the top, directives are dropped. Parts that stay as they are are shared.
func (s *shape) apply(k *kindRules, body *node) *node {
	s.segs = s.segs[:0]
	return s.object(body, k.root, place{})
}

func (s *shape) object(n *node, r *rule, within place) *node {
	top := len(s.segs) == 0
	return n.mapKids(func(i int) *node {
		name := n.names[i]
		if isAnnotation(name) || top && strings.HasPrefix(name, "$") {
			return nil
		}
		next := r.step(name)
		f := next.fact()
		if f.readOnly || f.isToken && !s.keepTokens {
			return nil
		}
		s.segs = append(s.segs, name)
		v := s.value(n.kids[i], next, place{refs: f.refs, holder: n, inArray: within.inArray, secret: within.secret})
		s.segs = s.segs[:len(s.segs)-1]
		return v
	})
}

// value returns nil for what is dropped.
func (s *shape) value(n *node, r *rule, at place) *node {
	f := r.fact()
	if s.isMasked(n, f) {
		if s.mask == nil {
			return n
		}
		return s.mask(n)
	}
	at.secret = at.secret || f.sensitive || f.masked
	out := n
	switch {
	case n.kind == '{':
		out = s.object(n, r, at)
	case n.kind == '[':
		out = s.array(n, r, at)
	case n.kind == '"' && s.text != nil:
		at.segs = s.segs
		out = s.text(n, at)
	}
	if f.emptyIsAbsent && out.isEmpty() && (at.inArray || !s.repository) {
		return nil
	}
	if (f.sensitive || f.masked) && s.secret != nil && !out.isNull() && !out.isMask() {
		return s.secret(out)
	}
	return out
}

// isMasked reports whether a value stands for a secret that is not known.
func (s *shape) isMasked(n *node, f *facts) bool {
	if !n.isString() || !f.masked && !f.sensitive {
		return false
	}
	return isAsterisks(n.text) && (f.masked || s.repository) || n.text == Redacted && s.repository
}

func (s *shape) array(n *node, r *rule, at place) *node {
	next := r.step("*")
	refs := at.refs
	if own := next.fact().refs; len(own) > 0 {
		refs = append(slices.Clip(own), refs...)
	}
	s.segs = append(s.segs, "*")
	out := n.mapKids(func(i int) *node {
		if v := s.value(n.kids[i], next, place{refs: refs, holder: at.holder, inArray: true, secret: at.secret}); v != nil {
			return v
		}
		// Elements have places, so an empty one stays.
		return n.kids[i]
	})
	s.segs = s.segs[:len(s.segs)-1]
	if r.fact().set != nil && (s.sortSets || at.inArray) && !s.unsorted {
		out = &node{kind: '[', kids: slices.Clone(out.kids)}
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
