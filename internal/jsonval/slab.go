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
	memory []T
	used   int
}

// take returns n zero elements. If the memory is too short, take allocates new
// memory. Slices of the old memory stay valid.
func (s *slabOf[T]) take(n int) []T {
	if s.used+n > len(s.memory) {
		s.memory, s.used = make([]T, max(n, 2*len(s.memory))), 0
	}
	taken := s.memory[s.used : s.used+n : s.used+n]
	s.used += n
	return taken
}

// reset clears the elements that were taken. It releases memory for more than
// 16,384 elements.
func (s *slabOf[T]) reset() {
	if len(s.memory) > 1<<14 {
		s.memory = nil
	}
	clear(s.memory[:min(s.used, len(s.memory))])
	s.used = 0
}
