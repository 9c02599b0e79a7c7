package apply

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
	"pgregory.net/rapid"
)

// tokensRule returns the rule of a set whose members have two hidden
// properties.
func tokensRule(t testing.TB) *schema.Rule {
	t.Helper()
	k, err := schema.Compile(tenant.Kind{
		Name: "policies", Sets: []tenant.Set{{Path: "/tokens"}},
		Sensitive: []string{"/tokens/*/secret"}, Masked: []tenant.Masked{{Path: "/tokens/*/key"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k.Root.Step("tokens")
}

// tokens draws members with few values, some of them hidden.
var tokens = rapid.Custom(func(t *rapid.T) *jsonval.Node {
	b := &jsonval.ObjectBuilder{}
	for _, name := range []string{"key", "n", "secret"} {
		b.Add(name, rapid.SampledFrom([]*jsonval.Node{
			nil, jsonval.NullNode, jsonval.StringNode(""), jsonval.StringNode("****"), jsonval.StringNode("[redacted]"), jsonval.StringNode("a"), jsonval.StringNode("b"),
		}).Draw(t, name))
	}
	return b.Node()
})

// The index finds the same member as a search of the whole set.
func TestMemberIndex(t *testing.T) {
	rule := tokensRule(t)
	next := rule.Step("*")
	first := func(array *jsonval.Node, is func(kid *jsonval.Node) bool) *jsonval.Node {
		for _, kid := range array.Kids {
			if is(kid) {
				return kid
			}
		}
		return nil
	}
	rapid.Check(t, func(t *rapid.T) {
		array := jsonval.ArrayOf(rapid.SliceOfN(tokens, 0, 6).Draw(t, "array")...)
		x := indexMembers(rule, array)
		for range rapid.IntRange(1, 4).Draw(t, "looked for") {
			m := tokens.Draw(t, "member")
			found := first(array, func(kid *jsonval.Node) bool { return sameShown(next, m, kid) })
			if got := x.same(m); got != found {
				t.Fatalf("%s in %s: got %s, want %s", m.JSON(), array.JSON(), got.JSON(), found.JSON())
			}
			if found != nil {
				continue
			}
			hiding := first(array, func(kid *jsonval.Node) bool { return sameMember(next, m, kid) })
			if got := x.sameHiding(m); got != hiding {
				t.Fatalf("%s in %s, hidden there: got %s, want %s", m.JSON(), array.JSON(), got.JSON(), hiding.JSON())
			}
		}
	})
}

// Each search compares about one member.
func TestMemberIndexComparesFew(t *testing.T) {
	const n = 1000
	for name, tt := range map[string]struct{ array, sought string }{
		"hidden in the plan":    {`{"n":%d,"secret":"s"}`, `{"n":%d,"secret":"[redacted]"}`},
		"hidden by the tenant":  {`{"n":%d,"key":"****"}`, `{"n":%d,"key":"s"}`},
		"hidden on both sides":  {`{"n":%d,"key":"****"}`, `{"n":%d,"key":"****"}`},
		"nothing can be seen":   {`{"secret":"s%d"}`, `{"secret":"t%d"}`},
		"others than there are": {`{"n":%d,"key":"****"}`, `{"n":"new %d","key":"s"}`},
	} {
		array := jsonval.ArrayOf()
		for i := range n {
			kid, err := jsonval.Parse(fmt.Appendf(nil, tt.array, i))
			if err != nil {
				t.Fatal(err)
			}
			array.Kids = append(array.Kids, kid)
		}
		x, compared := indexMembers(tokensRule(t), array), 0
		for i := range n {
			m, err := jsonval.Parse(fmt.Appendf(nil, tt.sought, i))
			if err != nil {
				t.Fatal(err)
			}
			if found := x.lookingLike(m); hidesSecret(x.set.Step("*"), m) {
				compared += len(found.all)
			} else {
				compared += len(found.hiding)
			}
		}
		if compared > 2*n {
			t.Errorf("%s: %d comparisons for %d members", name, compared, n)
		}
	}
}

// Elements are paired as if each were compared with each.
func TestAlignHiding(t *testing.T) {
	next := tokensRule(t).Step("*")
	rapid.Check(t, func(t *rapid.T) {
		n, other := jsonval.ArrayOf(rapid.SliceOfN(tokens, 0, 5).Draw(t, "array")...), jsonval.ArrayOf(rapid.SliceOfN(tokens, 0, 5).Draw(t, "other")...)
		want := schema.AlignWithin(n, other, func(*jsonval.Node) string { return "" }, func(a, b *jsonval.Node) bool { return sameShown(next, a, b) })
		if diff := cmp.Diff(want, alignHiding(next, n, other)); diff != "" {
			t.Fatalf("%s and %s (-want +got)\n%s", n.JSON(), other.JSON(), diff)
		}
	})
}
