package format

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// note is a stored form, declared as the importing packages declare theirs.
type note struct {
	Format int      `json:"format"`
	Text   string   `json:"text"`
	Lines  []string `json:"lines"`
}

func TestEncodeJSON(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value any
		want  string
	}{
		{"HTML is not escaped", note{1, "<a href='x'>&", []string{"<", "&"}}, `{"format":1,"text":"<a href='x'>&","lines":["<","&"]}`},
		{"a text that ends in a line break keeps it", "x\n", `"x\n"`},
		{"a nil list is null", note{Format: 1}, `{"format":1,"text":"","lines":null}`},
		{"nothing", nil, `null`},
	} {
		got, err := EncodeJSON(tt.value)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
	if got, err := EncodeJSON(math.NaN()); err == nil || got != nil {
		t.Errorf("a value that JSON cannot hold: got %q, %v, want an error", got, err)
	}
}

// DecodeStrict reads what EncodeJSON writes.
func TestRoundTrip(t *testing.T) {
	for _, want := range []note{
		{Format: FormatVersion},
		{FormatVersion, "<&>\u2028 \"x\"\n", []string{}},
		{FormatVersion, "é", []string{"a", "b"}},
	} {
		data, err := EncodeJSON(want)
		if err != nil {
			t.Fatal(err)
		}
		var got note
		if err := DecodeStrict("note", data, &got); err != nil {
			t.Errorf("%s: %v", data, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", data, diff)
		}
	}
}

func TestDecodeStrict(t *testing.T) {
	const notJSON = "this is not valid JSON, or an object in it has a duplicate name"
	const noFormat = "this is not a note: it has no format"
	for _, tt := range []struct{ name, data, want string }{
		{"the supported format", `{"format":1,"text":"x"}`, ""},
		{"white space around it", " {\"format\":1}\n", ""},
		{"no format", `{"text":"x"}`, noFormat},
		{"null", `null`, noFormat},
		{"format 0", `{"format":0}`, noFormat},
		{"a negative format", `{"format":-1}`, noFormat},
		{"the next format", `{"format":2}`, "this note has format 2, and this version of tenantsync reads formats up to 1: upgrade tenantsync"},
		{"a newer format with fields of its own", `{"format":3,"colour":"red","text":{}}`, "this note has format 3, and this version of tenantsync reads formats up to 1: upgrade tenantsync"},
		{"an unknown field", `{"format":1,"colour":"red"}`, `unknown field "colour"`},
		{"a format that is not a number", `{"format":"1"}`, "cannot unmarshal string"},
		{"a field of another type", `{"format":1,"text":1}`, "cannot unmarshal number"},
		{"a list", `[]`, "cannot unmarshal array"},
		{"empty", ``, notJSON},
		{"half an object", `{"format":1`, notJSON},
		{"two values", `{"format":1}{"format":1}`, notJSON},
		{"a duplicate name", `{"format":1,"text":"a","text":"b"}`, notJSON},
		{"a duplicate name in a member", `{"format":1,"lines":[{"a":1,"a":2}]}`, notJSON},
		{"invalid UTF-8", "{\"format\":1,\"text\":\"\xff\"}", notJSON},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := DecodeStrict("note", []byte(tt.data), &note{})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A newer format has its own error type. The value stays unchanged.
func TestFormatError(t *testing.T) {
	into := note{Text: "untouched"}
	err := DecodeStrict("base", []byte(`{"format":7,"text":"x"}`), &into)
	newer, ok := errors.AsType[*FormatError](err)
	if !ok {
		t.Fatalf("got %v, want a *FormatError", err)
	}
	if diff := cmp.Diff(&FormatError{What: "base", Got: 7, Supported: FormatVersion}, newer); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(note{Text: "untouched"}, into); diff != "" {
		t.Errorf("the value was changed (-want +got)\n%s", diff)
	}
}

func TestNotNil(t *testing.T) {
	for _, tt := range []struct{ list, want []int }{
		{nil, []int{}},
		{[]int{}, []int{}},
		{[]int{0}, []int{0}},
		{[]int{1, 2}, []int{1, 2}},
	} {
		if diff := cmp.Diff(tt.want, NotNil(tt.list)); diff != "" {
			t.Errorf("%#v (-want +got)\n%s", tt.list, diff)
		}
	}
}
