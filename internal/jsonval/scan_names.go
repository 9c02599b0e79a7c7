package jsonval

import (
	"hash/maphash"
	"math/bits"
)

// smallObject is the largest number of names that are compared with one another.
// A larger object uses the hash table.
const smallObject = 16

// nameSet finds duplicate names. It holds the names of all open objects in one
// stack: the names of the innermost object are on top, and are removed when the
// object ends.
//
// A small object has a filter with one bit for each name. A name whose bit is
// not set is new. Only a name whose bit is set is compared with the object's
// other names, at most smallObject of them. The names of a large object are
// looked up in a hash table. Its seed is random, so an attacker cannot write a
// text whose names collide. In both cases a name takes constant time.
type nameSet struct {
	names   []memberName
	decoded []byte // the content of names with escapes
	// table is a hash table with linear probing of the names of the open large
	// objects. A slot holds a name's index plus one, or 0 if it is empty.
	table   []uint32
	indexed int // the number of occupied slots
}

// memberName is a name of an open object.
type memberName struct {
	hash       uint64 // HashName of the content
	start, end int    // in the text or, if escaped, in nameSet.decoded
	escaped    bool
	indexed    bool   // whether the name is in the table
	slot       uint32 // its slot in the table
	object     uint32 // the first name of its object
}

var nameSeed = maphash.MakeSeed()

func (s *nameSet) reset() {
	if s.indexed > 0 {
		clear(s.table)
		s.indexed = 0
	}
	if cap(s.table) > 1<<15 {
		s.table = nil
	}
	s.names, s.decoded = clipped(s.names), clipped(s.decoded)
}

// addName adds a name to an object, the innermost one, and reports whether it is
// new there.
func (s *nameSet) addName(object *container, text []byte, t Token) bool {
	n := memberName{start: t.Start + 1, end: t.End - 1, escaped: t.Escaped}
	content := text[n.start:n.end]
	if t.Escaped {
		n.start = len(s.decoded)
		s.decoded = appendUnescaped(s.decoded, content)
		n.end = len(s.decoded)
		content = s.decoded[n.start:]
	}
	n.hash = HashName(content)
	count := len(s.names) - object.first
	if count < smallObject {
		bit := uint64(1) << (n.hash >> 58)
		if object.filter&bit != 0 {
			for i := range s.names[object.first:] {
				if s.is(&s.names[object.first+i], n.hash, text, content) {
					return false
				}
			}
		}
		object.filter |= bit
		s.names = append(s.names, n)
		return true
	}
	s.names = append(s.names, n)
	if count == smallObject {
		for i := object.first; i < len(s.names)-1; i++ {
			s.index(i, object.first, text)
		}
	}
	return s.index(len(s.names)-1, object.first, text)
}

// content returns the content of a name.
func (s *nameSet) content(n *memberName, text []byte) []byte {
	if n.escaped {
		text = s.decoded
	}
	return text[n.start:n.end]
}

func (s *nameSet) is(n *memberName, hash uint64, text, content []byte) bool {
	return n.hash == hash && string(s.content(n, text)) == string(content)
}

// removeNames removes the names from first on, which are those of an object that
// ends.
//
// It empties the slots of these names and needs no tombstones. All names that
// remain in the table were added before the removed ones. So the probe sequence
// of a remaining name never passed a slot that is emptied now.
func (s *nameSet) removeNames(first int) {
	if len(s.names)-first > smallObject {
		for i := len(s.names) - 1; i >= first; i-- {
			s.table[s.names[i].slot] = 0
		}
		s.indexed -= len(s.names) - first
	}
	s.names = s.names[:first]
}

// index adds the i-th name to the table. It reports false, and adds nothing, if
// a name from first on in the table has the same content.
func (s *nameSet) index(i, first int, text []byte) bool {
	if 2*(s.indexed+1) > len(s.table) {
		s.grow(text)
	}
	n := &s.names[i]
	content := s.content(n, text)
	mask := uint64(len(s.table) - 1)
	at := slotOf(content, first) & mask
	for ; s.table[at] != 0; at = (at + 1) & mask {
		if other := int(s.table[at] - 1); other >= first && s.is(&s.names[other], n.hash, text, content) {
			return false
		}
	}
	s.table[at] = uint32(i + 1)
	n.slot, n.object, n.indexed = uint32(at), uint32(first), true
	s.indexed++
	return true
}

// grow doubles the table. It adds the names to the new table in the order of
// the stack, because removeNames relies on that order.
func (s *nameSet) grow(text []byte) {
	s.table = make([]uint32, max(64, 2*len(s.table)))
	mask := uint64(len(s.table) - 1)
	for i := range s.names {
		n := &s.names[i]
		if !n.indexed {
			continue
		}
		at := slotOf(s.content(n, text), int(n.object)) & mask
		for s.table[at] != 0 {
			at = (at + 1) & mask
		}
		s.table[at] = uint32(i + 1)
		n.slot = uint32(at)
	}
}

// slotOf returns the slot at which probing for a name begins. The caller masks
// it. The slot depends on the object: otherwise the equal names of nested objects
// would fill one run of slots, and probing would take time in proportion to the
// depth.
func slotOf(content []byte, object int) uint64 {
	return maphash.Bytes(nameSeed, content) ^ uint64(object)*0x9e3779b97f4a7c15
}

// HashName hashes a name's length and its first and last eight bytes with the
// multiplication of wyhash. It is the same in each process. Different names may
// have the same hash, and it is easy to find such names.
func HashName[T ~string | ~[]byte](name T) uint64 {
	var first, last uint64
	switch n := len(name); {
	case n >= 8:
		first, last = eightAt(name, 0), eightAt(name, n-8)
	case n >= 4:
		first, last = fourAt(name, 0), fourAt(name, n-4)
	case n > 0:
		first, last = uint64(name[0])<<8|uint64(name[n-1]), uint64(name[n/2])
	}
	high, low := bits.Mul64(first^uint64(len(name))^0xa0761d6478bd642f, last^0xe7037ed1a0b428db)
	return high ^ low
}
