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

// Parses counts the calls of [Parse] in this process. Tests use it to show how
// often an object is read into a tree.
var Parses atomic.Int64

// Parse reads one JSON value. It returns a *SyntaxError for a text that
// Scanner refuses. It is safe for concurrent use.
//
// The tree does not refer to raw. All nodes of a tree share one slice, and their
// texts share one string, so one node or text that a caller keeps holds the
// memory of the whole tree. Clone a text that must outlive its tree.
func Parse(raw []byte) (*Node, error) {
	return new(Slab).parse(raw)
}

// ParseObject is Parse for a text that must be an object.
func ParseObject(raw []byte) (*Node, error) { return new(Slab).ParseObject(raw) }

// arena makes trees in two steps. It first reads the whole text into records,
// whose memory it keeps for the next text. Then it knows the number of nodes,
// and allocates the whole tree at once: one string, and one slice each for
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
// its name, as a number that compares as the names do.
type arenaMember struct {
	prefix uint64
	name   string
	kid    *Node
}

var arenas = sync.Pool{New: func() any { return new(arena) }}

// release returns a to the pool, without references to the text or the tree.
func (a *arena) release() {
	a.scanner.Reset(nil)
	a.records, a.open, a.escaped = clipped(a.records), clipped(a.open), clipped(a.escaped)
	clear(a.members[:cap(a.members)])
	a.members = clipped(a.members)
	a.text, a.nodes, a.kids, a.names = "", nil, nil, nil
	arenas.Put(a)
}

// read fills the records, and takes the memory that build needs.
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

// build makes the tree of the records of raw.
func (a *arena) build(raw []byte) *Node {
	a.text, a.next = string(raw), 0
	return a.value()
}

// value makes the node of the next record and of those within it. The scanner
// limits its depth.
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

// take cuts a slice of n elements off memory. Appending to it copies it.
func take[T any](memory *[]T, n int) []T {
	taken := (*memory)[:n:n]
	*memory = (*memory)[n:]
	return taken
}

// content returns the content of a string or name.
func (a *arena) content(t Token) string {
	if !t.Escaped {
		return a.text[t.Start+1 : t.End-1]
	}
	a.escaped = a.scanner.AppendText(a.escaped[:0], t)
	return string(a.escaped)
}

// sort brings an object's members into the order of their names.
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
