package bodies

import (
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// A reference of a type stands only in objects of that type, and one without a
// type in all.
func TestStringsOfReferences(t *testing.T) {
	const body = `{"@odata.type":"#t","id":"1","list":["2","3"],"kids":[{"@odata.type":"#t","id":"4","list":["5"]},{"@odata.type":"t","id":"6"},{"@odata.type":"#u","id":"7","list":["8"]},{"id":"9"}]}`
	for _, tt := range []struct {
		path, typ string
		want      []string
	}{
		{"/kids/*/id", "", []string{"4", "6", "7", "9"}},
		{"/kids/*/id", "#t", []string{"4", "6"}},
		{"/kids/*/list/*", "#t", []string{"5"}},
		{"/kids/*/list/*", "", []string{"5", "8"}},
		{"/id", "#t", []string{"1"}},
		{"/id", "#u", nil},
		{"/list/*", "#t", []string{"2", "3"}},
	} {
		decoded, err := Decode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		StringsOf(decoded, tenant.Reference{Path: tt.path, Type: tt.typ}, func(s string) { got = append(got, s) })
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s of %q: %q, want %q", tt.path, tt.typ, got, tt.want)
		}
	}
}
