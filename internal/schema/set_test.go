package schema

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// SortedByText returns the same as a Form with SortSets for objects of a tenant
// in name form, and changes nothing else in them.
func TestSortedByText(t *testing.T) {
	k := compiled(t, everything())
	mark := func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.MaskMark) }
	name := Form{
		Text: func(n *jsonval.Node, at Place) *jsonval.Node {
			if len(Applicable(at)) > 0 {
				return jsonval.StringNode("${groups/" + n.Text + "}")
			}
			return n.WithText(reference.Escape(n.Text))
		},
		Secret: func(n *jsonval.Node) *jsonval.Node { return SecretNode("key", k, n) }, Mask: mark,
	}
	sort := Form{Repository: true, SortSets: true}
	slab := &jsonval.Slab{}
	// check returns whether the object's sets needed sorting.
	check := func(t interface {
		Helper()
		Fatalf(format string, args ...any)
	}, text string) bool {
		t.Helper()
		object := name.Apply(k, parsed(t, text))
		before, want := string(object.JSON()), string(sort.Apply(k, object).JSON())
		if got := string(SortedByText(k.Root, object, slab).JSON()); got != want {
			t.Fatalf("%s\ngot  %s\nwant %s", before, got, want)
		}
		slab.Reset()
		return before != want
	}
	for _, text := range []string{`{"bag":[{},"All"]}`, `{"a":{"set":["b","a"]}}`, `{"a":{"set":["b","a"],"x":[]}}`} {
		if !check(t, text) {
			t.Errorf("%s: the set did not need sorting", text)
		}
	}
	rapid.Check(t, func(t *rapid.T) { check(t, randomValue(t, 0, true)) })
}

// Two empty sets are the same, also if the tenant does not return its set.
func TestSameList(t *testing.T) {
	r := compiled(t, everything()).Root.Step("set")
	for _, tt := range []struct {
		desired, current string
		want             bool
	}{
		{`[]`, ``, true},
		{`[]`, `null`, true},
		{`[]`, `[]`, true},
		{`["a"]`, ``, false},
		{`[]`, `["a"]`, false},
		{`["a","b"]`, `["a","b"]`, true},
		{`["a","b"]`, `["b","a"]`, false},
		{`["a","a"]`, `["a","a"]`, false},
		{`[{}]`, `[{}]`, false},
	} {
		var current *jsonval.Node
		if tt.current != "" {
			current = parsed(t, tt.current)
		}
		if got := r.Set.SameList(parsed(t, tt.desired), current); got != tt.want {
			t.Errorf("%s and %s: %t, want %t", tt.desired, tt.current, got, tt.want)
		}
	}
}

// ReplaceMembers returns the same as ReplaceMember for one change after the
// other, if no change removes a member that another one adds.
func TestReplaceMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(n int) *jsonval.Node { return &jsonval.Node{Kind: '0', Text: strconv.Itoa(n)} }
		var array *jsonval.Node // may be absent
		if there := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 8).Draw(t, "array"); len(there) > 0 || rapid.Bool().Draw(t, "empty") {
			array = &jsonval.Node{Kind: '['}
			for _, n := range there {
				array.Kids = append(array.Kids, number(n))
			}
		}
		want := array
		if want == nil {
			want = &jsonval.Node{Kind: '['}
		}
		var changes []MemberChange
		for i, old := range rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 0, 6, rapid.ID[int]).Draw(t, "old") {
			var c MemberChange
			if old < 8 { // otherwise a member is added
				c.Old = number(old)
			}
			if c.Old == nil || rapid.Bool().Draw(t, "replaced") {
				c.Now = number(100 + i)
			}
			changes = append(changes, c)
			want = ReplaceMember(nil, want, c.Old, c.Now)
		}
		if got := ReplaceMembers(nil, array, changes); string(got.JSON()) != string(want.JSON()) {
			t.Fatalf("got %s, want %s", got.JSON(), want.JSON())
		}
	})
}

// The members of all sets are sorted, those with secrets by what is shown of
// them. Arrays that are no sets keep their order.
func TestSortedSets(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", Sets: []tenant.Set{{Path: "/set"}, {Path: "/list/*/set"}}})
	secret := func(key, text string) string {
		return jsonval.TextOf(SecretNode(key, k, jsonval.StringNode(text)))
	}
	a, b := secret("k", "a"), secret("k", "b")
	for body, want := range map[string]string{
		`{"set":["b","a","c"],"list":["b","a"]}`:                           `{"list":["b","a"],"set":["a","b","c"]}`,
		`{"list":[{"set":["b","a"]},{"set":["d","c"]}],"x":{"set":[2,1]}}`: `{"list":[{"set":["a","b"]},{"set":["c","d"]}],"x":{"set":[2,1]}}`,
		`{"set":["a"]}`: `{"set":["a"]}`,
		`{"set":[{"n":2,"s":"` + a + `"},{"n":1,"s":"` + b + `"}]}`:                 `{"set":[{"n":1,"s":"` + b + `"},{"n":2,"s":"` + a + `"}]}`,
		`{"set":[{"n":1,"s":"` + max(a, b) + `"},{"n":1,"s":"` + min(a, b) + `"}]}`: `{"set":[{"n":1,"s":"` + min(a, b) + `"},{"n":1,"s":"` + max(a, b) + `"}]}`,
	} {
		n, err := jsonval.Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(SortedSets(k.Root, n).JSON()); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
	if SortedSets(k.Root, nil) != nil {
		t.Error("an absent value is no longer absent")
	}
}

// Members are paired by the declared identity while it is unique in each array,
// and by their whole value otherwise.
func TestMembers(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", Sets: []tenant.Set{{Path: "/one", By: []string{"/n"}}, {Path: "/two", By: []string{"/n", "/p"}}, {Path: "/none"}}})
	parse := func(text string) *jsonval.Node {
		if text == "" {
			return nil
		}
		return parsed(t, text)
	}
	show := func(n *jsonval.Node) string {
		if n == nil {
			return "-"
		}
		return string(n.JSON())
	}
	for _, tt := range []struct {
		name, set, base, desired, current string
		want                              []string // base, desired and current of each member
	}{
		{"one that stays, one that goes, one that comes", "none", `["a","b"]`, `["a","c"]`, `["b","a"]`, []string{`"b" - "b"`, `"a" "a" "a"`, `- "c" -`}},
		{"only in the base", "none", `["a","b"]`, `["b"]`, `["b"]`, []string{`"b" "b" "b"`, `"a" - -`}},
		{"duplicates", "none", ``, `["a","a"]`, `["a"]`, []string{`- "a" "a"`}},
		{"by one property", "one", `[{"n":1,"v":1}]`, `[{"n":2,"v":2},{"n":1,"v":2}]`, `[{"n":1,"v":3},{"n":3,"v":1}]`,
			[]string{`{"n":1,"v":1} {"n":1,"v":2} {"n":1,"v":3}`, `- - {"n":3,"v":1}`, `- {"n":2,"v":2} -`}},
		{"by two properties", "two", ``, `[{"n":1,"p":1,"v":2},{"n":1,"p":2,"v":1}]`, `[{"n":1,"p":1,"v":1}]`,
			[]string{`- {"n":1,"p":1,"v":2} {"n":1,"p":1,"v":1}`, `- {"n":1,"p":2,"v":1} -`}},
		{"an identity that is not unique", "one", ``, `[{"n":1,"v":2}]`, `[{"n":1,"v":1},{"n":1,"v":2}]`, []string{`- - {"n":1,"v":1}`, `- {"n":1,"v":2} {"n":1,"v":2}`}},
		{"no arrays", "none", ``, `"a"`, `{"a":1}`, nil},
	} {
		var got []string
		for _, m := range k.Root.Step(tt.set).Set.Members(parse(tt.base), parse(tt.desired), parse(tt.current)) {
			got = append(got, show(m.Base)+" "+show(m.Desired)+" "+show(m.Current))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}

// With OnlyTemplates, a form passes on only the strings that may be templates or
// references.
func TestOnlyTemplates(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", References: []tenant.Reference{{Path: "/owner", Kinds: []string{"users"}}, {Path: "/all/*", Kinds: []string{"users"}}}})
	n, err := jsonval.Parse([]byte(`{"a":"plain","b":"${x}","c":["plain","a $"],"owner":"u","all":["v"],"n":1}`))
	if err != nil {
		t.Fatal(err)
	}
	for only, want := range map[bool][]string{true: {"${x}", "a $", "u", "v"}, false: {"${x}", "a $", "plain", "plain", "u", "v"}} {
		var got []string
		form := Form{OnlyTemplates: only, Text: func(n *jsonval.Node, _ Place) *jsonval.Node {
			got = append(got, n.Text)
			return n
		}}
		form.Apply(k, n)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("only templates: %v (-want +got)\n%s", only, diff)
		}
	}
}
