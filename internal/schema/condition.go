package schema

import (
	"encoding/json"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Meets reports whether the body meets the condition. A body that is not JSON
// meets no condition. An absent body counts as an empty object.
func Meets(c tenant.Condition, body json.RawMessage) bool {
	if len(body) == 0 {
		return MeetsNode(c, &jsonval.Node{Kind: '{'})
	}
	n, err := jsonval.Parse(body)
	return err == nil && MeetsNode(c, n)
}

// MeetsNode is [Meets] for a parsed body. The zero condition is always met. A
// condition is never met if its path is not a JSON pointer or its value is not
// JSON.
func MeetsNode(c tenant.Condition, body *jsonval.Node) bool {
	if c.Path == "" && c.Prefix == "" && len(c.Equals) == 0 {
		return true
	}
	segs, err := jsonval.SplitPointer(c.Path)
	if err != nil {
		return false
	}
	value := body.At(segs)
	if c.Prefix != "" {
		return value.IsString() && strings.HasPrefix(value.Text, c.Prefix)
	}
	want := jsonval.NullNode
	if len(c.Equals) > 0 {
		if want, err = jsonval.Parse(c.Equals); err != nil {
			return false
		}
	}
	if value == nil {
		value = jsonval.NullNode
	}
	return jsonval.Equal(value, want) || value.IsString() && want.IsString() && lowerASCII(bareType(value.Text)) == lowerASCII(bareType(want.Text))
}
