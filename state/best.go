package state

import "slices"

// best keeps the values that come first after a place, by their places in a
// list. It holds at most twice its limit, so a page of a long list costs little
// memory. Places are compared as values, because a pointer to a place would
// escape to the heap.
type best[P any, V interface{ Clone() V }] struct {
	limit   int
	compare func(a, b P) int
	after   *P // nil for the first page

	kept []placed[P, V]
	full bool // limit values are kept
	last P    // the place of the last of them
}

type placed[P, V any] struct {
	place P
	value V
}

func (b *best[P, V]) add(place P, value V) {
	if b.after != nil && b.compare(place, *b.after) <= 0 {
		return // on a former page
	}
	if b.full && b.compare(place, b.last) > 0 {
		return // at least limit values come before it
	}
	b.kept = append(b.kept, placed[P, V]{place, value})
	if len(b.kept) >= 2*b.limit {
		b.trim()
	}
}

func (b *best[P, V]) trim() {
	slices.SortFunc(b.kept, func(x, y placed[P, V]) int { return b.compare(x.place, y.place) })
	if len(b.kept) >= b.limit {
		clear(b.kept[b.limit:])
		b.kept = b.kept[:b.limit]
		b.full, b.last = true, b.kept[b.limit-1].place
	}
}

// sorted returns copies of the values in their order, at most limit.
func (b *best[P, V]) sorted() []V {
	b.trim()
	var values []V
	for _, p := range b.kept {
		values = append(values, p.value.Clone())
	}
	return values
}
