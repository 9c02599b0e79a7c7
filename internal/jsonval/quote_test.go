package jsonval

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// AppendString writes what jsontext writes, wherever in a text a byte stands.
func TestAppendString(t *testing.T) {
	check := func(t interface{ Errorf(string, ...any) }, s string) {
		want, _ := jsontext.AppendQuote(nil, s) // an error is about invalid UTF-8, which it replaces
		if got := AppendString([]byte(nil), s); string(got) != string(want) {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
		if got := AppendString([]byte(nil), []byte(s)); string(got) != string(want) {
			t.Errorf("bytes %q: got %s, want %s", s, got, want)
		}
	}
	for b := range 256 {
		for size := range 18 {
			for at := range size {
				text := []byte("abcdefghijklmnopqr"[:size])
				text[at] = byte(b)
				check(t, string(text))
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.String().Draw(t, "text")) })
}
