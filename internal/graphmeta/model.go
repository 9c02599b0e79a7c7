package graphmeta

import (
	_ "embed" // the tables
	"slices"
	"strings"
	"sync"
)

// The versions of Graph.
const (
	V1Name   = "v1.0"
	BetaName = "beta"
)

//go:embed v1.0.txt
var v1Table string

//go:embed beta.txt
var betaTable string

var (
	v1   = sync.OnceValue(func() *Model { return embedded(v1Table) })
	beta = sync.OnceValue(func() *Model { return embedded(betaTable) })
)

// V1 returns the metadata of v1.0. The first call decodes the table. The caller
// must not change what it gets; it may share it between goroutines.
func V1() *Model { return v1() }

// Beta is like [V1], for beta.
func Beta() *Model { return beta() }

// Of returns the metadata of a version: "v1.0" or "beta".
func Of(version string) (*Model, bool) {
	switch version {
	case V1Name:
		return V1(), true
	case BetaName:
		return Beta(), true
	}
	return nil, false
}

func embedded(table string) *Model {
	m, err := Decode(table)
	if err != nil {
		panic(err) // a test decodes both
	}
	return m
}

// Answer is what metadata says to a question: beta's is put together from
// sources that do not know every answer.
type Answer byte

// The answers.
const (
	Unknown Answer = iota
	No
	Yes
	// Probably: no source declares it, but a description says it.
	Probably
)

// Marks are what metadata says about a property beside its type.
type Marks byte

// The marks.
const (
	// Computed: the service computes the value.
	Computed Marks = 1 << iota
	// ReadPermission: the value can only be read.
	ReadPermission
	// Immutable: the value can be given on create only.
	Immutable
	// AutoExpand: a navigation property that reads show without $expand.
	AutoExpand
	// Contained: the objects of a navigation property belong to their holder.
	Contained
	// Key: the property names the object in a URL.
	Key
	// SaidReadOnly: the description calls the property read-only. It can be
	// required on create all the same (templateId of group settings).
	SaidReadOnly
	// Shown: this version does not declare the property, but its documentation
	// shows it in answers. What else is said about it is from beta.
	Shown
)

// ReadOnly reports whether a declaration says that the value is the service's
// own. A description that says so is not enough: see [SaidReadOnly].
func (m Marks) ReadOnly() bool { return m&(Computed|ReadPermission) != 0 }

// Property is a property of a type.
type Property struct {
	Name string
	// Of is the name of the type that declares it.
	Of string
	// Type is the type of the value, or of each element of a collection:
	// "Edm.String", "deviceConfiguration", an enumeration. "number" is an integer
	// or a float, and "unknown" anything: the sources do not tell.
	Type string
	// Collection: the value is an array.
	Collection bool
	// Navigation: the value is another object or a collection of objects. Reads
	// show it with $expand or at a path of its own.
	Navigation bool
	// Nullable: the value may be null.
	Nullable Answer
	// Marks are those of this version's metadata. In beta's, V1Marks are those
	// that only v1.0's metadata has.
	Marks, V1Marks Marks
}

// Type is an entity type or a complex type.
type Type struct {
	Name string
	// Base is the name of the base type, or "".
	Base string
	// Entity: objects of the type have an id. Otherwise it is a complex type.
	Entity bool
	// Abstract: no value has exactly this type.
	Abstract Answer
	// Open: values may have properties that the type does not declare.
	Open Answer
	// Own are the properties that the type itself declares, by name.
	Own []Property
	// Actions are those that the type itself declares, by name.
	Actions []Action

	model *Model
}

// Action is an action that is bound to objects of a type: POST to its name
// below the object's path.
type Action struct {
	Name string
	// Parameters are the properties of the body.
	Parameters []Property
	// V1: in beta's metadata, only v1.0's document has the action.
	V1 bool
}

// Enum is an enumeration.
type Enum struct {
	Name string
	// Flags: a value is one text with any number of members, joined by commas.
	Flags Answer
	// Members are in the order of their values, where that is known.
	Members []string
}

// Model is the metadata of one version of Graph.
type Model struct {
	// Version is "v1.0" or "beta".
	Version string

	types   map[string]*Type
	names   []string // of types, sorted
	derived map[string][]string
	enums   map[string]Enum
	roots   map[string]Target
}

// Types returns the names of all types, sorted.
func (m *Model) Types() []string { return slices.Clone(m.names) }

// Type returns the type of that name. A name without a type is outside the
// table: the target of a navigation property, for example.
func (m *Model) Type(name string) (*Type, bool) {
	t, ok := m.types[name]
	return t, ok
}

// Enum returns the enumeration of that name.
func (m *Model) Enum(name string) (Enum, bool) {
	e, ok := m.enums[name]
	return e, ok
}

// Enums returns the names of all enumerations, sorted.
func (m *Model) Enums() []string {
	names := make([]string, 0, len(m.enums))
	for name := range m.enums {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Derived returns the names of all types below a type, sorted.
func (m *Model) Derived(name string) []string {
	var out []string
	todo := []string{name}
	for len(todo) > 0 {
		next := m.derived[todo[0]]
		out, todo = append(out, next...), append(todo[1:], next...)
	}
	slices.Sort(out)
	return out
}

// Bases returns the names of a type and its bases, the type first.
func (t *Type) Bases() []string {
	var out []string
	for t != nil {
		out = append(out, t.Name)
		t = t.model.types[t.Base]
	}
	return out
}

// IsA reports whether the type is the named one or derived from it.
func (t *Type) IsA(name string) bool { return slices.Contains(t.Bases(), name) }

// Property returns the declaration of a property in the type or its bases.
func (t *Type) Property(name string) (Property, bool) {
	for ; t != nil; t = t.model.types[t.Base] {
		i, ok := slices.BinarySearchFunc(t.Own, name, func(p Property, name string) int { return strings.Compare(p.Name, name) })
		if ok {
			return t.Own[i], true
		}
	}
	return Property{}, false
}

// Properties returns the properties of the type and of its bases, those of the
// type first.
func (t *Type) Properties() []Property {
	var out []Property
	for ; t != nil; t = t.model.types[t.Base] {
		out = append(out, t.Own...)
	}
	return out
}

// Declared returns the declarations of a property that values of the type can
// have: the one of the type or its bases, or else those of derived types.
func (t *Type) Declared(name string) []Property {
	if p, ok := t.Property(name); ok {
		return []Property{p}
	}
	var out []Property
	for _, below := range t.model.Derived(t.Name) {
		d := t.model.types[below]
		if p, ok := d.Property(name); ok && p.Of == d.Name {
			out = append(out, p)
		}
	}
	return out
}

// Action returns the action of that name of the type or its bases.
func (t *Type) Action(name string) (Action, bool) {
	for ; t != nil; t = t.model.types[t.Base] {
		for _, a := range t.Actions {
			if a.Name == name {
				return a, true
			}
		}
	}
	return Action{}, false
}

// HasAbstract reports whether a value of the type must name a derived type:
// the type is abstract, for all that is known. A type that may be abstract counts
// as abstract only if there are types below it.
func (t *Type) HasAbstract() bool {
	return t.Abstract == Yes || t.Abstract == Probably && len(t.model.derived[t.Name]) > 0
}
