package schema

import (
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

func TestAlignBy(t *testing.T) {
	for _, tt := range []struct {
		name, from, to string
		want           []int
	}{
		{"the same place", `["a","b"]`, `["a","b"]`, []int{0, 1}},
		{"another place", `["a","b"]`, `["b","a"]`, []int{1, 0}},
		{"the same place first", `["a","a"]`, `["a","a"]`, []int{0, 1}},
		{"only some", `["a","x","b"]`, `["b","y"]`, []int{-1, -1, 0}},
		{"one of two", `["a"]`, `["x","a","a"]`, []int{-1}},
		{"one of two, the first at its place", `["a"]`, `["a","a"]`, []int{-1}},
		{"two of one", `["a","a"]`, `["x","x","a"]`, []int{-1, -1}},
		{"others stay paired", `["a","b"]`, `["a","a","b"]`, []int{-1, 2}},
		{"no array", `["a"]`, `{}`, []int{-1}},
		{"shorter", `["x","a"]`, `["a"]`, []int{-1, 0}},
	} {
		from, err := jsonval.Parse([]byte(tt.from))
		if err != nil {
			t.Fatal(err)
		}
		to, err := jsonval.Parse([]byte(tt.to))
		if err != nil {
			t.Fatal(err)
		}
		if got := AlignBy(from, to, jsonval.Equal); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
