package diff

import (
	"cmp"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// resolved returns the values of the references in an object's bodies, sorted
// by reference. The bodies are in name form. It leaves out references within
// secrets: they are not shown, and the hashes of the secrets cover their
// values.
func (ns *names) resolved(k *schema.Schema, bodies ...*jsonval.Node) []plan.Resolved {
	found := map[string]*plan.Resolved{}
	form := schema.Form{Repository: true, Unsorted: true, Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
		ref := reference.ReferenceIn(n)
		if ref == nil {
			return n
		}
		declared := schema.Applicable(at)
		name := ns.node(*ref).Text
		r := found[name]
		if r == nil {
			value, state := ns.resolve(*ref)
			if state == unknown {
				return n
			}
			r = &plan.Resolved{Ref: name, New: state == pending, Value: value}
			if ref.Property == "" || schema.IsGUID(value) {
				r.ID, r.Value = value, ""
			}
			found[r.Ref] = r
		}
		r.Undeclared = r.Undeclared || len(declared) == 0
		if r.ID != "" && ref.Property != "" && !schema.Declares(declared, *ref) {
			r.ID, r.Value = "", r.ID // at this place it is an ordinary string
		}
		return n
	}}
	for _, body := range bodies {
		if body != nil {
			form.Apply(k, body)
		}
	}
	out := make([]plan.Resolved, 0, len(found))
	for _, r := range found {
		out = append(out, *r)
	}
	if len(out) == 0 {
		return nil
	}
	slices.SortFunc(out, func(a, b plan.Resolved) int { return cmp.Compare(a.Ref, b.Ref) })
	return out
}

// resolvedIn returns the item's resolved references that a tree has.
func resolvedIn(it *plan.Item, n *jsonval.Node) []plan.Resolved {
	if len(it.Resolved) == 0 {
		return nil
	}
	has := map[string]bool{}
	reference.EachReference(n, func(ref reference.Ref) { has[ref.String()] = true })
	var out []plan.Resolved
	for _, r := range it.Resolved {
		if has[r.Ref] {
			out = append(out, r)
		}
	}
	return out
}
