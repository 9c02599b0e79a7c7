package diff

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// The tenant's elements keep the text of the file's elements that they were: of
// equal ones, then of those with the identity of a set, or of masked ones that may
// be equal, and at last of those at the same position.
func TestPairElements(t *testing.T) {
	k := kindsOf(tenant.Kind{Name: "policies", Sets: []tenant.Set{
		{Path: "/set"}, {Path: "/one", By: []string{"/id"}}, {Path: "/two", By: []string{"/id", "/type"}},
	}}).Get("policies")
	for _, tt := range []struct {
		name, at     string
		file, tenant string // in name form; "****" is a mask, and "#a" a secret
		want         []int
	}{
		{"nothing", "list", `[]`, `[]`, nil},
		{"the same", "list", `[1,2,3]`, `[1,2,3]`, []int{0, 1, 2}},
		{"moved", "list", `[1,2,3]`, `[3,1,2]`, []int{2, 0, 1}},
		{"duplicates", "list", `[0,1,1]`, `[1,1,0]`, []int{1, 2, 0}},
		{"duplicates, at the same position first", "list", `[1,0,1]`, `[2,3,1]`, []int{0, 1, 2}},
		{"changed", "list", `[1,2]`, `[3,4]`, []int{0, 1}},
		{"fewer", "list", `[1,2]`, `[3]`, []int{0}},
		{"more", "list", `[1]`, `[2,3]`, []int{0, -1}},
		{"moved, in place of one that is gone", "list", `[1,2]`, `[3,1]`, []int{-1, 0}},
		{"moved to the front, and one is gone", "list", `[1,2]`, `[2,3]`, []int{1, -1}},
		{"no array before", "list", `[]`, `[1]`, []int{-1}},

		{"masked, at the same position", "list", `[{"n":1,"k":"****"}]`, `[{"n":1,"k":"#a"}]`, []int{0}},
		{"masked, moved to the end", "list", `[{"n":1,"k":"****"},{"n":2}]`, `[{"n":3},{"n":1,"k":"#a"}]`, []int{-1, 0}},
		{"masked, moved to the front", "list", `[{"n":2},{"n":1,"k":"****"}]`, `[{"n":1,"k":"#a"},{"n":3}]`, []int{1, -1}},
		{"masked duplicates", "list", `[{"n":1,"k":"****"},{"n":1,"k":"****"}]`, `[{"n":1,"k":"#a"},{"n":1,"k":"#b"}]`, []int{0, 1}},
		{"masked duplicates, and one is gone", "list", `[{"n":1,"k":"****"},{"n":1,"k":"****"}]`, `[{"n":1,"k":"#a"},{"n":3}]`, []int{0, 1}},
		{"masked ones, and one was changed", "list", `[{"n":1,"k":"****"},{"n":2,"k":"****"}]`, `[{"n":2,"k":"#a"},{"n":3,"k":"#b"}]`, []int{1, -1}},
		{"masked, and equal ones come first", "list", `[{"k":"****"},{"k":"#a"}]`, `[{"k":"#a"},{"k":"#b"}]`, []int{1, 0}},
		{"without a mask, another secret", "list", `[{"n":1,"k":"#a"},{"n":2}]`, `[{"n":3},{"n":1,"k":"#b"}]`, []int{0, 1}},

		{"a set of values", "set", `["a","b"]`, `["b","c"]`, []int{1, -1}},
		{"a set of objects without an identity", "set", `[{"id":"a","v":1}]`, `[{"id":"b"},{"id":"a","v":2}]`, []int{0, -1}},
		{"a set by identity", "one", `[{"id":"a","v":1},{"id":"b","v":1}]`, `[{"id":"b","v":2},{"id":"a","v":1}]`, []int{1, 0}},
		{"another member at the same position", "one", `[{"id":"a","v":1}]`, `[{"id":"b"},{"id":"a","v":2}]`, []int{-1, 0}},
		{"a new member at the position of one that is gone", "one", `[{"id":"a"}]`, `[{"id":"b"}]`, []int{-1}},
		{"equal members of the file", "one", `[{"id":"a","v":1},{"id":"a","v":1}]`, `[{"id":"a","v":1}]`, []int{0}},
		{"one identity of several in the file", "one", `[{"id":"a","v":1},{"id":"a","v":2}]`, `[{"id":"b"},{"id":"a","v":3}]`, []int{0, 1}},
		{"one identity of several in the tenant", "one", `[{"id":"b"},{"id":"a","v":3}]`, `[{"id":"a","v":1},{"id":"a","v":2}]`, []int{0, 1}},
		{"a set by two identities", "two", `[{"id":"a","type":1,"v":1},{"id":"a","type":2,"v":1}]`, `[{"id":"a","type":2,"v":2},{"id":"a","type":3}]`, []int{1, -1}},
	} {
		means := inNameForm(t, tt.file)
		v, err := readWritten([]byte(tt.file), means)
		if err != nil {
			t.Fatal(err)
		}
		if got := new(fileEditor).pair(k.Root.Step(tt.at), v, inNameForm(t, tt.tenant)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %s becomes %s: got %v, want %v", tt.name, tt.file, tt.tenant, got, tt.want)
		}
	}
}

// A value of the file agrees with the tenant's if they are equal, or if they differ
// only where the file has a mask.
func TestAgrees(t *testing.T) {
	k := kindsOf(tenant.Kind{Name: "policies", Sets: []tenant.Set{{Path: "/x/set"}}}).Get("policies")
	for _, tt := range []struct {
		file, tenant string // in name form; "****" is a mask, and "#a" a secret
		want         bool
	}{
		{`1`, `1`, true},
		{`1`, `2`, false},
		{`"a"`, `1`, false},
		{`"****"`, `"#a"`, true},
		{`"****"`, `"****"`, true},
		{`"****"`, `"a"`, false},
		{`"****"`, `{"a":1}`, false},
		{`"#a"`, `"****"`, false},
		{`"#a"`, `"#b"`, false},
		{`{"n":1}`, `{"n":2}`, false},
		{`{"k":"****"}`, `{"k":"#a"}`, true},
		{`{"k":"****","n":1}`, `{"k":"#a","n":1}`, true},
		{`{"k":"****","n":1}`, `{"k":"#a","n":2}`, false},
		{`{"k":"****","n":1}`, `{"k":"#a"}`, false},
		{`{"k":"****","n":null}`, `{"k":"#a"}`, true},
		{`{"k":"****"}`, `{"k":"#a","n":1}`, false},
		{`{"k":"****"}`, `{"k":"#a","n":null}`, true},
		{`{"k":"****"}`, `{}`, false},
		{`{"a":{"k":"****"},"b":{"n":1}}`, `{"a":{"k":"#a"},"b":{"n":1}}`, true},
		{`{"a":{"k":"****"},"b":{"n":1}}`, `{"a":{"k":"#a"},"b":{"n":2}}`, false},
		{`{"k":"****"}`, `["#a"]`, false},
		{`{"k":"****"}`, `"#a"`, false},
		{`["****"]`, `["#a"]`, true},
		{`["****"]`, `{"0":"#a"}`, false},
		{`["****",1]`, `["#a",1]`, true},
		{`["****",1]`, `[1,"#a"]`, false},
		{`["****",1,2]`, `["#a",1,3]`, false},
		{`["****"]`, `["#a","#b"]`, false},
		{`["****","****"]`, `["#a"]`, false},
		{`{"set":["****",1]}`, `{"set":[1,"#a"]}`, true},
		{`{"set":["****",1]}`, `{"set":[2,"#a"]}`, false},
		{`{"set":["****","****"]}`, `{"set":["#a","#b"]}`, true},
		{`{"set":["****","****"]}`, `{"set":["#a",1]}`, false},
		{`{"set":[{"k":"****","n":1},{"k":"****","n":2}]}`, `{"set":[{"k":"#b","n":2},{"k":"#a","n":1}]}`, true},
	} {
		if got := new(fileEditor).agrees(k.Root.Step("x"), inNameForm(t, tt.file), inNameForm(t, tt.tenant)); got != tt.want {
			t.Errorf("%s and %s: agree: %t, want %t", tt.file, tt.tenant, got, tt.want)
		}
	}
}

// inNameForm parses a text in which "****" is a mask, and "#a" a secret.
func inNameForm(t *testing.T, text string) *jsonval.Node {
	t.Helper()
	text = strings.ReplaceAll(text, `"****"`, `"`+reference.MaskMark+`"`)
	n, err := jsonval.Parse([]byte(strings.ReplaceAll(text, `"#`, `"`+reference.SecretMark)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
