package odatajson

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// Matches reports whether an object has the strings of a match at its pointers.
func Matches(body json.RawMessage, m tenant.Match) bool {
	for path, want := range m {
		var got string
		if json.Unmarshal(At(body, path), &got) != nil || got != want {
			return false
		}
	}
	return true
}

// Meets reports whether an object meets a condition.
func Meets(body json.RawMessage, c tenant.Condition) bool {
	value := At(body, c.Path)
	if c.Prefix != "" {
		var s string
		return json.Unmarshal(value, &s) == nil && strings.HasPrefix(s, c.Prefix)
	}
	if c.Path == "" && len(c.Equals) == 0 {
		return true
	}
	return Same(value, c.Equals)
}

// Same reports whether two JSON values are equal. Absence is null, numbers count with
// their spelling, and members have no order.
func Same(a, b json.RawMessage) bool {
	return bytes.Equal(Compact(a), Compact(b))
}

// Compact returns a JSON value without white space and with the members of objects in
// the order of their names, so that equal values have equal texts. Absence is null. A
// text that is not JSON is returned unchanged.
func Compact(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return []byte("null")
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return raw
	}
	out, err := json.Marshal(v) // members sorted
	if err != nil {
		return raw
	}
	return out
}
