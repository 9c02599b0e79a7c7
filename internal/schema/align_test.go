package schema

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// AlignByText pairs the same elements as AlignBy: each once, with an equal
// element, and with the one at the same position if that is equal.
func TestAlignByText(t *testing.T) {
	array := func(t *rapid.T, name string) *jsonval.Node {
		out := &jsonval.Node{Kind: '['}
		for _, s := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 8).Draw(t, name) {
			out.Kids = append(out.Kids, jsonval.StringNode(s))
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		from, to := array(t, "from"), array(t, "to")
		want := AlignBy(from, to, func(a, b *jsonval.Node) bool { return a.Text == b.Text })
		got := AlignByText(from, to, func(n *jsonval.Node) string { return n.Text })
		taken := map[int]bool{}
		for i, j := range got {
			switch {
			case (j < 0) != (want[i] < 0):
				t.Fatalf("element %d: got %d, want %d", i, j, want[i])
			case j < 0:
				continue
			case taken[j] || from.Kids[i].Text != to.Kids[j].Text:
				t.Fatalf("element %d is paired with %d: %v", i, j, got)
			case j != i && i < len(to.Kids) && to.Kids[i].Text == from.Kids[i].Text:
				t.Fatalf("element %d is not paired with the equal element at its position: %v", i, got)
			}
			taken[j] = true
		}
	})
}
