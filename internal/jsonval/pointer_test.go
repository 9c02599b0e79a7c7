package jsonval

import "testing"

// A path matches a pattern that it begins with.
func TestMatchesBelow(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"", "", true}, {"", "/a", true}, {"/a", "", false},
		{"/a", "/a", true}, {"/a", "/a/b", true}, {"/a", "/b", false}, {"/a", "/b/a", false},
		{"/a/b", "/a", false}, {"/a/b", "/a/b", true}, {"/a/b", "/a/c", false}, {"/a/b", "/a/b/c", true},
		{"/*/b", "/a/b", true}, {"/*/b", "/a/c", false}, {"/a/*", "/a", false}, {"/a/*", "/a/b/c", true}, {"/*", "/*", true},
	} {
		pattern, err := SplitPointer(tt.pattern)
		path, err2 := SplitPointer(tt.path)
		if got := MatchesBelow(pattern, path); got != tt.want || err != nil || err2 != nil {
			t.Errorf("%q and %q: got %v", tt.pattern, tt.path, got)
		}
	}
}

// An index has at most nine digits, so that it is an int on every machine.
func TestArrayIndex(t *testing.T) {
	for s, want := range map[string]int{"0": 0, "9": 9, "10": 10, "123456789": 123456789, "999999999": 999999999,
		"": -1, "00": -1, "01": -1, "1234567890": -1, "-1": -1, "+1": -1, "1a": -1, "a": -1, "/": -1, ":": -1} {
		got, ok := arrayIndex(s)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}
