package jsonval

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A Copier returns the original if nothing differs, and otherwise a copy with the
// children that were put. It does not change the original. Copies in one slab do
// not share memory.
func TestCopier(t *testing.T) {
	slab := &Slab{}
	rapid.Check(t, func(t *rapid.T) {
		var copies []*Node
		var wants []string
		for range rapid.IntRange(1, 3).Draw(t, "copies") {
			n := &Node{Kind: rapid.SampledFrom([]byte{'{', '['}).Draw(t, "kind")}
			want := &Node{Kind: n.Kind}
			var put []*Node
			same := true
			for i := range rapid.IntRange(0, 5).Draw(t, "children") {
				kid := StringNode("old")
				v := rapid.SampledFrom([]*Node{kid, nil, NullNode, StringNode("new")}).Draw(t, "child")
				n.Kids, put, same = append(n.Kids, kid), append(put, v), same && v == kid
				name := string(rune('a' + i))
				if n.Kind == '{' {
					n.Names = append(n.Names, name)
				}
				if v == nil {
					continue
				}
				if want.Kids = append(want.Kids, v); n.Kind == '{' {
					want.Names = append(want.Names, name)
				}
			}
			before := string(n.JSON())
			c := CopyOf(n, rapid.SampledFrom([]*Slab{nil, slab}).Draw(t, "slab"))
			for _, v := range put {
				c.Put(v)
			}
			if (c.Node() == n) != same || string(n.JSON()) != before {
				t.Fatalf("%s: got %s, the original: %t, want %t", before, c.Node().JSON(), c.Node() == n, same)
			}
			if got := n.MapKids(func(i int) *Node { return put[i] }); !Equal(got, want) {
				t.Fatalf("%s: MapKids returns %s, want %s", before, got.JSON(), want.JSON())
			}
			copies, wants = append(copies, c.Node()), append(wants, string(want.JSON()))
		}
		for i, n := range copies {
			if got := string(n.JSON()); got != wants[i] {
				t.Fatalf("got %s, want %s", got, wants[i])
			}
		}
		slab.Reset()
	})
}

// GetNear finds what Get finds, for names in their order and in any other.
func TestGetNear(t *testing.T) {
	names := rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e"})
	rapid.Check(t, func(t *rapid.T) {
		n := &Node{Kind: '{', Names: rapid.SliceOfDistinct(names, rapid.ID[string]).Draw(t, "names")}
		slices.Sort(n.Names)
		for range n.Names {
			n.Kids = append(n.Kids, StringNode(""))
		}
		wanted := rapid.SliceOf(names).Draw(t, "wanted")
		if rapid.Bool().Draw(t, "sorted") {
			slices.Sort(wanted)
		}
		at := 0
		for _, name := range wanted {
			if n.GetNear(name, &at) != n.Get(name) {
				t.Fatalf("%q of %q: got another child", name, n.Names)
			}
		}
	})
	at := 0
	for _, n := range []*Node{nil, NullNode, ArrayOf(NullNode)} {
		if n.GetNear("a", &at) != nil {
			t.Errorf("%s has a member", n.JSON())
		}
	}
}
