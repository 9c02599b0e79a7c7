package graph

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// checkMasks refuses asterisks, and the engine's "[redacted]", where the kind has
// secrets: they would become the secret. The body is the object, or a piece of it
// at its place.
func (c *change) checkMasks(body json.RawMessage) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil // the caller finds out
	}
	if path := maskIn(c.entry, v, nil, ""); path != nil {
		return c.invalid("/%s holds asterisks instead of the secret", strings.Join(path, "/"))
	}
	return nil
}

// checkPart is checkMasks for the value of the operation's part.
func (c *change) checkPart(value json.RawMessage) error { return c.checkMasks(c.withinObject(value)) }

// maskIn returns the path of a secret that is only a mask, with "*" for elements
// of arrays, or nil. holder is the type of the object that holds the value.
func maskIn(e *catalogue.Entry, v any, path []string, holder string) []string {
	switch v := v.(type) {
	case string:
		if isMask(v) && e.IsSecret(path, holder) {
			return path
		}
	case map[string]any:
		typ, _ := v[odatajson.TypeSuffix].(string)
		for name, kid := range v {
			if found := maskIn(e, kid, append(slices.Clip(path), name), typ); found != nil {
				return found
			}
		}
	case []any:
		for _, kid := range v {
			if found := maskIn(e, kid, append(slices.Clip(path), "*"), holder); found != nil {
				return found
			}
		}
	}
	return nil
}

// isMask reports whether a text stands in a secret's place.
func isMask(text string) bool {
	return text != "" && strings.Trim(text, "*") == "" || text == "[redacted]"
}
