// Package bodies reads and edits the JSON bodies of resources by the paths that
// a tenant.Kind has: "/conditions/users/includeGroups/*".
package bodies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// Decode decodes a JSON object without loss: numbers keep their digits.
func Decode(text []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var body map[string]any
	if err := d.Decode(&body); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	return body, nil
}

// Encode is its reverse. Properties are in order.
func Encode(body map[string]any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// Segments splits a path of a tenant.Kind.
func Segments(path string) []string {
	if path == "" {
		return nil
	}
	parts := strings.Split(path[1:], "/")
	if strings.Contains(path, "~") {
		for i, p := range parts {
			parts[i] = unescape.Replace(p)
		}
	}
	return parts
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// EditAt replaces every value at path by what edit makes of it, and removes
// those for which keep is false. It returns v as edited.
func EditAt(v any, path []string, edit func(old any) (now any, keep bool)) (now any, keep bool) {
	if len(path) == 0 {
		return edit(v)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if path[0] != "*" && path[0] != name {
				continue
			}
			if now, keep := EditAt(v[name], path[1:], edit); keep {
				v[name] = now
			} else {
				delete(v, name)
			}
		}
		return v, true
	case []any:
		if path[0] != "*" {
			return v, true
		}
		kept := v[:0]
		for _, element := range v {
			if now, keep := EditAt(element, path[1:], edit); keep {
				kept = append(kept, now)
			}
		}
		return kept, true
	}
	return v, true
}

// StringsAt calls see for every string at path.
func StringsAt(body map[string]any, path string, see func(s string)) {
	EditAt(body, Segments(path), func(old any) (any, bool) {
		if s, ok := old.(string); ok {
			see(s)
		}
		return old, true
	})
}

// EditReference is [EditAt] for the values of a reference: one that has a type
// stands only in objects of that type.
func EditReference(v any, ref tenant.Reference, edit func(old any) (now any, keep bool)) {
	segs, holder := Segments(ref.Path), 0
	if ref.Type != "" {
		for i, seg := range segs {
			if seg != "*" {
				holder = i // the object that holds the last name
			}
		}
	}
	EditAt(v, segs[:holder], func(old any) (any, bool) {
		o, ok := old.(map[string]any)
		if typ, _ := o["@odata.type"].(string); ref.Type == "" || ok && strings.TrimPrefix(typ, "#") == strings.TrimPrefix(ref.Type, "#") {
			EditAt(old, segs[holder:], edit)
		}
		return old, true
	})
}

// StringsOf calls see for every string of a reference.
func StringsOf(body map[string]any, ref tenant.Reference, see func(s string)) {
	EditReference(body, ref, func(old any) (any, bool) {
		if s, ok := old.(string); ok {
			see(s)
		}
		return old, true
	})
}

// EditStrings replaces every string in v, at any depth; property names stay.
func EditStrings(v any, edit func(s string) string) any {
	switch v := v.(type) {
	case string:
		return edit(v)
	case map[string]any:
		for name, value := range v {
			v[name] = EditStrings(value, edit)
		}
	case []any:
		for i, value := range v {
			v[i] = EditStrings(value, edit)
		}
	}
	return v
}

// IsEmpty reports whether v is null, "", [] or {}.
func IsEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
