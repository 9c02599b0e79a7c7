package people

import (
	"slices"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// annie are spellings of one person, and strangers are other people.
var (
	annie     = []string{"Änn", "änn ", "\tA\u0308nn\n", "änn\u200b", "\u2060ÄNN\ufe0f", "ä\u00adnn", "\u00a0Änn"}
	strangers = []string{"ann", "änna", "ä nn", "Анн", "änn1"}
)

func TestKey(t *testing.T) {
	for _, a := range annie {
		for _, b := range annie {
			if Key(a) != Key(b) {
				t.Errorf("%q and %q are two people, want one", a, b)
			}
		}
		for _, b := range strangers {
			if Key(a) == Key(b) {
				t.Errorf("%q and %q are one person, want two", a, b)
			}
		}
	}
	for _, tt := range []struct{ a, b string }{
		{"STRASSE", "straße"}, {"STRA\u1e9eE", "strasse"}, {"\u13a0", "\uab70"}, {"ΣΑΣ", "σας"}, {"\u212bke", "åke"}, {"Ann  Lee", "ann\u3000lee"}, {"K", "\u212a"},
	} {
		if Key(tt.a) != Key(tt.b) {
			t.Errorf("%q and %q are two people, want one", tt.a, tt.b)
		}
	}
	for _, blank := range []string{"", " ", "\u200b", "\u00a0\ufeff\t"} {
		if key := Key(blank); key != "" {
			t.Errorf("the key of %q is %q, want none: it names nobody", blank, key)
		}
	}
}

// A key is its own key, and that of the name's other Unicode forms, or two ways
// to the same person would differ.
func TestKeyIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		actor := rapid.String().Draw(t, "actor")
		if once := Key(actor); Key(once) != once {
			t.Fatalf("the key of %q is %q, and the key of that %q", actor, once, Key(once))
		}
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			if key := Key(form.String(actor)); key != Key(actor) {
				t.Fatalf("the key of %q is %q, and that of its other form %q", actor, Key(actor), key)
			}
		}
	})
}

// A host's rule is asked, and where it has no key, the default one is.
func TestHostsActorKey(t *testing.T) {
	p := Rule{KeyOf: func(actor string) string { return map[string]string{"ann": "1", "ann-admin": "1", "bob": "2"}[actor] }}
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"ann", "ann-admin", true}, {"ann", "bob", false}, {"cem", "CEM ", true}, {"cem", "dan", false}, {"ann", "Ann", false},
	} {
		if got := p.Same(tt.a, tt.b); got != tt.same {
			t.Errorf("%q and %q: one person %v, want %v", tt.a, tt.b, got, tt.same)
		}
	}
	if got, want := p.Distinct([]string{"ann-admin", "bob", "ann", "BOB"}), []string{"ann-admin", "bob", "BOB"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: each person as first written", got, want)
	}
}
