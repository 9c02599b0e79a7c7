package format

import (
	"strings"
	"testing"
)

// A format at the beginning is read without the rest of the document. Any other
// document is left to the parser.
func TestLeading(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want int // 0: left to the parser
	}{
		{`{"format":1,"a":`, 1},
		{`{"format":12}`, 12},
		{`{"format":123456789,`, 123456789},
		{`{"format":1234567890,`, 0}, // too long to be searched
		{`{"format":01,"a":1}`, 0},   // not JSON
		{`{"format":0,"a":1}`, 0},
		{`{"format":-1,"a":1}`, 0},
		{`{"format":1.5,"a":1}`, 0},
		{`{"format":"1","a":1}`, 0},
		{`{"format":,"a":1}`, 0},
		{`{"format":1`, 0},
		{`{"format":`, 0},
		{`{"format": 1}`, 0},
		{`{"a":1,"format":1}`, 0},
		{``, 0},
	} {
		if got, ok := leading([]byte(tt.raw)); ok != (tt.want != 0) || ok && got != tt.want {
			t.Errorf("%s: got %d, %v, want %d", tt.raw, got, ok, tt.want)
		}
	}
}

// A format that is not a number is an error, also of a document that is decoded
// into a value without a format.
func TestDecodeRefusesFormatOfAnotherType(t *testing.T) {
	for _, raw := range []string{`{"format":"2","a":1}`, `{"a":1,"format":"2"}`, `{"a":1,"format":1.5}`, `{"a":1,"format":[]}`} {
		var v struct {
			A int `json:"a"`
		}
		if err := Decode("thing", []byte(raw), 1, &v); err == nil || !strings.HasPrefix(err.Error(), "decode thing: ") {
			t.Errorf("%s: got %v, %v, want an error", raw, v, err)
		}
	}
}

// A bracket after an escaped quote is within the text.
func TestIndentAfterEscapedQuote(t *testing.T) {
	raw := `{"a":"\"` + strings.Repeat("[", MaxIndented+1) + `"}`
	if got, err := Indent([]byte(raw)); err != nil || string(got) == raw {
		t.Errorf("got %.40s, %v, want indented JSON", got, err)
	}
}
