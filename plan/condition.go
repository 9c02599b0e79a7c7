package plan

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// meets reports whether the body meets the condition. A body that is no JSON
// meets none; nil is an object without properties.
func meets(c tenant.Condition, body json.RawMessage) bool {
	value, ok := valueAt(body, c.Path)
	if !ok {
		return false
	}
	if c.Prefix != "" {
		var s string
		return json.Unmarshal(value, &s) == nil && strings.HasPrefix(s, c.Prefix)
	}
	want := c.Equals
	if len(want) == 0 {
		want = json.RawMessage("null")
	}
	a, errA := canonicalJSON(value)
	b, errB := canonicalJSON(want)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// unescapePointer undoes the escapes of RFC 6901.
var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// valueAt returns the value at a path without wildcards, null where nothing
// is, and false if the body cannot be read.
func valueAt(body json.RawMessage, path string) (json.RawMessage, bool) {
	if len(body) == 0 {
		return json.RawMessage("null"), true
	}
	if path == "" {
		return body, true
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		segment = unescapePointer.Replace(segment)
		next, ok := memberAt(body, segment)
		if !ok {
			return nil, false
		}
		if next == nil {
			return json.RawMessage("null"), true
		}
		body = next
	}
	return body, true
}

// memberAt returns an object's member or an array's element, nil if there is
// none, and false if the value cannot be read.
func memberAt(value json.RawMessage, segment string) (json.RawMessage, bool) {
	switch bytes.TrimLeft(value, " \t\r\n")[0] {
	case '{':
		var object map[string]json.RawMessage
		err := json.Unmarshal(value, &object)
		return object[segment], err == nil
	case '[':
		var array []json.RawMessage
		if err := json.Unmarshal(value, &array); err != nil {
			return nil, false
		}
		if i, err := strconv.Atoi(segment); err == nil && i >= 0 && i < len(array) {
			return array[i], true
		}
	}
	return nil, true
}
