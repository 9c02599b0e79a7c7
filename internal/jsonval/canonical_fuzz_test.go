package jsonval

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzCanonicalValue checks that encoding/json reads the same value from a text
// and from its canonical text, and that CanonicalJSON is idempotent.
func FuzzCanonicalValue(f *testing.F) {
	for _, s := range []string{`{}`, `{"b":1,"a":[1.0,1e2,-0,"x"]}`, `{"a":1,"a":2}`, `1e400`, `0.000001`, `"\ud800"`, `[1,]`, `{"a":{}} x`, `100000000000000000000000`, `{"\u0061":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		once, err := CanonicalJSON(raw)
		if err != nil {
			return
		}
		if !json.Valid(once) {
			t.Fatalf("CanonicalJSON(%q) = %q, which is not valid JSON", raw, once)
		}
		twice, err := CanonicalJSON(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("CanonicalJSON(%q) = %q, and of that %q, %v", raw, once, twice, err)
		}
		var before, after any
		if json.Unmarshal(raw, &before) != nil {
			return // a number beyond float64
		}
		if err := json.Unmarshal(once, &after); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("CanonicalJSON(%q) = %q, which is another value", raw, once)
		}
	})
}
