package schema

import (
	"slices"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// Form converts an object's body to the name form or to a similar form, such as
// the form of a backup. The forms differ only in strings, secrets and masks. A
// Form must not be used concurrently.
type Form struct {
	// Text converts a string. With a nil Text, strings stay unchanged. The
	// place is valid only during the call.
	Text func(n *jsonval.Node, at Place) *jsonval.Node
	// OnlyTemplates calls Text only for strings with a "$" and for strings at
	// declared references. Other strings stay unchanged.
	OnlyTemplates bool
	// Secret converts a sensitive value. With a nil Secret, these values stay
	// unchanged.
	Secret func(n *jsonval.Node) *jsonval.Node
	// Mask converts a masked value. With a nil Mask, these values stay
	// unchanged.
	Mask func(n *jsonval.Node) *jsonval.Node
	// Repository is true if the body comes from the repository. Asterisks and
	// "[redacted]" are then masks, and an empty value clears the property.
	Repository bool
	// KeepTokens keeps the tokens of masked secrets.
	KeepTokens bool
	// SortSets sorts the members of all sets, not only of the sets within
	// arrays. Unsorted keeps the order in all sets.
	SortSets, Unsorted bool
	// Slab has the memory for the nodes that differ from the body's. With a nil
	// Slab, they are allocated.
	Slab *jsonval.Slab

	segs  []string   // the path of the current value
	parts [][]string // the paths of the kind's parts
}

// Place is the place of a value in an object.
type Place struct {
	Segs []string
	refs []*tenant.Reference
	// enclosing is the nearest object that contains the value.
	enclosing *jsonval.Node
	// inArray is true if an enclosing value is an array.
	inArray bool
	// element is true if the value is an element of an array. An element is
	// never dropped.
	element bool
	// Secret is true if the value is a secret or part of one.
	Secret bool
}

// Apply returns the body in the form. It drops annotations other than types,
// read-only properties and, at the top level, members that begin with "$". The
// result shares unchanged parts with the body.
func (s *Form) Apply(k *Schema, body *jsonval.Node) *jsonval.Node {
	path := paths.Get().(*[]string)
	s.segs, s.parts = (*path)[:0], k.PartPaths
	out := s.object(body, k.Root, &Place{})
	*path, s.segs = s.segs, nil
	paths.Put(path)
	return out
}

// paths has the memory of paths that were walked. Each object is converted to
// several forms.
var paths = sync.Pool{New: func() any { return new([]string) }}

func (s *Form) object(n *jsonval.Node, r *Rule, within *Place) *jsonval.Node {
	top, types, of := len(s.segs) == 0, false, r.In(n)
	at := Place{enclosing: n, inArray: within.inArray}
	out := jsonval.CopyOf(n, s.Slab)
	for i, kid := range n.Kids {
		name := n.Names[i]
		kind := kindOfMember(name)
		if kind == typeAnnotation {
			types = true
			out.Put(kid)
			continue
		}
		next := of.Step(name)
		f := next.Fact()
		switch {
		case kind != property, top && strings.HasPrefix(name, "$"), f.readOnly, f.isToken && !s.KeepTokens:
			out.Put(nil)
		case s.keeps(kid, f, f.refs):
			out.Put(kid)
		default:
			s.segs = append(s.segs, name)
			at.refs, at.Secret = f.refs, within.Secret
			out.Put(s.value(kid, next, &at))
			s.segs = s.segs[:len(s.segs)-1]
		}
	}
	if types {
		return s.dropTypes(out.Node(), r)
	}
	return out.Node()
}

// keeps reports whether a value is a scalar about which the kind says nothing that
// the form looks at. Most values are.
func (s *Form) keeps(n *jsonval.Node, f *Facts, refs []*tenant.Reference) bool {
	if f.emptyIsAbsent || f.Sensitive || f.Masked {
		return false
	}
	switch n.Kind {
	case '{', '[':
		return false
	case '"':
		return s.Text == nil || s.OnlyTemplates && len(refs) == 0 && strings.IndexByte(n.Text, '$') < 0
	}
	return true
}

// value returns nil for a value that is dropped. It may change at.Secret.
func (s *Form) value(n *jsonval.Node, r *Rule, at *Place) *jsonval.Node {
	f := r.Fact()
	if s.isMasked(n, f, at.enclosing) {
		if s.Mask == nil {
			return n
		}
		return s.Mask(n)
	}
	at.Secret = at.Secret || f.IsSecret(n)
	out := n
	switch {
	case n.Kind == '{':
		out = s.object(n, r, at)
	case n.Kind == '[':
		out = s.array(n, r, at)
	case n.Kind == '"' && s.Text != nil:
		at.Segs = s.segs
		out = s.Text(n, *at)
	}
	if f.emptyIsAbsent && out.IsEmpty() && !at.element && (at.inArray || !s.Repository) {
		return nil
	}
	if f.IsSecret(n) && s.Secret != nil && !out.IsNull() && !reference.IsMask(out) {
		return s.Secret(out)
	}
	return out
}

// isMasked reports whether a value is a mask, which replaces an unknown secret.
func (s *Form) isMasked(n *jsonval.Node, f *Facts, object *jsonval.Node) bool {
	if !n.IsString() || !f.Masked && !f.Sensitive {
		return false
	}
	if f.TokenState(object) != "" {
		return true
	}
	return reference.IsAsterisks(n.Text) && (f.Masked || s.Repository) || n.Text == reference.Redacted && s.Repository
}

func (s *Form) array(n *jsonval.Node, r *Rule, within *Place) *jsonval.Node {
	next := r.Step("*")
	at := Place{refs: within.refs, enclosing: within.enclosing, inArray: true, element: true}
	f := next.Fact()
	if own := f.refs; len(own) > 0 {
		at.refs = append(slices.Clip(own), at.refs...)
	}
	s.segs = append(s.segs, "*")
	out := jsonval.CopyOf(n, s.Slab)
	for _, kid := range n.Kids {
		if s.keeps(kid, f, at.refs) {
			out.Put(kid)
			continue
		}
		at.Secret = within.Secret
		v := s.value(kid, next, &at)
		if v == nil {
			v = kid // a mask stays in the array too
		}
		out.Put(v)
	}
	s.segs = s.segs[:len(s.segs)-1]
	if r.Fact().Set != nil && (s.SortSets || within.inArray) && !s.Unsorted {
		return sortedByText(out.Node(), s.Slab)
	}
	return out.Node()
}
