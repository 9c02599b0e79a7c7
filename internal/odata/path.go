package odata

import (
	"slices"
	"strings"
)

// path leads from an object, or from the value of a lambda's variable, to a
// value. A name with a dot is a cast to a type.
type path struct {
	variable string
	names    []string
}

func (p path) last() string {
	if len(p.names) == 0 {
		return ""
	}
	return p.names[len(p.names)-1]
}

// above is the path without its last name.
func (p path) above() path { return path{p.variable, p.names[:len(p.names)-1]} }

func (p path) String() string {
	if p.variable == "" {
		return strings.Join(p.names, "/")
	}
	return strings.Join(append([]string{p.variable}, p.names...), "/")
}

// property is the path without operators at its end.
func (p path) property() string {
	end := len(p.names)
	if slices.Contains([]string{"any", "all", "$count"}, strings.ToLower(p.last())) {
		end--
	}
	return strings.Join(p.names[:end], "/")
}

// scope holds the values that the names of a filter stand for.
type scope struct {
	object    map[string]any
	variables map[string]any
}

// value returns the value at a path; nil if the path leads nowhere.
func (s scope) value(p path) (any, error) {
	var at any = s.object
	if p.variable != "" {
		at = s.variables[p.variable]
	}
	for i, name := range p.names {
		switch v := at.(type) {
		case map[string]any:
			if strings.Contains(name, ".") {
				if typ, _ := v["@odata.type"].(string); strings.TrimPrefix(typ, "#") != name {
					return nil, nil
				}
				continue
			}
			at = member(v, name)
		case nil:
			return nil, nil
		case []any:
			return nil, badRequest("The parent value for a property access of a property '%s' is not a single value: use any.", name)
		default:
			return nil, badRequest("Could not find a property named '%s' below '%s'.", name, strings.Join(p.names[:i], "/"))
		}
	}
	return at, nil
}

// member returns a property. The documentation's examples write names in several
// cases: "ReceivedDateTime ge … and receivedDateTime lt …".
func member(o map[string]any, name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	return o[spelled(o, name)]
}

// spelled returns the name of a property as the object has it.
func spelled(o map[string]any, name string) string {
	if _, ok := o[name]; !ok {
		for own := range o {
			if strings.EqualFold(own, name) {
				return own
			}
		}
	}
	return name
}
