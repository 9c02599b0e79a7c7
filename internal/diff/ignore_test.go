package diff

import (
	"slices"
	"testing"
)

// A pattern leads into a difference if it is longer than the difference's path.
// Into a member of a set it leads by "*" or "-".
func TestPatternWithinDifference(t *testing.T) {
	root, value := &difference{}, &difference{segs: []string{"a", "b"}}
	member := &difference{segs: []string{"a", "b"}, member: true}
	for _, tt := range []struct {
		d       *difference
		pattern []string
		want    []string // nil for a pattern that does not lead into the difference
	}{
		{root, nil, nil},
		{root, []string{"a"}, []string{"a"}},
		{value, nil, nil},
		{value, []string{"a"}, nil},
		{value, []string{"a", "b"}, nil},
		{value, []string{"a", "b", "c"}, []string{"c"}},
		{value, []string{"a", "b", "c", "d"}, []string{"c", "d"}},
		{value, []string{"a", "*", "c"}, []string{"c"}},
		{value, []string{"a", "x", "c"}, nil},
		{member, []string{"a", "b"}, nil},
		{member, []string{"a", "b", "*"}, nil},
		{member, []string{"a", "b", "-"}, nil},
		{member, []string{"a", "b", "*", "c"}, []string{"c"}},
		{member, []string{"a", "b", "-", "c", "d"}, []string{"c", "d"}},
		{member, []string{"a", "b", "0", "c"}, nil},
		{member, []string{"x", "b", "*", "c"}, nil},
	} {
		rest, ok := tt.d.within(tt.pattern)
		if ok != (tt.want != nil) || !slices.Equal(rest, tt.want) {
			t.Errorf("%q within %q (a member: %t): got %q, %t, want %q", tt.pattern, tt.d.segs, tt.d.member, rest, ok, tt.want)
		}
	}
}
