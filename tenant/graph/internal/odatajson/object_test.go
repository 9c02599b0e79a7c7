package odatajson

import (
	"encoding/json"
	"testing"
)

// Parse takes one JSON object and nothing else.
func TestParse(t *testing.T) {
	for _, text := range []string{"", "null", "[]", "1", `"a"`, `{"a":1,"a":2}`, `{"a":1}{}`, `{`} {
		if o, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: got %v, want an error", text, o)
		}
	}
	o, err := Parse([]byte(` {"b":{"x":[1.0]},"a":"A","A":1} `))
	if err != nil || len(o) != 3 || string(o["b"]) != `{"x":[1.0]}` {
		t.Fatalf("got %s, %v", o, err)
	}
	if o.Text("a") != "A" || o.Text("A") != "" || o.Text("b") != "" || o.Text("c") != "" {
		t.Errorf("the texts are %q, %q, %q, %q", o.Text("a"), o.Text("A"), o.Text("b"), o.Text("c"))
	}
	if got := string(o.JSON()); got != `{"A":1,"a":"A","b":{"x":[1.0]}}` {
		t.Errorf("as JSON: %s", got)
	}
}

func TestAt(t *testing.T) {
	const body = `{"a":{"b/c":{"d~e":1}},"l":[{"x":1}],"":2}`
	for path, want := range map[string]string{
		"": body, "/a": `{"b/c":{"d~e":1}}`, "/a/b~1c/d~0e": "1", "/": "2", "/a/x": "", "/x/y": "", "/l/0": "", "/l": `[{"x":1}]`,
	} {
		if got := string(At(json.RawMessage(body), path)); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
	if got := At(nil, "/a"); got != nil {
		t.Errorf("of nothing: %s", got)
	}
}

func TestWithout(t *testing.T) {
	for _, tt := range []struct{ body, path, want string }{
		{`{"a":1,"b":2}`, "/a", `{"b":2}`},
		{`{"a":1}`, "/x", `{"a":1}`},
		{`{"a":1}`, "", `{"a":1}`},
		{`{"a":{"b":1,"c":2}}`, "/a/b", `{"a":{"c":2}}`},
		{`{"a":{"b":1},"x":{"b":1,"c":2}}`, "/*/b", `{"a":{},"x":{"c":2}}`},
		{`{"a":[{"b":1},{"b":2,"c":3},4,[{"b":1}]]}`, "/a/*/b", `{"a":[{},{"c":3},4,[{"b":1}]]}`},
		{`{"a":[1,2]}`, "/a/*", `{"a":[1,2]}`}, // elements stay
		{`{"a":[{"b":1}]}`, "/a/0/b", `{"a":[{"b":1}]}`},
		{`{"a":[{"b":1}]}`, "/a/b", `{"a":[{"b":1}]}`},
		{`{"a":{"b":1,"c":2},"b":3}`, "/a/b", `{"a":{"c":2},"b":3}`},
		{`{"a":1}`, "/a/b", `{"a":1}`},
		{`[{"a":1}]`, "/*/a", `[{}]`},
		{` {"a":1} `, "/a", `{}`},
		{`{"a":1,"a":2}`, "/a", `{"a":1,"a":2}`}, // not to be read: left alone
		{`[1`, "/*/a", `[1`},
		{`"text"`, "/a", `"text"`},
		{``, "/a", ``},
	} {
		if got := string(Without(json.RawMessage(tt.body), Segments(tt.path))); got != tt.want {
			t.Errorf("%s without %q: got %s, want %s", tt.body, tt.path, got, tt.want)
		}
	}
	for range 50 { // the members come in any order
		if got := string(Without(json.RawMessage(`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}`), []string{"d"})); got != `{"a":1,"b":2,"c":3,"e":5,"f":6}` {
			t.Fatalf("one of many: got %s", got)
		}
	}
}

// The type of a property goes with the property.
func TestWithoutTyped(t *testing.T) {
	for _, tt := range []struct{ body, path, want string }{
		{`{"a":1,"a@odata.type":"#t","b@odata.type":"#t"}`, "/a", `{"b@odata.type":"#t"}`},
		{`{"x":{"a":1,"a@odata.type":"#t"}}`, "/x/a", `{"x":{}}`},
		{`{"a":{"b":1,"b@odata.type":"t","c":2,"c@odata.type":"u"}}`, "/a/b", `{"a":{"c":2,"c@odata.type":"u"}}`},
		{`{"a":{"x":1},"@odata.type":"#t"}`, "/a", `{"@odata.type":"#t"}`},
		{`{"a@odata.type":"#t"}`, "/a", `{}`},
		{`{"x":{"a":1},"*@odata.type":"#t"}`, "/*", `{}`},
		{`{"a":1}`, "", `{"a":1}`},
	} {
		segs := Segments(tt.path)
		if got := string(WithoutTyped(json.RawMessage(tt.body), segs)); got != tt.want {
			t.Errorf("%s without %q: got %s, want %s", tt.body, tt.path, got, tt.want)
		}
	}
}
