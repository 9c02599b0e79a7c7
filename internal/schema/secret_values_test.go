package schema

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
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

// A token that a service returns in place of a secret says nothing: it is masked
// on both sides, by the state that the object around has, and no other text is.
func TestTokensAreMasked(t *testing.T) {
	kind := tenant.Kind{Name: "policies", SensitiveTypes: []tenant.SensitiveType{
		{Path: "/settings/**/value", Type: "#secret", Token: tenant.TokenState{Property: "state", Value: "token"}}}}
	k := compiled(t, kind)
	for _, tt := range []struct {
		name, body string
		masked     bool
	}{
		{"a token", `{"settings":[{"@odata.type":"#secret","value":"x","state":"token"}]}`, true},
		{"its state behind and in another case", `{"settings":[{"state":"TOKEN","value":"x","@odata.type":"#secret"}]}`, true},
		{"another state", `{"settings":[{"@odata.type":"#secret","value":"x","state":"plain"}]}`, false},
		{"no state", `{"settings":[{"@odata.type":"#secret","value":"x"}]}`, false},
		{"a state that is no text", `{"settings":[{"@odata.type":"#secret","value":"x","state":1}]}`, false},
		{"another type", `{"settings":[{"@odata.type":"#text","value":"x","state":"token"}]}`, false},
		{"the state of the object above", `{"settings":[{"state":"token","below":{"@odata.type":"#secret","value":"x"}}]}`, false},
	} {
		for _, repository := range []bool{false, true} {
			masked := 0
			form := Form{Repository: repository, Mask: func(n *jsonval.Node) *jsonval.Node { masked++; return n }}
			n, err := jsonval.ParseObject([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			form.Apply(k, n)
			if (masked == 1) != tt.masked {
				t.Errorf("%s, in a file %t: %d values are masked, want %t", tt.name, repository, masked, tt.masked)
			}
		}
		other := strings.Replace(tt.body, `"x"`, `"y"`, 1)
		var c Canonicalizer
		a, err := c.Append(nil, k, []byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Append(nil, k, []byte(other))
		if err != nil {
			t.Fatal(err)
		}
		if same := string(a) == string(b); same != tt.masked {
			t.Errorf("%s: with another value the canonical text is the same: %t, want %t", tt.name, same, tt.masked)
		}
	}
	for _, token := range []tenant.TokenState{{Property: "state"}, {Value: "token"}} {
		kind.SensitiveTypes[0].Token = token
		if _, err := Compile(kind); err == nil {
			t.Errorf("%+v: got no error", token)
		}
	}
}
