package graphmeta

import (
	"fmt"
	"slices"
	"strings"
)

// Values returns the declarations that a path in objects of a type leads to. The
// path is a JSON pointer whose segments may be "*", every element of an array or
// member of an object, and "**", any number of segments. A path that leads to
// the elements of an array gives the declaration of the array. holder, if not
// empty, is the type of the object that holds the last segment that is a name.
//
// A segment "@odata.type" leads to a text where values of several types are
// possible, and "name@odata.…" to a text where the property is declared. The
// error says which segment no possible type declares.
func (m *Model) Values(typ, path, holder string) ([]Property, error) {
	segments := strings.Split(path, "/")
	if segments[0] != "" {
		return nil, fmt.Errorf("%q is no path", path)
	}
	segments = segments[1:]
	last := len(segments) - 1
	for last > 0 && segments[last] == "*" {
		last--
	}
	at := []Property{{Type: typ, Nullable: No}}
	for i, segment := range segments {
		if i == last && holder != "" {
			var err error
			if at, err = m.held(at, holder); err != nil {
				return nil, err
			}
		}
		next := m.step(at, segment)
		if len(next) == 0 {
			return nil, fmt.Errorf("%s is declared by none of %s", segment, strings.Join(typesOf(at), ", "))
		}
		at = next
	}
	return at, nil
}

// held narrows values to those of one type.
func (m *Model) held(at []Property, holder string) ([]Property, error) {
	t, ok := m.types[holder]
	if !ok {
		return nil, fmt.Errorf("the type %s is not declared", holder)
	}
	for _, p := range at {
		if t.IsA(p.Type) {
			return []Property{{Type: holder, Nullable: No}}, nil
		}
	}
	return nil, fmt.Errorf("the type %s is none of %s", holder, strings.Join(typesOf(at), ", "))
}

// step returns what one segment leads to.
func (m *Model) step(at []Property, segment string) []Property {
	var next []Property
	if segment == "**" {
		for next = at; ; {
			more := m.step(next, "*")
			if grown := unique(append(slices.Clone(next), more...)); len(grown) == len(next) {
				return next
			} else {
				next = grown
			}
		}
	}
	name, annotation, annotated := strings.Cut(segment, "@odata.")
	for _, p := range at {
		t := m.types[p.Type]
		switch {
		case segment == "*" && p.Collection:
			p.Collection = false
			next = append(next, p)
		case p.Collection, t == nil: // an array has no names, and a text no members
		case segment == "*":
			next = append(next, m.members(t)...)
		case annotated && name == "":
			if annotation != "type" || len(m.derived[t.Name]) > 0 {
				next = append(next, Property{Name: segment, Of: t.Name, Type: "Edm.String", Nullable: Yes})
			}
		case annotated:
			if len(t.Declared(name)) > 0 {
				next = append(next, Property{Name: segment, Of: t.Name, Type: "Edm.String", Nullable: Yes})
			}
		default:
			next = append(next, t.Declared(name)...)
		}
	}
	return unique(next)
}

// members returns the properties of a type and of the types below it.
func (m *Model) members(t *Type) []Property {
	all := t.Properties()
	for _, below := range m.Derived(t.Name) {
		all = append(all, m.types[below].Own...)
	}
	return all
}

// unique drops repeated declarations. The elements of an array are apart from it.
func unique(all []Property) []Property {
	type key struct {
		of, name   string
		collection bool
		typ        string
	}
	seen := make(map[key]bool, len(all))
	return slices.DeleteFunc(all, func(p Property) bool {
		k := key{p.Of, p.Name, p.Collection, p.Type}
		was := seen[k]
		seen[k] = true
		return was
	})
}

// typesOf returns the names of the types of values, sorted.
func typesOf(at []Property) []string {
	var names []string
	for _, p := range at {
		name := p.Type
		if p.Collection {
			name = "array of " + name
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
