package jsonval

import (
	"cmp"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Parses counts the calls of [Parse] in this process. Tests use it to count how
// often code parses an object.
var Parses atomic.Int64

// Parse parses one JSON value. It returns a *[SyntaxError] for a text that
// [Scanner] refuses. It is safe for concurrent use.
//
// The tree does not refer to raw. All nodes of a tree share one slice, and their
// texts share one string. So a reference to one node or text keeps the memory of
// the whole tree alive. Clone a text that must outlive its tree.
func Parse(raw []byte) (*Node, error) {
	return new(Slab).parse(raw)
}

// ParseObject is [Parse] for an object. It returns an error for any other value.
func ParseObject(raw []byte) (*Node, error) { return new(Slab).ParseObject(raw) }

// arena builds trees in two steps. It first reads the whole text into records,
// whose memory it reuses for the next text. The records give the number of nodes,
// so it can allocate the whole tree at once: one string, and one slice each for
// nodes, children and names.
type arena struct {
	scanner Scanner
	records []arenaRecord // in the order of the text, without closing brackets
	open    []int         // the records of the open objects and arrays
	members []arenaMember // the object that is being sorted
	escaped []byte        // the string that is being decoded

	// The tree that is being built, and the unused rest of its memory.
	text  string
	next  int // the next record
	nodes []Node
	kids  []*Node
	names []string
}

// arenaRecord is a token, and the number of elements or members of an object or
// array.
type arenaRecord struct {
	Token
	kids int
}

// arenaMember is a member of an object. Its prefix is the first eight bytes of
// its name as a big-endian number. Numbers compare faster than strings, in the
// same order.
type arenaMember struct {
	prefix uint64
	name   string
	kid    *Node
}

var arenas = sync.Pool{New: func() any { return new(arena) }}

// release clears a's references to the text and the tree, and returns a to the
// pool.
func (a *arena) release() {
	a.scanner.Reset(nil)
	a.records, a.open, a.escaped = clipped(a.records), clipped(a.open), clipped(a.escaped)
	clear(a.members[:cap(a.members)])
	a.members = clipped(a.members)
	a.text, a.nodes, a.kids, a.names = "", nil, nil, nil
	arenas.Put(a)
}

// read fills the records, and takes the memory that build needs from the slab.
func (a *arena) read(raw []byte, slab *Slab) error {
	nodes, kids, names := 0, 0, 0
	a.records, a.open = a.records[:0], a.open[:0]
	a.scanner.Reset(raw)
	for {
		tok, err := a.scanner.Next()
		switch {
		case err == io.EOF:
			a.nodes, a.kids, a.names = slab.nodes.take(nodes), slab.kids.take(kids), slab.names.take(names)
			return nil
		case err != nil:
			return err
		case tok.Kind == '}' || tok.Kind == ']':
			a.open = a.open[:len(a.open)-1]
			continue
		case tok.Kind == NameToken:
			names++
			a.records = append(a.records, arenaRecord{Token: tok})
			continue
		case tok.Kind != 'n' && tok.Kind != 't' && tok.Kind != 'f':
			nodes++
		}
		if len(a.open) > 0 {
			a.records[a.open[len(a.open)-1]].kids++
			kids++
		}
		if tok.Kind == '{' || tok.Kind == '[' {
			a.open = append(a.open, len(a.records))
		}
		a.records = append(a.records, arenaRecord{Token: tok})
	}
}

// build builds the tree from the records of raw.
func (a *arena) build(raw []byte) *Node {
	a.text, a.next = string(raw), 0
	return a.value()
}

// value builds the node of the next record and of the records within it. The
// scanner limits the depth of the recursion.
func (a *arena) value() *Node {
	r := a.records[a.next]
	a.next++
	switch r.Kind {
	case 'n':
		return NullNode
	case 't':
		return trueNode
	case 'f':
		return falseNode
	}
	n := &a.nodes[0]
	a.nodes = a.nodes[1:]
	n.Kind = r.Kind
	switch r.Kind {
	case '"':
		n.Text = a.content(r.Token)
	case '0':
		n.Text = CanonicalNumber(a.text[r.Start:r.End])
	case '[':
		n.Kids = take(&a.kids, r.kids)
		for i := range n.Kids {
			n.Kids[i] = a.value()
		}
	case '{':
		n.Kids, n.Names = take(&a.kids, r.kids), take(&a.names, r.kids)
		for i := range n.Kids {
			n.Names[i] = a.content(a.records[a.next].Token)
			a.next++
			n.Kids[i] = a.value()
		}
		a.sort(n)
	}
	return n
}

// take cuts a slice of n elements off memory. The slice has no spare capacity, so
// append copies it.
func take[T any](memory *[]T, n int) []T {
	taken := (*memory)[:n:n]
	*memory = (*memory)[n:]
	return taken
}

// content returns the unescaped content of a string or name.
func (a *arena) content(t Token) string {
	if !t.Escaped {
		return a.text[t.Start+1 : t.End-1]
	}
	a.escaped = a.scanner.AppendText(a.escaped[:0], t)
	return string(a.escaped)
}

// sort sorts an object's members by name.
func (a *arena) sort(n *Node) {
	if slices.IsSorted(n.Names) {
		return
	}
	a.members = a.members[:0]
	for i, name := range n.Names {
		a.members = append(a.members, arenaMember{sortPrefix(name), name, n.Kids[i]})
	}
	slices.SortFunc(a.members, func(a, b arenaMember) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return strings.Compare(a.name, b.name)
	})
	for i, m := range a.members {
		n.Names[i], n.Kids[i] = m.name, m.kid
	}
}

func sortPrefix(s string) uint64 {
	var eight [8]byte
	copy(eight[:], s)
	return binary.BigEndian.Uint64(eight[:])
}
