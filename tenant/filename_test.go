package tenant

import (
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFilePath(t *testing.T) {
	tests := map[string]string{
		"CA001 - Global":      "CA001 - Global.json",
		"Straße 語 🙂":          "Straße 語 🙂.json",
		`a/b\c:d*e?f"g<h>i|j`: "a%2Fb%5Cc%3Ad%2Ae%3Ff%22g%3Ch%3Ei%7Cj.json",
		"50% #1 [x] ~y":       "50%25 %231 %5Bx%5D %7Ey.json",
		".hidden":             "%2Ehidden.json",
		" x ":                 "%20x%20.json",
		"..":                  "%2E%2E.json",
		"x.":                  "x%2E.json",
		"CON":                 "%43ON.json",
		"nul.txt":             "%6Eul.txt.json",
		"com1 .x":             "%63om1 .x.json",
		"COM¹":                "%43OM¹.json",
		"console":             "console.json",
		"tab\t":               "tab%09.json",
		"e\u0301":             "e%CC%81.json",
		"\u202ex":             "%E2%80%AEx.json",
		"x.json":              "x.json.json",
	}
	for key, want := range tests {
		if got := FilePath(key, false); got != want {
			t.Errorf("FilePath(%q) = %q, want %q", key, got, want)
		}
	}
	if got, want := FilePath("foo", true), "foo~2c26b46b.json"; got != want {
		t.Errorf("FilePath with a mark = %q, want %q", got, want)
	}
}

func TestKeyOfPath(t *testing.T) {
	tests := []struct{ path, key, problem string }{
		{"Foo.json", "Foo", ""},
		{"Foo.JSON", "Foo", ""},
		{"Foo%3Abar.json", "Foo:bar", ""},
		{"Foo%3abar.json", "Foo:bar", ""},
		{"100% sure.json", "100% sure", ""},
		{"[x] #1.json", "[x] #1", ""},
		{"Foo .json", "Foo ", ""},
		{"Foo~1.json", "Foo~1", ""},
		{"foo~2c26b46b.json", "foo", ""},
		{"foo~00000000.json", "foo~00000000", ""},
		{"~2c26b46b.json", "~2c26b46b", ""},
		{"Foo.txt", "", "does not end"},
		{".json", "", "does not end"},
		{"sub/Foo.json", "", "folders within a kind"},
		{"sub~2c26b46b/Foo.json", "", "folders within a kind"},
		{"sub~2c26b46b/~Foo.json", "", "does not belong"},
		{"%FF.json", "", "UTF-8"},
		{"\xff.json", "", "UTF-8"},
		{strings.Repeat("x", 513) + ".json", "", "more than the limit"},
	}
	for _, test := range tests {
		key, err := KeyOfPath(test.path)
		if test.problem == "" && (err != nil || key != test.key) {
			t.Errorf("KeyOfPath(%q) = %q, %v; want %q", test.path, key, err, test.key)
		}
		if test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
			t.Errorf("KeyOfPath(%q) = %q, %v; want an error with %q", test.path, key, err, test.problem)
		}
	}
}

// anyKey draws keys, more often than not of what file systems trip over.
var anyKey = rapid.Custom(func(t *rapid.T) string {
	awkward := rapid.SampledFrom([]string{
		"a", "A", "k", "\u212a", "ſ", "s", "é", "e\u0301", ".", " ", "~", "%", "/", "\\", "con", "CON", "\x00",
		"語", "🙂", "\u200b", "%41", "json", ".json", strings.Repeat("x", 60), strings.Repeat("/", 60), "~2c26b46b",
	})
	part := rapid.OneOf(awkward, awkward, rapid.String())
	key := strings.Join(rapid.SliceOfN(part, 1, 12).Draw(t, "parts"), "")
	for len(key) > maxKey {
		_, size := utf8.DecodeLastRuneInString(key)
		key = key[:len(key)-size]
	}
	if key == "" {
		return "x"
	}
	return key
})

func TestFilePathProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := anyKey.Draw(t, "key")
		for _, distinct := range []bool{false, true} {
			p := FilePath(key, distinct)
			if got, err := KeyOfPath(p); err != nil || got != key {
				t.Fatalf("KeyOfPath(%q) = %q, %v; want %q", p, got, err, key)
			}
			for _, name := range strings.Split(p, "/") {
				checkName(t, name)
			}
			if path.Clean(p) != p {
				t.Fatalf("%q is not a clean path", p)
			}
		}
	})
}

// Whatever path a file has, its key is read or refused with a reason; a key that
// was read gives a safe path, which is read as the same key. So it is with the
// folders of kinds and tenants.
func FuzzKeyOfPath(f *testing.F) {
	for _, path := range []string{"Foo.json", "100% sure.JSON", "foo~2c26b46b.json", "sub~2c26b46b/~Foo.json", "%2e%2E.json", "a/../b.json", "%FF.json", "CON.json", "~.json", ".json", "%",
		FilePath(strings.Repeat("%", maxKey), true), FilePath(strings.Repeat("語", 150), false)} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, p string) {
		key, err := KeyOfPath(p)
		if err != nil {
			if text := err.Error(); text == "" || len(text) > 200+4*len(p) {
				t.Errorf("%q: the reason has %d bytes", p, len(text))
			}
		} else {
			for _, distinct := range []bool{false, true} {
				made := FilePath(key, distinct)
				if again, err := KeyOfPath(made); err != nil || again != key {
					t.Errorf("%q has the key %q, whose path %q has %q, %v", p, key, made, again, err)
				}
				for _, name := range strings.Split(made, "/") {
					checkName(t, name)
				}
			}
		}
		if checkTenant(p) == nil {
			folder, err := tenantFolder(p)
			if err != nil || unescape(folder) != p {
				t.Errorf("the tenant %q has the folder %q, %v", p, folder, err)
			}
			checkName(t, folder)
		}
		name, err := parsePath(p)
		if err == nil {
			// The way back: what is written anew is at a path of its own name.
			tree, err := Tree{}.With([]Change{{Kind: name.Kind, Key: name.Key, Body: []byte("{}")}})
			if err != nil {
				t.Fatalf("%q is %+v, which has no path: %v", p, name, err)
			}
			for made := range tree {
				if again, err := parsePath(made); err != nil || again != name {
					t.Errorf("%q is %+v, whose path %q is %+v, %v", p, name, made, again, err)
				}
			}
		}
	})
}

// checkName fails for names that some system does not take.
func checkName(t interface{ Fatalf(string, ...any) }, name string) {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) ||
		strings.ContainsAny(name, "/\\:*?\"<>|#[]\x00") || strings.ContainsFunc(name, unicode.IsControl) ||
		strings.HasPrefix(name, ".") || strings.HasPrefix(name, " ") ||
		strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") || isReserved(name) {
		t.Fatalf("%q is no safe name", name)
	}
}

// However keys are called, a tree gives them files that no system takes for
// the same, and reads them back as they were.
func TestTreeKeepsKeysApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(anyKey, 1, 8, rapid.ID[string]).Draw(t, "keys")
		// Their variants in case as well.
		seen := make(map[string]bool)
		var changes []Change
		for _, key := range keys {
			for _, k := range []string{key, strings.ToUpper(key), strings.ToLower(key)} {
				if len(k) <= maxKey && !seen[k] {
					seen[k] = true
					changes = append(changes, Change{Kind: "groups", Key: k, Body: []byte(`{}`)})
				}
			}
		}
		tree := Tree{}
		// In two steps: later ones must not disturb earlier ones.
		half := len(changes) / 2
		for _, part := range [][]Change{changes[:half], changes[half:]} {
			var err error
			if tree, err = tree.With(part); err != nil {
				t.Fatal(err)
			}
		}
		folded := make(map[string]string)
		for name := range tree {
			if other, taken := folded[fold(name)]; taken {
				t.Fatalf("%q and %q are one file on some systems", name, other)
			}
			folded[fold(name)] = name
		}
		resources, problems := tree.Resources()
		if len(problems) > 0 || len(resources) != len(changes) {
			t.Fatalf("%d resources, want %d; problems: %v", len(resources), len(changes), problems)
		}
		for _, r := range resources {
			if !seen[r.Key] {
				t.Fatalf("the key %q was read and never written", r.Key)
			}
		}
	})
}

// Whatever capitals there are, tenants' folders never meet.
func TestTenantFolders(t *testing.T) {
	folders := make(map[string]rune)
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if unicode.SimpleFold(r) == r {
			continue // no capital, and none of another
		}
		folder, err := tenantFolder(string(r))
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := folders[fold(folder)]; taken {
			t.Fatalf("the tenants %q and %q share the folder %q", r, other, folder)
		}
		folders[fold(folder)] = r
	}
	if folder, err := tenantFolder(strings.Repeat("x", 201)); err == nil {
		t.Errorf("a tenant's name of 201 bytes has the folder %q, want an error", folder)
	}
}

// A long name is cut at a whole character and never within an escape.
func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		name string
		want []string
	}{
		{"", []string{""}},
		{"abcde", []string{"abcde"}},
		{"abcdef", []string{"abcde", "f"}},
		{"abcdefghijk", []string{"abcde", "fghij", "k"}},
		{"ab%20x", []string{"ab%20", "x"}},
		{"abc%20", []string{"abc", "%20"}},
		{"abcd%20", []string{"abcd", "%20"}},
		{"abcde%20", []string{"abcde", "%20"}},
		{"a%20%20", []string{"a%20", "%20"}},
		{"abcdé", []string{"abcd", "é"}},
		{"abcéd", []string{"abcé", "d"}},
		{"ab語c", []string{"ab語", "c"}},
		{"abc語", []string{"abc", "語"}},
		{"abcd語", []string{"abcd", "語"}},
	} {
		got := split(tt.name, 5)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Characters that some file system takes for others are escaped, from the first to
// the last of each range, and their neighbours are not.
func TestIsUnsafe(t *testing.T) {
	for r, want := range map[rune]bool{
		0x1100: true, 0x11ff: true, 0x1200: false, 0x10ff: false, 0xa95f: false, 0xa960: true, 0xa97f: true, 0xa980: true, 0xa9ff: false,
		0xd7af: false, 0xd7b0: true, 0xd7ff: true, 0xf8ff: true, 0xf900: true, 0xfaff: true, 0xfb00: false,
		0x2f7ff: false, 0x2f800: true, 0x2fa1f: true, 0x2fa20: false,
		0x7e: true, 0x7f: true, 0x80: true, 0xa0: false, 'a': false, ' ': false, '.': false, '%': true, '/': true, 0x300: true, 0x200b: true, 0x2028: true, 0x2029: true,
	} {
		if got := isUnsafe(r); got != want {
			t.Errorf("%U: got %v", r, got)
		}
	}
}

// An escape is undone wherever it stands; a percent sign without two hexadecimal
// digits is itself.
func TestUnescape(t *testing.T) {
	for s, want := range map[string]string{"": "", "%41": "A", "x%41y": "xAy", "%4": "%4", "%": "%", "%4g": "%4g", "%%41": "%A", "%2541": "%41", "a%41": "aA", "%41%42": "AB"} {
		if got := unescape(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

// A file has a name before its extension.
func TestCutExtension(t *testing.T) {
	for name, want := range map[string]string{"a.json": "a", "a/b.JSON": "a/b", ".json": "", "a/.json": "", "a": "", "json": "", "a.json.txt": "", "x.json.json": "x.json"} {
		stem, ok := cutExtension(name)
		if ok != (want != "") || ok && stem != want || !ok && stem != name {
			t.Errorf("%q: got %q, %v, want %q", name, stem, ok, want)
		}
	}
}

// The longest keys and names are taken, and one byte more is refused.
func TestLimitsOfNames(t *testing.T) {
	for n, ok := range map[int]bool{0: false, 1: true, 99: true, 100: true, 101: false} {
		if err := checkKind(strings.Repeat("k", n)); (err == nil) != ok {
			t.Errorf("a kind of %d bytes: got %v", n, err)
		}
	}
	for n, ok := range map[int]bool{66: true, 67: false} { // each sign becomes three: 198 and 201 bytes
		if err := checkKind(strings.Repeat("%", n)); (err == nil) != ok {
			t.Errorf("a kind of %d signs: got %v", n, err)
		}
	}
	for n, ok := range map[int]bool{0: false, 1: true, 199: true, 200: true, 201: false} {
		if err := checkRequestKey(strings.Repeat("k", n)); (err == nil) != ok {
			t.Errorf("an idempotency key of %d bytes: got %v", n, err)
		}
	}
	for n, ok := range map[int]bool{0: false, 1: true, 511: true, 512: true, 513: false} {
		if err := checkKey(strings.Repeat("k", n)); (err == nil) != ok {
			t.Errorf("a key of %d bytes: got %v", n, err)
		}
	}
}

// A name of up to 200 bytes is one file, and a longer one goes on in a folder.
func TestLongestFile(t *testing.T) {
	for n, folder := range map[int]bool{194: false, 195: false, 196: true} {
		key := strings.Repeat("k", n)
		if got := FilePath(key, false); strings.Contains(got, "/") != folder {
			t.Errorf("a key of %d bytes: got %q", n, got)
		}
	}
	for n, folder := range map[int]bool{185: false, 186: false, 187: true} { // a mark has nine bytes
		if got := FilePath(strings.Repeat("k", n), true); strings.Contains(got, "/") != folder {
			t.Errorf("a key of %d bytes with a mark: got %q", n, got)
		}
	}
	if got, want := FilePath(strings.Repeat("k", 301), false), strings.Repeat("k", 150)+keyMark(strings.Repeat("k", 301))+"/~"+strings.Repeat("k", 150)+"/~k.json"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Names that some file system takes for the same are folded to one text, and others
// are not.
func TestFold(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"staff", "STAFF", true},
		{"staff", "stuff", false},
		{"k", "\u212a", true}, // the sign of kelvin
		{"s\u00e9", "\u017f\u00c9", true},
		{"\u03c3", "\u03c2", true}, // the two small sigmas
		{"\u00e9", "\u00e8", false},
		{"\u00e9a", "\u00e9A", true},
	} {
		if got := fold(tt.a) == fold(tt.b); got != tt.same {
			t.Errorf("%q and %q: got the same %v, want %v", tt.a, tt.b, got, tt.same)
		}
	}
}
