package diff

import (
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"pgregory.net/rapid"
)

// slowDuplicates is the reference for [secretDuplicates.has]: it compares every
// member of the set.
func slowDuplicates(d *difference, array *jsonval.Node) bool {
	others, itself := 0, 0
	for _, kid := range array.Kids {
		switch {
		case !schema.EqualExceptSecrets(kid, d.sought()):
		case d.current == nil && schema.HasMask(kid):
			return true
		case d.current == nil:
		case jsonval.Equal(kid, d.current) && !schema.HasMask(kid):
			itself = 1
		default:
			others++
		}
	}
	return others+itself > 1
}

// tokenProposals returns a proposal for each difference of the set of tokens.
func tokenProposals(found ...difference) []proposal {
	rule := kindsOf(testKinds()...).Get("policies").Root.Step("tokens")
	propose := make([]proposal, len(found))
	for i := range found {
		found[i].segs, found[i].member, found[i].rule = []string{"tokens"}, true, rule
		propose[i].difference = &found[i]
	}
	return propose
}

// The search by visible values finds the same duplicates as a comparison with
// every member.
func TestSecretDuplicates(t *testing.T) {
	value := rapid.SampledFrom([]*jsonval.Node{
		nil, jsonval.StringNode(reference.MaskMark), jsonval.StringNode(reference.SecretMark + "k.1}"), jsonval.StringNode(reference.SecretMark + "k.2}"),
		jsonval.StringNode("a"), jsonval.StringNode("b"),
	})
	member := rapid.Custom(func(t *rapid.T) *jsonval.Node {
		b := &jsonval.ObjectBuilder{}
		for _, name := range []string{"key", "n", "secret"} {
			b.Add(name, value.Draw(t, name))
		}
		return b.Node()
	})
	rapid.Check(t, func(t *rapid.T) {
		array := jsonval.ArrayOf(rapid.SliceOfN(member, 1, 5).Draw(t, "tenant")...)
		var found []difference
		for range rapid.IntRange(1, 4).Draw(t, "differences") {
			d := difference{desired: member.Draw(t, "desired")}
			switch rapid.IntRange(0, 3).Draw(t, "current") {
			case 0:
			case 1: // a mask was replaced by the deployed secret
				d.current = member.Draw(t, "unmasked")
			default:
				d.current = rapid.SampledFrom(array.Kids).Draw(t, "current")
			}
			found = append(found, d)
		}
		hides := false
		for _, kid := range array.Kids {
			_, here := schema.Redacted(kid)
			hides = hides || here
		}
		propose := tokenProposals(found...)
		duplicates := secretDuplicates{current: jsonval.EmptyObject.With([]string{"tokens"}, array)}
		for i, p := range propose {
			want := hides && slowDuplicates(p.difference, array)
			if got := duplicates.has(propose[i:]); got != want {
				t.Fatalf("current %s, desired %s in %s: got %v, want %v", p.current.JSON(), p.desired.JSON(), array.JSON(), got, want)
			}
		}
	})
}

// The search compares about one member for each difference, with and without
// visible values that distinguish the members.
func TestSecretDuplicatesComparesFew(t *testing.T) {
	const n = 1000
	tokens := func(format string) []*jsonval.Node {
		var all []*jsonval.Node
		for i := range n {
			kid, err := jsonval.Parse(fmt.Appendf(nil, format, i))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, kid)
		}
		return all
	}
	for name, tt := range map[string]struct{ current, desired string }{
		"named":              {`{"n":%d,"secret":"${secret:k.1}"}`, `{"n":%d,"secret":"${secret:k.2}"}`},
		"named, masked":      {`{"n":%d,"secret":"${masked}"}`, `{"n":%d,"secret":"${secret:k.2}"}`},
		"new ones":           {`{"n":%d,"secret":"${masked}"}`, `{"n":"new %d","secret":"${secret:k.2}"}`},
		"new, only secrets":  {`{"secret":"${secret:k.%d}"}`, `{"secret":"${secret:l.%d}"}`},
		"new, another place": {`{"n":%d,"key":"${masked}"}`, `{"n":%d,"secret":"${secret:k.2}","v":1}`},
	} {
		current := tokens(tt.current)
		var found []difference
		for _, kid := range tokens(tt.desired) {
			found = append(found, difference{desired: kid})
		}
		propose := tokenProposals(found...)
		m := newVisibleMembers(jsonval.ArrayOf(current...), propose)
		compared := 0
		for _, p := range propose {
			compared += len(m.candidates(p.difference))
		}
		if compared > 2*n {
			t.Errorf("%s: %d comparisons for %d differences", name, compared, n)
		}
	}
}
