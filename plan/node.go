package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

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

// parse reads one JSON value. Duplicate names and invalid UTF-8 are errors,
// with their offset.
func parse(raw []byte) (*node, error) {
	p := parsers.Get().(*parser)
	defer parsers.Put(p)
	return p.parse(raw)
}

// parseObject is parse for what must be an object.
func parseObject(raw []byte) (*node, error) {
	n, err := parse(raw)
	if err != nil {
		return nil, err
	}
	if !n.isObject() {
		return nil, errors.New("not a JSON object")
	}
	return n, nil
}

// parser makes trees with few allocations: nodes come in blocks, members are
// collected on a stack until their number is known, and names, of which a kind
// has few, are kept.
type parser struct {
	dec   *jsontext.Decoder
	nodes []node
	kids  []*node
	names []string
	known map[string]string
}

var parsers = sync.Pool{New: func() any {
	return &parser{dec: jsontext.NewDecoder(&bytes.Buffer{}), known: map[string]string{}}
}}

// Limits of what a parser keeps.
const (
	nodeBlock  = 32
	knownNames = 4096
)

func (p *parser) parse(raw []byte) (*node, error) {
	p.dec.Reset(bytes.NewBuffer(raw))
	p.nodes, p.kids, p.names = nil, p.kids[:0], p.names[:0]
	n, err := p.value()
	clear(p.kids[:cap(p.kids)])
	p.nodes = nil
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("text after the JSON value at offset %d", p.dec.InputOffset())
	}
	return n, nil
}

func (p *parser) node(kind byte, text string) *node {
	if len(p.nodes) == 0 {
		p.nodes = make([]node, nodeBlock)
	}
	n := &p.nodes[0]
	p.nodes = p.nodes[1:]
	n.kind, n.text = kind, text
	return n
}

func (p *parser) value() (*node, error) {
	tok, err := p.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch kind := byte(tok.Kind()); kind {
	case '"':
		return p.node('"', tok.String()), nil
	case '0':
		return p.node('0', canonicalNumber(tok.String())), nil
	case '[':
		return p.array()
	case '{':
		return p.object()
	case 'n':
		return nullNode, nil
	case 't':
		return trueNode, nil
	default:
		return falseNode, nil
	}
}

func (p *parser) array() (*node, error) {
	first := len(p.kids)
	for p.dec.PeekKind() != ']' {
		kid, err := p.value()
		if err != nil {
			return nil, err
		}
		p.kids = append(p.kids, kid)
	}
	n := p.node('[', "")
	n.kids = slices.Clone(p.kids[first:])
	p.kids = p.kids[:first]
	_, err := p.dec.ReadToken()
	return n, err
}

func (p *parser) object() (*node, error) {
	firstKid, firstName := len(p.kids), len(p.names)
	for p.dec.PeekKind() != '}' {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		p.names = append(p.names, name)
		kid, err := p.value()
		if err != nil {
			return nil, err
		}
		p.kids = append(p.kids, kid)
	}
	n := p.node('{', "")
	n.kids, n.names = slices.Clone(p.kids[firstKid:]), slices.Clone(p.names[firstName:])
	p.kids, p.names = p.kids[:firstKid], p.names[:firstName]
	n.sort()
	_, err := p.dec.ReadToken()
	return n, err
}

// name reads a member's name.
func (p *parser) name() (string, error) {
	raw, err := p.dec.ReadValue()
	if err != nil {
		return "", err
	}
	if name, ok := p.known[string(raw)]; ok {
		return name, nil
	}
	unquoted, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", err
	}
	if len(p.known) >= knownNames {
		clear(p.known)
	}
	name := string(unquoted)
	p.known[string(raw)] = name
	return name, nil
}

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
