package diff

import (
	"slices"
	"testing"
)

// A variable's value in a text becomes the variable again if a coincidence is
// unlikely: the old text has the variable, or the value is the whole text or a word
// of at least four bytes.
func TestTemplateOfText(t *testing.T) {
	values := map[string]string{"four": "abcd", "three": "xyz", "one": "q", "empty": "", "umlaut": "über", "price": "$100"}
	variables := []string{"empty", "four", "one", "price", "three", "umlaut"}
	for _, tt := range []struct {
		name, text string
		own        []string
		want       string
	}{
		{"no value", "nothing", variables, "nothing"},
		{"empty", "", variables, ""},
		{"a word", "x abcd y", nil, "x ${var:four} y"},
		{"the first word", "abcd y", nil, "${var:four} y"},
		{"the last word", "x abcd", nil, "x ${var:four}"},
		{"several words", "abcd, abcd", nil, "${var:four}, ${var:four}"},
		{"beside a letter before", "xabcd y", nil, "xabcd y"},
		{"beside a letter after", "x abcdy", nil, "x abcdy"},
		{"beside a digit before", "1abcd", nil, "1abcd"},
		{"beside a digit after", "abcd1", nil, "abcd1"},
		{"beside a letter of several bytes", "éabcd", nil, "éabcd"},
		{"before a letter of several bytes", "abcdé", nil, "abcdé"},
		{"beside punctuation", "(abcd)_", nil, "(${var:four})_"},
		{"part of a word, and the text has the variable", "xabcdy", []string{"four"}, "x${var:four}y"},
		{"part of a word, and the text has another variable", "xabcdy", []string{"three"}, "xabcdy"},
		{"a short word", "x xyz y", nil, "x xyz y"},
		{"a short word, and the text has the variable", "x xyz y", []string{"three"}, "x xyz y"},
		{"the whole text, however short", "q", nil, "${var:one}"},
		{"the whole text", "xyz", nil, "${var:three}"},
		{"a value of several bytes per letter", "es ist über", nil, "es ist ${var:umlaut}"},
		{"a sign that would escape it", "$abcd", []string{"four"}, "$abcd"},
		{"a sign in the value", "cost: $100", nil, "cost: ${var:price}"},
		{"a literal template", "${abcd}", nil, "$${${var:four}}"},
		{"literal templates", "${x} ${y}", nil, "$${x} $${y}"},
		{"a sign without a bracket", "$ {x} $", nil, "$ {x} $"},
	} {
		k := &fileEditor{ns: &names{ix: &index{values: values}}, variables: variables}
		if got := k.template(tt.own, tt.text); got != tt.want {
			t.Errorf("%s: %q becomes %q, want %q", tt.name, tt.text, got, tt.want)
		}
	}
}

func TestVariablesIn(t *testing.T) {
	for text, want := range map[string][]string{
		"":                             nil,
		"plain $ {x} var:x":            nil,
		"${var:a}":                     {"a"},
		"x ${var:a} ${var:b} ${var:a}": {"a", "b", "a"},
		"$${var:a} ${var:b}":           {"b"},
		"${groups/A} ${var:b}":         {"b"},
		"${var:a":                      nil,
		"${var:a} ${var:b":             {"a"},
		"${${var:a}":                   {"a"},
		"${var:}":                      {""},
	} {
		if got := variablesIn(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
