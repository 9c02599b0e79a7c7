package schema

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func TestSecretValues(t *testing.T) {
	kind := tenant.Kind{Name: "groups", Sensitive: []string{"/password", "/keys/*/value", "/vault"}, Masked: []tenant.Masked{{Path: "/radius", Token: "token"}}}
	body := `{"displayName":"Staff","password":"one","keys":[{"name":"a","value":"two"},{"name":"b","value":null},{"name":"c","value":"[redacted]"}],
		"vault":{"deep":["three",7,true,{"more":"four"}]},"radius":"five","token":"no secret","other":{"password":"not here"}}`
	got, err := compiled(t, kind).SecretValues(json.RawMessage(body))
	slices.Sort(got)
	if want := []string{"7", "five", "four", "one", "three", "two"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for name, tt := range map[string]struct {
		kind tenant.Kind
		body string
	}{
		"a kind without secrets": {tenant.Kind{Name: "groups"}, body},
		"no object":              {kind, ``},
		"asterisks":              {kind, `{"radius":"****","password":"","keys":"x"}`},
	} {
		if got, err := compiled(t, tt.kind).SecretValues(json.RawMessage(tt.body)); err != nil || len(got) > 0 {
			t.Errorf("%s: got %q, %v, want none", name, got, err)
		}
	}
	if _, err := compiled(t, kind).SecretValues(json.RawMessage(`{"password":"one"`)); err == nil || len(err.Error()) == 0 {
		t.Error("a broken object: got no error")
	}
}
