package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestRefused(t *testing.T) {
	k, err := Compile(tenant.Kind{Name: "groups", ReadOnly: []string{"/owner", "/list/*/service"}})
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]string{
		`{"displayName":"A","x@odata.context":"c","@odata.id":"i","list@odata.type":"#Collection(String)"}`: nil,
		`{"members@odata.bind":["u"],"list":[{"a":1},{"role@odata.bind":"r"}]}`:                             {"/list/1/role@odata.bind", "/members@odata.bind"},
		`{"owner":{"x@odata.bind":1},"list":[{"service":{"a@b.c":1}}]}`:                                     nil, // read-only
		`{"a":{"foo@bar.baz":1,"@microsoft.graph.conflictBehavior":"fail"},"#CustomRef_x":"y"}`:             {"/#CustomRef_x", "/a/@microsoft.graph.conflictBehavior", "/a/foo@bar.baz"},
		`{"list":[{"@odata.id":"u"},{"@odata.id":"u","name":"n"},{"@odata.type":"#t","@odata.id":"u"}]}`:    {"/list/0", "/list/2"},
		`{"manager":{"@odata.id":"u"},"@odata.id":"i"}`:                                                     {"/manager"},
		`{"@odata.id":"i"}`: nil, // the object's own address
		`{"$previousNames":["B"],"$schema":"s","$comment":"c","x":{"$any":1}}`: nil,
		`{"$previousName":["B"],"$Comment":"c"}`:                               {"/$Comment", "/$previousName"},
		`{"$previousNames":"B"}`:                                               {"/$previousNames"},
		`{"$previousNames":["B",1]}`:                                           {"/$previousNames"},
	} {
		n, err := jsonval.ParseObject([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range Refused(k, n) {
			got = append(got, r.Pointer)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", file, diff)
		}
	}
}

func TestTypesInForm(t *testing.T) {
	k, err := Compile(tenant.Kind{Name: "groups", ReadOnly: []string{"/made", "/b@odata.type"}, EmptyIsAbsent: []string{"/tags"},
		Parts: []tenant.Part{{Name: "assignments", Path: "/assignments"}}})
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"a":1,"a@odata.type":"#Int32","b":1,"b@odata.type":"#Int32","made":"x","made@odata.type":"#DateTimeOffset",
		"none":null,"none@odata.type":"#Int32","absent@odata.type":"#Int32","tags":[],"tags@odata.type":"#Collection(String)",
		"list":[{"a":1,"a@odata.type":"#Int32","none":null,"none@odata.type":"#Int32"}],
		"assignments":[{"id":"1","target":"x","target@odata.type":"#String"}],"assignments@odata.type":"#Collection(t)",
		"inner":{"assignments":1,"assignments@odata.type":"#Int32"},"m@odata.bind":"x","@odata.etag":"e"}`
	n, err := jsonval.ParseObject([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"a":1,"a@odata.type":"#Int32","assignments":[{"id":"1","target":"x","target@odata.type":"#String"}],"b":1,"inner":{"assignments":1,"assignments@odata.type":"#Int32"},"list":[{"a":1,"a@odata.type":"#Int32","none":null}],"none":null}`
	var form Form
	if got := string(form.Apply(k, n).JSON()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWithoutTypesMissingIn(t *testing.T) {
	for _, tc := range []struct{ name, n, other, want string }{
		{"a type in the other tree", `{"a":1,"a@odata.type":"#A"}`, `{"a":2,"a@odata.type":"#B"}`, `{"a":1,"a@odata.type":"#A"}`},
		{"no type in the other tree", `{"a":1,"a@odata.type":"#A"}`, `{"a":2}`, `{"a":1}`},
		{"no property in the other tree", `{"a":1,"a@odata.type":"#A"}`, `{"a":null}`, `{"a":1,"a@odata.type":"#A"}`},
		{"another path", `{"a":{"a":1,"a@odata.type":"#A"}}`, `{"a":{"b":1}}`, `{"a":{"a":1,"a@odata.type":"#A"}}`},
		{"below a path that the other tree lacks", `{"a":{"b":{"c":1,"c@odata.type":"#A"}}}`, `{"a":{}}`, `{"a":{"b":{"c":1,"c@odata.type":"#A"}}}`},
		{"one type in the other tree and one not", `{"a":1,"a@odata.type":"#A","b":1,"b@odata.type":"#B","c":1,"c@odata.type":"#C"}`, `{"a":1,"a@odata.type":"#A","b":2,"c":3,"c@odata.type":"#D"}`, `{"a":1,"a@odata.type":"#A","b":1,"c":1,"c@odata.type":"#C"}`},
		{"in elements", `[{"a":1,"a@odata.type":"#A"},{"a":2,"a@odata.type":"#A"}]`, `[{"b":1},{"a":3}]`, `[{"a":1},{"a":2}]`},
		{"a type in one element", `[{"a":1,"a@odata.type":"#A"}]`, `[{"a":3},{"a":1,"a@odata.type":"#A"}]`, `[{"a":1,"a@odata.type":"#A"}]`},
		{"a type in the first element", `[{"a":1,"a@odata.type":"#A"}]`, `[{"a":1,"a@odata.type":"#A"},{"a":3}]`, `[{"a":1,"a@odata.type":"#A"}]`},
		{"an object's own type", `{"@odata.type":"#T","a":1}`, `{"a":1}`, `{"@odata.type":"#T","a":1}`},
		{"no other tree", `{"a":1,"a@odata.type":"#A"}`, ``, `{"a":1,"a@odata.type":"#A"}`},
	} {
		var other *jsonval.Node
		n, err := jsonval.Parse([]byte(tc.n))
		if err == nil && tc.other != "" {
			other, err = jsonval.Parse([]byte(tc.other))
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := string(WithoutTypesMissingIn(n, other).JSON()); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}
