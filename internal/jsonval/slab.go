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
	memory []T // the rest of it that is not taken
	whole  []T
	taken  int // in this memory and in others, since the last reset
}

// take returns n elements that are zero. Where the memory is too short they get
// memory of their own.
func (s *slabOf[T]) take(n int) []T {
	s.taken += n
	if n > len(s.memory) {
		return make([]T, n)
	}
	taken := s.memory[:n:n]
	s.memory = s.memory[n:]
	return taken
}

// reset makes the memory large enough for as much as was taken, unless that is
// more than some thousand elements.
func (s *slabOf[T]) reset() {
	if s.taken > len(s.whole) && s.taken <= 1<<14 {
		s.whole = make([]T, s.taken)
	} else {
		clear(s.whole[:len(s.whole)-len(s.memory)])
	}
	s.memory, s.taken = s.whole, 0
}
