package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
	"pgregory.net/rapid"
)

// everyRule has at least one declaration of each kind.
var everyRule = tenant.Kind{
	Name:          "policies",
	EmptyIsAbsent: []string{"/description", "/conditions/*"},
	Sensitive:     []string{"/password"},
	Sets: []tenant.Set{
		{Path: "/tags"},
		{Path: "/groups"},
		{Path: "/assignments", By: []string{"/target/@odata.type", "/target/groupId"}},
		{Path: "/settings", By: []string{"/id"}, Multi: true},
		{Path: "/settings/**/children", By: []string{"/id"}, Multi: true},
		{Path: "/ranges", By: []string{"/cidr"}},
	},
	Defaults: []tenant.Default{
		{Path: "/level", Value: json.RawMessage(`"Low"`)},
		{Path: "/assignments/*/filter", Value: json.RawMessage(`"none"`)},
		{Path: "/assignments/*/filterId", Value: json.RawMessage(`"00000000-0000-0000-0000-000000000000"`)},
		{Path: "/ranges/*/count", Type: "typeA", Value: json.RawMessage(`1.0`)},
	},
	Forms: []tenant.Form{
		{Path: "/state", As: tenant.Enumeration},
		{Path: "/level", As: tenant.Enumeration},
		{Path: "/tags/*", As: tenant.Enumeration},
		{Path: "/risks", As: tenant.Flags},
		{Path: "/ranges/*/cidr", As: tenant.IPRange},
		{Path: "/ranges/*/since", Type: "#typeA", As: tenant.Time},
		{Path: "/assignments/*/filter", As: tenant.Enumeration},
		{Path: "/typed/since", Type: "typeA", As: tenant.Time},
		{Path: "/typed/times/*", Type: "typeA", As: tenant.Time},
	},
	References: []tenant.Reference{
		{Path: "/users/*", Kinds: []string{"users"}, Literals: []string{"All", "app-*"}},
		{Path: "/groups", Kinds: []string{"groups"}, Literals: []string{"All", "None"}},
	},
}

func compiled(t testing.TB, k tenant.Kind) *Schema {
	t.Helper()
	out, err := Compile(k)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func parsed(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, text string) *jsonval.Node {
	t.Helper()
	n, err := jsonval.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return n
}

func TestEqual(t *testing.T) {
	const guid = "62e90394-69f5-4237-9190-012177145e10"
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"null is absent", `{"x":null}`, `{}`, true},
		{"an empty text is not null", `{"x":""}`, `{}`, false},
		{"an empty object is not null", `{"x":{}}`, `{}`, false},
		{"an empty value with EmptyIsAbsent", `{"description":""}`, `{"description":null}`, true},
		{"an object with only empty members", `{"conditions":{"a":{"b":{"c":null,"d":[]}}}}`, `{"conditions":{"a":null}}`, true},
		{"an object with a nested value", `{"conditions":{"a":{"b":{"c":false}}}}`, `{"conditions":{"a":null}}`, false},
		{"false is not empty", `{"description":false}`, `{}`, false},
		{"an empty set", `{"tags":[]}`, `{"tags":null}`, true},
		{"a default", `{"level":"low"}`, `{}`, true},
		{"a default and an empty value", `{"level":"LOW"}`, `{"level":""}`, true},
		{"a value other than the default", `{"level":"high"}`, `{}`, false},

		{"within an element, null is absent", `{"list":[{"a":1,"b":null}]}`, `{"list":[{"a":1}]}`, true},
		{"within an element, empty is absent", `{"list":[{"a":1,"b":[],"c":{"d":""}}]}`, `{"list":[{"a":1}]}`, true},
		{"within an element, a value is a difference", `{"list":[{"a":1,"b":false}]}`, `{"list":[{"a":1}]}`, false},
		{"within a nested element", `{"list":[{"a":[{"b":1,"c":null}]}]}`, `{"list":[{"a":[{"b":1}]}]}`, true},
		{"elements have positions", `{"list":[null,1]}`, `{"list":[1]}`, false},
		{"an empty element is not null", `{"list":[{}]}`, `{"list":[null]}`, false},
		{"arrays have an order", `{"list":[1,2]}`, `{"list":[2,1]}`, false},
		{"an array with a duplicate", `{"list":[1,1]}`, `{"list":[1]}`, false},

		{"an enumeration", `{"state":"Enabled"}`, `{"state":"enabled"}`, true},
		{"free text", `{"displayName":"Enabled"}`, `{"displayName":"enabled"}`, false},
		{"flags", `{"risks":"minor,moderate"}`, `{"risks":"Moderate, minor"}`, true},
		{"a set without order and case", `{"tags":["a","B"]}`, `{"tags":["b","A","a"]}`, true},
		{"another member", `{"tags":["a"]}`, `{"tags":["a","b"]}`, false},
		{"a GUID", `{"x":"` + guid + `"}`, `{"x":"` + strings.ToUpper(guid) + `"}`, true},
		{"a secret that looks like a GUID", `{"password":"` + guid + `"}`, `{"password":"` + strings.ToUpper(guid) + `"}`, false},
		{"a literal", `{"users":["all"]}`, `{"users":["All"]}`, true},
		{"a literal in a set", `{"groups":["None","all"]}`, `{"groups":["All","none"]}`, true},
		{"a text with a literal prefix", `{"users":["app-x"]}`, `{"users":["app-X"]}`, false},
		{"an id that is not a literal", `{"users":["ann"]}`, `{"users":["Ann"]}`, false},
		{"a reference", `{"state":"${policies/A}"}`, `{"state":"${policies/a}"}`, false},
		{"a type with and without #", `{"@odata.type":"#typeA"}`, `{"@odata.type":"typeA"}`, true},
		{"another type", `{"@odata.type":"#typeA"}`, `{"@odata.type":"#typeB"}`, false},
		{"a number by value", `{"x":1.0}`, `{"x":1}`, true},

		{"no filter", `{"assignments":[{"target":{"groupId":"g"},"filter":"None","filterId":"00000000-0000-0000-0000-000000000000"}]}`, `{"assignments":[{"target":{"groupId":"g"},"filter":null}]}`, true},
		{"a filter", `{"assignments":[{"target":{"groupId":"g"},"filter":"include"}]}`, `{"assignments":[{"target":{"groupId":"g"}}]}`, false},
		{"ranges in another notation and order", `{"ranges":[{"cidr":"192.0.2.1/24"},{"cidr":"2001:DB8::/32"}]}`, `{"ranges":[{"cidr":"2001:db8::/32"},{"cidr":"192.0.2.0/24"}]}`, true},
		{"a form of this type", `{"ranges":[{"@odata.type":"#typeA","since":"2026-03-01"}]}`, `{"ranges":[{"@odata.type":"typeA","since":"2026-03-01T00:00:00.0Z"}]}`, true},
		{"a form of another type", `{"ranges":[{"@odata.type":"#typeB","since":"2026-03-01"}]}`, `{"ranges":[{"@odata.type":"#typeB","since":"2026-03-01T00:00:00Z"}]}`, false},
		{"a default of this type", `{"ranges":[{"@odata.type":"#typeA","count":1}]}`, `{"ranges":[{"@odata.type":"#typeA"}]}`, true},
		{"a default of another type", `{"ranges":[{"@odata.type":"#typeB","count":1}]}`, `{"ranges":[{"@odata.type":"#typeB"}]}`, false},

		{"settings without order", `{"settings":[{"id":"a"},{"id":"b"}]}`, `{"settings":[{"id":"b"},{"id":"a"}]}`, true},
		{"settings with one id, without order", `{"settings":[{"id":"a","v":1},{"id":"a","v":2}]}`, `{"settings":[{"id":"a","v":2},{"id":"a","v":1}]}`, true},
		{"duplicate settings count", `{"settings":[{"id":"a","v":1},{"id":"a","v":1}]}`, `{"settings":[{"id":"a","v":1}]}`, false},
		{"children at any depth", `{"settings":[{"x":{"children":[{"id":"a","y":{"children":[{"id":"c"},{"id":"d"}]}},{"id":"b"}]}}]}`, `{"settings":[{"x":{"children":[{"id":"b"},{"id":"a","y":{"children":[{"id":"d"},{"id":"c"}]}}]}}]}`, true},
	}
	k := compiled(t, everyRule)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := parsed(t, tt.a), parsed(t, tt.b)
			if got := Covers(k.Root, a, b) && Covers(k.Root, b, a); got != tt.same {
				t.Errorf("%s and %s cover each other: %t, want %t", tt.a, tt.b, got, tt.same)
			}
			ca, cb := canonicalValue(k.Root, a, false), canonicalValue(k.Root, b, false)
			if got := jsonval.Equal(ca, cb); got != tt.same {
				t.Errorf("the canonical forms %s and %s are the same: %t, want %t", ca.JSON(), cb.JSON(), got, tt.same)
			}
			fa, fb := Fingerprint(k, a, WholeObject, "s"), Fingerprint(k, b, WholeObject, "s")
			if (fa == fb) != tt.same {
				t.Errorf("the fingerprints are the same: %t, want %t", fa == fb, tt.same)
			}
		})
	}
}

func TestCoversIgnoresUnmanagedProperties(t *testing.T) {
	k := compiled(t, everyRule)
	tests := []struct {
		small, big string
		want       bool
	}{
		{`{"a":1}`, `{"a":1,"b":2}`, true},
		{`{"a":1,"b":null}`, `{"a":1}`, true},
		{`{"a":1,"b":null}`, `{"a":1,"b":2}`, false},
		{`{"a":{"b":1}}`, `{"a":{"b":1,"c":2}}`, true},
		{`{"a":[{"b":1}]}`, `{"a":[{"b":1,"c":2}]}`, false},
		{`{"conditions":{"a":{"b":[]}}}`, `{"conditions":{"a":null}}`, true},
		{`{"conditions":{"a":{}}}`, `{"conditions":{"a":{"b":1}}}`, true},
		{`{"typed":{"since":"2026-03-01"}}`, `{"typed":{"@odata.type":"#typeA","since":"2026-03-01T00:00:00Z"}}`, true},
		{`{"typed":{"since":"2026-03-01"}}`, `{"typed":{"@odata.type":"#typeB","since":"2026-03-01T00:00:00Z"}}`, false},
		{`{"typed":{"@odata.type":"typeA","times":["08:00:00"]}}`, `{"typed":{"@odata.type":"#typeA","times":["08:00:00.0"]}}`, true},
		{`{"typed":{"@odata.type":"typeB","times":["08:00:00"]}}`, `{"typed":{"@odata.type":"#typeB","times":["08:00:00.0"]}}`, false},
		{`{"conditions":{"@odata.type":"typeA"}}`, `{"conditions":{"@odata.type":"#typeA"}}`, true},
		{`{"conditions":{"a":null}}`, `{"conditions":{"a":{"b":1}}}`, false},
	}
	for _, tt := range tests {
		if got := Covers(k.Root, parsed(t, tt.small), parsed(t, tt.big)); got != tt.want {
			t.Errorf("Covers(%s, %s) = %t, want %t", tt.small, tt.big, got, tt.want)
		}
	}
}

// randomBody draws small bodies from few names and values, so that many pairs
// of bodies are equal or nearly equal.
func randomBody() *rapid.Generator[string] {
	names := []string{"@odata.type", "description", "conditions", "tags", "assignments", "settings", "children", "ranges", "cidr", "since", "id", "state", "risks", "level", "filter", "target", "groupId", "users", "groups", "x"}
	texts := []string{``, `a`, `A`, `typeA`, `#typeA`, `All`, `all`, `low`, `none`, `192.0.2.1/24`, `192.0.2.0/24`, `2026-03-01`, `2026-03-01T00:00:00Z`, `a,b`, `B, a`, `62e90394-69f5-4237-9190-012177145e10`, `62E90394-69F5-4237-9190-012177145E10`}
	var value func(depth int) *rapid.Generator[string]
	object := func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			var members []string
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID[string]).Draw(t, "names") {
				members = append(members, fmt.Sprintf("%q:%s", name, value(depth-1).Draw(t, name)))
			}
			return "{" + strings.Join(members, ",") + "}"
		})
	}
	value = func(depth int) *rapid.Generator[string] {
		text := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("%q", rapid.SampledFrom(texts).Draw(t, "text")) })
		options := []*rapid.Generator[string]{text, text, rapid.SampledFrom([]string{"null", "1", "1.0", "true", "[]", "{}"})}
		if depth > 0 {
			options = append(options, object(depth), rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(kids []string) string {
				return "[" + strings.Join(kids, ",") + "]"
			}))
		}
		return rapid.OneOf(options...)
	}
	return object(4)
}

func TestCoversAgreesWithCanonical(t *testing.T) {
	k := compiled(t, everyRule)
	rapid.Check(t, func(t *rapid.T) {
		a := parsed(t, randomBody().Draw(t, "a"))
		b := parsed(t, randomBody().Draw(t, "b"))
		if rapid.Bool().Draw(t, "similar") {
			b = respell(t, a)
		}
		ca, cb := canonicalValue(k.Root, a, false), canonicalValue(k.Root, b, false)
		same := jsonval.Equal(ca, cb)
		if got := Covers(k.Root, a, b) && Covers(k.Root, b, a); got != same {
			t.Errorf("%s and %s cover each other: %t; their canonical forms %s and %s are the same: %t", a.JSON(), b.JSON(), got, ca.JSON(), cb.JSON(), same)
		}
		if again := canonicalValue(k.Root, ca, false); !jsonval.Equal(again, ca) {
			t.Errorf("the canonical form %s of %s is not stable: its canonical form is %s", ca.JSON(), a.JSON(), again.JSON())
		}
		if !Covers(k.Root, a, ca) || !Covers(k.Root, ca, a) {
			t.Errorf("%s and its canonical form %s do not cover each other", a.JSON(), ca.JSON())
		}
	})
}

// respell changes the letter case of strings and the order of arrays.
func respell(t *rapid.T, n *jsonval.Node) *jsonval.Node {
	if n.IsString() && rapid.IntRange(0, 3).Draw(t, "case") == 0 {
		return jsonval.StringNode(strings.ToUpper(n.Text))
	}
	out := n.MapKids(func(i int) *jsonval.Node { return respell(t, n.Kids[i]) })
	if n.IsArray() && len(n.Kids) > 1 {
		out = &jsonval.Node{Kind: '[', Kids: rapid.Permutation(out.Kids).Draw(t, "order")}
	}
	return out
}

// Two sets are equal exactly if Members pairs each member with an equal one.
func TestMembersAgreeWithCanonical(t *testing.T) {
	k := compiled(t, everyRule)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"tags", "groups", "assignments", "ranges", "settings"}).Draw(t, "set")
		r := k.Root.Step(name)
		draw := func(side string) *jsonval.Node {
			n := parsed(t, "["+strings.Join(rapid.SliceOfN(randomBody(), 0, 3).Draw(t, side), ",")+"]")
			if name == "tags" || name == "groups" {
				n = n.MapKids(func(i int) *jsonval.Node {
					return jsonval.StringNode([]string{"all", "All", "a", "None"}[len(n.Kids[i].Names)%4])
				})
			}
			return n
		}
		a := draw("a")
		b := respell(t, a)
		if rapid.Bool().Draw(t, "other") {
			b = draw("b")
		}
		if !r.Set.Merges(nil, a, b) {
			return
		}
		same := true
		for _, m := range r.Set.Members(nil, a, b) {
			same = same && SameMember(r.Step("*"), m.Desired, m.Current)
		}
		if want := Covers(r, a, b); same != want {
			t.Errorf("the members of %s and %s are the same: %t; the sets are equal: %t", a.JSON(), b.JSON(), same, want)
		}
	})
}

func TestCompileRefuses(t *testing.T) {
	tests := []struct {
		name string
		kind tenant.Kind
		want string
	}{
		{"an unknown form", tenant.Kind{Forms: []tenant.Form{{Path: "/a", As: "colour"}}}, `unknown value form "colour"`},
		{"a default that is not JSON", tenant.Kind{Defaults: []tenant.Default{{Path: "/a", Value: json.RawMessage(`none`)}}}, `default at "/a"`},
		{"a path with ** that a client must follow", tenant.Kind{ReadOnly: []string{"/**/id"}}, `"/**/id"`},
		{"paths that need too many rules", tenant.Kind{EmptyIsAbsent: []string{"/**/a" + strings.Repeat("/*", 20)}}, "rules"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Compile(tt.kind); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
