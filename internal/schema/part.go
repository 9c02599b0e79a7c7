package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Piece returns a part of an object, or, for "", the object without its parts.
func (k *Schema) Piece(n *jsonval.Node, part string) *jsonval.Node {
	for i, p := range k.Parts {
		if p.Name == part {
			return n.At(k.PartPaths[i])
		}
	}
	return k.leave(n, func(tenant.Part) bool { return true })
}

// Created returns what an object is created with.
func (k *Schema) Created(n *jsonval.Node) *jsonval.Node {
	return k.leave(n, func(p tenant.Part) bool { return !p.WithCreate })
}

// leave returns the object without some of its parts.
func (k *Schema) leave(n *jsonval.Node, out func(tenant.Part) bool) *jsonval.Node {
	for i, p := range k.Parts {
		if out(p) && n.At(k.PartPaths[i]) != nil {
			n = n.With(k.PartPaths[i], nil)
		}
	}
	return n
}

// PartPath returns a part's path, or nil for "".
func (k *Schema) PartPath(part string) []string {
	for i, p := range k.Parts {
		if p.Name == part {
			return k.PartPaths[i]
		}
	}
	return nil
}

// PartOf returns the index of the part that a pointer leads to or into, or -1.
func (k *Schema) PartOf(pointer string) int {
	segs, err := jsonval.SplitPointer(pointer)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(k.PartPaths, func(p []string) bool { return len(p) <= len(segs) && slices.Equal(p, segs[:len(p)]) })
}
