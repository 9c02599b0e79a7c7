package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// node is one JSON value. Nodes are never changed once they are made, so trees
// may share parts. A nil *node means absent, which is not null.
type node struct {
	kind  byte     // 'n', 't', 'f', '"', '0', '{' or '['
	text  string   // a string's content, or a number in canonical form
	names []string // an object's names, sorted
	kids  []*node  // an object's values in the order of names, or an array's elements
}

var (
	nullNode  = &node{kind: 'n'}
	trueNode  = &node{kind: 't'}
	falseNode = &node{kind: 'f'}
)

func stringNode(s string) *node { return &node{kind: '"', text: s} }

// withText returns a string with another text, n itself if it is the same.
func (n *node) withText(s string) *node {
	if n.text == s {
		return n
	}
	return stringNode(s)
}

// isObject, isArray and isString are false for nil.
func (n *node) isObject() bool { return n != nil && n.kind == '{' }
func (n *node) isArray() bool  { return n != nil && n.kind == '[' }
func (n *node) isString() bool { return n != nil && n.kind == '"' }

// isNull reports whether n is absent or null.
func (n *node) isNull() bool { return n == nil || n.kind == 'n' }

// isEmpty reports whether n is absent, null, [], {} or "".
func (n *node) isEmpty() bool {
	switch {
	case n.isNull():
		return true
	case n.kind == '{' || n.kind == '[':
		return len(n.kids) == 0
	case n.kind == '"':
		return n.text == ""
	}
	return false
}

// get returns the member of an object, or nil.
func (n *node) get(name string) *node {
	if !n.isObject() {
		return nil
	}
	if i, ok := slices.BinarySearch(n.names, name); ok {
		return n.kids[i]
	}
	return nil
}

// at returns the value at a path without "*", or nil. Numbers index arrays.
func (n *node) at(segs []string) *node {
	for _, s := range segs {
		switch {
		case n.isObject():
			n = n.get(s)
		case n.isArray():
			i, ok := arrayIndex(s)
			if !ok || i >= len(n.kids) {
				return nil
			}
			n = n.kids[i]
		default:
			return nil
		}
	}
	return n
}

// with returns a copy of n in which the value at segs is v; nil removes it.
// Objects on the way that are not there are made; array elements must exist.
func (n *node) with(segs []string, v *node) *node {
	if len(segs) == 0 {
		return v
	}
	if n.isArray() {
		i, ok := arrayIndex(segs[0])
		if !ok || i >= len(n.kids) {
			return n
		}
		kids := slices.Clone(n.kids)
		kids[i] = kids[i].with(segs[1:], v)
		return &node{kind: '[', kids: kids}
	}
	child := n.get(segs[0]).with(segs[1:], v)
	b := objectBuilder{}
	if n.isObject() {
		b = objectBuilder{names: slices.Clone(n.names), kids: slices.Clone(n.kids)}
	}
	i, found := slices.BinarySearch(b.names, segs[0])
	switch {
	case child == nil && found:
		b.names, b.kids = slices.Delete(b.names, i, i+1), slices.Delete(b.kids, i, i+1)
	case child == nil:
	case found:
		b.kids[i] = child
	default:
		b.names, b.kids = slices.Insert(b.names, i, segs[0]), slices.Insert(b.kids, i, child)
	}
	return b.node()
}

// equal reports whether two values are the same, numbers by value.
func equal(a, b *node) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.kind != b.kind || a.text != b.text || len(a.kids) != len(b.kids) {
		return false
	}
	if a.kind == '{' && !slices.Equal(a.names, b.names) {
		return false
	}
	for i := range a.kids {
		if !equal(a.kids[i], b.kids[i]) {
			return false
		}
	}
	return true
}

// mapKids returns n with each member or element replaced by what change
// returns for it; nil drops a member. n itself is returned if nothing changes.
func (n *node) mapKids(change func(i int) *node) *node {
	out := n
	for i, kid := range n.kids {
		v := change(i)
		if out == n {
			if v == kid {
				continue
			}
			out = &node{kind: n.kind, kids: append(make([]*node, 0, len(n.kids)), n.kids[:i]...)}
			if n.kind == '{' {
				out.names = append(make([]string, 0, len(n.names)), n.names[:i]...)
			}
		}
		if v == nil {
			continue
		}
		out.kids = append(out.kids, v)
		if n.kind == '{' {
			out.names = append(out.names, n.names[i])
		}
	}
	return out
}

// objectBuilder collects an object's members in sorted order.
type objectBuilder struct {
	names []string
	kids  []*node
}

func (b *objectBuilder) add(name string, v *node) {
	if v != nil {
		b.names, b.kids = append(b.names, name), append(b.kids, v)
	}
}

func (b *objectBuilder) node() *node { return &node{kind: '{', names: b.names, kids: b.kids} }

// sort brings an object that is being made into the order of its names.
func (n *node) sort() {
	if slices.IsSorted(n.names) {
		return
	}
	order := make([]int, len(n.names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(n.names[a], n.names[b]) })
	names, kids := make([]string, len(order)), make([]*node, len(order))
	for to, from := range order {
		names[to], kids[to] = n.names[from], n.kids[from]
	}
	n.names, n.kids = names, kids
}

// appendJSON appends the value in canonical form: sorted names, numbers by
// value, no whitespace.
func (n *node) appendJSON(b []byte) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	switch n.kind {
	case 'n':
		return append(b, "null"...)
	case 't':
		return append(b, "true"...)
	case 'f':
		return append(b, "false"...)
	case '0':
		return append(b, n.text...)
	case '"':
		return appendString(b, n.text)
	case '[':
		b = append(b, '[')
		for i, kid := range n.kids {
			if i > 0 {
				b = append(b, ',')
			}
			b = kid.appendJSON(b)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, kid := range n.kids {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, n.names[i])
		b = append(b, ':')
		b = kid.appendJSON(b)
	}
	return append(b, '}')
}

// json returns the canonical JSON text, or nil for an absent value.
func (n *node) json() []byte {
	if n == nil {
		return nil
	}
	return n.appendJSON(make([]byte, 0, n.size()))
}

// size is about the length of the canonical text.
func (n *node) size() int {
	size := len(n.text) + len("false,")
	for i, kid := range n.kids {
		if n.kind == '{' {
			size += len(n.names[i]) + len(`"":`)
		}
		size += kid.size()
	}
	return size
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	// Quoting fails only for invalid UTF-8, which the parser refuses and
	// which is replaced here all the same.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// segment returns the path segment of the i-th member or element.
func (n *node) segment(i int) string {
	if n.kind == '{' {
		return n.names[i]
	}
	return strconv.Itoa(i)
}
