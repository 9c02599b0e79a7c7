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

// The first value with a type decides, also where the kind declares nothing for
// that type.
func TestIn(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", SensitiveTypes: []tenant.SensitiveType{{Path: "/list/*/key", Type: "#secret"}}})
	r := k.Root.Step("list").Step("*")
	for _, tt := range []struct {
		objects   []string
		sensitive bool
	}{
		{nil, false}, {[]string{`{}`}, false}, {[]string{`{"@odata.type":"#secret"}`}, true}, {[]string{`{"@odata.type":"secret"}`}, true},
		{[]string{`{}`, `{"@odata.type":"#secret"}`}, true}, {[]string{`{"@odata.type":"#text"}`, `{"@odata.type":"#secret"}`}, false},
		{[]string{`{"@odata.type":"#secret"}`, `{"@odata.type":"#text"}`}, true}, {[]string{`[]`, `{"@odata.type":"#secret"}`}, true},
	} {
		var objects []*jsonval.Node
		for _, text := range tt.objects {
			n, err := jsonval.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, n)
		}
		if got := r.In(objects...).Step("key").Fact().Sensitive; got != tt.sensitive {
			t.Errorf("%q: got a secret: %v", tt.objects, got)
		}
	}
}

// Two values are equal apart from secrets if all else is.
func TestEqualExceptSecrets(t *testing.T) {
	const mask, secret = `"${masked}"`, `"${secret:a.b}"`
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"s":` + mask + `,"z":1}`, `{"a":1,"s":` + secret + `,"z":1}`, true},
		{`{"a":1,"s":` + mask + `,"z":1}`, `{"a":1,"z":1}`, true},
		{`{"a":1,"s":` + mask + `,"z":1}`, `{"a":1,"z":2}`, false},
		{`{"a":1,"s":` + mask + `,"z":1}`, `{"a":2,"z":1}`, false},
		{`{"a":1,"s":` + secret + `,"t":` + mask + `}`, `{"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`[1,` + mask + `,2]`, `[1,3,2]`, true},
		{`[1,` + mask + `,2]`, `[1,3,4]`, false},
		{`[1,` + mask + `]`, `[1]`, false},
		{`1`, `1.0`, true}, {`1`, `2`, false}, {mask, `{"a":1}`, true},
	} {
		a, err := jsonval.Parse([]byte(tt.a))
		b, err2 := jsonval.Parse([]byte(tt.b))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if EqualExceptSecrets(a, b) != tt.want || EqualExceptSecrets(b, a) != tt.want {
			t.Errorf("%s and %s: got %v and %v, want %v", tt.a, tt.b, EqualExceptSecrets(a, b), EqualExceptSecrets(b, a), tt.want)
		}
	}
}
