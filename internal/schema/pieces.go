package schema

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// pieces sorts the members of objects and the elements of sets within a text.
// The pieces of the innermost object or set are the last ones.
type pieces struct {
	list  []piece
	spare []byte // a copy of a text while its pieces are sorted
	moved int    // the number of bytes that were copied to sort them
}

// piece is a member or an element, as the range of a text from start to end.
// The last byte of the range is the comma. The order of pieces is the order of
// their keys, the bytes from start to keyEnd. The key of a member is its name,
// with the quote before it and without the one after it. The key of an element
// is its text.
type piece struct {
	prefix             uint64 // prefixOf for the key, without the quote before a name
	start, keyEnd, end int
}

func (p *pieces) add(prefix uint64, start, keyEnd, end int) {
	p.list = append(p.list, piece{prefix, start, keyEnd, end})
}

// prefixOf returns the first eight bytes of a key as a big-endian number.
// Numbers compare faster than bytes, in the same order.
func prefixOf(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var prefix uint64
	for i, b := range key {
		prefix |= uint64(b) << (56 - 8*i)
	}
	return prefix
}

func (a *piece) compare(b *piece, text []byte) int {
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	return bytes.Compare(text[a.start:a.keyEnd], text[b.start:b.keyEnd])
}

// maxInsertion is the longest list that is sorted by insertion.
const maxInsertion = 16

// order sorts the pieces from first on, which are all of the text from begin
// on, and removes them. It drops the comma after the last piece. With once, it
// drops duplicates.
func (p *pieces) order(text []byte, begin, first int, once bool) []byte {
	list := p.list[first:]
	if len(list) == 0 {
		return text
	}
	if !areSorted(list, text, once) {
		sortPieces(list, text)
		p.spare = append(p.spare[:0], text[begin:]...)
		p.moved += len(p.spare)
		end := begin
		var last []byte
		for _, piece := range list {
			next := p.spare[piece.start-begin : piece.end-begin]
			if once && bytes.Equal(last, next) {
				continue
			}
			end += copy(text[end:], next)
			last = next
		}
		text = text[:end]
	}
	p.list = p.list[:first]
	return text[:len(text)-1]
}

func areSorted(list []piece, text []byte, once bool) bool {
	for i := 1; i < len(list); i++ {
		if by := list[i-1].compare(&list[i], text); by > 0 || by == 0 && once {
			return false
		}
	}
	return true
}

// sortPieces sorts a short list by insertion. Most lists are short. Pieces with
// equal keys have equal texts, so their order does not matter.
func sortPieces(list []piece, text []byte) {
	if len(list) > maxInsertion {
		slices.SortFunc(list, func(a, b piece) int { return a.compare(&b, text) })
		return
	}
	for i := 1; i < len(list); i++ {
		p := list[i]
		j := i
		for ; j > 0 && p.compare(&list[j-1], text) < 0; j-- {
			list[j] = list[j-1]
		}
		list[j] = p
	}
}
