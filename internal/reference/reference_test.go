package reference

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"pgregory.net/rapid"
)

func TestRefString(t *testing.T) {
	for _, tt := range []struct {
		ref          Ref
		text, object string
	}{
		{Ref{"groups", "Staff", ""}, "${groups/Staff}", "groups/Staff"},
		{Ref{"groups", "Staff", "mail"}, "${groups/Staff#mail}", "groups/Staff"},
		{Ref{"groups", "Staff", "/a/b"}, "${groups/Staff#/a/b}", "groups/Staff"},
		{Ref{"groups", "a/b", ""}, "${groups/a/b}", "groups/a/b"},
		{Ref{"groups", "100 % #1 {x}", "a}#%"}, "${groups/100 %25 %231 {x%7D#a%7D%23%25}", "groups/100 % #1 {x}"},
	} {
		if got := tt.ref.String(); got != tt.text {
			t.Errorf("%+v: got %s, want %s", tt.ref, got, tt.text)
		}
		if got := tt.ref.Object(); got != tt.object {
			t.Errorf("%+v: the object is %s, want %s", tt.ref, got, tt.object)
		}
		if _, got, err := Expand(tt.text, nil); err != nil || got == nil || *got != tt.ref {
			t.Errorf("%s is read as %+v, %v, want %+v", tt.text, got, err, tt.ref)
		}
	}
}

// Expand reads every reference that String writes.
func TestRefRoundTrip(t *testing.T) {
	name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[$%#{}/~a1]{0,6}`))
	rapid.Check(t, func(t *rapid.T) {
		want := Ref{
			Kind:     rapid.StringMatching(`[a-z]{1,4}`).Draw(t, "kind"),
			Key:      name.Filter(func(s string) bool { return s != "" }).Draw(t, "key"),
			Property: name.Draw(t, "property"),
		}
		if _, got, err := Expand(want.String(), nil); err != nil || got == nil || *got != want {
			t.Errorf("%s is read as %+v, %v, want %+v", want, got, err, want)
		}
	})
}

func TestItemIDs(t *testing.T) {
	for _, tt := range []struct{ kind, part, key, want string }{
		{"groups", "", "Staff", "groups/Staff"},
		{"groups", "members", "Staff", "groups#members/Staff"},
		{"groups", "", "a/b", "groups/a/b"},
		{"groups", "", "", "groups/"},
	} {
		id := PartID(tt.kind, tt.part, tt.key)
		if id != tt.want {
			t.Errorf("%+v: got %s", tt, id)
		}
		if tt.part != "" {
			continue
		}
		if got := ItemID(tt.kind, tt.key); got != id {
			t.Errorf("%+v: the object's id is %s, want %s", tt, got, id)
		}
		if kind, key := SplitItemID(id); kind != tt.kind || key != tt.key {
			t.Errorf("%s is split into %q and %q", id, kind, key)
		}
	}
	if kind, key := SplitItemID("groups"); kind != "groups" || key != "" {
		t.Errorf("an id without a key is split into %q and %q", kind, key)
	}
}

func TestPropertyPath(t *testing.T) {
	for property, want := range map[string][]string{
		"mail":     {"mail"},
		"a/b":      {"a/b"},
		"/a/b":     {"a", "b"},
		"/a~1b/~0": {"a/b", "~"},
		"/":        {""},
		"":         nil,
	} {
		if got := PropertyPath(property); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", property, got, want)
		}
	}
}

func TestHexDigit(t *testing.T) {
	digits := map[byte]byte{'0': 0, '1': 1, '9': 9, 'a': 10, 'b': 11, 'f': 15, 'A': 10, 'B': 11, 'F': 15}
	for c, want := range digits {
		if got, ok := HexDigit(c); !ok || got != want {
			t.Errorf("%q: got %d, %v, want %d", c, got, ok, want)
		}
	}
	for _, c := range []byte{'0' - 1, '9' + 1, 'a' - 1, 'f' + 1, 'A' - 1, 'F' + 1, 0, 0xff} {
		if got, ok := HexDigit(c); ok {
			t.Errorf("%q is read as the digit %d", c, got)
		}
	}
}

// Any byte of a name in a reference may be percent-encoded, and some must be.
func TestPercentEncodedNames(t *testing.T) {
	for _, tt := range []struct{ text, key, message string }{
		{"${g/%41}", "A", ""},
		{"${g/%41b%4A%4a}", "AbJJ", ""},
		{"${g/a%2Fb}", "a/b", ""},
		{"${g/%C3%A9}", "é", ""},
		{"${g/%FF}", "\uFFFD", ""},
		{"${g/%}", "", `"${g/%}": "%" ends within a percent-encoded character; write % as %25`},
		{"${g/%4}", "", `"${g/%4}": "%4" ends within a percent-encoded character; write % as %25`},
		{"${g/x%4}", "", `"${g/x%4}": "x%4" ends within a percent-encoded character; write % as %25`},
		{"${g/%4G}", "", `"${g/%4G}": "%4G" has a % that is not followed by two hex digits; write % as %25`},
		{"${g/%G4}", "", `"${g/%G4}": "%G4" has a % that is not followed by two hex digits; write % as %25`},
		{"${g/50 % off}", "", `"${g/50 % off}": "50 % off" has a % that is not followed by two hex digits; write % as %25`},
		{"${g/a#%4}", "", `"${g/a#%4}": "%4" ends within a percent-encoded character; write % as %25`},
	} {
		_, ref, err := Expand(tt.text, nil)
		switch {
		case tt.message != "":
			if err == nil || err.Message != tt.message || err.Unresolved {
				t.Errorf("%s: got %v, want %s", tt.text, err, tt.message)
			}
		case err != nil || ref == nil || ref.Key != tt.key:
			t.Errorf("%s: got %+v, %v, want the key %q", tt.text, ref, err, tt.key)
		}
	}
}

func TestRefsOf(t *testing.T) {
	for _, tt := range []struct {
		text       string
		objects    []string
		properties []Ref
	}{
		{`null`, nil, nil},
		{`{"a":1,"b":["x","$${g/A}","${masked}","${secret:1}","${var:x}"]}`, nil, nil},
		{`"${g/A}"`, []string{"g/A"}, nil},
		{`["${g/B}","${g/A}","${g/B}","${h/B}"]`, []string{"g/B", "g/A", "h/B"}, nil},
		{`["${g/A#mail}","${g/A}",{"x":["${g/B#mail}","${g/A#mail}"]}]`, []string{"g/A", "g/B"},
			[]Ref{{"g", "A", "mail"}, {"g", "B", "mail"}, {"g", "A", "mail"}}},
	} {
		n, err := jsonval.Parse([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.objects, RefsOf(n)); diff != "" {
			t.Errorf("%s: objects (-want +got)\n%s", tt.text, diff)
		}
		if diff := cmp.Diff(tt.properties, PropertiesIn(n)); diff != "" {
			t.Errorf("%s: properties (-want +got)\n%s", tt.text, diff)
		}
	}
	if refs := RefsOf(nil); refs != nil {
		t.Errorf("no value refers to %q", refs)
	}
}
