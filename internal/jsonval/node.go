package jsonval

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// TextOf returns the text of a string, and "" for everything else.
func TextOf(n *Node) string {
	if n.IsString() {
		return n.Text
	}
	return ""
}

// Node is one JSON value. Nodes are never changed once they are made, so trees
// may share parts. A nil *node means absent, which is not null.
type Node struct {
	Kind  byte     // 'n', 't', 'f', '"', '0', '{' or '['
	Text  string   // a string's content, or a number in canonical form
	Names []string // an object's names, sorted
	Kids  []*Node  // an object's values in the order of names, or an array's elements
}

var (
	NullNode  = &Node{Kind: 'n'}
	trueNode  = &Node{Kind: 't'}
	falseNode = &Node{Kind: 'f'}
	// EmptyObject is an object without members.
	EmptyObject = &Node{Kind: '{'}
)

// StringNode returns a string with this text.
func StringNode(s string) *Node { return &Node{Kind: '"', Text: s} }

// ArrayOf returns an array of these elements.
func ArrayOf(kids ...*Node) *Node { return &Node{Kind: '[', Kids: kids} }

// WithText returns a string with another text, n itself if it is the same.
func (n *Node) WithText(s string) *Node {
	if n.Text == s {
		return n
	}
	return StringNode(s)
}

// IsObject reports whether n is an object. A nil n is none.
func (n *Node) IsObject() bool { return n != nil && n.Kind == '{' }

// IsArray reports whether n is an array. A nil n is none.
func (n *Node) IsArray() bool { return n != nil && n.Kind == '[' }

// IsString reports whether n is a string. A nil n is none.
func (n *Node) IsString() bool { return n != nil && n.Kind == '"' }

// IsNull reports whether n is absent or null.
func (n *Node) IsNull() bool { return n == nil || n.Kind == 'n' }

// IsEmpty reports whether n is absent, null, [], {} or "".
func (n *Node) IsEmpty() bool {
	switch {
	case n.IsNull():
		return true
	case n.Kind == '{' || n.Kind == '[':
		return len(n.Kids) == 0
	case n.Kind == '"':
		return n.Text == ""
	}
	return false
}

// Get returns the member of an object, or nil.
func (n *Node) Get(name string) *Node {
	if !n.IsObject() {
		return nil
	}
	if i, ok := slices.BinarySearch(n.Names, name); ok {
		return n.Kids[i]
	}
	return nil
}

// At returns the value at a path without "*", or nil. Numbers index arrays.
func (n *Node) At(segs []string) *Node {
	for _, s := range segs {
		switch {
		case n.IsObject():
			n = n.Get(s)
		case n.IsArray():
			i, ok := arrayIndex(s)
			if !ok || i >= len(n.Kids) {
				return nil
			}
			n = n.Kids[i]
		default:
			return nil
		}
	}
	return n
}

// With returns a copy of n in which the value at segs is v; nil removes it.
// Objects on the way that are not there are made; array elements must exist.
func (n *Node) With(segs []string, v *Node) *Node {
	if len(segs) == 0 {
		return v
	}
	if n.IsArray() {
		i, ok := arrayIndex(segs[0])
		if !ok || i >= len(n.Kids) {
			return n
		}
		kids := slices.Clone(n.Kids)
		kids[i] = kids[i].With(segs[1:], v)
		return &Node{Kind: '[', Kids: kids}
	}
	child := n.Get(segs[0]).With(segs[1:], v)
	b := ObjectBuilder{}
	if n.IsObject() {
		b = ObjectBuilder{Names: slices.Clone(n.Names), kids: slices.Clone(n.Kids)}
	}
	i, found := slices.BinarySearch(b.Names, segs[0])
	switch {
	case child == nil && found:
		b.Names, b.kids = slices.Delete(b.Names, i, i+1), slices.Delete(b.kids, i, i+1)
	case child == nil:
	case found:
		b.kids[i] = child
	default:
		b.Names, b.kids = slices.Insert(b.Names, i, segs[0]), slices.Insert(b.kids, i, child)
	}
	return b.Node()
}

// Equal reports whether two values are the same, numbers by value.
func Equal(a, b *Node) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.Kind != b.Kind || a.Text != b.Text || len(a.Kids) != len(b.Kids) {
		return false
	}
	if a.Kind == '{' && !slices.Equal(a.Names, b.Names) {
		return false
	}
	for i := range a.Kids {
		if !Equal(a.Kids[i], b.Kids[i]) {
			return false
		}
	}
	return true
}

// MapKids returns n with each member or element replaced by what change
// returns for it; nil drops a member. n itself is returned if nothing changes.
func (n *Node) MapKids(change func(i int) *Node) *Node {
	out := n
	for i, kid := range n.Kids {
		v := change(i)
		if out == n {
			if v == kid {
				continue
			}
			// The names are shared until one is dropped.
			out = &Node{Kind: n.Kind, Kids: append(make([]*Node, 0, len(n.Kids)), n.Kids[:i]...), Names: n.Names}
		}
		switch kept := len(out.Kids); {
		case v == nil && n.Kind == '{' && kept == i: // the first that is dropped
			out.Names = append(make([]string, 0, len(n.Names)-1), n.Names[:i]...)
		case v == nil:
		default:
			if out.Kids = append(out.Kids, v); n.Kind == '{' && kept < i {
				out.Names = append(out.Names, n.Names[i])
			}
		}
	}
	return out
}

// ObjectBuilder collects an object's members in sorted order.
type ObjectBuilder struct {
	Names []string
	kids  []*Node
}

// Add adds a member. A nil value adds none.
func (b *ObjectBuilder) Add(name string, v *Node) {
	if v != nil {
		b.Names, b.kids = append(b.Names, name), append(b.kids, v)
	}
}

// Node returns the object. Its names must have been added in their order.
func (b *ObjectBuilder) Node() *Node { return &Node{Kind: '{', Names: b.Names, Kids: b.kids} }

// sort brings an object that is being made into the order of its names.
func (n *Node) sort() {
	if slices.IsSorted(n.Names) {
		return
	}
	order := make([]int, len(n.Names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(n.Names[a], n.Names[b]) })
	names, kids := make([]string, len(order)), make([]*Node, len(order))
	for to, from := range order {
		names[to], kids[to] = n.Names[from], n.Kids[from]
	}
	n.Names, n.Kids = names, kids
}

// AppendJSON appends the value in canonical form: sorted names, numbers by
// value, no whitespace.
func (n *Node) AppendJSON(b []byte) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	switch n.Kind {
	case 'n':
		return append(b, "null"...)
	case 't':
		return append(b, "true"...)
	case 'f':
		return append(b, "false"...)
	case '0':
		return append(b, n.Text...)
	case '"':
		return AppendString(b, n.Text)
	case '[':
		b = append(b, '[')
		for i, kid := range n.Kids {
			if i > 0 {
				b = append(b, ',')
			}
			b = kid.AppendJSON(b)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, kid := range n.Kids {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, n.Names[i])
		b = append(b, ':')
		b = kid.AppendJSON(b)
	}
	return append(b, '}')
}

// JSON returns the canonical JSON text, or nil for an absent value.
func (n *Node) JSON() []byte {
	if n == nil {
		return nil
	}
	return n.AppendJSON(make([]byte, 0, n.size()))
}

// size is about the length of the canonical text.
func (n *Node) size() int {
	size := len(n.Text) + len("false,")
	for i, kid := range n.Kids {
		if n.Kind == '{' {
			size += len(n.Names[i]) + len(`"":`)
		}
		size += kid.size()
	}
	return size
}

// AppendString appends s as a JSON string.
func AppendString[T ~string | ~[]byte](b []byte, s T) []byte {
	// Quoting fails only for invalid UTF-8, which the parser refuses and
	// which is replaced here all the same.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// Segment returns the path segment of the i-th member or element.
func (n *Node) Segment(i int) string {
	if n.Kind == '{' {
		return n.Names[i]
	}
	return strconv.Itoa(i)
}

// EachText calls yield for each string of a tree.
func EachText(n *Node, yield func(string)) {
	if n.IsString() {
		yield(n.Text)
	}
	if n != nil {
		for _, kid := range n.Kids {
			EachText(kid, yield)
		}
	}
}
