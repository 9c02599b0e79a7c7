package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// The comparison does not decode objects that the search skips. So the search
// must find a name in any notation of JSON.
func TestNameSearch(t *testing.T) {
	search := func(path ...string) nameSearch {
		k, err := schema.Compile(tenant.Kind{Name: "groups", NaturalKey: path})
		if err != nil {
			t.Fatal(err)
		}
		m := &matching{ix: &index{}, kind: k}
		return m.search(map[string][]*object{"Staff": {nil}, "Phones - ios": {nil}})
	}
	for _, tc := range []struct {
		name string
		s    nameSearch
		body string
		want bool
	}{
		{"the name", search("/displayName"), `{"displayName":"Staff"}`, true},
		{"another", search("/displayName"), `{"displayName":"Staf","x":"Staff"}`, false},
		{"none", search("/displayName"), `{"x":1}`, false},
		{"space", search("/displayName"), "{ \"displayName\" :\n\t\"Staff\" }", true},
		{"below", search("/displayName"), `{"a":{"displayName":"B"},"displayName":"Staff"}`, true},
		{"a value equal to the member's name", search("/displayName"), `{"x":"displayName","displayName":"Staff"}`, true},
		{"escaped name", search("/displayName"), `{"display\u004eame":"Staff"}`, true},
		{"escaped value", search("/displayName"), `{"displayName":"St\u0061ff"}`, true},
		{"escaped slash", search("/displayName"), `{"displayName":"a\/b"}`, true},
		{"template", search("/displayName"), `{"displayName":"${var:name}"}`, true},
		{"number", search("/displayName"), `{"displayName":7}`, true},
		{"nested path", search("/a/b"), `{"a":{"b":"Staff"}}`, true},
		{"nested path, another", search("/a/b"), `{"a":{"b":"Guests"}}`, false},
		{"a name with several notations in JSON", search("/a~1b"), `{"a\/b":"Guests"}`, true},
		{"as long as the longest key", search("/displayName"), `{"displayName":"` + strings.Repeat("a", maxKey) + `"}`, false},
		{"longer than the longest key", search("/displayName"), `{"displayName":"` + strings.Repeat("a", maxKey+1) + `"}`, true}, // its key is cut
		{"a text without an end", search("/displayName"), `{"displayName":"Guests`, true},
		{"the first of several parts, for a name of one", search("/displayName"), `{"displayName":"Phones","platform":"ios"}`, false},
		{"several parts", search("/displayName", "/platform"), `{"displayName":"Phones","platform":"ios"}`, true},
		{"several parts, another", search("/displayName", "/platform"), `{"displayName":"Guests","platform":"ios"}`, false},
	} {
		if got := tc.s.in(&tenant.Resource{Body: json.RawMessage(tc.body)}); got != tc.want {
			t.Errorf("%s: %s: got %v, want %v", tc.name, tc.body, got, tc.want)
		}
	}
}

// A word has only characters with one notation in JSON, apart from \u, because the
// search reads the bytes of a body.
func TestIsWordRune(t *testing.T) {
	for _, in := range []struct{ first, last rune }{{'a', 'z'}, {'A', 'Z'}, {'0', '9'}, {'@', '@'}, {'-', '.'}, {'_', '_'}} {
		if !isWordRune(in.first) || !isWordRune(in.last) {
			t.Errorf("%c or %c is not a word character", in.first, in.last)
		}
	}
	for _, r := range []rune{'a' - 1, 'z' + 1, 'Z' + 1, '0' - 1, '9' + 1, '/', '\\', '"', 'é'} {
		if isWordRune(r) {
			t.Errorf("%c is a word character", r)
		}
	}
}
