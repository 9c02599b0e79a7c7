package state

import "slices"

// best keeps the first values, in an order, of those that are added to it. It
// holds at most twice its limit, so a page of a long list costs little memory.
type best[T any] struct {
	limit   int
	compare func(a, b *T) int

	kept []T
	last *T // when limit values are kept: the last of them
}

func (b *best[T]) add(v T) {
	if b.last != nil && b.compare(&v, b.last) > 0 {
		return // at least limit values come before it
	}
	b.kept = append(b.kept, v)
	if len(b.kept) >= 2*b.limit {
		b.trim()
	}
}

func (b *best[T]) trim() {
	slices.SortFunc(b.kept, func(x, y T) int { return b.compare(&x, &y) })
	if len(b.kept) >= b.limit {
		b.kept = b.kept[:b.limit]
		last := b.kept[b.limit-1]
		b.last = &last
	}
}

// sorted returns the values in their order, at most limit.
func (b *best[T]) sorted() []T {
	b.trim()
	return b.kept
}
