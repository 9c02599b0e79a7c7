package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

// Kinds are the compiled kinds of one client. They are read-only and safe for
// concurrent use. A nil *Kinds has no kinds.
type Kinds struct {
	list   []*Schema
	byName map[string]*Schema
}

// CompileAll compiles the kinds of a client. If two kinds have the same name,
// the later one counts. It returns an error if [Compile] refuses a kind.
func CompileAll(kinds []tenant.Kind) (*Kinds, error) {
	out := &Kinds{byName: make(map[string]*Schema, len(kinds))}
	for _, k := range kinds {
		compiled, err := Compile(k)
		if err != nil {
			return nil, err
		}
		if out.byName[k.Name] != nil {
			out.list = slices.DeleteFunc(out.list, func(s *Schema) bool { return s.Name == k.Name })
		}
		out.list, out.byName[k.Name] = append(out.list, compiled), compiled
	}
	return out, nil
}

// Get returns the kind with the name, or nil.
func (k *Kinds) Get(name string) *Schema {
	if k == nil {
		return nil
	}
	return k.byName[name]
}

// All returns the kinds in the client's order. The caller must not change the
// slice.
func (k *Kinds) All() []*Schema {
	if k == nil {
		return nil
	}
	return k.list
}

// Kind returns the declaration of the kind with the name. It returns the zero
// Kind if the client does not have the kind.
func (k *Kinds) Kind(name string) tenant.Kind {
	if s := k.Get(name); s != nil {
		return s.Kind
	}
	return tenant.Kind{}
}

// Declarations returns the client's declarations, in the client's order.
func (k *Kinds) Declarations() []tenant.Kind {
	var out []tenant.Kind
	for _, s := range k.All() {
		out = append(out, s.Kind)
	}
	return out
}
