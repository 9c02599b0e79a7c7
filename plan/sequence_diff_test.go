package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestDifferences rebuilds the second of two random sequences from the first and
// the spans. It compares the number of edits with that of the quadratic table of
// longest common subsequences.
func TestDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SliceOfN(rapid.Int32Range(0, 5), 0, 40)
		a, b := letters.Draw(t, "a"), letters.Draw(t, "b")
		spans := differences(a, b)
		checkSpans(t, a, b, spans)
		edits := 0
		for _, s := range spans {
			edits += s.a1 - s.a0 + s.b1 - s.b0
		}
		if want := len(a) + len(b) - 2*longestCommon(a, b); edits != want {
			t.Fatalf("%d edits, want %d: %v", edits, want, spans)
		}
	})
}

// TestDifferencesOfManyEdits: if the sequences differ too much for the exact search,
// differences still finds the common elements, in little time.
func TestDifferencesOfManyEdits(t *testing.T) {
	line := func(format string, n int) []string {
		lines := make([]string, n)
		for i := range lines {
			lines[i] = fmt.Sprintf(format, i)
		}
		return lines
	}
	a, b := line("old %d", 3000), line("new %d", 3000)
	for i := range a {
		if i%3 == 0 {
			b[i] = a[i]
		}
	}
	x, y := numbered(a, b)
	spans := differences(x, y)
	checkSpans(t, x, y, spans)
	if len(spans) != 1000 {
		t.Errorf("%d differences, want 1000", len(spans))
	}
	// The worst case for the exact search has long equal runs on every diagonal.
	long := slices.Repeat([]int32{1, 2, 1}, 200_000)
	other := slices.Repeat([]int32{1, 1, 2, 3}, 150_000)
	checkSpans(t, long, other, differences(long, other))
}

// Common elements count if each sequence has them once, in the longest series that
// is in order on both sides.
func TestCommonOnce(t *testing.T) {
	for _, tt := range []struct {
		a, b []int32
		want [][2]int
	}{
		{nil, nil, nil},
		{[]int32{1}, nil, nil},
		{nil, []int32{1}, nil},
		{[]int32{1, 2}, []int32{3, 4}, nil},
		{[]int32{1, 5}, []int32{2, 3, 5}, [][2]int{{1, 2}}},
		{[]int32{5, 1}, []int32{5}, [][2]int{{0, 0}}},
		{[]int32{5, 1, 5}, []int32{5, 1}, [][2]int{{1, 1}}},
		{[]int32{5, 1}, []int32{5, 5, 1}, [][2]int{{1, 2}}},
		{[]int32{5, 5}, []int32{5, 5}, nil},
		{[]int32{1, 2, 3}, []int32{1, 2, 3}, [][2]int{{0, 0}, {1, 1}, {2, 2}}},
		{[]int32{1, 2}, []int32{2, 1}, [][2]int{{1, 0}}},
		{[]int32{3, 1, 2}, []int32{1, 2, 3}, [][2]int{{1, 0}, {2, 1}}},
		{[]int32{1, 9, 2, 3}, []int32{2, 3, 7, 1}, [][2]int{{2, 0}, {3, 1}}},
	} {
		if got := commonOnce(tt.a, tt.b); !slices.Equal(got, tt.want) {
			t.Errorf("%v and %v: got %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// If several results have the fewest edits, differences returns the one that keeps
// the common beginning and end. It joins adjacent edits.
func TestDifferencesBetweenCommonEnds(t *testing.T) {
	for _, tt := range []struct {
		a, b []int32
		want []span
	}{
		{nil, nil, nil},
		{[]int32{1}, []int32{1}, nil},
		{[]int32{1}, nil, []span{{0, 1, 0, 0}}},
		{nil, []int32{1}, []span{{0, 0, 0, 1}}},
		{[]int32{1}, []int32{2}, []span{{0, 1, 0, 1}}},
		{[]int32{1, 2}, []int32{1}, []span{{1, 2, 1, 1}}},
		{[]int32{1}, []int32{1, 2}, []span{{1, 1, 1, 2}}},
		{[]int32{1}, []int32{1, 2, 1}, []span{{1, 1, 1, 3}}},
		{[]int32{1, 2, 1}, []int32{1}, []span{{1, 3, 1, 1}}},
		{[]int32{1}, []int32{2, 1, 3, 1}, []span{{0, 0, 0, 3}}},
		{[]int32{2, 1, 3, 1}, []int32{1}, []span{{0, 3, 0, 0}}},
		{[]int32{1, 5, 2}, []int32{1, 6, 7, 2}, []span{{1, 2, 1, 3}}},
		{[]int32{1, 5, 2, 3}, []int32{1, 2, 6, 3}, []span{{1, 2, 1, 1}, {3, 3, 2, 3}}},
	} {
		if got := differences(tt.a, tt.b); !slices.Equal(got, tt.want) {
			t.Errorf("%v and %v: got %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestNumbered(t *testing.T) {
	a, b := numbered(strings.Fields("x y x"), strings.Fields("z y"))
	if !slices.Equal(a, []int32{0, 1, 0}) || !slices.Equal(b, []int32{2, 1}) {
		t.Errorf("numbered = %v, %v", a, b)
	}
}

func checkSpans(t interface{ Fatalf(string, ...any) }, a, b []int32, spans []span) {
	var rebuilt []int32
	end, endB := 0, 0
	for _, s := range spans {
		if s.a0 < end || s.b0 < endB || s.a1 < s.a0 || s.b1 < s.b0 || s.a0-end != s.b0-endB || s.a0 == s.a1 && s.b0 == s.b1 {
			t.Fatalf("spans are not in order: %v", spans)
		}
		rebuilt = append(append(rebuilt, a[end:s.a0]...), b[s.b0:s.b1]...)
		end, endB = s.a1, s.b1
	}
	if rebuilt = append(rebuilt, a[end:]...); !slices.Equal(rebuilt, b) {
		t.Fatalf("the %d spans do not turn the first sequence into the second", len(spans))
	}
}

func longestCommon(a, b []int32) int {
	last := make([]int, len(b)+1)
	for _, x := range a {
		row := make([]int, len(b)+1)
		for j, y := range b {
			if x == y {
				row[j+1] = last[j] + 1
			} else {
				row[j+1] = max(row[j], last[j+1])
			}
		}
		last = row
	}
	return last[len(b)]
}

// A search may take all its steps, and not one more. Then the sequences are
// divided.
func TestStepsOfSearch(t *testing.T) {
	a, b := []int32{1, 2, 3, 4, 5}, []int32{9, 2, 8, 4, 7}
	d := differ{steps: stepsSearched}
	if !d.shortest(a, b, 0, 0) {
		t.Fatal("the search gave up")
	}
	needed, want := stepsSearched-d.steps, d.spans
	for left, found := range map[int]bool{needed - 1: false, needed: true, needed + 1: true} {
		d := differ{steps: left}
		if got := d.shortest(a, b, 0, 0); got != found || found && !slices.Equal(d.spans, want) || !found && len(d.spans) > 0 {
			t.Errorf("%d steps, needed %d: got %v, %v", left, needed, got, d.spans)
		}
	}
}

// A search makes at most editsSearched edits.
func TestEditsOfSearch(t *testing.T) {
	for n, found := range map[int]bool{editsSearched/2 - 1: true, editsSearched / 2: true, editsSearched/2 + 1: false} {
		a, b := make([]int32, n), make([]int32, n)
		for i := range n {
			a[i], b[i] = int32(i), int32(-i-1)
		}
		d := differ{steps: stepsSearched}
		if got := d.shortest(a, b, 0, 0); got != found {
			t.Errorf("%d edits: got %v, want %v", 2*n, got, found)
		}
	}
}
