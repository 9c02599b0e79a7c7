package schema

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// Each declaration sets its own facts. A declared path goes beyond texts, also
// where the name alone says secret.
func TestFactsOfDeclarations(t *testing.T) {
	k := compiled(t, tenant.Kind{
		Name: "policies", SecretNames: true, CreateOnly: []string{"/made"}, Whole: []string{"/rules"},
		Sensitive: []string{"/pin", "/plain"}, Masked: []tenant.Masked{{Path: "/radius/secret", Token: "token"}},
		SensitiveTypes: []tenant.SensitiveType{{Path: "/typed/password", Type: "#hidden"}, {Path: "/typed/value", Type: "#hidden"}},
		Readable:       []tenant.Readable{{Path: "/shownPassword"}},
	})
	hidden := parsed(t, `{"@odata.type":"#hidden"}`)
	for _, tt := range []struct{ path, want string }{
		{"name", ""},
		{"made", "createOnly"},
		{"made/x", "createOnly"},
		{"rules", "whole"},
		{"rules/x", ""},
		{"pin", "sensitive masked secret"},
		{"plain", "sensitive secret"},
		{"plain/x", "secret"},
		{"radius/secret", "sensitive masked secret"},
		{"radius/token", "sensitive masked secret onlyTexts isToken"},
		{"other/password", "sensitive masked secret onlyTexts"},
		{"other/passwords/*", "sensitive masked secret onlyTexts"},
		{"shownPassword", ""},
		{"typed/value", "sensitive secret"},
		{"typed/password", "sensitive masked secret"},
	} {
		r := k.Root
		for _, s := range strings.Split(tt.path, "/") {
			if strings.HasPrefix(tt.path, "typed/") && s != "typed" {
				r = r.In(hidden)
			}
			r = r.Step(s)
		}
		f := r.Fact()
		var got []string
		for _, fact := range []struct {
			name string
			is   bool
		}{{"createOnly", f.CreateOnly}, {"whole", f.Whole}, {"sensitive", f.Sensitive}, {"masked", f.Masked}, {"secret", f.secret}, {"onlyTexts", f.onlyTexts}, {"isToken", f.isToken}} {
			if fact.is {
				got = append(got, fact.name)
			}
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.path, diff)
		}
	}
}

// The path of every secret and mask is found, at any depth, and nothing else.
func TestSecretsIn(t *testing.T) {
	k := compiled(t, everything())
	secret, mask := string(SecretNode("key", k, jsonval.StringNode("s3cret")).JSON()), string(jsonval.StringNode(reference.MaskMark).JSON())
	for text, want := range map[string][]string{
		`{"a":"x","b":["y",null]}`:     nil,
		secret:                         {""},
		`{"a":` + secret + `,"b":"x"}`: {"/a"},
		`{"a":"x","b":[` + mask + `,"x",{"c":` + secret + `}]}`:   {"/b/0", "/b/2/c"},
		`{"a":{"b":` + mask + `},"c":` + secret + `,"d":[[],{}]}`: {"/a/b", "/c"},
	} {
		n := parsed(t, text)
		var got []string
		SecretsIn(n, nil, func(segs []string, at *jsonval.Node) {
			got = append(got, jsonval.JoinPointer(segs))
			if n.At(segs) != at {
				t.Errorf("%s: %s has another value", text, jsonval.JoinPointer(segs))
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
	SecretsIn(nil, nil, func([]string, *jsonval.Node) { t.Error("nothing has a secret") })
}

// Without an object there is no fingerprint, with a tree and without one.
func TestFingerprintOfNoObject(t *testing.T) {
	k := compiled(t, everything())
	for _, body := range []string{``, `[]`, `"x"`, `{`, `{"a":1}}`} {
		for _, part := range []string{WholeObject, ""} {
			if got, err := k.FingerprintPart(json.RawMessage(body), part, "key"); err == nil || got != "" {
				t.Errorf("%q: got %q, %v, want an error", body, got, err)
			}
		}
		if got, err := new(Canonicalizer).Fingerprint(k, []byte(body), "key"); err == nil || got != "" {
			t.Errorf("%q in one pass: got %q, %v, want an error", body, got, err)
		}
	}
}

// Only an object that has a secret by its name has a key in its fingerprint, with
// a tree and without one.
func TestFingerprintOfNamedSecrets(t *testing.T) {
	k := named(t)
	kind := k.Kind
	kind.Sensitive = nil
	k = compiled(t, kind)
	for body, keyed := range map[string]bool{
		`{}`:                                          false,
		`{"a":"x"}`:                                   false,
		`{"password":"s"}`:                            true,
		`{"a":{"b":[{"clientSecret":"s"}]}}`:          true,
		`{"$password":"s"}`:                           false,
		`{"lastPassword":"s"}`:                        false,
		`{"a":1,"a@odata.type":"#t"}`:                 false, // a tree is needed
		`{"a":1,"a@odata.type":"#t","pin":"s"}`:       true,
		`{"a":1,"a@odata.type":"#t","$password":"s"}`: false,
		`{"a":{"$password":"s"},"b":1,"b@odata.type":"#t"}`: true,
	} {
		tree := map[bool]string{}
		for _, key := range []string{"one", "two"} {
			want, err := k.Fingerprint(json.RawMessage(body), key)
			if err != nil {
				t.Fatal(err)
			}
			got, err := new(Canonicalizer).Fingerprint(k, []byte(body), key)
			if got != want || err != nil {
				t.Errorf("%s: got %s, %v in one pass, and %s with a tree", body, got, err, want)
			}
			tree[key == "one"] = want
		}
		if got := tree[true] != tree[false]; got != keyed {
			t.Errorf("%s: keyed %v, want %v", body, got, keyed)
		}
	}
	if got := k.Key("key", nil); got != "" {
		t.Errorf("an object that is missing has the key %q", got)
	}
}

// Managed keeps only the properties that the file has.
func TestManaged(t *testing.T) {
	for _, tt := range []struct{ n, desired, want string }{
		{`{"a":1,"b":2}`, `{"a":3}`, `{"a":1}`},
		{`{"a":{"x":1,"y":2},"b":2}`, `{"a":{"x":3}}`, `{"a":{"x":1}}`},
		{`{"a":[{"x":1,"y":2}]}`, `{"a":[{"x":1}]}`, `{"a":[{"x":1,"y":2}]}`},
		{`{"a":1}`, `[]`, `{"a":1}`},
		{`[1]`, `{"a":1}`, `[1]`},
		{`{"a":"x"}`, `{"a":{"b":1}}`, `{"a":"x"}`},
	} {
		if got := string(Managed(parsed(t, tt.n), parsed(t, tt.desired)).JSON()); got != tt.want {
			t.Errorf("%s of %s: got %s, want %s", tt.desired, tt.n, got, tt.want)
		}
	}
}

// A Multi set with two equal members on either side is not merged.
func TestMerges(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", Sets: []tenant.Set{{Path: "/set"}, {Path: "/bag", Multi: true}, {Path: "/named", Multi: true, By: []string{"/n"}}}})
	for _, tt := range []struct {
		set, a, b string
		want      bool
	}{
		{"set", `["a","a"]`, `["b"]`, true},
		{"bag", `["a","b"]`, `["b"]`, true},
		{"bag", `["a","a"]`, `["b"]`, false},
		{"bag", `["b"]`, `["a","b","a"]`, false},
		{"bag", `"x"`, `[]`, true},
		{"named", `[{"n":1},{"n":2}]`, `[]`, true},
		{"named", `[]`, `[{"n":1,"x":1},{"n":1,"x":2}]`, false},
		{"named", `[{"n":""},{}]`, `[]`, false}, // an empty value and a missing one are one identity
	} {
		if got := k.Root.Step(tt.set).Set.Merges(parsed(t, tt.a), parsed(t, tt.b)); got != tt.want {
			t.Errorf("%s %s and %s: got %v, want %v", tt.set, tt.a, tt.b, got, tt.want)
		}
	}
}

// A part has a name for URLs and the path of one property.
func TestCompileRefusesBadParts(t *testing.T) {
	for _, p := range []tenant.Part{{Path: "/a"}, {Name: "a/b", Path: "/a"}, {Name: "a"}, {Name: "a", Path: "/a/*"}, {Name: "a", Path: "/**/a"}} {
		if k, err := Compile(tenant.Kind{Name: "policies", Parts: []tenant.Part{p}}); err == nil || k != nil {
			t.Errorf("%+v: got %v, %v, want an error", p, k, err)
		}
	}
}
