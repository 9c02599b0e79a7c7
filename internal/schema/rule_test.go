package schema

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// A path in a value leads through arrays by index, and its rules by "*".
func TestFollowIn(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", SensitiveTypes: []tenant.SensitiveType{{Path: "/list/*/key", Type: "#secret"}}})
	n, err := jsonval.ParseObject([]byte(`{"list":[{"@odata.type":"#text","key":"a"},{"@odata.type":"#secret","key":"b"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		segs      []string
		value     string
		sensitive bool
	}{
		{[]string{"list", "0", "key"}, `"a"`, false},
		{[]string{"list", "1", "key"}, `"b"`, true},
		{[]string{"list", "2", "key"}, ``, false},
		{[]string{"other", "1", "key"}, ``, false},
	} {
		r, value := k.Root.FollowIn(n, tt.segs)
		if got := string(value.JSON()); got != tt.value || r.Fact().Sensitive != tt.sensitive {
			t.Errorf("%q: %s, sensitive %t; want %s, %t", tt.segs, got, r.Fact().Sensitive, tt.value, tt.sensitive)
		}
	}
}
