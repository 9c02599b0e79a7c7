package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// AlignWithin pairs equal elements of two arrays one to one. It prefers the
// same position. It returns, for each element of from, its position in to, or
// -1. If one side has more elements of a value than the other side, the pairs
// are ambiguous, and none of these elements is paired.
//
// Elements with different texts must be different. So AlignWithin compares only
// elements with the same text. It takes time linear in the arrays if, apart
// from a few, all elements with the same text are equal.
func AlignWithin(from, to *jsonval.Node, text func(n *jsonval.Node) string, same func(a, b *jsonval.Node) bool) []int {
	out := make([]int, len(from.Kids))
	for i := range out {
		out[i] = -1
	}
	if !to.IsArray() {
		return out
	}
	groups := map[string]*alignment{}
	for j, kid := range to.Kids {
		s := text(kid)
		if groups[s] == nil {
			groups[s] = &alignment{}
		}
		groups[s].to = append(groups[s].to, j)
	}
	for i, kid := range from.Kids {
		if g := groups[text(kid)]; g != nil {
			g.from = append(g.from, i)
		}
	}
	for _, g := range groups {
		g.pair(out, func(i, j int) bool { return same(from.Kids[i], to.Kids[j]) })
	}
	return out
}

// alignment has the positions of the elements with one text, in ascending
// order.
type alignment struct{ from, to []int }

// pair sets the pairs of the elements, by their positions.
func (g *alignment) pair(out []int, same func(i, j int) bool) {
	free := newFreePlaces(len(g.to))
	var paired [][2]int
	var left []int
	for _, i := range g.from {
		at, there := slices.BinarySearch(g.to, i)
		if !there || free.taken[at] || !same(i, i) {
			at = free.find(func(at int) bool { return same(i, g.to[at]) })
		}
		if at < 0 {
			left = append(left, i)
			continue
		}
		free.take(at)
		out[i], paired = g.to[at], append(paired, [2]int{i, g.to[at]})
	}
	// A pair is ambiguous if one of its elements equals an element without a
	// pair.
	unpair := func(could func(i, j int) bool) {
		paired = slices.DeleteFunc(paired, func(pair [2]int) bool {
			if !could(pair[0], pair[1]) {
				return false
			}
			out[pair[0]] = -1
			return true
		})
	}
	for _, l := range left {
		unpair(func(_, j int) bool { return same(l, j) })
	}
	for i := free.next[0]; i != 0; i = free.next[i] {
		unpair(func(from, _ int) bool { return same(from, g.to[i-1]) })
	}
}

// freePlaces has the positions without a pair. It is a linked list, so that a
// search skips the taken positions.
type freePlaces struct {
	// next and previous link each free position, counted from 1, with its
	// neighbours. 0 is before the first position and after the last.
	next, previous []int
	taken          []bool
}

func newFreePlaces(n int) *freePlaces {
	f := &freePlaces{next: make([]int, n+1), previous: make([]int, n+1), taken: make([]bool, n)}
	for i := range n + 1 {
		f.next[i], f.previous[i] = (i+1)%(n+1), (i+n)%(n+1)
	}
	return f
}

// find returns the first free position that fits, or -1.
func (f *freePlaces) find(fits func(at int) bool) int {
	for i := f.next[0]; i != 0; i = f.next[i] {
		if fits(i - 1) {
			return i - 1
		}
	}
	return -1
}

func (f *freePlaces) take(at int) {
	i := at + 1
	f.next[f.previous[i]], f.previous[f.next[i]] = f.next[i], f.previous[i]
	f.taken[at] = true
}

// AlignByText pairs elements as [AlignWithin] does, if elements are equal
// exactly if their texts are equal. It takes time linear in the arrays.
func AlignByText(from, to *jsonval.Node, text func(n *jsonval.Node) string) []int {
	out := make([]int, len(from.Kids))
	places := map[string][2][]int{}
	for side, array := range []*jsonval.Node{from, to} {
		for i := 0; array.IsArray() && i < len(array.Kids); i++ {
			s := text(array.Kids[i])
			both := places[s]
			both[side] = append(both[side], i)
			places[s] = both
		}
	}
	for i := range out {
		out[i] = -1
	}
	for _, both := range places {
		if len(both[0]) != len(both[1]) {
			continue
		}
		ours := slices.DeleteFunc(slices.Clone(both[0]), func(i int) bool { _, same := slices.BinarySearch(both[1], i); return same })
		theirs := slices.DeleteFunc(slices.Clone(both[1]), func(j int) bool { _, same := slices.BinarySearch(both[0], j); return same })
		for _, i := range both[0] {
			out[i] = i
		}
		for n, i := range ours {
			out[i] = theirs[n]
		}
	}
	return out
}
