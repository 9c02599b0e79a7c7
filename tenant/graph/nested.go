package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// withPieces adds to the members of a collection what their own bodies lack. id
// is the object that the collection belongs to.
func (r *reading) withPieces(ctx context.Context, sub catalogue.Sub, id string, collection json.RawMessage) (json.RawMessage, error) {
	if len(sub.Subs) == 0 || collection == nil {
		return collection, nil
	}
	var members []odatajson.Object
	if err := odatajson.Decode(collection, &members); err != nil {
		return nil, r.malformed(answer{}, id, err)
	}
	below, _, _ := strings.Cut(sub.Path, "?")
	var parts []*part
	for _, inner := range sub.Subs {
		for _, m := range members {
			member, err := odatajson.Segment(m.Text("id"))
			if err != nil {
				return nil, r.broken(answer{}, id, fmt.Sprintf("a member of %s: %v", sub.Property, err))
			}
			parts = append(parts, r.part(id, below+"/"+member+inner.Path, ""))
		}
	}
	if err := r.getAll(ctx, parts); err != nil {
		return nil, err
	}
	for i, inner := range sub.Subs {
		for j, m := range members {
			value, err := r.subValue(ctx, inner, parts[i*len(members)+j])
			switch {
			case err != nil:
				return nil, err
			case value == nil:
				delete(m, inner.Property)
			default:
				m[inner.Property] = value
			}
		}
	}
	return json.Marshal(members)
}
