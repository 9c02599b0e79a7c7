package graph

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// checkMasks refuses asterisks, and the engine's "[redacted]", where the kind has
// secrets: they would become the secret. The body is the object, or a piece of it
// at its place.
func (w *writing) checkMasks(body json.RawMessage) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil // the caller finds out
	}
	if path := w.entry.maskIn(v, nil, ""); path != nil {
		return invalid(w.op, "/%s holds asterisks instead of the secret", strings.Join(path, "/"))
	}
	return nil
}

// checkPart is checkMasks for the value of the operation's part.
func (w *writing) checkPart(value json.RawMessage) error {
	segs := odatajson.Segments(w.partPath())
	for _, name := range slices.Backward(segs) {
		value = odatajson.Object{name: value}.JSON()
	}
	return w.checkMasks(value)
}

// maskIn returns the path of a secret that is only a mask, with "*" for elements
// of arrays, or nil. holder is the type of the object that holds the value.
func (e *Entry) maskIn(v any, path []string, holder string) []string {
	switch v := v.(type) {
	case string:
		if isMask(v) && e.isSecret(path, holder) {
			return path
		}
	case map[string]any:
		typ, _ := v[odatajson.TypeSuffix].(string)
		for name, kid := range v {
			if found := e.maskIn(kid, append(slices.Clip(path), name), typ); found != nil {
				return found
			}
		}
	case []any:
		for _, kid := range v {
			if found := e.maskIn(kid, append(slices.Clip(path), "*"), holder); found != nil {
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

// isSecret reports whether a text at a path is a secret of the kind.
func (e *Entry) isSecret(path []string, holder string) bool {
	ofType := func(typ string) bool {
		return typ == "" || strings.TrimPrefix(typ, "#") == strings.TrimPrefix(holder, "#")
	}
	within := func(declared string) bool { return matchesPath(append(odatajson.Segments(declared), "**"), path) }
	switch {
	case slices.ContainsFunc(e.Masked, func(m tenant.Masked) bool { return within(m.Path) }),
		slices.ContainsFunc(e.Sensitive, within),
		slices.ContainsFunc(e.SensitiveTypes, func(s tenant.SensitiveType) bool { return ofType(s.Type) && within(s.Path) }):
		return true
	}
	named := path
	for len(named) > 0 && named[len(named)-1] == "*" {
		named = named[:len(named)-1]
	}
	return e.SecretNames && len(named) > 0 && len(path)-len(named) <= 1 && tenant.SaysSecret(named[len(named)-1]) &&
		!slices.ContainsFunc(e.Readable, func(r tenant.Readable) bool { return ofType(r.Type) && matchesPath(odatajson.Segments(r.Path), named) })
}

// matchesPath reports whether a declared path leads to a value.
func matchesPath(declared, path []string) bool {
	switch {
	case len(declared) == 0:
		return len(path) == 0
	case declared[0] == "**":
		return matchesPath(declared[1:], path) || len(path) > 0 && matchesPath(declared, path[1:])
	}
	return len(path) > 0 && (declared[0] == "*" || declared[0] == path[0]) && matchesPath(declared[1:], path[1:])
}
