package schema

import (
	"encoding/json"
	"slices"
	"strings"
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

// At one path there are secrets and other values: the type of the object around
// tells them apart. A path alone does not, and so counts as one of a secret.
func TestSecretsOfOneType(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", SensitiveTypes: []tenant.SensitiveType{{Path: "/settings/**/value", Type: "#secret"}}})
	got, err := k.SecretValues(json.RawMessage(`{"settings":[
		{"@odata.type":"secret","value":"one"},{"value":"two","@odata.type":"#secret"},{"@odata.type":"#text","value":"no secret"},{"value":"none either"},
		{"@odata.type":"#secret","other":"nor this","below":{"value":"nor that"}},{"children":[{"@odata.type":"#secret","value":"three"}]}],
		"elsewhere":{"@odata.type":"#secret","value":"no secret"}}`))
	slices.Sort(got)
	if want := []string{"one", "three", "two"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if !k.HasSecrets() {
		t.Error("the kind has no secrets")
	}
	for path, want := range map[string]bool{"settings/x/value": true, "settings/value/below": true, "settings/x": false, "value": false} {
		if got := k.KeepsSecret(strings.Split(path, "/")); got != want {
			t.Errorf("%s: got %t, want %t", path, got, want)
		}
	}
	if _, err := Compile(tenant.Kind{Name: "policies", SensitiveTypes: []tenant.SensitiveType{{Path: "/value"}}}); err == nil {
		t.Error("without a type: got no error")
	}
}
