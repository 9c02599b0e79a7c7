package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Piece returns a part of an object. For an empty part it returns the object
// without its parts.
func (k *Schema) Piece(n *jsonval.Node, part string) *jsonval.Node {
	for i, p := range k.Parts {
		if p.Name == part {
			return n.At(k.PartPaths[i])
		}
	}
	return k.without(n, func(tenant.Part) bool { return true })
}

// Created returns the body of the request that creates an object: the object
// without the parts that need requests of their own.
func (k *Schema) Created(n *jsonval.Node) *jsonval.Node {
	return k.without(n, func(p tenant.Part) bool { return !p.WithCreate })
}

// without returns the object without the parts for which drop reports true.
func (k *Schema) without(n *jsonval.Node, drop func(tenant.Part) bool) *jsonval.Node {
	for i, p := range k.Parts {
		if drop(p) && n.At(k.PartPaths[i]) != nil {
			n = n.With(k.PartPaths[i], nil)
		}
	}
	return n
}

// PartPath returns the path of a part, or nil for an empty or unknown part.
func (k *Schema) PartPath(part string) []string {
	for i, p := range k.Parts {
		if p.Name == part {
			return k.PartPaths[i]
		}
	}
	return nil
}

// PartOf returns the index of the part that contains the pointer, or -1.
func (k *Schema) PartOf(pointer string) int {
	segs, err := jsonval.SplitPointer(pointer)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(k.PartPaths, func(p []string) bool { return len(p) <= len(segs) && slices.Equal(p, segs[:len(p)]) })
}
