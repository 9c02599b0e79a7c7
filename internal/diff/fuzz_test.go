package diff

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "${groups/A}", "${groups/A#mail}", "${var:x}", "a ${var:x} b", "$${", "$$${x}", "${", "${a/%7D}", "$", "${a/b#}", "${masked}", "${secret:x}"} {
		f.Add(s)
	}
	variables := map[string]string{"x": "${value}"}
	f.Fuzz(func(t *testing.T, s string) {
		escaped := reference.Escape(s)
		if text, ref, err := reference.Expand(escaped, nil); text != s || ref != nil || err != nil {
			t.Errorf("expand(escape(%q)) = %q, %v, %v", s, text, ref, err)
		}
		if got := reference.Literal(escaped); got != s {
			t.Errorf("literal(escape(%q)) = %q", s, got)
		}
		if n := jsonval.StringNode(escaped); reference.IsMask(n) || reference.IsSecret(n) || reference.ReferenceIn(n) != nil {
			t.Errorf("the literal %q is taken for something else", s)
		}
		_, ref, err := reference.Expand(s, variables)
		if err != nil || ref == nil || !utf8.ValidString(s) {
			return
		}
		again := reference.ReferenceIn(jsonval.StringNode(ref.String()))
		if n := jsonval.StringNode(ref.String()); reference.IsMask(n) || reference.IsSecret(n) {
			return // the kinds "masked" and "secret:…" cannot be; nothing resolves there
		}
		if again == nil || *again != *ref {
			t.Errorf("%q is %+v, written %q, read %+v", s, *ref, ref, again)
		}
	})
}

func FuzzCanonicalJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"b":1,"a":[1.0,1e2,-0,"x"]}`, `{"a":1,"a":2}`, `1e400`, `0.000001`, `"\ud800"`, `[1,]`, `{"a":{}} x`, `100000000000000000000000`, `{"\u0061":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		once, err := jsonval.CanonicalJSON(raw)
		if err != nil {
			return
		}
		if !json.Valid(once) {
			t.Fatalf("%q became %q, which is no JSON", raw, once)
		}
		twice, err := jsonval.CanonicalJSON(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q, then %q, %v", raw, once, twice, err)
		}
		var before, after any
		if json.Unmarshal(raw, &before) != nil {
			return // a number beyond float64
		}
		if err := json.Unmarshal(once, &after); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q: another value", raw, once)
		}
	})
}

func FuzzPointer(f *testing.F) {
	for _, s := range []string{"", "/", "/a/b", "/a~1b/~0", "/~2", "x", "/*/-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		segs, err := jsonval.SplitPointer(s)
		if err != nil {
			return
		}
		again, err := jsonval.SplitPointer(jsonval.JoinPointer(segs))
		if err != nil || !slices.Equal(segs, again) {
			t.Errorf("%q is %q, then %q, %v", s, segs, again, err)
		}
	})
}

// Whatever a file holds, comparing it must not fail, and an adoption must leave
// a file that can be read.
func FuzzFile(f *testing.F) {
	for _, s := range []string{`{"displayName":"A","x":1}`, `{"x":{"y":[1]}}`, `{"x":"${groups/A}"}`, `{"$previousNames":1}`, `{"x":"${`, `[]`, `{"x":null,"members":[1,1]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tc := comparisonCase{
			base:    `policies/A=1 {"displayName":"A","x":1,"members":["a"]}`,
			desired: `policies/A {}`,
			current: `policies 1 {"displayName":"A","x":{"y":2},"members":["b"]}`,
		}
		in := tc.input(t)
		in.Desired.Resources[0].Body = body
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Adopt {
			if _, err := jsonval.ParseObject(c.Body); err != nil {
				t.Errorf("adopted file: %v\n%s", err, c.Body)
			}
		}
	})
}

func TestCanonicalNumber(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"0", "0"}, {"-0", "0"}, {"0.0e5", "0"}, {"1", "1"}, {"1.0", "1"}, {"1e0", "1"}, {"10e-1", "1"}, {"0.1e1", "1"},
		{"-1.50", "-1.5"}, {"1e3", "1000"}, {"0.001", "0.001"}, {"1E-3", "0.001"}, {"12345678901234567890.5", "12345678901234567890.5"},
		{"1e30", "1e30"}, {"1000000000000000000000000000000", "1e30"}, {"1.5e-20", "15e-21"},
		{"9007199254740993", "9007199254740993"}, {"9007199254740993.0", "9007199254740993"},
		{"1e99999999999", "1e99999999999"}, {"1E99999999999", "1e99999999999"},
	} {
		if got := jsonval.CanonicalNumber(tc.in); got != tc.want {
			t.Errorf("canonicalNumber(%s) = %s, want %s", tc.in, got, tc.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	k := testKinds()[0]
	sum := func(body string) string {
		t.Helper()
		s, err := kindsOf(k).Get(k.Name).Fingerprint([]byte(body), "")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := sum(`{"displayName":"P","members":["a","b"],"n":1}`)
	if keyed, err := kindsOf(k).Get(k.Name).Fingerprint([]byte(`{"displayName":"P","members":["a","b"],"n":1}`), "key"); err != nil || keyed == want {
		t.Errorf("the key does not count: %v", err)
	}
	for _, same := range []string{
		`{"n":1.0,"members":["b","a"],"displayName":"P"}`,
		`{"displayName":"P","members":["a","b"],"n":1,"id":"7","@odata.etag":"x","tags":[],"key":"****"}`,
	} {
		if got := sum(same); got != want {
			t.Errorf("%s: another fingerprint", same)
		}
	}
	for _, other := range []string{`{"displayName":"P","members":["a"],"n":1}`, `{"displayName":"P","members":["a","b"],"n":1,"password":"x"}`} {
		if got := sum(other); got == want {
			t.Errorf("%s: the same fingerprint", other)
		}
	}
	if _, err := kindsOf(k).Get(k.Name).Fingerprint([]byte(`[]`), ""); err == nil {
		t.Error("an array has a fingerprint")
	}
}

// A name that leads to another object is noticed although no byte has changed.
func TestShortcutFollowsNames(t *testing.T) {
	tc := comparisonCase{
		desired: `groups/G {"displayName":"G"}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/G}"}` + "\n" + `policies/Q {"displayName":"Q","custom":"${groups/G}"}` + "\n" + `policies/R {"displayName":"R"}`,
		current: `groups g1 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","owner":"g1"}` + "\n" + `policies 2 {"displayName":"Q","custom":"g1"}` + "\n" + `policies 3 {"displayName":"R"}`,
	}
	r, err := compareOnce(tc.input(t))
	if err != nil || r.Unchanged != 4 {
		t.Fatalf("%d unchanged, %v\n%s", r.Unchanged, err, showResult(r))
	}
	tc.gone = `groups g1`
	in := tc.input(t)
	in.Base = r.Base
	in.Current.Resources[0].ID = "g2"
	in.Rules.Enforce = true
	if r, err = compareOnce(in); err != nil {
		t.Fatal(err)
	}
	if r.Unchanged != 2 || r.Plan.Item("policies/P") == nil || r.Plan.Item("policies/Q") == nil {
		t.Errorf("the policies still hold the old group's id:\n%s", showResult(r))
	}
}
