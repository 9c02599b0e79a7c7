package format_test

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/format"
)

// Deep JSON is not indented: 60 KB would become 200 MB.
func TestIndent(t *testing.T) {
	nested := func(n int) string { return strings.Repeat(`{"a":[`, n/2) + strings.Repeat("]}", n/2) }
	for _, tt := range []struct{ raw, want string }{
		{`{"a":[1]}`, "{\n  \"a\": [\n    1\n  ]\n}"},
		{`{"a":"{[\"{["}`, "{\n  \"a\": \"{[\\\"{[\"\n}"}, // brackets in a text do not count
		{`{"a":"` + strings.Repeat("[", 200) + `\\"}`, "{\n  \"a\": \"" + strings.Repeat("[", 200) + "\\\\\"\n}"},
		{nested(format.MaxIndented + 2), nested(format.MaxIndented + 2)},
		{nested(10_000), nested(10_000)},
	} {
		got, err := format.Indent([]byte(tt.raw))
		if err != nil || string(got) != tt.want {
			t.Errorf("%.40s: got %.60s, %v", tt.raw, got, err)
		}
	}
	if got, err := format.Indent([]byte(nested(format.MaxIndented))); err != nil || len(got) < 2*len(nested(format.MaxIndented)) {
		t.Errorf("at the limit: got %d bytes, %v, want indented JSON", len(got), err)
	}
	// 100 levels are indented, and 101 are not.
	for n, want := range map[int]bool{99: true, 100: true, 101: false} {
		text := strings.Repeat("[", n) + strings.Repeat("]", n)
		if got, err := format.Indent([]byte(text)); err != nil || (string(got) != text) != want {
			t.Errorf("%d levels: indented: %v, %v, want %v", n, string(got) != text, err, want)
		}
	}
	// Brackets beside each other are not levels.
	flat := "[" + strings.Repeat("[{}],", format.MaxIndented) + "1]"
	if got, err := format.Indent([]byte(flat)); err != nil || string(got) == flat {
		t.Errorf("a flat list is not indented: %v", err)
	}
	if _, err := format.Indent([]byte(`{"a":`)); err == nil {
		t.Error("a text that is no JSON was indented")
	}
}
