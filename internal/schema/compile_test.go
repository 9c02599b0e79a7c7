package schema

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// A path that is not a JSON pointer is refused in each declaration.
func TestCompileRefusesBadPaths(t *testing.T) {
	for name, k := range map[string]tenant.Kind{
		"read-only":    {ReadOnly: []string{"id"}},
		"create-only":  {CreateOnly: []string{"id"}},
		"empty":        {EmptyIsAbsent: []string{"id"}},
		"sensitive":    {Sensitive: []string{"id"}},
		"masked":       {Masked: []tenant.Masked{{Path: "id"}}},
		"whole":        {Whole: []string{"id"}},
		"a set":        {Sets: []tenant.Set{{Path: "id"}}},
		"its identity": {Sets: []tenant.Set{{Path: "/ids", By: []string{"id"}}}},
		"a reference":  {References: []tenant.Reference{{Path: "id"}}},
		"a part":       {Parts: []tenant.Part{{Name: "p", Path: "id"}}},
		"natural key":  {NaturalKey: []string{"id"}},
	} {
		if _, err := Compile(k); err == nil {
			t.Errorf("%s: got no error", name)
		}
		if _, err := CompileAll([]tenant.Kind{{Name: "fine"}, k}); err == nil {
			t.Errorf("%s, after a valid kind: got no error", name)
		}
	}
}

// A kind with a value that is no JSON cannot be compiled.
func TestCompileRefusesBadValues(t *testing.T) {
	bad := tenant.Condition{Path: "/a", Equals: json.RawMessage(`{`)}
	for name, k := range map[string]tenant.Kind{
		"a limit":   {Name: "a", Limits: []tenant.Limit{{When: bad}}},
		"an order":  {Name: "a", After: []tenant.After{{When: bad, Kind: "b"}}},
		"a default": {Name: "a", Defaults: []tenant.Default{{Path: "/a", Value: json.RawMessage(`{`)}}},
	} {
		if got, err := Compile(k); err == nil || got != nil {
			t.Errorf("%s: got %v, %v, want an error", name, got, err)
		}
	}
}

// A kind has at most 20,000 rules: one for the object, and here one for each
// segment of a path.
func TestCompileAtMostRules(t *testing.T) {
	for rules, refused := range map[int]bool{19_999: false, 20_000: false, 20_001: true} {
		k := tenant.Kind{Name: "deep", EmptyIsAbsent: []string{strings.Repeat("/a", rules-1)}}
		_, err := Compile(k)
		if (err != nil) != refused {
			t.Errorf("%d rules: got the error %v, refused: %t", rules, err, refused)
		}
		if err != nil && !strings.Contains(err.Error(), "more than 20000 rules") {
			t.Errorf("%d rules: got %v, want an error that names the limit", rules, err)
		}
	}
}

// The whole object can be declared as masked. No member beside it has its token.
func TestCompileMaskedObject(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "vaults", Masked: []tenant.Masked{{Path: "", Token: "token"}}})
	if !k.Root.Fact().Masked || !k.MayBeSecret([]string{"a"}) && k.Root.Fact().Token != "token" {
		t.Errorf("got %+v, want a masked object", k.Root.Fact())
	}
}

// If two kinds have the same name, the later one counts, at its own position.
func TestCompileAll(t *testing.T) {
	kinds, err := CompileAll([]tenant.Kind{{Name: "a", Order: 1}, {Name: "b"}, {Name: "a", Order: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if got := kinds.Declarations(); len(got) != 2 || got[0].Name != "b" || got[1].Order != 2 {
		t.Errorf("got %+v", got)
	}
	if kinds.Get("c") != nil || kinds.Kind("a").Order != 2 {
		t.Errorf("got %+v, %+v", kinds.Get("c"), kinds.Kind("a"))
	}
	var none *Kinds
	if none.Get("a") != nil || none.All() != nil || none.Kind("a").Name != "" {
		t.Error("a nil Kinds has kinds")
	}
}
