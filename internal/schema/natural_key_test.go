package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// A name needs every property of the natural key, as a text or a number.
func TestNameOf(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", NaturalKey: []string{"/name", "/inner/place"}})
	for body, want := range map[string]string{
		`{"name":"a","inner":{"place":"x"}}`: "A - X", `{"name":7,"inner":{"place":"x"}}`: "7 - X", `{"name":"a","inner":{"place":1.50}}`: "A - 1.5",
		`{"name":"a"}`: "", `{"inner":{"place":"x"}}`: "", `{"name":"","inner":{"place":"x"}}`: "", `{"name":true,"inner":{"place":"x"}}`: "",
		`{"name":null,"inner":{"place":"x"}}`: "", `{"name":["a"],"inner":{"place":"x"}}`: "", `{"name":"a","inner":"x"}`: "",
	} {
		n, err := jsonval.ParseObject([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := k.NameOf(n, strings.ToUpper); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", body, got, ok, want)
		}
	}
}

// An object can be searched by its key if that is one property.
func TestMatchOfKey(t *testing.T) {
	for name, tt := range map[string]struct {
		kind tenant.Kind
		want tenant.Match
	}{
		"one property":   {tenant.Kind{Name: "a", NaturalKey: []string{"/inner/na~1me"}}, tenant.Match{"/inner/na~1me": "key"}},
		"two properties": {tenant.Kind{Name: "a", NaturalKey: []string{"/name", "/place"}}, nil},
		"a singleton":    {tenant.Kind{Name: "a", NaturalKey: []string{"/name"}, Singleton: true}, nil},
	} {
		got, ok := compiled(t, tt.kind).MatchOfKey("key")
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want != nil) {
			t.Errorf("%s: %v (-want +got)\n%s", name, ok, diff)
		}
	}
}

// A match needs every property, as a text that is not blank.
func TestMatchOf(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", NaturalKey: []string{"/name", "/place"}})
	text := func(s string) (string, bool) { return strings.ToUpper(s), s != "unknown" }
	for body, want := range map[string]tenant.Match{
		`{"name":"a","place":"x"}`: {"/name": "A", "/place": "X"}, `{"name":"a"}`: nil, `{"place":"x"}`: nil, `{"name":7,"place":"x"}`: nil,
		`{"name":"a","place":" "}`: nil, `{"name":"a","place":"unknown"}`: nil, `{"name":"unknown","place":"x"}`: nil,
	} {
		n, err := jsonval.ParseObject([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := k.MatchOf(n, text)
		if diff := cmp.Diff(want, got); diff != "" || ok != (want != nil) {
			t.Errorf("%s: %v (-want +got)\n%s", body, ok, diff)
		}
	}
}

// A place declares references to a kind by their property.
func TestDeclares(t *testing.T) {
	declared := []*tenant.Reference{{Kinds: []string{"groups", "users"}}, {Kinds: []string{"groups"}, Property: "mail"}}
	for ref, want := range map[reference.Ref]bool{
		{Kind: "groups", Key: "G"}: true, {Kind: "users", Key: "U"}: true, {Kind: "groups", Key: "G", Property: "mail"}: true,
		{Kind: "users", Key: "U", Property: "mail"}: false, {Kind: "roles", Key: "R"}: false, {Kind: "groups", Key: "G", Property: "name"}: false,
	} {
		if got := Declares(declared, ref); got != want {
			t.Errorf("%v: got %v", ref, got)
		}
	}
	if Declares(nil, reference.Ref{Kind: "groups"}) {
		t.Error("a place without references declares one")
	}
}

// A reference without a property gets that of the first declaration for its kind.
func TestSetProperty(t *testing.T) {
	declared := []*tenant.Reference{{Kinds: []string{"users"}, Property: "upn"}, {Kinds: []string{"groups"}, Property: "mail"}, {Kinds: []string{"groups"}, Property: "name"}}
	for _, tt := range []struct{ ref, want reference.Ref }{
		{reference.Ref{Kind: "groups"}, reference.Ref{Kind: "groups", Property: "mail"}},
		{reference.Ref{Kind: "users"}, reference.Ref{Kind: "users", Property: "upn"}},
		{reference.Ref{Kind: "groups", Property: "own"}, reference.Ref{Kind: "groups", Property: "own"}},
		{reference.Ref{Kind: "roles"}, reference.Ref{Kind: "roles"}},
	} {
		got := tt.ref
		if SetProperty(&got, declared); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.ref, got, tt.want)
		}
	}
}

// Literals are compared without regard to case; one that ends in "*" stands for
// all texts that begin so.
func TestIsLiteral(t *testing.T) {
	refs := []*tenant.Reference{{Literals: []string{"All"}}, {Literals: []string{"None", "Office*"}}}
	for value, want := range map[string]bool{"": true, "All": true, "all": true, "none": true, "Allx": false, "Al": false,
		"Office": true, "office365": true, "Offic": false, "MyOffice": false, "*": false, "Office*": true} {
		if got := IsLiteral(refs, value); got != want {
			t.Errorf("%q: got %v", value, got)
		}
	}
}
