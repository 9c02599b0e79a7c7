package apply

import (
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// idNames replaces the ids in a file or an object by references. It must not be
// used concurrently.
type idNames struct {
	bindings reference.Bindings
	sets     map[string]*boundKeys
}

// boundKeys has the keys of one entry of the bindings, by id or value.
type boundKeys struct {
	asked int
	keys  map[string]string // filled after fewIDs calls
}

// fewIDs is the number of ids for which a search of the bindings costs less
// than an index of them.
const fewIDs = 4

// name returns the reference for a value at a place with declared references,
// or nil.
func (x *idNames) name(declared []*tenant.Reference, value string) *jsonval.Node {
	value = schema.FoldGUID(value)
	for _, r := range declared {
		for _, kind := range r.Kinds {
			ref := reference.Ref{Kind: kind, Property: r.Property}
			if key, ok := x.key(ref.Bindings(), value); ok {
				ref.Key = key
				return jsonval.StringNode(ref.String())
			}
		}
	}
	return nil
}

// key returns the first key that is bound to a value.
func (x *idNames) key(set, value string) (found string, ok bool) {
	if x.sets == nil {
		x.sets = map[string]*boundKeys{}
	}
	s := x.sets[set]
	if s == nil {
		s = &boundKeys{}
		x.sets[set] = s
	}
	if s.asked++; s.asked <= fewIDs {
		for key, bound := range x.bindings[set] {
			if schema.FoldGUID(bound) == value && (!ok || key < found) {
				found, ok = key, true
			}
		}
		return found, ok
	}
	if s.keys == nil {
		s.keys = make(map[string]string, len(x.bindings[set]))
		for key, bound := range x.bindings[set] {
			bound = schema.FoldGUID(bound)
			if other, known := s.keys[bound]; !known || key < other {
				s.keys[bound] = key
			}
		}
	}
	found, ok = s.keys[value]
	return found, ok
}
