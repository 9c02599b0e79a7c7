package plan

import (
	"encoding/json"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// meets reports whether the body meets the condition. A body that is no JSON
// meets none; an absent one is an object without properties.
func meets(c tenant.Condition, body json.RawMessage) bool {
	if len(body) == 0 {
		return meetsNode(c, &node{kind: '{'})
	}
	n, err := parse(body)
	return err == nil && meetsNode(c, n)
}

// meetsNode is meets for a body that was parsed. The zero condition is always
// met; one whose path is no JSON pointer, or whose value is no JSON, never.
func meetsNode(c tenant.Condition, body *node) bool {
	if c.Path == "" && c.Prefix == "" && len(c.Equals) == 0 {
		return true
	}
	segs, err := splitPointer(c.Path)
	if err != nil {
		return false
	}
	value := body.at(segs)
	if c.Prefix != "" {
		return value.isString() && strings.HasPrefix(value.text, c.Prefix)
	}
	want := nullNode
	if len(c.Equals) > 0 {
		if want, err = parse(c.Equals); err != nil {
			return false
		}
	}
	if value == nil {
		value = nullNode
	}
	return equal(value, want)
}
