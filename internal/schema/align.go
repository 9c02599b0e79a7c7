package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// AlignWithin pairs the elements of two arrays that are the same one to one, the
// same place first. It returns for each element of from its place in to, or -1.
// Where more elements are the same on one side than on the other, nothing tells
// which of them are pairs, and none of them is paired.
//
// Elements with different texts are never the same, so that only those with one
// text are compared. That takes time linear in the arrays where the elements
// with one text are the same, as they are apart from a few.
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

// alignment are the places of the elements that have one text, ascending.
type alignment struct{ from, to []int }

// pair fills in the pairs of the elements, by their places.
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
	// A pair is none where one of its elements could also be paired with one
	// that has been left over.
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

// freePlaces are the places that no pair has taken: a list, so that a place that
// was taken is not looked at again.
type freePlaces struct {
	// next and previous link each free place, counted from 1, with its
	// neighbours; 0 is before the first and behind the last.
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

// find returns the first free place that fits, or -1.
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

// AlignByText pairs elements as [AlignWithin] does where elements are the same
// if their texts are, in time linear in the arrays.
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
