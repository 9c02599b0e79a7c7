package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

// model has the types of one version of Graph.
type model struct {
	version string
	types   map[string]*typ
	enums   map[string]*enum
	roots   map[string]value
	// children are the types that are derived directly. Made when they are needed.
	children map[string][]string
}

// value is the type of a value.
type value struct {
	typ        string // short, "" if it is not known
	collection bool
}

type typ struct {
	entity         bool
	base           string
	abstract, open graphmeta.Answer
	props          map[string]*prop
	actions        map[string]*action
}

type prop struct {
	value
	nullable      graphmeta.Answer
	nav           bool
	marks, v1only graphmeta.Marks
}

type action struct {
	params []param
	v1     bool
}

type param struct {
	name string
	value
	nullable graphmeta.Answer
}

type enum struct {
	flags   graphmeta.Answer
	members []string
}

func newModel(version string) *model {
	return &model{version: version, types: map[string]*typ{}, enums: map[string]*enum{}, roots: map[string]value{}}
}

func newType(entity bool, base string) *typ {
	return &typ{entity: entity, base: base, props: map[string]*prop{}, actions: map[string]*action{}}
}

// bases returns the names of a type and its bases, the type first.
func (m *model) bases(name string) []string {
	var out []string
	for m.types[name] != nil && !slices.Contains(out, name) {
		out = append(out, name)
		name = m.types[name].base
	}
	return out
}

// derived returns the names of all types below a type.
func (m *model) derived(name string) []string {
	if m.children == nil {
		m.children = map[string][]string{}
		for _, n := range slices.Sorted(maps.Keys(m.types)) {
			m.children[m.types[n].base] = append(m.children[m.types[n].base], n)
		}
	}
	var out []string
	todo := []string{name}
	for len(todo) > 0 {
		next := m.children[todo[0]]
		out, todo = append(out, next...), append(todo[1:], next...)
	}
	return out
}

// property returns a property of a type or of its bases.
func (m *model) property(name, prop string) *prop {
	for _, n := range m.bases(name) {
		if p := m.types[n].props[prop]; p != nil {
			return p
		}
	}
	return nil
}

// anywhere returns a property of a type, of its bases or of a type below it.
func (m *model) anywhere(name, prop string) *prop {
	if p := m.property(name, prop); p != nil {
		return p
	}
	for _, n := range m.derived(name) {
		if p := m.types[n].props[prop]; p != nil {
			return p
		}
	}
	return nil
}

// endpoint returns the type behind a path, and the types on the way. After a
// collection comes the key of an object, whatever it says.
func (m *model) endpoint(path string) (typ string, way []string, ok bool) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	at, ok := m.roots[segments[0]]
	for _, s := range segments[1:] {
		if at.collection {
			at.collection = false
			continue
		}
		p := m.anywhere(at.typ, s)
		if p == nil {
			return "", nil, false
		}
		way, at = append(way, at.typ), p.value
	}
	_, known := m.types[at.typ]
	return at.typ, way, ok && known
}

// short returns a name without the main namespace.
func short(name string) string {
	for _, prefix := range []string{"microsoft.graph.", "graph."} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// valueOf returns the value of a type as CSDL writes it.
func valueOf(text string) value {
	if inner, ok := strings.CutPrefix(text, "Collection("); ok {
		return value{short(strings.TrimSuffix(inner, ")")), true}
	}
	return value{short(text), false}
}
