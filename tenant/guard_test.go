package tenant_test

import (
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func TestNewObject(t *testing.T) {
	for _, key := range []string{"Staff", "a/b", "}", "${groups/x}"} {
		kind, got, ok := tenant.ParseNewObject(tenant.NewObject("groups", key))
		if kind != "groups" || got != key || !ok {
			t.Errorf("%q: got %q, %q, %v", key, kind, got, ok)
		}
	}
	for _, text := range []string{"", "All", "${groups/Staff}", "${new:groups}", "${new:/x}", "${new:groups/}", "${new:groups/x", "new:groups/x}"} {
		if kind, key, ok := tenant.ParseNewObject(text); ok || kind != "" || key != "" {
			t.Errorf("%q: got %q, %q, %v, want no object", text, kind, key, ok)
		}
	}
}
