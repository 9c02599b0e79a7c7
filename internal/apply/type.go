package apply

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// typed returns the paths that a patch sends, and adds the paths of their types.
// The service reads a value of an open type by the type in the request; it does
// not take the type from the stored value. So with a property goes
// its "x@odata.type", with a type its property, and with a value within an
// object the object's own "@odata.type". The object as a whole is the client's:
// it knows which requests have to name its type.
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
		holder := now.At(segs[:min(from, len(segs))])
		for i := from; i < len(segs); i++ {
			if i > from {
				holder = holder.At(segs[i-1 : i])
			}
			if i > 0 && holder.Get(objectType) != nil {
				add(append(slices.Clone(segs[:i]), objectType))
			}
			if typ := schema.TypeOf(segs[i]); holder.Get(typ) != nil {
				add(append(slices.Clone(segs[:i]), typ))
			}
		}
	}
	return out
}

const objectType = "@odata.type"
