package graphmeta

import "strings"

// Target is what a path leads to.
type Target struct {
	// Type is the type of the object, or of the objects of the collection.
	Type string
	// Collection: the path leads to a collection of objects.
	Collection bool
}

// Endpoint returns the target of a path below the version:
// "/groups", "/groups/{id}", "/organization/{directory}/branding". Every
// segment after a collection is the key of an object, but for a type cast
// ("/microsoft.graph.group"). ok is false where a segment is no navigation
// property, no action and no complex property of the type before it, or where a
// type is outside the table.
func (m *Model) Endpoint(path string) (target Target, ok bool) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	target, ok = m.roots[segments[0]]
	for _, segment := range segments[1:] {
		if !ok {
			return Target{}, false
		}
		target, ok = m.below(target, segment)
	}
	return target, ok
}

// below returns the target of one segment below another target.
func (m *Model) below(at Target, segment string) (Target, bool) {
	if cast, isCast := castOf(segment); isCast {
		t, ok := m.types[cast]
		return Target{Type: cast, Collection: at.Collection}, ok && t.IsA(at.Type)
	}
	if at.Collection {
		return Target{Type: at.Type}, true
	}
	t, ok := m.types[at.Type]
	if !ok {
		return Target{}, false
	}
	for _, p := range t.Declared(segment) {
		return Target{Type: p.Type, Collection: p.Collection}, true
	}
	return Target{}, false
}

// castOf returns the type that a segment of a path casts to.
func castOf(segment string) (typ string, ok bool) {
	for _, prefix := range []string{"microsoft.graph.", "graph."} {
		if typ, ok = strings.CutPrefix(segment, prefix); ok {
			return typ, true
		}
	}
	return "", false
}
