package schema

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Two values have one number where their canonical forms are equal, whatever the
// rule, inside and outside of arrays.
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
				rt.Skip(err)
			}
			collect(k.Root, n)
		}
		for r, nodes := range byRule {
			for i, a := range nodes {
				for _, b := range append(nodes[i:], nil) {
					if want, got := SameMember(r, a, b), m.Member(r, a) == m.Member(r, b); got != want {
						rt.Fatalf("elements %s and %s: %t, want %t", a.JSON(), b.JSON(), got, want)
					}
					if want, got := SameInMember(r, a, b), m.InMember(r, a) == m.InMember(r, b); got != want {
						rt.Fatalf("properties %s and %s: %t, want %t", a.JSON(), b.JSON(), got, want)
					}
				}
				if want, got := HasMask(a), m.HasMask(a); got != want {
					rt.Fatalf("%s has a mask: %t, want %t", a.JSON(), got, want)
				}
			}
		}
	})
}
