package diff

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// dropUnreadTypes removes the types of properties that the tenant returns
// without a type, from desired and base. No response ever has them, so they are
// not a difference. proposeTypes adds them to the proposals again.
func (t *trees) dropUnreadTypes() {
	t.typed = t.desired
	if t.desired != nil {
		t.desired = schema.WithoutTypesMissingIn(t.desired, t.current)
	}
	if t.base != nil {
		t.base = schema.WithoutTypesMissingIn(t.base, t.current)
	}
}

// typeDifferences removes the differences of types whose property differs too,
// because a type is written with its property. It returns them by the
// property's pointer. It also removes a type that the tenant lacks while its
// property is equal.
func typeDifferences(found []*difference) (rest []*difference, types map[string]*difference) {
	differs := map[string]bool{}
	for _, d := range found {
		differs[jsonval.JoinPointer(d.segs)] = true
	}
	for _, d := range found {
		about := d.about()
		switch of := jsonval.JoinPointer(about); {
		case slices.Equal(about, d.segs):
			rest = append(rest, d)
		case differs[of]:
			if types == nil {
				types = map[string]*difference{}
			}
			types[of] = d
		case d.current != nil:
			rest = append(rest, d)
		}
	}
	return rest, types
}

// adoptTypes adds the types of the adopted properties.
func adoptTypes(adopt []*difference, types map[string]*difference) []*difference {
	var out []*difference
	for i, d := range adopt {
		out = append(out, d)
		if i+1 < len(adopt) && slices.Equal(adopt[i+1].segs, d.segs) {
			continue // another member of the same set
		}
		if typ := types[jsonval.JoinPointer(d.segs)]; typ != nil && typ.current != nil {
			out = append(out, typ)
		}
	}
	return out
}

// proposeTypes adds the file's types to the proposals: types within their
// values, and separate proposals for the types of the properties.
func (t *trees) proposeTypes(propose []proposal, types map[string]*difference) []proposal {
	var out []proposal
	beside := map[string]bool{}
	for _, p := range propose {
		p.difference = t.withTypes(p.difference)
		out = append(out, p)
		of := jsonval.JoinPointer(p.segs)
		if p.desired == nil && !p.member || len(p.segs) == 0 || beside[of] {
			continue
		}
		beside[of] = true
		last := len(p.segs) - 1
		segs := append(slices.Clone(p.segs[:last]), schema.TypeOf(p.segs[last]))
		typ := types[of]
		if declared := t.typed.At(segs); typ == nil && declared != nil && t.desired.At(segs) == nil {
			typ = &difference{segs: segs, desired: declared, fate: p.fate}
		}
		if typ != nil {
			out = append(out, proposal{reduced{typ, nil}, p.origin})
		}
	}
	return out
}

// withTypes returns a difference whose desired value has the file's types. A
// value that ignore rules have changed gets none: the service knows these
// types.
func (t *trees) withTypes(d *difference) *difference {
	if d.desired == nil || t.typed == t.desired {
		return d
	}
	wanted, typed := t.desired.At(d.segs), t.typed.At(d.segs)
	if d.member {
		if len(d.places) == 0 || !wanted.IsArray() || d.places[0] >= len(wanted.Kids) {
			return d
		}
		wanted, typed = wanted.Kids[d.places[0]], typed.Kids[d.places[0]]
	}
	if !jsonval.Equal(d.desired, wanted) {
		return d
	}
	with := *d
	with.desired = typed
	return &with
}
