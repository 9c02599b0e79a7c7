package jsonval

import "errors"

// Slab is memory for trees that are used for a short time: [Slab.Reset] makes it
// ready for other trees. The zero value is ready for use. It is not safe for
// concurrent use.
type Slab struct {
	nodes slabOf[Node]
	kids  slabOf[*Node]
	names slabOf[string]
}

// ParseObject is [ParseObject], with the nodes in the slab. They are valid until
// Reset. Their texts stay valid after it.
func (s *Slab) ParseObject(raw []byte) (*Node, error) {
	n, err := s.parse(raw)
	if err == nil && n.Kind != '{' {
		return nil, errors.New("not a JSON object")
	}
	return n, err
}

// Reset ends the use of all trees in the slab.
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

// take returns n elements that are zero. Where the memory is too short it is
// replaced: who has a part of the former keeps that.
func (s *slabOf[T]) take(n int) []T {
	if s.used+n > len(s.memory) {
		s.memory, s.used = make([]T, max(n, 2*len(s.memory))), 0
	}
	taken := s.memory[s.used : s.used+n : s.used+n]
	s.used += n
	return taken
}

// reset clears what was taken. Memory for more than some thousand elements is
// released.
func (s *slabOf[T]) reset() {
	if len(s.memory) > 1<<14 {
		s.memory = nil
	}
	clear(s.memory[:min(s.used, len(s.memory))])
	s.used = 0
}

