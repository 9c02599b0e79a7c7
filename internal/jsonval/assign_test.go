package jsonval

import (
	"testing"

	"pgregory.net/rapid"
)

// TestAssignments compares Apply with one call of With for each assignment.
func TestAssignments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"0", "1", "7", "a", "b", "c"})
		var tree func(depth int) *rapid.Generator[string]
		tree = func(depth int) *rapid.Generator[string] {
			return rapid.Custom(func(t *rapid.T) string {
				kind := rapid.SampledFrom([]string{"scalar", "array", "object"}).Draw(t, "kind")
				if depth == 0 || kind == "scalar" {
					return rapid.SampledFrom([]string{"1", "null", `"s"`}).Draw(t, "scalar")
				}
				out := ""
				for i, n := range rapid.SliceOfNDistinct(name, 0, 3, rapid.ID[string]).Draw(t, "names") {
					if i > 0 {
						out += ","
					}
					if kind == "object" {
						out += `"` + n + `":`
					}
					out += tree(depth-1).Draw(t, "kid")
				}
				if kind == "object" {
					return "{" + out + "}"
				}
				return "[" + out + "]"
			})
		}
		n, err := Parse([]byte(tree(3).Draw(t, "tree")))
		if err != nil {
			t.Fatal(err)
		}
		want, all, at := n, &Assignments{}, map[string]bool{}
		for range rapid.IntRange(0, 5).Draw(t, "paths") {
			segs := rapid.SliceOfN(name, 1, 3).Draw(t, "path")
			if overlaps(at, segs) {
				continue
			}
			at[JoinPointer(segs)] = true
			var v *Node
			if rapid.Bool().Draw(t, "set") || n.At(segs[:len(segs)-1]).IsArray() { // With does not remove elements
				v = StringNode("new")
			}
			want = want.With(segs, v)
			all.Put(segs, v)
		}
		if got := all.Apply(n); string(got.JSON()) != string(want.JSON()) {
			t.Fatalf("got %s, want %s", got.JSON(), want.JSON())
		}
	})
}

// overlaps reports whether segs is a prefix of one of the paths, or the reverse.
func overlaps(paths map[string]bool, segs []string) bool {
	for p := range paths {
		other, _ := SplitPointer(p)
		if MatchesBelow(other, segs) || MatchesBelow(segs, other) {
			return true
		}
	}
	return false
}
