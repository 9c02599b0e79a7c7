package plan

import (
	"slices"
	"sort"
)

// span is a difference between two sequences: b has b[b0:b1] in place of
// a[a0:a1]. One of the two may be empty.
type span struct{ a0, a1, b0, b1 int }

// Limits of one comparison. A comparison takes at most about editsSearched times
// as long as reading the sequences.
const (
	editsSearched = 400     // the most edits that an exact search tries
	stepsSearched = 4 << 20 // the most steps of all exact searches of one comparison
)

// differences returns the differences between two sequences, in order.
//
// It first searches the fewest edits (Myers, "An O(ND) Difference Algorithm",
// 1986), up to a limit. If the sequences differ in more edits, it divides them at
// elements that both contain exactly once. From these elements it takes the
// longest series that is in order on both sides, and searches the parts between
// them. A part that exceeds the limit too becomes one span. So every difference is
// in a span, but a span may be larger than necessary.
func differences(a, b []int32) []span {
	d := differ{steps: stepsSearched}
	d.between(a, b, 0, 0, true)
	return d.spans
}

type differ struct {
	spans []span
	steps int // the remaining steps
}

// between appends the differences of a and b, which begin at a0 and b0 of the
// whole sequences. divide reports that it may divide them.
func (d *differ) between(a, b []int32, a0, b0 int, divide bool) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b, a0, b0 = a[1:], b[1:], a0+1, b0+1
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	switch {
	case len(a) == 0 && len(b) == 0:
	case len(a) == 0 || len(b) == 0:
		d.add(span{a0, a0 + len(a), b0, b0 + len(b)})
	case d.shortest(a, b, a0, b0):
	case divide:
		x, y := 0, 0
		for _, at := range commonOnce(a, b) {
			d.between(a[x:at[0]], b[y:at[1]], a0+x, b0+y, false)
			x, y = at[0]+1, at[1]+1
		}
		d.between(a[x:], b[y:], a0+x, b0+y, false)
	default:
		d.add(span{a0, a0 + len(a), b0, b0 + len(b)})
	}
}

// add appends a span. It joins the span with the last one if they are adjacent.
func (d *differ) add(s span) {
	if n := len(d.spans); n > 0 && d.spans[n-1].a1 == s.a0 && d.spans[n-1].b1 == s.b0 {
		d.spans[n-1].a1, d.spans[n-1].b1 = s.a1, s.b1
		return
	}
	d.spans = append(d.spans, s)
}

// shortest appends the differences with the fewest edits. It reports false, and
// appends nothing, if it would need too many edits or steps.
//
// Round e of the search makes e edits. reach[k] is the largest x that e edits
// reach on the diagonal k = x-y. The search keeps the values of every round, so
// that walkBack can find the edits from the end.
func (d *differ) shortest(a, b []int32, a0, b0 int) bool {
	limit := min(len(a)+len(b), editsSearched)
	reach := make([]int32, 2*limit+3)
	at := func(k int) *int32 { return &reach[k+limit+1] }
	var rounds [][]int32
	for edits := 0; edits <= limit; edits++ {
		for k := -edits; k <= edits; k += 2 {
			x := int(*at(k - 1)) + 1
			if k == -edits || k != edits && *at(k - 1) < *at(k + 1) {
				x = int(*at(k + 1))
			}
			start := x
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			*at(k) = int32(x)
			if d.steps -= 1 + x - start; d.steps < 0 {
				return false
			}
			if x >= len(a) && x-k >= len(b) {
				d.walkBack(rounds, a, b, a0, b0)
				return true
			}
		}
		rounds = append(rounds, slices.Clone(reach[limit+1-edits:limit+2+edits]))
	}
	return false
}

// walkBack follows the rounds of a search from the end to the beginning, and
// appends the edits. Round e has the values of reach for the diagonals from -e to
// e.
func (d *differ) walkBack(rounds [][]int32, a, b []int32, a0, b0 int) {
	x, y := len(a), len(b)
	var back []span
	for e := len(rounds); e > 0; e-- {
		before := rounds[e-1]
		reached := func(k int) int {
			if k < -(e-1) || k > e-1 {
				return -1
			}
			return int(before[k+e-1])
		}
		k := x - y
		fromX, fromY := 0, 0
		if k == -e || k != e && reached(k-1) < reached(k+1) {
			fromX = reached(k + 1) // an element of b is added
			fromY = fromX - (k + 1)
			back = append(back, span{fromX, fromX, fromY, fromY + 1})
		} else {
			fromX = reached(k - 1) // an element of a is removed
			fromY = fromX - (k - 1)
			back = append(back, span{fromX, fromX + 1, fromY, fromY})
		}
		x, y = fromX, fromY
	}
	for _, s := range slices.Backward(back) {
		d.add(span{s.a0 + a0, s.a1 + a0, s.b0 + b0, s.b1 + b0})
	}
}

// commonOnce returns the indexes of elements that each sequence contains exactly
// once: the longest series of them that is in order on both sides.
func commonOnce(a, b []int32) [][2]int {
	type count struct{ inA, inB, atA, atB int }
	counts := make(map[int32]count)
	for i, v := range a {
		c := counts[v]
		c.inA, c.atA = c.inA+1, i
		counts[v] = c
	}
	for i, v := range b {
		if c, ok := counts[v]; ok {
			c.inB, c.atB = c.inB+1, i
			counts[v] = c
		}
	}
	var once [][2]int
	for i, v := range a {
		if c := counts[v]; c.inA == 1 && c.inB == 1 {
			once = append(once, [2]int{i, c.atB})
		}
	}
	// This is the longest increasing subsequence by patience sorting. ends[n] is
	// the index in once of the last element of a series of n+1 elements, with the
	// smallest index in b. before[i] is the element before once[i] in its series.
	var ends []int
	before := make([]int, len(once))
	for i, at := range once {
		n := sort.Search(len(ends), func(n int) bool { return once[ends[n]][1] >= at[1] })
		before[i] = -1
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	series := make([][2]int, len(ends))
	if len(ends) > 0 {
		for i, n := ends[len(ends)-1], len(ends)-1; n >= 0; i, n = before[i], n-1 {
			series[n] = once[i]
		}
	}
	return series
}

// numbered replaces the texts of two lists by numbers, equal texts by equal
// numbers.
func numbered(a, b []string) (x, y []int32) {
	numbers := make(map[string]int32)
	number := func(list []string) []int32 {
		out := make([]int32, len(list))
		for i, s := range list {
			n, ok := numbers[s]
			if !ok {
				n = int32(len(numbers))
				numbers[s] = n
			}
			out[i] = n
		}
		return out
	}
	return number(a), number(b)
}
