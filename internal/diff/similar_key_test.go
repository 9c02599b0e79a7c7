package diff

import "testing"

// A key is similar if it shares more than half of the misspelt one. Of several the
// most similar counts.
func TestSimilarKey(t *testing.T) {
	for _, tt := range []struct {
		misspelt string
		keys     []string
		want     string
	}{
		{"abcd", nil, ""},
		{"abcd", []string{"abxx"}, ""},
		{"abcd", []string{"abcx"}, "abcx"},
		{"abcd", []string{"abcx", "abcdx", "abc"}, "abcdx"},
		{"ABCD", []string{"abcd"}, "abcd"},
		{"a", []string{"a"}, ""}, // too short to tell
		{"aa", []string{"aa"}, "aa"},
		{"aaaa", []string{"aaa"}, "aaa"}, // no byte counts twice
		{"xbcd", []string{"abcd"}, "abcd"},
	} {
		if got := similarKey(tt.keys, tt.misspelt); got != tt.want {
			t.Errorf("%s like %q: got %q, want %q", tt.misspelt, tt.keys, got, tt.want)
		}
	}
}
