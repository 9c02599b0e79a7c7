package odatajson

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func TestMatches(t *testing.T) {
	body := json.RawMessage(`{"a":"x","b":{"c":"y"},"n":1,"e":""}`)
	for _, tt := range []struct {
		match tenant.Match
		want  bool
	}{
		{nil, true},
		{tenant.Match{"/a": "x"}, true},
		{tenant.Match{"/a": "x", "/b/c": "y"}, true},
		{tenant.Match{"/a": "x", "/b/c": "z"}, false},
		{tenant.Match{"/a": "X"}, false},
		{tenant.Match{"/n": "1"}, false},
		{tenant.Match{"/n": ""}, false},
		{tenant.Match{"/e": ""}, true},
		{tenant.Match{"/missing": ""}, false},
	} {
		if got := Matches(body, tt.match); got != tt.want {
			t.Errorf("%v: got %t", tt.match, got)
		}
	}
}

func TestMeets(t *testing.T) {
	body := json.RawMessage(`{"a":"prefixed","n":1,"t":true,"z":null}`)
	for _, tt := range []struct {
		condition tenant.Condition
		want      bool
	}{
		{tenant.Condition{}, true},
		{tenant.Condition{Path: "/a", Prefix: "pre"}, true},
		{tenant.Condition{Path: "/a", Prefix: "x"}, false},
		{tenant.Condition{Path: "/n", Prefix: "1"}, false},
		{tenant.Condition{Path: "/t", Equals: json.RawMessage("true")}, true},
		{tenant.Condition{Path: "/t", Equals: json.RawMessage("false")}, false},
		{tenant.Condition{Path: "/n", Equals: json.RawMessage(" 1 ")}, true},
		{tenant.Condition{Path: "/z"}, true},
		{tenant.Condition{Path: "/missing"}, true},
		{tenant.Condition{Path: "/a"}, false},
		{tenant.Condition{Equals: json.RawMessage("1")}, false},
	} {
		if got := Meets(body, tt.condition); got != tt.want {
			t.Errorf("%+v: got %t", tt.condition, got)
		}
	}
}

// Values are the same whatever the order of their members and their white space. A
// number has to be spelt alike.
func TestSame(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"", "null", true}, {"", "", true}, {"null", " null ", true},
		{`{"a":1,"b":[2]}`, ` { "b" : [ 2 ], "a" : 1 } `, true},
		{`[1,2]`, `[2,1]`, false}, {`1`, `1.0`, false}, {`"a"`, `"A"`, false},
		{`12345678901234567890`, `12345678901234567891`, false},
		{`{`, `{`, true}, {`{`, `[`, false}, {`{`, `null`, false},
	} {
		if got := Same(json.RawMessage(tt.a), json.RawMessage(tt.b)); got != tt.want {
			t.Errorf("%s and %s: got %t", tt.a, tt.b, got)
		}
	}
}
