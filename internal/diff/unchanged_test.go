package diff

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/tenantsync/tenantsync/internal/schema"
)

// The stored hashes of unchanged objects depend on all that decides whether two
// bodies agree: the version of the comparison, the key, the tenant, its variables,
// the former names and the kind. An older release with another comparison has
// other hashes.
func TestSeedOfUnchanged(t *testing.T) {
	kinds := map[string]*schema.Schema{"groups": {Sum: sha256.Sum256([]byte("groups"))}, "policies": {Sum: sha256.Sum256([]byte("policies"))}}
	ix := &index{in: Input{Tenant: "contoso"}, key: "key", kinds: kinds,
		values: map[string]string{"city": "Bonn", "name": "Contoso"}, aliases: map[string]string{"groups/A": "B", "groups/C": "D"}}
	got := newObjectHashes(&names{ix: ix}).seeds
	shared := sha256.Sum256([]byte(`3"key""contoso""city""Bonn""name""Contoso""groups/A""B""groups/C""D"`))
	for name, k := range kinds {
		if want := append(shared[:], k.Sum[:]...); !bytes.Equal(got[name], want) {
			t.Errorf("%s: got %x, want %x", name, got[name], want)
		}
	}
}

// A key that is bound to another object is noticed, although no byte has
// changed.
func TestShortcutFollowsNames(t *testing.T) {
	tc := comparisonCase{
		desired: `groups/G {"displayName":"G"}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/G}"}` + "\n" + `policies/Q {"displayName":"Q","custom":"${groups/G}"}` + "\n" + `policies/R {"displayName":"R"}`,
		current: `groups g1 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","owner":"g1"}` + "\n" + `policies 2 {"displayName":"Q","custom":"g1"}` + "\n" + `policies 3 {"displayName":"R"}`,
	}
	r, err := compareOnce(tc.input(t))
	if err != nil || r.Unchanged != 4 {
		t.Fatalf("%d unchanged, %v\n%s", r.Unchanged, err, showResult(r))
	}
	tc.gone = `groups g1`
	in := tc.input(t)
	in.Base = r.Base
	in.Current.Resources[0].ID = "g2"
	in.Rules.Enforce = true
	if r, err = compareOnce(in); err != nil {
		t.Fatal(err)
	}
	if r.Unchanged != 2 || r.Plan.Item("policies/P") == nil || r.Plan.Item("policies/Q") == nil {
		t.Errorf("the policies still have the old group's id:\n%s", showResult(r))
	}
}

// A new file with the name of an unchanged object is refused, as with a changed
// object, for any key of the object.
func TestShortcutKeepsNames(t *testing.T) {
	for _, tt := range []struct {
		name, desired, current, fresh string
		refused                       bool
	}{
		{"the key is the name", `policies/P {"displayName":"P"}`, `policies 1 {"displayName":"P"}`, `policies/Q {"displayName":"P"}`, true},
		{"another key", `policies/K {"displayName":"P"}`, `policies 1 {"displayName":"P"}`, `policies/Q {"displayName":"P"}`, true},
		{"the key of an object with another name", `policies/K {"displayName":"P"}`, `policies 1 {"displayName":"P"}`, `policies/Q {"displayName":"K"}`, false},
		{"a variable in the name", `policies/K {"displayName":"${var:company}"}`, `policies 1 {"displayName":"Contoso"}`, `policies/Q {"displayName":"Contoso"}`, true},
		{"the variable's name", `policies/K {"displayName":"${var:company}"}`, `policies 1 {"displayName":"Contoso"}`, `policies/Q {"displayName":"company"}`, false},
		{"another name", `policies/P {"displayName":"P"}`, `policies 1 {"displayName":"P"}`, `policies/Q {"displayName":"Q"}`, false},
		{"the key is an id", `policies/1 {"x":"1"}`, `policies 1 {"x":"1"}`, `policies/Q {"displayName":"1"}`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := comparisonCase{desired: tt.desired, current: tt.current}
			r, err := compareOnce(first.input(t))
			if err != nil || r.Unchanged != 1 {
				t.Fatalf("%d unchanged, %v\n%s", r.Unchanged, err, showResult(r))
			}
			second := first
			second.desired += "\n" + tt.fresh
			in := second.input(t)
			in.Base = r.Base
			for _, shortcut := range []bool{true, false} {
				if !shortcut {
					in.Base.Objects[0].AgreedSum = ""
				}
				r, err := compareOnce(in)
				if err != nil {
					t.Fatal(err)
				}
				if refused := len(r.Plan.Items) == 0; refused != tt.refused {
					t.Errorf("with the shortcut %v: refused %v, want %v\n%s", shortcut, refused, tt.refused, showResult(r))
				}
			}
		})
	}
}
