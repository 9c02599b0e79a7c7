package diff

import (
	"cmp"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// presentReferences replaces former keys in a tree in name form by the present
// ones: the keys of objects that were renamed since the base, and the aliases
// from $previousNames.
func presentReferences(n *jsonval.Node, renamed, aliases map[string]string) *jsonval.Node {
	if n == nil {
		return nil
	}
	if ref := reference.ReferenceIn(n); ref != nil {
		if key := cmp.Or(renamed[ref.Object()], aliases[ref.Object()]); key != "" {
			ref.Key = key
			return jsonval.StringNode(ref.String())
		}
	}
	return n.MapKids(func(i int) *jsonval.Node { return presentReferences(n.Kids[i], renamed, aliases) })
}
