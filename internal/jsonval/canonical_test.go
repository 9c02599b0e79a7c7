package jsonval

import (
	"encoding/json"
	"testing"
)

// spellings are lists of texts with the same value. The first is canonical.
var spellings = [][]string{
	{`{"a":1,"b":[true,null,"x"]}`, `{"b":[true,null,"x"],"a":1}`, `{ "a":1,"b":[true,null,"x"]}`, `{"a":1,"b":[true,null,"x"] }`,
		`{"a" :1,"b":[true,null,"x"]}`, `{"a":1, "b":[true,null,"x"]}`, `{"a":1,"b":[true ,null,"x"]}`, `{"a":1,"b":[ true,null,"x"]}`,
		`{"a":1.0,"b":[true,null,"x"]}`, `{"a":1,"b":[true,null,"\u0078"]}`, `{"\u0061":1,"b":[true,null,"x"]}`,
		" " + `{"a":1,"b":[true,null,"x"]}`, `{"a":1,"b":[true,null,"x"]}` + "\n"},
	{`{"":{"b":1},"a":{"a":2}}`, `{"a":{"a":2},"":{"b":1}}`},
	{`[{"b":1},{"a":2}]`, `[{"b":1},{"a": 2}]`},
	{`{"a\n":1,"a0":2}`, `{"a0":2,"a\n":1}`, `{"a\u000a":1,"a0":2}`},
	{`"</é\u0001\\"`, `"\u003c/\u00e9\u0001\\"`, `"\u003c\/é\u0001\u005c"`},
	{`[]`, `[ ]`}, {`{}`, ` {}`}, {`0`, `-0`, `0.0`}, {`0.5`, `5e-1`, `0.50`}, {`true`, ` true`},
}

func TestCanonicalJSON(t *testing.T) {
	for _, texts := range spellings {
		for i, text := range texts {
			before := Parses.Load()
			got, err := CanonicalJSON(json.RawMessage(text))
			if err != nil || string(got) != texts[0] {
				t.Errorf("%s: got %s, %v, want %s", text, got, err, texts[0])
			}
			if parses := Parses.Load() - before; parses != int64(min(i, 1)) {
				t.Errorf("%s: %d parses, want %d", text, parses, min(i, 1))
			}
		}
	}
}

func FuzzCanonicalJSON(f *testing.F) {
	for _, texts := range spellings {
		for _, text := range texts {
			f.Add([]byte(text))
		}
	}
	for _, text := range []string{"", " ", "{", `[1`, `{"a"`, `{"a":1,"a":1}`, `{"a":1}x`, `[1,]`, `"\ud800"`, "\"\xff\"", `1e400`, "\"\u2028\u007f\""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := CanonicalJSON(text)
		n, parseErr := Parse(text)
		if (err == nil) != (parseErr == nil) || err == nil && string(got) != string(n.JSON()) {
			t.Errorf("%q: got %q, %v; a tree has %q, %v", text, got, err, n.JSON(), parseErr)
		}
	})
}
