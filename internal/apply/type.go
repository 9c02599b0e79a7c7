package apply

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// typed returns the paths that a patch sends, with the paths of their types
// added. The service takes the type of a value of an open type from the request
// and not from the stored value. So a patch sends "x@odata.type" together with
// x, and the "@odata.type" of each object that contains x. The client adds the
// type of the outermost object, because it knows which requests need it.
func (w *Writing) typed(now *jsonval.Node, paths [][]string) [][]string {
	var out [][]string
	seen := map[string]bool{}
	add := func(segs []string) {
		if pointer := jsonval.JoinPointer(segs); !seen[pointer] {
			seen[pointer] = true
			out = append(out, segs)
		}
	}
	from := len(w.Kind.PartPath(w.Item.Part)) // a part's request has nothing else
	for _, segs := range paths {
		if n := len(segs) - 1; n >= 0 && schema.IsTypeOf(segs[n]) {
			segs = w.sentWith(append(slices.Clone(segs[:n]), schema.PropertyOf(segs[n])))
		}
		add(segs)
		parent := now.At(segs[:min(from, len(segs))])
		for i := from; i < len(segs); i++ {
			if i > from {
				parent = parent.At(segs[i-1 : i])
			}
			if i > 0 && parent.Get(objectType) != nil {
				add(append(slices.Clone(segs[:i]), objectType))
			}
			if typ := schema.TypeOf(segs[i]); parent.Get(typ) != nil {
				add(append(slices.Clone(segs[:i]), typ))
			}
		}
	}
	return out
}

const objectType = "@odata.type"
