package catalogue_test

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// words writes scopes as "person; application".
func words(s catalogue.Scopes) string {
	list := func(all [][]string) string {
		var out []string
		for _, anyOf := range all {
			out = append(out, strings.Join(anyOf, "|"))
		}
		return strings.Join(out, " ")
	}
	return list(s.Delegated) + "; " + list(s.Application)
}

// A piece needs its own permissions beside those of the kind. Who has none of their own
// needs the person's.
func TestScopesOfPieces(t *testing.T) {
	person, both, application := catalogue.Scopes{Delegated: [][]string{{"P"}}}, catalogue.Scopes{Delegated: [][]string{{"P"}}, Application: [][]string{{"A"}}}, catalogue.Scopes{Application: [][]string{{"A"}}}
	own := func(s catalogue.Scopes) catalogue.Scopes { // of the piece
		var out catalogue.Scopes
		if s.Delegated != nil {
			out.Delegated = [][]string{{"p", "q"}}
		}
		if s.Application != nil {
			out.Application = [][]string{{"a"}}
		}
		return out
	}
	for _, tt := range []struct {
		kind, piece catalogue.Scopes
		want        string
	}{
		{person, own(person), "P p|q; "},
		{both, own(both), "P p|q; A a"},
		{application, own(application), "; A a"},
		{both, own(person), "P p|q; A p|q"},
		{person, own(both), "P p|q; P a"},
		{person, own(application), "P; P a"},
		{both, catalogue.Scopes{}, "P; A"},
		{catalogue.Scopes{}, own(both), "p|q; a"},
	} {
		e := entry("k", func(e *catalogue.Entry) {
			e.Read, e.Write = tt.kind, tt.kind
			e.OptIns = map[string]catalogue.OptIn{"x": {Subs: []catalogue.Sub{{Path: "/x", Property: "x"}}, Read: tt.piece, Write: tt.piece}}
		})
		with, err := (&catalogue.Catalogue{Entries: []catalogue.Entry{e}}).WithParts("k/x")
		if err != nil {
			t.Fatal(err)
		}
		if read, write := words(with.Entries[0].Read), words(with.Entries[0].Write); read != tt.want || write != tt.want {
			t.Errorf("%s and %s: got %q and %q, want %q", words(tt.kind), words(tt.piece), read, write, tt.want)
		}
		if before := words(e.Read); before != words(tt.kind) {
			t.Errorf("the entry itself needs %q", before)
		}
	}
}

// The permissions of several kinds are there once, in order: of each choice the least
// powerful, unless another one is needed anyway.
func TestScopes(t *testing.T) {
	kind := func(name string, read, write catalogue.Scopes) catalogue.Entry {
		return entry(name, func(e *catalogue.Entry) { e.Read, e.Write = read, write })
	}
	person := func(all ...[]string) catalogue.Scopes { return catalogue.Scopes{Delegated: all} }
	c := &catalogue.Catalogue{Entries: []catalogue.Entry{
		kind("a", person([]string{"Z"}, []string{"B", "C"}), person([]string{"W"})),
		kind("b", person([]string{"Y", "Z"}, []string{}), catalogue.Scopes{Delegated: [][]string{{"V"}}, Application: [][]string{{"X"}}}),
		kind("c", person([]string{"Q"}), person([]string{"Q"})),
	}}
	for _, tt := range []struct {
		kinds              []string
		write, application bool
		want               string
	}{
		{nil, true, false, ""},
		{[]string{"a"}, false, false, "B Z"},
		{[]string{"b", "a", "z"}, false, false, "B Z"},
		{[]string{"b"}, false, true, "Y"},
		{[]string{"b"}, true, false, "V Y"},
		{[]string{"b"}, true, true, "X Y"},
		{[]string{"a", "b", "c"}, true, false, "B Q V W Z"},
	} {
		if got := strings.Join(c.Scopes(tt.kinds, tt.write, tt.application), " "); got != tt.want {
			t.Errorf("%q, write %v, application %v: got %q, want %q", tt.kinds, tt.write, tt.application, got, tt.want)
		}
	}
}
