package apply

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// The bindings of a kind are searched for a few ids, and are indexed for more.
func TestManyIDsAreIndexed(t *testing.T) {
	groups := []*tenant.Reference{{Kinds: []string{"groups"}}}
	x := &idNames{bindings: reference.Bindings{"groups": {"G": "g1"}, "users": {"U": "u1"}}}
	for i := range 2 * fewIDs {
		x.name(groups, "g1")
		if got, want := x.sets["groups"].keys != nil, i >= fewIDs; got != want {
			t.Errorf("after %d ids: indexed %v, want %v", i+1, got, want)
		}
	}
	x.name([]*tenant.Reference{{Kinds: []string{"users"}}}, "u1")
	if x.sets["users"].keys != nil {
		t.Error("the ids of another kind count too")
	}
}

// A GUID is found in any letter case, on both sides.
func TestIDNameOfGUID(t *testing.T) {
	const upper, lower = "0D7B9A53-2F6E-4F0A-9C0E-1D2C3B4A5F60", "0d7b9a53-2f6e-4f0a-9c0e-1d2c3b4a5f60"
	groups := []*tenant.Reference{{Kinds: []string{"groups"}}}
	for _, bound := range []string{upper, lower} {
		for _, value := range []string{upper, lower} {
			x := &idNames{bindings: reference.Bindings{"groups": {"G": bound}}}
			for range fewIDs + 1 { // the last call uses the index
				if got := jsonval.TextOf(x.name(groups, value)); got != "${groups/G}" {
					t.Errorf("%s, bound as %s: got %q", value, bound, got)
				}
			}
		}
	}
}

// A member without a hidden value is found by its text, without a search for
// members that look like it.
func TestShownMemberIsFoundByText(t *testing.T) {
	rule := tokensRule(t)
	array, err := jsonval.Parse([]byte(`[{"n":"1","secret":"s"},{"n":"2","secret":"t"}]`))
	if err != nil {
		t.Fatal(err)
	}
	x := indexMembers(rule, array)
	for i, kid := range array.Kids {
		if x.same(kid) != kid {
			t.Errorf("member %d is not found", i)
		}
	}
	if x.byVisible != nil {
		t.Error("a member was searched for")
	}
	hidden, err := jsonval.Parse([]byte(`{"n":"2","secret":"[redacted]"}`))
	if err != nil {
		t.Fatal(err)
	}
	if x.same(hidden) != array.Kids[1] || x.byVisible == nil {
		t.Error("a member with a hidden value is found by its text")
	}
}

// The changes of one set share its index.
func TestUnmetIndexesSetOnce(t *testing.T) {
	w, err := stepOf(t, tenant.Update).writing()
	if err != nil {
		t.Fatal(err)
	}
	u := &unmet{w: w, now: inTenantNode(t, `{"labels":["a"],"members":["a"]}`)}
	index := func(name string) *memberIndex {
		r, array := w.Kind.Root.FollowIn(u.now, []string{name})
		return u.index([]string{name}, r, array)
	}
	members := index("members")
	if index("members") != members {
		t.Error("the second change of a set indexes it again")
	}
	if index("labels") == members {
		t.Error("two sets share one index")
	}
}

func inTenantNode(t *testing.T, body string) *jsonval.Node {
	t.Helper()
	n, err := jsonval.ParseObject([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Many changes below a path that is sent whole send it once, with its type.
func TestPatchHasEachPathOnce(t *testing.T) {
	changes := []plan.PropertyChange{change("/rules/a", `1`, `2`), change("/rules/b", `1`, `2`), change("/x", `1`, `2`), change("/o/a", `1`, `2`), change("/o/b", `1`, `2`)}
	w, err := stepOf(t, tenant.Update, changes...).writing()
	if err != nil {
		t.Fatal(err)
	}
	now, paths, err := w.changed(inTenantNode(t, `{"o":{"@odata.type":"#o","a":1,"b":1},"rules":{"a":1,"b":1},"rules@odata.type":"#r","x":1}`))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"rules"}, {"rules@odata.type"}, {"x"}, {"o", "a"}, {"o", "@odata.type"}, {"o", "b"}}
	if diff := cmp.Diff(want, w.typed(now, paths)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Each secret without a place in the text of a new object is missed, at any depth
// and beside others that have a place.
func TestCreateTextMissesSecrets(t *testing.T) {
	for _, tt := range []struct {
		name    string
		secrets map[string]string
		missing bool
	}{
		{"both have a place", map[string]string{"/a": "one", "/o/b": "one"}, false},
		{"a missing property", map[string]string{"/c": "one"}, true},
		{"a missing property beside others", map[string]string{"/a": "one", "/o/b": "one", "/c": "one"}, true},
		{"a missing property within", map[string]string{"/a": "one", "/o/c": "one"}, true},
		{"a missing property two levels below", map[string]string{"/a": "one", "/o/c/d": "one"}, true},
	} {
		w := &Writing{
			Item:    &plan.Item{ID: "policies/P", Changes: []plan.PropertyChange{{After: []byte(`{"a":"[redacted]","o":{"b":"[redacted]"}}`), Secrets: tt.secrets}}},
			secrets: map[string]*jsonval.Node{"one": jsonval.StringNode("s")},
		}
		if text, err := w.createText(); (err != nil) != tt.missing {
			t.Errorf("%s: got %s, %v", tt.name, text, err)
		}
	}
}
