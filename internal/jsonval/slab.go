package jsonval

import "errors"

// Slab is reusable memory for the nodes of short-lived trees. The zero value is
// ready for use. It is not safe for concurrent use.
type Slab struct {
	nodes slabOf[Node]
	kids  slabOf[*Node]
	names slabOf[string]
}

// ParseObject is like the function [ParseObject], but puts the nodes into the slab.
// The tree is valid until [Slab.Reset]. Texts that a caller has taken from it stay
// valid.
func (s *Slab) ParseObject(raw []byte) (*Node, error) {
	n, err := s.parse(raw)
	if err == nil && n.Kind != '{' {
		return nil, errors.New("not a JSON object")
	}
	return n, err
}

// ArrayOf is like the function [ArrayOf], but puts the node into the slab. It
// keeps kids. A nil slab allocates the node.
func (s *Slab) ArrayOf(kids []*Node) *Node { return s.node('[', nil, kids) }

// Kids returns memory for n children. A nil slab allocates it.
func (s *Slab) Kids(n int) []*Node {
	if s == nil {
		return make([]*Node, n)
	}
	return s.kids.take(n)
}

// node returns a new node. A nil slab allocates it.
func (s *Slab) node(kind byte, names []string, kids []*Node) *Node {
	if s == nil {
		return &Node{Kind: kind, Names: names, Kids: kids}
	}
	n := &s.nodes.take(1)[0]
	n.Kind, n.Names, n.Kids = kind, names, kids
	return n
}

// kidsLike returns the first n of all children, with memory for the others.
func (s *Slab) kidsLike(all []*Node, n int) []*Node {
	kids := s.Kids(len(all))
	return kids[:copy(kids, all[:n])]
}

// namesLike returns the first n of all names, with memory for the others except
// one.
func (s *Slab) namesLike(all []string, n int) []string {
	if s == nil {
		return append(make([]string, 0, len(all)-1), all[:n]...)
	}
	names := s.names.take(len(all) - 1)
	return names[:copy(names, all[:n])]
}

// Reset makes the memory of all trees in the slab free for other trees.
func (s *Slab) Reset() {
	s.nodes.reset()
	s.kids.reset()
	s.names.reset()
}

func (s *Slab) parse(raw []byte) (*Node, error) {
	Parses.Add(1)
	a := arenas.Get().(*arena)
	defer a.release()
	if err := a.read(raw, s); err != nil {
		return nil, err
	}
	return a.build(raw), nil
}

// slabOf is memory for elements of one type.
type slabOf[T any] struct {
	memory []T // the rest of it that is not taken
	whole  []T
	taken  int // in this memory and in others, since the last reset
}

// take returns n zero elements. If the rest of the memory is too short, take
// allocates them.
func (s *slabOf[T]) take(n int) []T {
	s.taken += n
	if n > len(s.memory) {
		return make([]T, n)
	}
	taken := s.memory[:n:n]
	s.memory = s.memory[n:]
	return taken
}

// reset clears the elements that were taken. It first makes the memory large
// enough for all of them and for somewhat more, unless they are more than
// 16,384.
func (s *slabOf[T]) reset() {
	if s.taken > len(s.whole) && s.taken <= 1<<14 {
		s.whole = make([]T, s.taken+s.taken/2)
	} else {
		clear(s.whole[:len(s.whole)-len(s.memory)])
	}
	s.memory, s.taken = s.whole, 0
}
