package schema

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func TestMeets(t *testing.T) {
	equals := func(path, value string) tenant.Condition {
		return tenant.Condition{Path: path, Equals: json.RawMessage(value)}
	}
	const body = `{"state": "enabled", "count": 1.0, "on": true, "nothing": null, "": "unnamed", "a/b~c": "escaped",
		"template": "managed-x", "list": ["first", {"name": "second"}], "object": {"b": [1, 2], "a": "ü"}}`
	tests := []struct {
		name      string
		condition tenant.Condition
		body      string
		want      bool
	}{
		{"equal", equals("/state", `"enabled"`), body, true},
		{"equal in another case", equals("/state", `"Enabled"`), body, true},
		{"a type without #", equals("/@odata.type", `"#policy"`), `{"@odata.type":"policy"}`, true},
		{"another type", equals("/@odata.type", `"#policy"`), `{"@odata.type":"group"}`, false},
		{"a prefix in another case", tenant.Condition{Path: "/template", Prefix: "Managed-"}, body, false},
		{"not equal", equals("/state", `"disabled"`), body, false},
		{"equal by value", equals("/count", `1`), body, true},
		{"equal object by value", equals("/object", `{"a":"\u00fc", "b":[1.0,2]}`), body, true},
		{"other order of an array", equals("/object/b", `[2,1]`), body, false},
		{"a string is not a bool", equals("/on", `"true"`), body, false},
		{"absent is null", equals("/absent/below", `null`), body, true},
		{"null is null", equals("/nothing", `null`), body, true},
		{"without a value, the condition means null", equals("/absent", ``), body, true},
		{"without a value, another value", equals("/state", ``), body, false},
		{"a path below a scalar is absent", equals("/state/below", `null`), body, true},
		{"element", equals("/list/0", `"first"`), body, true},
		{"below an element", equals("/list/1/name", `"second"`), body, true},
		{"an index past the end", equals("/list/2", `null`), body, true},
		{"an invalid index", equals("/list/-1", `null`), body, true},
		{"empty name", equals("/", `"unnamed"`), body, true},
		{"escaped name", equals("/a~1b~0c", `"escaped"`), body, true},
		{"trailing slash is a name", equals("/object/", `null`), body, true},
		{"the whole body", equals("", `{"a":1}`), `{"a":1.0}`, true},
		{"prefix", tenant.Condition{Path: "/template", Prefix: "managed-"}, body, true},
		{"other prefix", tenant.Condition{Path: "/template", Prefix: "custom-"}, body, false},
		{"prefix of a number", tenant.Condition{Path: "/count", Prefix: "1"}, body, false},
		{"prefix of an absent value", tenant.Condition{Path: "/absent", Prefix: "x"}, body, false},
		{"an absent body is an empty object", equals("/state", `null`), ``, true},
		{"an absent body has no state", equals("/state", `"enabled"`), ``, false},
		{"body that is not JSON", equals("/state", `null`), `{"state"`, false},
		{"array that is not JSON", equals("/0", `null`), `[1`, false},
		{"blank body", equals("/0", `null`), ` `, false},
		{"the zero condition always holds", tenant.Condition{}, body, true},
		{"a path that is not a pointer", equals("state", `null`), body, false},
		{"a value that is not JSON", equals("/state", `{`), body, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Meets(tt.condition, json.RawMessage(tt.body)); got != tt.want {
				t.Errorf("Meets(%+v) = %t, want %t", tt.condition, got, tt.want)
			}
		})
	}
}
