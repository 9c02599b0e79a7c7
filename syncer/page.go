package syncer

// Page is a page of a list. Ask for the next one with the same request and
// Cursor set to Next.
type Page[T any] struct {
	Items []T
	// Next is the cursor of the next page. It is empty after the last page of a
	// list. In the feed of [Syncer.Changes] it is never empty: later changes follow
	// there.
	Next string
	// More reports whether more can be read now.
	More bool
}

// newPage returns a page of a list that ends where next is empty.
func newPage[T any](items []T, next string) Page[T] {
	return Page[T]{Items: items, Next: next, More: next != ""}
}
