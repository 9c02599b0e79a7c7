package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// slowAlign is the reference for [AlignWithin]: it compares every element with
// every other.
func slowAlign(from, to *jsonval.Node, same func(a, b *jsonval.Node) bool) []int {
	out, used := make([]int, len(from.Kids)), map[int]bool{}
	for i, kid := range from.Kids {
		out[i] = -1
		if !to.IsArray() {
			continue
		}
		if i < len(to.Kids) && !used[i] && same(kid, to.Kids[i]) {
			out[i], used[i] = i, true
			continue
		}
		for j, other := range to.Kids {
			if !used[j] && same(kid, other) {
				out[i], used[j] = j, true
				break
			}
		}
	}
	if !to.IsArray() {
		return out
	}
	pairs := slices.Clone(out)
	for i, j := range pairs {
		for k := range from.Kids {
			if j < 0 && pairs[k] >= 0 && same(from.Kids[i], to.Kids[pairs[k]]) {
				out[k] = -1
			}
		}
	}
	for j, other := range to.Kids {
		for i := range from.Kids {
			if !used[j] && pairs[i] >= 0 && same(from.Kids[i], other) {
				out[i] = -1
			}
		}
	}
	return out
}

func TestAlignWithin(t *testing.T) {
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
		from, to := parsed(t, tt.from), parsed(t, tt.to)
		for name, text := range map[string]func(*jsonval.Node) string{
			"by text":      func(n *jsonval.Node) string { return n.Text },
			"in one group": func(*jsonval.Node) string { return "" },
		} {
			if got := AlignWithin(from, to, text, jsonval.Equal); !slices.Equal(got, tt.want) {
				t.Errorf("%s, %s: got %v, want %v", tt.name, name, got, tt.want)
			}
		}
	}
}

// AlignByText pairs the same elements as slowAlign: each once, with an equal
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
		want := slowAlign(from, to, func(a, b *jsonval.Node) bool { return a.Text == b.Text })
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

// elementsKind returns a kind with an array whose elements have hidden values
// at some depth, next to sets, defaults, empty values and strings without case.
func elementsKind(t testing.TB) *Schema {
	t.Helper()
	return compiled(t, tenant.Kind{
		Name:          "things",
		Sets:          []tenant.Set{{Path: "/list/*/set"}},
		Masked:        []tenant.Masked{{Path: "/list/*/s"}, {Path: "/list/*/o/s"}},
		EmptyIsAbsent: []string{"/list/*/o"},
		Defaults:      []tenant.Default{{Path: "/list/*/o", Value: json.RawMessage(`{"s":"a","set":"b"}`)}},
	})
}

// drawElement draws one of few values, so that many are equal, or equal apart
// from hidden values.
func drawElement(t *rapid.T, depth int) *jsonval.Node {
	kind := rapid.IntRange(0, 3).Draw(t, "kind")
	switch {
	case depth == 0 || kind == 0:
		return rapid.SampledFrom([]*jsonval.Node{
			jsonval.StringNode(reference.MaskMark), jsonval.StringNode(reference.SecretMark + "k.1}"), jsonval.StringNode(reference.SecretMark + "k.2}"),
			jsonval.StringNode("a"), jsonval.StringNode("b"), jsonval.StringNode(""), jsonval.NullNode,
		}).Draw(t, "leaf")
	case kind == 1:
		n := jsonval.ArrayOf()
		for range rapid.IntRange(0, 2).Draw(t, "length") {
			n.Kids = append(n.Kids, drawElement(t, depth-1))
		}
		return n
	}
	b := &jsonval.ObjectBuilder{}
	for _, name := range []string{"*", "o", "s", "set"} {
		if rapid.Bool().Draw(t, name) {
			b.Add(name, drawElement(t, depth-1))
		}
	}
	return b.Node()
}

// drawLike draws a value that differs from another in at most a few places.
func drawLike(t *rapid.T, n *jsonval.Node, depth int) *jsonval.Node {
	if depth == 0 || rapid.IntRange(0, 5).Draw(t, "another") == 0 {
		return drawElement(t, depth)
	}
	return n.MapKids(func(i int) *jsonval.Node { return drawLike(t, n.Kids[i], depth-1) })
}

// Elements that are equal apart from hidden values have the same text. So
// pairing by text finds the same pairs as a comparison of all elements.
func TestAlignOfHidden(t *testing.T) {
	list := elementsKind(t).Root.Step("list")
	next := list.Step("*")
	rapid.Check(t, func(t *rapid.T) {
		from, to := jsonval.ArrayOf(), jsonval.ArrayOf()
		for range rapid.IntRange(0, 3).Draw(t, "from") {
			from.Kids = append(from.Kids, drawElement(t, 2))
		}
		for range rapid.IntRange(0, 3).Draw(t, "to") {
			like := drawElement(t, 2)
			if len(from.Kids) > 0 {
				like = drawLike(t, rapid.SampledFrom(from.Kids).Draw(t, "like"), 2)
			}
			to.Kids = append(to.Kids, like)
		}
		want := slowAlign(from, to, func(a, b *jsonval.Node) bool {
			return EqualExceptSecrets(a, b) || EqualExceptSecrets(CanonicalMember(next, a), CanonicalMember(next, b))
		})
		if diff := cmp.Diff(want, align(list, from, to)); diff != "" {
			t.Fatalf("%s and %s (-want +got)\n%s", from.JSON(), to.JSON(), diff)
		}
	})
}

// A declared default with a secret is absent as a whole.
func TestAlignOfDefaultWithSecret(t *testing.T) {
	list := elementsKind(t).Root.Step("list")
	from, to := parsed(t, `[{"o":{"s":"a","set":"b"}}]`), parsed(t, `[{"x":1,"o":{"s":"${masked}"}},{}]`)
	if diff := cmp.Diff([]int{1}, align(list, from, to)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The number of comparisons is about the number of elements: with and without
// hidden values, in the same or another order, and with an additional element.
func TestAlignComparesFew(t *testing.T) {
	const n = 1000
	array := func(first, count, step int, format string) *jsonval.Node {
		out := jsonval.ArrayOf()
		for i := range count {
			out.Kids = append(out.Kids, parsed(t, fmt.Sprintf(format, first+i*step)))
		}
		return out
	}
	const named, nameless = `{"n":%d,"s":"${masked}"}`, `{"n":1,"s":"${masked}","at":[]}`
	text := func(places *HiddenPlaces) func(n *jsonval.Node) string {
		return func(n *jsonval.Node) string { return places.VisibleText(nil, n) }
	}
	for name, tt := range map[string]struct{ from, to *jsonval.Node }{
		"the same order":      {array(0, n, 1, named), array(0, n, 1, named)},
		"in reverse":          {array(0, n, 1, named), array(n-1, n, -1, named)},
		"others":              {array(0, n, 1, named), array(n, n, 1, named)},
		"all equal":           {repeated(parsed(t, nameless), n), repeated(parsed(t, nameless), n)},
		"all equal, one more": {repeated(parsed(t, nameless), n+1), repeated(parsed(t, nameless), n)},
		"all equal, half":     {repeated(parsed(t, nameless), n), repeated(parsed(t, nameless), n/2)},
		"all equal, twice":    {repeated(parsed(t, nameless), n), repeated(parsed(t, nameless), 2*n)},
	} {
		places := &HiddenPlaces{}
		for _, kid := range slices.Concat(tt.from.Kids, tt.to.Kids) {
			places.Add(nil, kid, HiddenInNames)
		}
		compared := 0
		AlignWithin(tt.from, tt.to, text(places), func(a, b *jsonval.Node) bool {
			compared++
			return EqualExceptSecrets(a, b)
		})
		if most := 2 * (len(tt.from.Kids) + len(tt.to.Kids)); compared > most {
			t.Errorf("%s: %d comparisons, want at most %d", name, compared, most)
		}
	}
}

func repeated(n *jsonval.Node, times int) *jsonval.Node {
	return jsonval.ArrayOf(slices.Repeat([]*jsonval.Node{n}, times)...)
}

// Each level of a value is compared once. With two comparisons for each level,
// this depth would take too long.
func TestEqualExceptSecretsInDepth(t *testing.T) {
	deep := func(inner string) *jsonval.Node {
		const depth = 200
		return parsed(t, strings.Repeat(`{"b":1,"a":`, depth)+inner+strings.Repeat("}", depth))
	}
	for _, tt := range []struct {
		name, a, b string
		want       bool
	}{
		{"equal", `{"s":"x"}`, `{"s":"x"}`, true},
		{"another secret", `{"s":"${masked}"}`, `{"s":"x"}`, true},
		{"an additional secret", `{"s":"${masked}"}`, `{}`, true},
		{"a missing secret", `{}`, `{"s":"${masked}"}`, true},
		{"another value", `{"s":"x"}`, `{"s":"y"}`, false},
		{"an additional value", `{"s":"x"}`, `{}`, false},
		{"a missing value", `{}`, `{"s":"x"}`, false},
	} {
		if got := EqualExceptSecrets(deep(tt.a), deep(tt.b)); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
