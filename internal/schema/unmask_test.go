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
		{"the same position", `["a","b"]`, `["a","b"]`, []int{0, 1}},
		{"another position", `["a","b"]`, `["b","a"]`, []int{1, 0}},
		{"equal elements at the same positions", `["a","a"]`, `["a","a"]`, []int{0, 1}},
		{"some elements without a pair", `["a","x","b"]`, `["b","y"]`, []int{-1, -1, 0}},
		{"one element and two", `["a"]`, `["x","a","a"]`, []int{-1}},
		{"one element and two, one at its position", `["a"]`, `["a","a"]`, []int{-1}},
		{"two elements and one", `["a","a"]`, `["x","x","a"]`, []int{-1, -1}},
		{"others stay paired", `["a","b"]`, `["a","a","b"]`, []int{-1, 2}},
		{"not an array", `["a"]`, `{}`, []int{-1}},
		{"a shorter array", `["x","a"]`, `["a"]`, []int{-1, 0}},
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
