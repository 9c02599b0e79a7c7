package schema

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// Form brings an object's body into one of the canonical forms. The forms
// differ only in what becomes of strings, secrets and masks. A Form is used
// by one goroutine at a time.
type Form struct {
	// Text says what becomes of a string; nil keeps it. The place is only
	// valid during the call.
	Text func(n *jsonval.Node, at Place) *jsonval.Node
	// Secret says what becomes of a sensitive value; nil keeps it.
	Secret func(n *jsonval.Node) *jsonval.Node
	// Mask says what becomes of a masked value; nil keeps it.
	Mask func(n *jsonval.Node) *jsonval.Node
	// Repository: the body comes from there. Asterisks and "[redacted]" are
	// no values then, and empty values say "clear it".
	Repository bool
	// KeepTokens keeps the tokens that stand for masked secrets.
	KeepTokens bool
	// sortSets orders the members of all sets, not just of those in arrays;
	// unsorted leaves those too in the order that they have.
	SortSets, Unsorted bool

	segs  []string   // where the walk is
	parts [][]string // the paths of the kind's parts
}

// Place is where a value stands.
type Place struct {
	Segs []string
	refs []*tenant.Reference
	// holder is the nearest object around the value.
	holder *jsonval.Node
	// inArray: an array is somewhere above, so the value is part of one that
	// is compared as a whole, or of a set's member.
	inArray bool
	// element: the value is an element of an array, which keeps its place.
	element bool
	// Secret: the value is a secret, or part of one.
	Secret bool
}

// Apply returns the body in the form; annotations other than types, read-only
// properties and, at the top, directives are dropped. Parts that stay as they
// are are shared.
func (s *Form) Apply(k *Schema, body *jsonval.Node) *jsonval.Node {
	s.segs, s.parts = s.segs[:0], k.PartPaths
	return s.object(body, k.Root, Place{})
}

func (s *Form) object(n *jsonval.Node, r *Rule, within Place) *jsonval.Node {
	top, types, of := len(s.segs) == 0, false, r.In(n)
	out := n.MapKids(func(i int) *jsonval.Node {
		name := n.Names[i]
		switch kind := kindOfMember(name); {
		case kind == typeAnnotation:
			types = true
			return n.Kids[i]
		case kind != property || top && strings.HasPrefix(name, "$"):
			return nil
		}
		next := of.Step(name)
		f := next.Fact()
		if f.readOnly || f.isToken && !s.KeepTokens {
			return nil
		}
		s.segs = append(s.segs, name)
		v := s.value(n.Kids[i], next, Place{refs: f.refs, holder: n, inArray: within.inArray, Secret: within.Secret})
		s.segs = s.segs[:len(s.segs)-1]
		return v
	})
	if types {
		return s.typed(out, r)
	}
	return out
}

// value returns nil for what is dropped.
func (s *Form) value(n *jsonval.Node, r *Rule, at Place) *jsonval.Node {
	f := r.Fact()
	if s.isMasked(n, f) {
		if s.Mask == nil {
			return n
		}
		return s.Mask(n)
	}
	at.Secret = at.Secret || f.Sensitive || f.Masked
	out := n
	switch {
	case n.Kind == '{':
		out = s.object(n, r, at)
	case n.Kind == '[':
		out = s.array(n, r, at)
	case n.Kind == '"' && s.Text != nil:
		at.Segs = s.segs
		out = s.Text(n, at)
	}
	if f.emptyIsAbsent && out.IsEmpty() && !at.element && (at.inArray || !s.Repository) {
		return nil
	}
	if (f.Sensitive || f.Masked) && s.Secret != nil && !out.IsNull() && !reference.IsMask(out) {
		return s.Secret(out)
	}
	return out
}

// isMasked reports whether a value stands for a secret that is not known.
func (s *Form) isMasked(n *jsonval.Node, f *Facts) bool {
	if !n.IsString() || !f.Masked && !f.Sensitive {
		return false
	}
	return reference.IsAsterisks(n.Text) && (f.Masked || s.Repository) || n.Text == reference.Redacted && s.Repository
}

func (s *Form) array(n *jsonval.Node, r *Rule, at Place) *jsonval.Node {
	next := r.Step("*")
	refs := at.refs
	if own := next.Fact().refs; len(own) > 0 {
		refs = append(slices.Clip(own), refs...)
	}
	s.segs = append(s.segs, "*")
	out := n.MapKids(func(i int) *jsonval.Node {
		if v := s.value(n.Kids[i], next, Place{refs: refs, holder: at.holder, inArray: true, element: true, Secret: at.Secret}); v != nil {
			return v
		}
		return n.Kids[i] // a mask, which keeps its place too
	})
	s.segs = s.segs[:len(s.segs)-1]
	if r.Fact().Set != nil && (s.SortSets || at.inArray) && !s.Unsorted {
		out = sortedByText(out)
	}
	return out
}
