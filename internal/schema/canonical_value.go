package schema

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Canonical returns the canonical form of a value. Two values have the same
// canonical form exactly if they are equal. nil is the canonical form of null,
// of an absent value, and of a value that the kind declares equal to an absent
// one. The form depends only on the rule, the value and the types of the
// objects in the value. The value is in name form or comes from the tenant.
// References, secrets and masks in name form stay unchanged.
//
// These are all the rules:
//   - A property that is null is absent.
//   - A property that is empty ([], {}, "") is absent if the kind declares
//     EmptyIsAbsent, a default or a set for it, or if it is within an element of
//     an array. An object can become empty when its members become absent.
//   - A property that equals a declared default is absent.
//   - Sets are sorted. Duplicate members are removed unless the set is Multi.
//   - Strings have the notation that canonicalText returns.
func Canonical(r *Rule, n *jsonval.Node) *jsonval.Node { return canonicalProperty(r, n, false) }

// CanonicalMember is Canonical for an element of an array. An element is never
// absent, because it has a position.
func CanonicalMember(r *Rule, n *jsonval.Node) *jsonval.Node {
	return canonicalValue(r, n, true)
}

// canonicalProperty returns nil for a value that is equal to an absent one.
// inArray is true if an enclosing value is an array.
func canonicalProperty(r *Rule, n *jsonval.Node, inArray bool) *jsonval.Node {
	if n.IsNull() {
		return nil
	}
	f := r.Fact()
	out := canonicalValue(r, n, inArray)
	if out.IsEmpty() && (inArray || f.emptyIsAbsent || f.Set != nil || len(f.defaults) > 0) {
		return nil
	}
	if slices.ContainsFunc(f.defaults, func(d *jsonval.Node) bool { return jsonval.Equal(d, out) }) {
		return nil
	}
	return out
}

// canonicalValue is canonicalProperty for a value that cannot be absent.
func canonicalValue(r *Rule, n *jsonval.Node, inArray bool) *jsonval.Node {
	switch {
	case n.IsObject():
		of := r.In(n)
		return n.MapKids(func(i int) *jsonval.Node {
			return canonicalProperty(of.Step(n.Names[i]), n.Kids[i], inArray)
		})
	case n.IsArray():
		return canonicalArray(r, n)
	case n.IsString():
		return n.WithText(canonicalText(r.Fact(), n.Text))
	}
	return n
}

func canonicalArray(r *Rule, n *jsonval.Node) *jsonval.Node {
	element := r.Step("*")
	out := n.MapKids(func(i int) *jsonval.Node { return canonicalValue(element, n.Kids[i], true) })
	set := r.Fact().Set
	if set == nil {
		return out
	}
	out = sortedByText(out, nil)
	if !set.multi && hasRepeated(out.Kids) {
		out = &jsonval.Node{Kind: '[', Kids: slices.CompactFunc(slices.Clone(out.Kids), jsonval.Equal)}
	}
	return out
}

// hasRepeated reports whether two adjacent elements are equal.
func hasRepeated(kids []*jsonval.Node) bool {
	for i := 1; i < len(kids); i++ {
		if jsonval.Equal(kids[i-1], kids[i]) {
			return true
		}
	}
	return false
}

// canonicalText returns the canonical notation of a string. Secrets, references
// and masks in name form stay unchanged, because they are compared exactly.
func canonicalText(f *Facts, s string) string {
	if f.secret || s == "" || strings.HasPrefix(s, "${") {
		return s
	}
	if f.form != typeForm && isWord(f.literals, s) { // a type is no literal
		return lowerASCII(s)
	}
	return inForm(f.form, s)
}

// sortedByText returns an array with its elements in the order of their
// canonical text. It returns the array itself if it is sorted. A new array is in
// the slab, unless that is nil.
func sortedByText(n *jsonval.Node, slab *jsonval.Slab) *jsonval.Node {
	if len(n.Kids) < 2 {
		return n
	}
	order := orders.Get().(*textOrder)
	defer orders.Put(order)
	order.read(n.Kids)
	if order.inOrder() {
		return n
	}
	slices.SortStableFunc(order.places, order.compare)
	kids := slab.Kids(len(n.Kids))
	for to, p := range order.places {
		kids[to] = n.Kids[p.from]
	}
	return slab.ArrayOf(kids)
}

// textOrder has the concatenated texts of an array's elements. Its memory is
// reused.
type textOrder struct {
	text   []byte
	places []textPlace
}

// textPlace is the index of an element in its array, and the range of its text
// in textOrder.
type textPlace struct{ from, start, end int }

var orders = sync.Pool{New: func() any { return new(textOrder) }}

func (o *textOrder) read(kids []*jsonval.Node) {
	o.text, o.places = o.text[:0], o.places[:0]
	for i, kid := range kids {
		start := len(o.text)
		o.text = kid.AppendJSON(o.text)
		o.places = append(o.places, textPlace{i, start, len(o.text)})
	}
}

func (o *textOrder) compare(a, b textPlace) int {
	return bytes.Compare(o.text[a.start:a.end], o.text[b.start:b.end])
}

func (o *textOrder) inOrder() bool { return slices.IsSortedFunc(o.places, o.compare) }
