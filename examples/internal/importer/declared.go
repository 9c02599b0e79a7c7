package importer

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// declaredAt returns the types of a kind's objects, one for each version of Graph
// that has them.
func (r *recognizer) declaredAt(kind string) (types []*graphmeta.Type) {
	for _, m := range models() {
		if at, ok := m.Endpoint(r.entries[kind].Endpoint); ok {
			if t, ok := m.Type(at.Type); ok {
				types = append(types, t)
			}
		}
	}
	return types
}

// typesOf returns the declared types of a property of a value. The value's own type
// may be more specific than its declared type.
func (r *recognizer) typesOf(declared []*graphmeta.Type, typ, property string) (types []*graphmeta.Type) {
	for _, m := range models() {
		holders := declared
		if t, ok := m.Type(typ); ok {
			holders = []*graphmeta.Type{t}
		}
		for _, holder := range holders {
			for _, p := range holder.Declared(property) {
				if t, ok := m.Type(p.Type); ok && !slices.Contains(types, t) {
					types = append(types, t)
				}
			}
		}
	}
	return types
}

// undeclared returns a property of the body that no version of Graph declares for
// objects of the kind, or "". With deep it also checks the properties of the values.
func (r *recognizer) undeclared(kind string, body map[string]any, deep bool) (odd string) {
	known := r.additions[kind]
	for _, m := range models() {
		at, ok := m.Endpoint(r.entries[kind].Endpoint)
		if !ok {
			continue
		}
		if t, ok := m.Type(at.Type); ok {
			if odd = undeclaredIn(m, t, body, deep, known); odd == "" {
				return ""
			}
		}
	}
	return odd
}

// additions returns the properties that a kind's objects can have although the type
// does not declare them.
func additions(e catalogue.Entry) map[string]bool {
	known := map[string]bool{"id": true, "displayName": true, "name": true, "description": true}
	for _, s := range e.Subs {
		known[s.Property] = true
	}
	for _, p := range e.Parts {
		known[bodies.Segments(p.Path)[0]] = true
	}
	for _, p := range e.ReadOnly {
		known[bodies.Segments(p)[0]] = true
	}
	return known
}

func undeclaredIn(m *graphmeta.Model, t *graphmeta.Type, body map[string]any, deep bool, known map[string]bool) string {
	for _, name := range sortedKeys(body) {
		if t.Open == graphmeta.Yes && strings.Contains(name, "_") {
			continue // an extension, extension_APPID_name or domain_name
		}
		if isAnnotation(name) || strings.HasPrefix(name, "$") || known[name] {
			continue
		}
		declared := t.Declared(name)
		if len(declared) == 0 {
			return name
		}
		below, ok := m.Type(declared[0].Type)
		if !deep || !ok {
			continue
		}
		for _, value := range asList(body[name]) {
			if object, ok := value.(map[string]any); ok {
				if odd := undeclaredIn(m, below, object, deep, nil); odd != "" {
					return name + "/" + odd
				}
			}
		}
	}
	return ""
}

func asList(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}
