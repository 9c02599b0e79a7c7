package schema

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Canonical returns the canonical form of a value: equal values, and only they,
// have the same. nil stands for null, for an absent value, and for what the
// kind says means the same. It depends on nothing but the rule, the value and
// the types of the objects in it. The value is in name form or as the tenant
// has it; references, secrets and masks in name form stay as they are.
//
// The rules, and there are no others:
//   - a property that is null is absent;
//   - a property that is empty ([], {}, "") is absent where the kind says
//     EmptyIsAbsent, where it declares a default or a set, and everywhere
//     inside elements of arrays; objects are judged after their members;
//   - a property that has its declared default is absent;
//   - sets are sorted, and repeated members are one unless the set is Multi;
//   - texts have the spelling that canonicalText gives them.
func Canonical(r *Rule, n *jsonval.Node) *jsonval.Node { return canonicalProperty(r, n, false) }

// CanonicalMember is Canonical for an element of an array: it is never absent,
// since elements have places.
func CanonicalMember(r *Rule, n *jsonval.Node) *jsonval.Node {
	return canonicalValue(r, n, true)
}

// canonicalProperty returns nil for what means the same as absence. inArray: an
// array is somewhere around the value.
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

// canonicalValue never returns nil for a value.
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
	if set == nil || len(out.Kids) < 2 {
		return out
	}
	out = sortedByText(out)
	if !set.multi && hasRepeated(out.Kids) {
		out = &jsonval.Node{Kind: '[', Kids: slices.CompactFunc(slices.Clone(out.Kids), jsonval.Equal)}
	}
	return out
}

// hasRepeated reports whether two neighbours are equal.
func hasRepeated(kids []*jsonval.Node) bool {
	for i := 1; i < len(kids); i++ {
		if jsonval.Equal(kids[i-1], kids[i]) {
			return true
		}
	}
	return false
}

// canonicalText returns the one spelling of a text. Secrets are compared
// exactly, and so is what stands for something else in name form.
func canonicalText(f *Facts, s string) string {
	if f.secret || s == "" || strings.HasPrefix(s, "${") {
		return s
	}
	if isWord(f.literals, s) {
		return lowerASCII(s)
	}
	return inForm(f.form, s)
}

// sortedByText returns an array with its elements ordered by their canonical
// text: the array itself where they are in order.
func sortedByText(n *jsonval.Node) *jsonval.Node {
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
	out := &jsonval.Node{Kind: '[', Kids: make([]*jsonval.Node, len(n.Kids))}
	for to, p := range order.places {
		out.Kids[to] = n.Kids[p.from]
	}
	return out
}

// textOrder has the texts of an array's elements, one behind the other. Its
// memory is used again.
type textOrder struct {
	text   []byte
	places []textPlace
}

// textPlace is where an element stands in its array, and its text in textOrder.
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
