package catalogue_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// withPieces is the catalogue with all its pieces.
func withPieces(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Default().WithParts("*")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A name that no entry has is an error: of another kind, of a part of a name, of nothing.
func TestWithUnknownParts(t *testing.T) {
	for _, name := range []string{"groups", "groups/member", "group/members", "members", ""} {
		c, err := catalogue.Default().WithParts("groups/owners", name)
		if want := fmt.Sprintf("graph: Parts names %q, which the catalogue does not have", name); c != nil || err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %q", name, err, want)
		}
	}
}

// A piece changes the entry that has it, and no other catalogue.
func TestWithParts(t *testing.T) {
	was, err := json.Marshal(catalogue.Default())
	if err != nil {
		t.Fatal(err)
	}
	c := catalogue.Default()
	with, err := c.WithParts("groups/members")
	if err != nil {
		t.Fatal(err)
	}
	if is, err := json.Marshal(c); err != nil || string(is) != string(was) {
		t.Errorf("the catalogue itself changed (%v)", err)
	}
	for _, e := range with.Entries {
		before, _ := c.Entry(e.Name)
		if (len(e.Subs) > len(before.Subs)) != (e.Name == "groups") {
			t.Errorf("%s: %d pieces, %d before", e.Name, len(e.Subs), len(before.Subs))
		}
	}
	twice, err := with.WithParts("*", "groups/members")
	groups, _ := twice.Entry("groups")
	if err != nil || len(groups.Subs) != 4 || len(groups.Parts) != 3 || slices.Contains(groups.ReadOnly, "/members") || slices.Contains(groups.CreateOnly, "/hideFromAddressLists") {
		t.Errorf("%v: added twice, it is %+v", err, groups)
	}
	groups, _ = c.Entry("groups")
	alone := &catalogue.Catalogue{Entries: []catalogue.Entry{groups}}
	if alone, err = alone.WithParts("groups/members"); err != nil || alone.Validate() != nil || !slices.Equal(alone.Entries[0].References[0].Kinds, []string{"groups"}) {
		t.Errorf("%v: in a catalogue without other kinds it refers to %+v: %v", err, alone.Entries[0].References, alone.Validate())
	}
}

// A piece adds each of its fields to the entry, behind the entry's own. The properties
// that it reads are then compared and written.
func TestWithPartsAddsEachField(t *testing.T) {
	piece := catalogue.OptIn{
		Subs: []catalogue.Sub{{Path: "/x", Property: "x"}}, Parts: []tenant.Part{{Name: "x", Path: "/x"}}, PartRequests: map[string]catalogue.PartRequest{"x": {Action: "/setX"}},
		ReadOnly: []string{"/x/at"}, CreateOnly: []string{"/x/of"}, EmptyIsAbsent: []string{"/x/text"},
		Sets: []tenant.Set{{Path: "/x"}}, References: []tenant.Reference{{Path: "/x/*", Kinds: []string{"k", "unknown"}}, {Path: "/x/z", Kinds: []string{"unknown"}}},
	}
	for _, had := range []map[string]catalogue.PartRequest{nil, {"own": {Action: "/own"}}} {
		e := entry("k", func(e *catalogue.Entry) {
			e.ReadOnly, e.CreateOnly, e.EmptyIsAbsent = []string{"/id", "/x"}, []string{"/x", "/type"}, []string{"/description"}
			e.Sets, e.References, e.Subs = []tenant.Set{{Path: "/own"}}, []tenant.Reference{{Path: "/own", Kinds: []string{"k"}}}, []catalogue.Sub{{Path: "/own", Property: "own"}}
			e.Parts, e.PartRequests = []tenant.Part{{Name: "own", Path: "/own"}}, had
			e.OptIns = map[string]catalogue.OptIn{"x": piece}
		})
		want := e
		want.ReadOnly, want.CreateOnly, want.EmptyIsAbsent = []string{"/id", "/x/at"}, []string{"/type", "/x/of"}, []string{"/description", "/x/text"}
		want.Sets, want.References = []tenant.Set{{Path: "/own"}, {Path: "/x"}}, []tenant.Reference{{Path: "/own", Kinds: []string{"k"}}, {Path: "/x/*", Kinds: []string{"k"}}}
		want.Subs, want.Parts = []catalogue.Sub{{Path: "/own", Property: "own"}, {Path: "/x", Property: "x"}}, []tenant.Part{{Name: "own", Path: "/own"}, {Name: "x", Path: "/x"}}
		want.PartRequests = map[string]catalogue.PartRequest{"x": {Action: "/setX"}}
		if had != nil {
			want.PartRequests["own"] = had["own"]
		}
		got, err := (&catalogue.Catalogue{Entries: []catalogue.Entry{e}}).WithParts("k/x")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Entries[0]); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if len(had) > 1 || len(piece.References[0].Kinds) != 2 {
			t.Errorf("the entry or the piece itself changed: %v, %v", had, piece.References)
		}
	}
}

// Each mistake in a piece is found.
func TestPieceProblems(t *testing.T) {
	sub := catalogue.Sub{Path: "/x", Property: "x"}
	for _, tt := range []struct {
		name string
		edit func(*catalogue.Entry)
		want string
	}{
		{"nothing", func(e *catalogue.Entry) {
			e.ReadOnly, e.OptIns = []string{"/x"}, map[string]catalogue.OptIn{"p": {Subs: []catalogue.Sub{sub}}}
		}, ""},
		{"it reads nothing", func(e *catalogue.Entry) { e.OptIns = map[string]catalogue.OptIn{"p": {}} }, `the piece "p" reads no property`},
		{"left out, it is compared", func(e *catalogue.Entry) { e.OptIns = map[string]catalogue.OptIn{"p": {Subs: []catalogue.Sub{sub}}} }, `without the piece "p", x is neither`},
		{"a part without a request", func(e *catalogue.Entry) {
			e.ReadOnly, e.OptIns = []string{"/x"}, map[string]catalogue.OptIn{"p": {Subs: []catalogue.Sub{sub}, Parts: []tenant.Part{{Name: "x"}}}}
		}, `nothing says how the part "x" of the piece "p"`},
		{"a piece without a place", func(e *catalogue.Entry) { e.Subs = []catalogue.Sub{{Path: "/x"}} }, "/x needs a property"},
		{"a piece with two places", func(e *catalogue.Entry) { e.Subs = []catalogue.Sub{{Path: "/x", Property: "x", Take: []string{"y"}}} }, "/x needs a property"},
		{"documented and unproven", func(e *catalogue.Entry) {
			e.Unproven, e.Documented = []string{"update"}, map[string]string{"update": "v1.0/api/x"}
		}, `the verb "update" is documented and unproven`},
		{"shown and unproven", func(e *catalogue.Entry) {
			e.Unproven, e.Shown = []string{"update"}, []catalogue.Shown{{Verbs: []string{"update"}, By: []string{"A 1", "B 2"}}}
		}, `the verb "update" is shown and unproven`},
		{"shown by one tool", func(e *catalogue.Entry) {
			e.Shown = []catalogue.Shown{{Verbs: []string{"update"}, By: []string{"A 1", "A 2"}}}
		}, "fewer than two tools show update"},
		{"shown by no commit", func(e *catalogue.Entry) {
			e.Shown = []catalogue.Shown{{Verbs: []string{"update"}, By: []string{"A", "B 2"}}}
		}, `"A" does not say which commit`},
	} {
		err := (&catalogue.Catalogue{Entries: []catalogue.Entry{entry("a", tt.edit)}}).Validate()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}
