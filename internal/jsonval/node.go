package jsonval

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// TextOf returns the text of a string, and "" for any other node.
func TextOf(n *Node) string {
	if n.IsString() {
		return n.Text
	}
	return ""
}

// Node is one JSON value. A node never changes after it is made, so trees may
// share subtrees. A nil *Node is an absent value, which is not null.
type Node struct {
	Kind  byte     // 'n', 't', 'f', '"', '0', '{' or '['
	Text  string   // a string's content, or a number in canonical form
	Names []string // an object's names, sorted
	Kids  []*Node  // an object's values in the order of names, or an array's elements
}

var (
	// NullNode is null. It need not be the only null node of a tree.
	NullNode  = &Node{Kind: 'n'}
	trueNode  = &Node{Kind: 't'}
	falseNode = &Node{Kind: 'f'}
	// EmptyObject is the object without members.
	EmptyObject = &Node{Kind: '{'}
)

// StringNode returns a string with this text.
func StringNode(s string) *Node { return &Node{Kind: '"', Text: s} }

// ArrayOf returns an array of these elements.
func ArrayOf(kids ...*Node) *Node { return &Node{Kind: '[', Kids: kids} }

// WithText returns a string with the text s, or n itself if n has it.
func (n *Node) WithText(s string) *Node {
	if n.Text == s {
		return n
	}
	return StringNode(s)
}

// IsObject reports whether n is an object, and false for nil.
func (n *Node) IsObject() bool { return n != nil && n.Kind == '{' }

// IsArray reports whether n is an array, and false for nil.
func (n *Node) IsArray() bool { return n != nil && n.Kind == '[' }

// IsString reports whether n is a string, and false for nil.
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

// Get returns the value of an object's member. It returns nil if n has no such
// member or is not an object.
func (n *Node) Get(name string) *Node {
	if !n.IsObject() {
		return nil
	}
	if i, ok := slices.BinarySearch(n.Names, name); ok {
		return n.Kids[i]
	}
	return nil
}

// GetNear is [Node.Get] for a caller that looks up several names in their order.
// It first looks at the place after the last name, which is in *at. That is zero
// before the first call.
func (n *Node) GetNear(name string, at *int) *Node {
	if !n.IsObject() {
		return nil
	}
	i, ok := *at, *at < len(n.Names) && n.Names[*at] == name
	if !ok {
		if i, ok = slices.BinarySearch(n.Names, name); !ok {
			*at = i
			return nil
		}
	}
	*at = i + 1
	return n.Kids[i]
}

// At returns the value at a path, or nil. In an array the segment is an index.
// At does not expand the wildcard "*".
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

// With returns a copy of n with v at segs. A nil v removes the member there. With
// puts an object in place of each missing or scalar value along the path. It
// changes nothing if the path leads to a missing element of an array.
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

// Equal reports whether two values are equal. It compares numbers by value.
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

// ObjectBuilder builds an object from members that are added in the order of
// their names.
type ObjectBuilder struct {
	Names []string
	kids  []*Node
}

// Add adds a member. It ignores a nil value.
func (b *ObjectBuilder) Add(name string, v *Node) {
	if v != nil {
		b.Names, b.kids = append(b.Names, name), append(b.kids, v)
	}
}

// Node returns the object. The caller must have added the names in sorted order.
func (b *ObjectBuilder) Node() *Node { return &Node{Kind: '{', Names: b.Names, Kids: b.kids} }

// sort sorts the members of a new object by name.
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

// AppendJSON appends the canonical text of the value ([CanonicalJSON]). A nil n
// is written as null.
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

// JSON returns the canonical text of the value ([CanonicalJSON]), or nil for an
// absent value.
func (n *Node) JSON() []byte {
	if n == nil {
		return nil
	}
	text := texts.Get().(*[]byte)
	defer texts.Put(text)
	*text = n.AppendJSON((*text)[:0])
	return bytes.Clone(*text)
}

// texts has the memory for texts whose length is not known before. Callers keep
// many texts for long, so each of them has a copy of the right length.
var texts = sync.Pool{New: func() any { return new([]byte) }}

// Segment returns the path segment of the i-th child: a name, or an index.
func (n *Node) Segment(i int) string {
	if n.Kind == '{' {
		return n.Names[i]
	}
	return strconv.Itoa(i)
}

// EachText calls yield for the text of each string in a tree.
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
