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
// enough for all of them, unless they are more than 16,384.
func (s *slabOf[T]) reset() {
	if s.taken > len(s.whole) && s.taken <= 1<<14 {
		s.whole = make([]T, s.taken)
	} else {
		clear(s.whole[:len(s.whole)-len(s.memory)])
	}
	s.memory, s.taken = s.whole, 0
}
