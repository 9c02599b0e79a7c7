package diff

import (
	"encoding/json"
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
		return m.search(map[string][]*object{"Staff": {nil}, "Staff - ios": {nil}})
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
		{"several parts", search("/displayName", "/platform"), `{"displayName":"Staff","platform":"ios"}`, true},
		{"several parts, another", search("/displayName", "/platform"), `{"displayName":"Guests","platform":"ios"}`, false},
	} {
		if got := tc.s.in(&tenant.Resource{Body: json.RawMessage(tc.body)}); got != tc.want {
			t.Errorf("%s: %s: got %v, want %v", tc.name, tc.body, got, tc.want)
		}
	}
}
