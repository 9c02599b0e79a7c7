package reference

import (
	"testing"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "${groups/A}", "${groups/A#mail}", "${var:x}", "a ${var:x} b", "$${", "$$${x}", "${", "${a/%7D}", "$", "${a/b#}", "${masked}", "${secret:x}"} {
		f.Add(s)
	}
	variables := map[string]string{"x": "${value}"}
	f.Fuzz(func(t *testing.T, s string) {
		escaped := Escape(s)
		if text, ref, err := Expand(escaped, nil); text != s || ref != nil || err != nil {
			t.Errorf("expand(escape(%q)) = %q, %v, %v", s, text, ref, err)
		}
		if got := Literal(escaped); got != s {
			t.Errorf("literal(escape(%q)) = %q", s, got)
		}
		if n := jsonval.StringNode(escaped); IsMask(n) || IsSecret(n) || ReferenceIn(n) != nil {
			t.Errorf("the literal %q is parsed as a reference, secret or mask", s)
		}
		_, ref, err := Expand(s, variables)
		if err != nil || ref == nil || !utf8.ValidString(s) {
			return
		}
		again := ReferenceIn(jsonval.StringNode(ref.String()))
		if n := jsonval.StringNode(ref.String()); IsMask(n) || IsSecret(n) {
			return // no kind is named "masked" or "secret:…", so such a reference never resolves
		}
		if again == nil || *again != *ref {
			t.Errorf("%q parses as %+v, whose text %q parses as %+v", s, *ref, ref, again)
		}
	})
}
