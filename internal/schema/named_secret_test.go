package schema

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

func named(t *testing.T) *Schema {
	t.Helper()
	k, err := Compile(tenant.Kind{
		Name: "policies", SecretNames: true,
		ReadOnly:  []string{"/id", "/lastPassword"},
		Sensitive: []string{"/license"},
		Sets:      []tenant.Set{{Path: "/members", By: []string{"/name"}}},
		Readable: []tenant.Readable{
			{Path: "/shownPassword"}, {Path: "/**/shownPin"}, {Path: "/modes/*/token", Type: "#shown"}, {Path: "/shownTokens"},
		},
		Forms: []tenant.Form{{Path: "/**/mode", As: tenant.Enumeration}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A text is a secret by its name, at any depth and in an array; a number, a
// boolean, an object and a declared exception are not.
func TestSecretsByName(t *testing.T) {
	k := named(t)
	for _, tt := range []struct {
		body string
		want []string // the secrets
	}{
		{`{"password":"s1"}`, []string{"s1"}},
		{`{"preSharedKey":"s1","ssid":"shown"}`, []string{"s1"}},
		{`{"a":{"b":[{"clientSecret":"s1"},{"mode":"x"}]}}`, []string{"s1"}},
		{`{"passwords":["s1","s2"]}`, []string{"s1", "s2"}},
		{`{"members":[{"name":"n","password":"s1"}]}`, []string{"s1"}},
		{`{"modes":[{"@odata.type":"#hidden","token":"s1"},{"@odata.type":"#shown","token":"shown"}]}`, []string{"s1"}},
		{`{"modes":[{"token":"s1"}]}`, []string{"s1"}},
		{`{"password":true,"pin":1234,"passwordRequired":"yes"}`, nil},
		{`{"passwords":[true,1,{"name":"shown"}]}`, nil},
		{`{"passwordCredential":{"displayName":"shown","keyId":"shown"}}`, nil},
		{`{"passwordCredential":{"secretText":"s1"}}`, []string{"s1"}},
		{`{"shownPassword":"shown","a":{"shownPin":"shown"},"shownPin":"shown","shownTokens":["shown"]}`, nil},
		{`{"a":{"shownPassword":"s1"}}`, []string{"s1"}},
		{`{"license":{"kind":"s1","number":5}}`, []string{"s1", "5"}},
	} {
		got, err := k.SecretValues(json.RawMessage(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.body, diff)
		}
		n, _ := jsonval.ParseObject([]byte(tt.body))
		form := Form{Secret: func(n *jsonval.Node) *jsonval.Node { return SecretNode("key", k, n) }}
		shown := string(RedactedJSON(form.Apply(k, n)))
		for _, s := range tt.want {
			if s != "5" && strings.Contains(shown, s) {
				t.Errorf("%s is shown as %s", tt.body, shown)
			}
		}
		if strings.Count(tt.body, "shown\"") != strings.Count(shown, "shown\"") {
			t.Errorf("%s is shown as %s", tt.body, shown)
		}
	}
}

// Without SecretNames a name is only a name.
func TestNamesAreNoSecrets(t *testing.T) {
	k, err := Compile(tenant.Kind{Name: "policies"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.SecretValues(json.RawMessage(`{"password":"shown"}`)); err != nil || len(got) > 0 {
		t.Errorf("got %q, %v", got, err)
	}
}

// Asterisks in the place of such a secret are a mask, in the tenant and in a file.
func TestNamedSecretsAreMasked(t *testing.T) {
	k := named(t)
	mask := func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode("MASK") }
	for body, want := range map[string]string{
		`{"password":"****"}`:         `{"password":"MASK"}`,
		`{"passwords":["****","x"]}`:  `{"passwords":["MASK","x"]}`,
		`{"a":{"pin":"*"}}`:           `{"a":{"pin":"MASK"}}`,
		`{"ssid":"****"}`:             `{"ssid":"****"}`,
		`{"shownPassword":"****"}`:    `{"shownPassword":"****"}`,
		`{"passwordChangeUrl":"***"}`: `{"passwordChangeUrl":"***"}`,
	} {
		for _, repository := range []bool{false, true} {
			n, _ := jsonval.ParseObject([]byte(body))
			form := Form{Mask: mask, Repository: repository}
			if got := string(form.Apply(k, n).JSON()); got != want {
				t.Errorf("%s, repository %v: got %s, want %s", body, repository, got, want)
			}
		}
	}
}

// Only the hash of an object that has a secret by name needs the tenant's key, and
// all ways to the fingerprint agree about that.
func TestKeyOfNamedSecrets(t *testing.T) {
	k, err := Compile(tenant.Kind{Name: "policies", SecretNames: true, ReadOnly: []string{"/id", "/lastPassword"},
		Readable: []tenant.Readable{{Path: "/modes/*/token", Type: "#shown"}}})
	if err != nil {
		t.Fatal(err)
	}
	var c Canonicalizer
	for body, keyed := range map[string]bool{
		`{"a":{"b":"c"},"password":5}`:                                false,
		`{"password":"x"}`:                                            true,
		`{"pass\u0077ord":"x"}`:                                       true,
		`{"password":null}`:                                           false,
		`{"password":"\u0041"}`:                                       true,
		`{"lastPassword":"x"}`:                                        false,
		`{"lastPassword":{"password":"x"}}`:                           false,
		`{"$password":"x"}`:                                           false,
		`{"a":{"$password":"x"}}`:                                     true,
		`{"password@odata.type":"x","a":[[{"tokens":["x"]}]]}`:        true,
		`{"a":[{"b":"c"}],"tokens":[]}`:                               false,
		`{"modes":[{"@odata.type":"#shown","token":"x"}]}`:            false,
		`{"modes":[{"token":"x","@odata.type":"#hidden"}]}`:           true,
		`{"modes":[{"token":"x","@odata.type":"#sh\u006fwn"}],"a":1}`: false,
	} {
		n, err := jsonval.ParseObject([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := k.Key("key", n) != ""; got != keyed {
			t.Errorf("%s: keyed %v, want %v", body, got, keyed)
		}
		for _, key := range []string{"key", "other"} {
			tree, err := k.Fingerprint(json.RawMessage(body), key)
			if err != nil {
				t.Fatal(err)
			}
			flat, err := c.Fingerprint(k, []byte(body), key)
			if err != nil || flat != tree {
				t.Errorf("%s: %v: the fingerprints differ", body, err)
			}
			if plain, _ := k.Fingerprint(json.RawMessage(body), ""); plain != tree != keyed {
				t.Errorf("%s: the fingerprint depends on the key: %v, want %v", body, plain != tree, keyed)
			}
		}
	}
}
