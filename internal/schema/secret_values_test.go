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
		"an absent object":       {kind, ``},
		"asterisks":              {kind, `{"radius":"****","password":"","keys":"x"}`},
	} {
		if got, err := compiled(t, tt.kind).SecretValues(json.RawMessage(tt.body)); err != nil || len(got) > 0 {
			t.Errorf("%s: got %q, %v, want no secrets", name, got, err)
		}
	}
	if _, err := compiled(t, kind).SecretValues(json.RawMessage(`{"password":"one"`)); err == nil || len(err.Error()) == 0 {
		t.Error("malformed JSON: got no error")
	}
}

// One path leads to secrets and to other values. The type of the enclosing
// object decides which value is a secret. MayBeSecret has only the path, and so
// reports true.
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
		t.Error("HasSecrets() = false, want true")
	}
	for path, want := range map[string]bool{"settings/x/value": true, "settings/value/below": true, "settings/x": false, "value": false} {
		if got := k.MayBeSecret(strings.Split(path, "/")); got != want {
			t.Errorf("MayBeSecret(%s) = %t, want %t", path, got, want)
		}
	}
	if _, err := Compile(tenant.Kind{Name: "policies", SensitiveTypes: []tenant.SensitiveType{{Path: "/value"}}}); err == nil {
		t.Error("Compile of a sensitive type without a type: got no error")
	}
}
