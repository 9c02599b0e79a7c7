package graphmeta

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The leaves of a type are those of the types below it too, at the shortest path to
// each, and behind the navigation properties that are followed.
func TestLeaves(t *testing.T) {
	m := decoded(t, `graphmeta 1 v1.0
+a - c
 deep b
 list *b
 name String
 tags *String
 to >d
+b - c
 again b
 number Int32
+c a c
 more Boolean
+d - c
 far String
 text String
+e - c
`)
	for _, tt := range []struct {
		typ    string
		follow bool
		want   []string
	}{
		{"a", false, []string{"/name", "/tags", "/more", "/deep/number"}},
		{"a", true, []string{"/name", "/tags", "/more", "/deep/number", "/to/far", "/to/text"}},
		{"b", true, []string{"/number"}},
		{"e", true, nil},
		{"nothing", true, nil},
	} {
		var got []string
		for _, leaf := range m.Leaves(tt.typ, func(name string) bool { return tt.follow && name == "to" }) {
			got = append(got, leaf.Path)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s, followed: %t (-want +got)\n%s", tt.typ, tt.follow, diff)
		}
	}
}

// A type has a type above it or below it, or stands alone. One that is probably
// abstract is taken for abstract with one type below it, and without any for another.
func TestTypesBelow(t *testing.T) {
	m := decoded(t, `graphmeta 1 v1.0
+alone - cp
+below one cp
+one - cp
+other two c
+third two c
+two - cp
`)
	for name, want := range map[string]struct{ varies, abstract bool }{
		"alone": {}, "below": {varies: true}, "one": {true, true}, "two": {true, true}, "other": {varies: true}, "nothing": {},
	} {
		if got := m.Varies(name); got != want.varies {
			t.Errorf("%s varies: %t, want %t", name, got, want.varies)
		}
		if typ, ok := m.Type(name); ok && typ.HasAbstract() != want.abstract {
			t.Errorf("%s is abstract: %t, want %t", name, !want.abstract, want.abstract)
		}
	}
}
