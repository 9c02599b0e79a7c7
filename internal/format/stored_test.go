package format_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/format"
)

// A newer format is refused before the rest is looked at, wherever it stands.
func TestDecode(t *testing.T) {
	type doc struct {
		Format int           `json:"format"`
		A      string        `json:"a"`
		For    time.Duration `json:"for"`
	}
	for _, tt := range []struct {
		raw   string
		want  string // of A
		newer bool
		err   string
	}{
		{`{"format":1,"a":"x"}`, "x", false, ""},
		{`{"a":"x"}`, "x", false, ""}, // none: format 1
		{`{"a":"x","format":1}`, "x", false, ""},
		{`{"format":1,"unknown":true,"a":"x"}`, "x", false, ""}, // a field that an older version may ignore
		{`{"format":2,"a":{"another":"shape"}}`, "", true, "upgrade this process"},
		{`{"a":{"another":"shape"},"format":2}`, "", true, "upgrade this process"},
		{`{"format":2,"a":`, "", true, "upgrade this process"}, // and the rest is no JSON
		{`{"format":10,"a":`, "", true, "upgrade this process"},
		{`{"format":,"a":"x"}`, "", false, "decode thing"},
		{`{"format":99999999999,"a":"x"}`, "", true, "upgrade this process"},
		{`{"format":1,"A":"y","a":"x"}`, "x", false, ""}, // another name is another field
		{`{"format":1,"a":"x","a":"y"}`, "", false, "decode thing"},
		{`{"format":1,"a":"x","for":1500}`, "x", false, ""},
		{`{"format":1,"for":1.5}`, "", false, "decode thing"},
		{`{"format":1,"a":7}`, "", false, "decode thing"},
		{`{`, "", false, "decode thing"},
		{``, "", false, "decode thing"},
	} {
		var d doc
		err := format.Decode("thing", []byte(tt.raw), 1, &d)
		if errors.Is(err, format.ErrNewer) != tt.newer || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got %v, want newer %v and %q", tt.raw, err, tt.newer, tt.err)
		}
		if want := time.Duration(strings.Count(tt.raw, "1500") * 1500); d.For != want {
			t.Errorf("%s: got the duration %d, want %d nanoseconds", tt.raw, d.For, want)
		}
		if err == nil && d.A != tt.want {
			t.Errorf("%s: got %q, want %q", tt.raw, d.A, tt.want)
		}
	}
}

// DecodeExact refuses what Decode ignores, and a newer format first.
func TestDecodeExact(t *testing.T) {
	type doc struct {
		Format int    `json:"format"`
		A      string `json:"a"`
	}
	for _, tt := range []struct {
		raw   string
		want  string // of A
		newer bool
		err   string
	}{
		{`{"format":1,"a":"x"}`, "x", false, ""},
		{`{"a":"x","format":1}`, "x", false, ""},
		{`{"format":1,"unknown":true}`, "", false, "decode thing"},
		{`{"format":1,"A":"x"}`, "", false, "decode thing"},
		{`{"format":1,"a":"x","a":"y"}`, "x", false, "decode thing"},
		{`{"format":2,"a":"x"}`, "", true, "upgrade this process"},
		{`{"format":2,"b":7}`, "", true, "upgrade this process"},
		{`{`, "", false, "decode thing"},
	} {
		var d doc
		err := format.DecodeExact("thing", []byte(tt.raw), 1, &d)
		if errors.Is(err, format.ErrNewer) != tt.newer || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got %v, want newer %v and %q", tt.raw, err, tt.newer, tt.err)
		}
		if d.A != tt.want {
			t.Errorf("%s: got %q, want %q", tt.raw, d.A, tt.want)
		}
	}
}
