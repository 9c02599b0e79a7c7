package diff

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/tenant"
)

// A text is cut between characters, and only if it is too long.
func TestShortened(t *testing.T) {
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"", 0, ""}, {"abc", 4, "abc"}, {"abc", 3, "abc"}, {"abc", 2, "ab"}, {"abc", 0, ""},
		{"aé", 3, "aé"}, {"aé", 2, "a"}, {"éa", 2, "é"}, {"éa", 1, ""}, {"日本", 5, "日"}, {"日本", 3, "日"}, {"日本", 2, ""},
	} {
		if got := shortened(tt.text, tt.n); got != tt.want {
			t.Errorf("%q to %d bytes: got %q, want %q", tt.text, tt.n, got, tt.want)
		}
	}
}

// A suffix depends only on the id. A long key is cut, so that the suffix fits.
func TestSuffixed(t *testing.T) {
	const sum = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b" // SHA-256 of "1"
	for _, tt := range []struct {
		name   string
		digits int
		want   string
	}{
		{"A", 8, "A ~" + sum[:8]},
		{"A", 16, "A ~" + sum[:16]},
		{"A", 64, "A ~" + sum},
		{"A", 128, "A ~" + sum},
		{strings.Repeat("a", maxKey-10), 8, strings.Repeat("a", maxKey-10) + " ~" + sum[:8]},
		{strings.Repeat("a", maxKey-9), 8, strings.Repeat("a", maxKey-10) + " ~" + sum[:8]},
	} {
		if got := suffixed(tt.name, "1", tt.digits); got != tt.want {
			t.Errorf("%.20s with %d digits: got %s, want %s", tt.name, tt.digits, got, tt.want)
		}
	}
}

// A name is used as the key up to the length that a repository allows. A longer
// name is cut and gets the suffix of its id.
func TestLengthOfKeys(t *testing.T) {
	for n, cut := range map[int]bool{maxKey - 1: false, maxKey: false, maxKey + 1: true} {
		name := strings.Repeat("a", n)
		r, err := compareOnce(comparisonCase{current: `groups 1 {"displayName":"` + name + `"}`}.input(t))
		if err != nil || len(r.Base.Objects) != 1 {
			t.Fatalf("%d: %v, %v", n, r, err)
		}
		key := r.Base.Objects[0].Key
		if got := key != name; got != cut || len(key) > maxKey || !utf8.ValidString(key) {
			t.Errorf("a name of %d bytes has a key of %d: %s", n, len(key), key)
		}
	}
}

// A key that another object has gets more digits, until it is unique.
func TestTakenKeys(t *testing.T) {
	const sum = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
	for _, tt := range []struct {
		name  string
		taken []string
		want  string
	}{
		{"the name is free", nil, "A"},
		{"the name is taken", []string{"A"}, "A ~" + sum[:8]},
		{"eight digits are taken", []string{"A", "A ~" + sum[:8]}, "A ~" + sum[:16]},
		{"only eight digits are taken", []string{"A ~" + sum[:8]}, "A"},
		{"sixteen digits are taken", []string{"A", "A ~" + sum[:8], "A ~" + sum[:16]}, "A ~" + sum[:32]},
		{"32 digits are taken", []string{"A", "A ~" + sum[:8], "A ~" + sum[:16], "A ~" + sum[:32]}, "A ~" + sum},
		{"all digits are taken", []string{"A", "A ~" + sum[:8], "A ~" + sum[:16], "A ~" + sum[:32], "A ~" + sum}, "A ~" + sum + "~"},
	} {
		tc := comparisonCase{current: `groups 1 {"displayName":"A"}`}
		for _, key := range tt.taken { // the keys of other objects' files
			tc.desired += `groups/` + key + ` {"displayName":"B ` + key + `"}` + "\n"
		}
		r, err := compareOnce(tc.input(t))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, o := range r.Base.Objects {
			if o.ID == "1" {
				got = o.Key
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// An object of the tenant that is not valid after its name is an error, whether
// a file has its name, and whatever the scope of the kind is.
func TestInvalidAfterTheName(t *testing.T) {
	for _, desired := range []string{"", `groups/A {"displayName":"A"}`} {
		for _, scope := range []tenant.Scope{tenant.All, tenant.Listed, tenant.Referenced} {
			in := comparisonCase{desired: desired}.input(t)
			in.Scopes = map[string]tenant.Scope{"groups": scope}
			in.Current.Resources = []tenant.Resource{{Kind: "groups", ID: "1", Body: []byte(`{"displayName":"A","x":[1,]}`)}}
			if _, err := compareOnce(in); err == nil || !strings.Contains(err.Error(), "groups/1") {
				t.Errorf("%q, %s: got the error %v", desired, scope, err)
			}
		}
	}
}

// While files have the keys of an object's shorter suffixes, the suffix doubles up to
// the whole hash. Behind that comes a mark.
func TestSuffixOfUsedKeys(t *testing.T) {
	free := func(n int) string { return suffixed("A", "1", n) }
	for _, tt := range []struct {
		used []string
		want string
	}{
		{nil, free(8)},
		{[]string{free(8)}, free(16)},
		{[]string{free(8), free(16)}, free(32)},
		{[]string{free(8), free(16), free(32)}, free(64)},
		{[]string{free(8), free(16), free(32), free(64)}, free(64) + "~"},
	} {
		var files strings.Builder
		for _, key := range tt.used {
			files.WriteString("groups/" + key + ` {"displayName":"another ` + key + "\"}\n")
		}
		r, err := compareOnce(comparisonCase{desired: files.String(), current: "groups 1 {\"displayName\":\"A\"}\ngroups 2 {\"displayName\":\"A\"}"}.input(t))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, o := range r.Base.Objects {
			if o.ID == "1" {
				got = o.Key
			}
		}
		if got != tt.want {
			t.Errorf("%d keys are used: got %q, want %q", len(tt.used), got, tt.want)
		}
	}
}
