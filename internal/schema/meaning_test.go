package schema

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Two values have the same number exactly if their canonical forms are equal,
// for each rule, inside and outside of arrays.
func TestMeaningsAgree(t *testing.T) {
	k := compiled(t, everything())
	rapid.Check(t, func(rt *rapid.T) {
		var m Meanings
		byRule := map[*Rule][]*jsonval.Node{}
		var collect func(r *Rule, n *jsonval.Node)
		collect = func(r *Rule, n *jsonval.Node) {
			byRule[r] = append(byRule[r], n)
			for i, kid := range n.Kids {
				if n.IsObject() {
					collect(r.In(n).Step(n.Names[i]), kid)
				} else {
					collect(r.Step("*"), kid)
				}
			}
		}
		for range 3 {
			n, err := jsonval.Parse([]byte(randomValue(rt, 0, true)))
			if err != nil {
				continue // an object has a name twice
			}
			collect(k.Root, n)
		}
		for r, nodes := range byRule {
			for i, a := range nodes {
				others := append([]*jsonval.Node{respelled(rt, a), nil}, nodes[i:]...)
				for _, b := range others {
					if want, got := SameMember(r, a, b), m.Member(r, a) == m.Member(r, b); got != want {
						rt.Fatalf("elements %s and %s have the same number: %t, want %t", a.JSON(), b.JSON(), got, want)
					}
					if want, got := jsonval.Equal(canonicalProperty(r, a, true), canonicalProperty(r, b, true)), m.InMember(r, a) == m.InMember(r, b); got != want {
						rt.Fatalf("properties %s and %s have the same number: %t, want %t", a.JSON(), b.JSON(), got, want)
					}
					if want, got := jsonval.Equal(Canonical(r, a), Canonical(r, b)), m.property(r, a, false) == m.property(r, b, false); got != want {
						rt.Fatalf("outside of arrays, %s and %s have the same number: %t, want %t", a.JSON(), b.JSON(), got, want)
					}
				}
				if want, got := HasMask(a), m.HasMask(a); got != want {
					rt.Fatalf("%s has a mask: %t, want %t", a.JSON(), got, want)
				}
			}
		}
	})
}

// respelled returns a value that is equal to n under some rules.
func respelled(t *rapid.T, n *jsonval.Node) *jsonval.Node {
	draw := func(what string) bool { return rapid.IntRange(0, 3).Draw(t, what) == 0 }
	n = n.MapKids(func(i int) *jsonval.Node {
		kid := respelled(t, n.Kids[i])
		if n.IsObject() && kid.IsEmpty() && draw("absent") {
			return nil
		}
		return kid
	})
	switch {
	case n.IsArray():
		kids := slices.Clone(n.Kids)
		if draw("reversed") {
			slices.Reverse(kids)
		}
		if len(kids) > 0 && draw("duplicate") {
			kids = append(kids, kids[0])
		}
		return jsonval.ArrayOf(kids...)
	case n.IsString() && draw("upper case"):
		return n.WithText(strings.ToUpper(n.Text))
	}
	return n
}

func TestMeanings(t *testing.T) {
	k := compiled(t, everything())
	for _, tt := range []struct {
		path, a, b string
		same       bool
	}{
		{"set", `["a","b","a"]`, `["b","a"]`, true},
		{"set", `["a","b"]`, `["b","c"]`, false},
		{"bag", `["a","b","a"]`, `["b","a","a"]`, true},
		{"bag", `["a","b","a"]`, `["b","a"]`, false},
		{"x", `["a","b"]`, `["b","a"]`, false},
		{"a", `{"default":"none"}`, `{}`, true},
		{"a", `{"default":"none"}`, `{"default":"some"}`, false},
		{"a", `{"default":""}`, `{}`, true},
		{"a", `{"x":""}`, `{}`, false},
		{"list", `[{"default":{"x":1}}]`, `[{}]`, true},
		{"list", `[{"default":{"x":2}}]`, `[{}]`, false},
		{"enum", `"On"`, `"on"`, true},
		{"x", `"On"`, `"on"`, false},
	} {
		var m Meanings
		number := func(text string) int {
			n, err := jsonval.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			return m.property(k.Root.Step(tt.path), n, false)
		}
		if same := number(tt.a) == number(tt.b); same != tt.same {
			t.Errorf("%s: %s and %s have the same number: %t, want %t", tt.path, tt.a, tt.b, same, tt.same)
		}
	}
}

// The numbers of all parts of a value are found in time linear in its depth.
func TestMeaningsAreLinearInDepth(t *testing.T) {
	k := compiled(t, everything())
	allocations := func(depth int) float64 {
		n := parsed(t, strings.Repeat(`[{"x":`, depth)+"1"+strings.Repeat("}]", depth))
		return testing.AllocsPerRun(1, func() {
			var m Meanings
			for part := n; len(part.Kids) > 0; part = part.Kids[0] {
				m.Member(k.Root.Step("x"), part)
			}
		})
	}
	const times, most = 8, 12
	if few, many := allocations(50), allocations(50*times); many > most*few {
		t.Errorf("%.0f allocations, and %d times the depth takes %.0f", few, times, many)
	}
}
