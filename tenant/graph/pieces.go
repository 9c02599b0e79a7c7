package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// pieces reads the parts of objects that the bodies of the objects lack.
type pieces struct{ *fetcher }

// add reads the pieces that the objects' bodies lack, and adds them.
func (r pieces) add(ctx context.Context, found []tenant.Resource) error {
	if len(r.entry.Subs) == 0 || len(found) == 0 {
		return nil
	}
	var parts []*part
	for _, sub := range r.entry.Subs {
		for _, res := range found {
			parts = append(parts, r.request(sub, res))
		}
	}
	if err := r.getAll(ctx, asked(parts)); err != nil {
		return err
	}
	for i, sub := range r.entry.Subs {
		for j := range found {
			p := parts[i*len(found)+j]
			if p == nil {
				continue
			}
			if err := r.addOne(ctx, sub, p, &found[j]); err != nil {
				return err
			}
		}
	}
	return nil
}

// value returns all pages of a sub-resource, or nil for an absent object.
func (r pieces) value(ctx context.Context, sub catalogue.Sub, p *part) (json.RawMessage, error) {
	if p.err != nil {
		if sub.Object && tenant.ClassOf(p.err) == tenant.NotFound {
			return nil, nil
		}
		return nil, p.err
	}
	if sub.Object {
		if p.Status == http.StatusNoContent {
			return nil, nil // null: https://docs.oasis-open.org/odata/odata/v4.01/, "Requesting Individual Properties"
		}
		res, err := resource(&catalogue.Entry{}, p.Body)
		if err != nil {
			return nil, r.malformed(p.Answer, p.id, err)
		}
		return res.Body, nil
	}
	all := []json.RawMessage{}
	err := r.pages(ctx, collection{url: r.address(p), id: p.id, first: &p.Answer}, func(_ wire.Answer, page odatajson.Page) error {
		all = append(all, page.Value...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if sub.IDs {
		if all, err = r.idsOf(all, p); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}

// request is the request for a piece of an object. It is nil if the object does not
// have the piece.
func (r pieces) request(sub catalogue.Sub, res tenant.Resource) *part {
	if !hasPiece(sub, res.Body) {
		return nil
	}
	path, search, _ := strings.Cut(sub.Path, "?")
	return r.part(res.ID, path, search)
}

// asked returns the requests that are there.
func asked(parts []*part) []*part {
	return slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return p == nil })
}

// addOne puts the answer to the request for a piece into the object.
func (r pieces) addOne(ctx context.Context, sub catalogue.Sub, p *part, into *tenant.Resource) error {
	o, err := odatajson.Parse(into.Body)
	if err != nil {
		return err
	}
	if len(sub.Take) > 0 {
		err = r.take(sub, p, o)
	} else {
		var value json.RawMessage
		if value, err = r.value(ctx, sub, p); err == nil {
			value, err = r.addToMembers(ctx, sub, into.ID, value)
		}
		if value == nil {
			delete(o, sub.Property)
		} else {
			o[sub.Property] = value
		}
	}
	if err != nil {
		return err
	}
	into.Body = o.JSON()
	return nil
}

// take puts properties of an answer into the object. Without one, as for a group
// whose mailbox is not made yet, the object lacks them.
func (r pieces) take(sub catalogue.Sub, p *part, o odatajson.Object) error {
	for _, name := range sub.Take {
		delete(o, name)
	}
	if p.err != nil {
		if tenant.ClassOf(p.err) == tenant.NotFound {
			return nil
		}
		return p.err
	}
	got, err := odatajson.Parse(p.Body)
	if err != nil {
		return r.malformed(p.Answer, p.id, err)
	}
	for _, name := range sub.Take {
		value := got[name]
		switch {
		case value == nil:
			continue
		case got[name+"@odata.nextLink"] != nil:
			return r.broken(p.Answer, p.id, fmt.Sprintf("%s has more pages than one", name))
		case sub.IDs:
			var members []json.RawMessage
			err := json.Unmarshal(value, &members)
			if err == nil {
				members, err = r.idsOf(members, p)
			}
			if err == nil {
				value, err = json.Marshal(members)
			}
			if err != nil {
				return r.malformed(p.Answer, p.id, err)
			}
		}
		o[name] = value
	}
	return nil
}

// idsOf returns the ids of a collection's objects.
func (r pieces) idsOf(members []json.RawMessage, p *part) ([]json.RawMessage, error) {
	ids := make([]json.RawMessage, len(members))
	for i, member := range members {
		o, err := odatajson.Parse(member)
		if err == nil && o.Text("id") == "" {
			err = fmt.Errorf("a member has no id")
		}
		if err != nil {
			return nil, r.malformed(p.Answer, p.id, err)
		}
		ids[i] = o["id"]
	}
	return ids, nil
}

// addToMembers adds to the members of a collection what their own bodies lack. id
// is the object that the collection belongs to.
func (r pieces) addToMembers(ctx context.Context, sub catalogue.Sub, id string, collection json.RawMessage) (json.RawMessage, error) {
	if len(sub.Subs) == 0 || collection == nil {
		return collection, nil
	}
	var members []odatajson.Object
	if err := odatajson.Decode(collection, &members); err != nil {
		return nil, r.malformed(wire.Answer{}, id, err)
	}
	below, _, _ := strings.Cut(sub.Path, "?")
	var parts []*part
	for _, inner := range sub.Subs {
		for _, m := range members {
			member, err := odatajson.Segment(m.Text("id"))
			if err != nil {
				return nil, r.broken(wire.Answer{}, id, fmt.Sprintf("a member of %s: %v", sub.Property, err))
			}
			parts = append(parts, r.part(id, below+"/"+member+inner.Path, ""))
		}
	}
	if err := r.getAll(ctx, parts); err != nil {
		return nil, err
	}
	for i, inner := range sub.Subs {
		for j, m := range members {
			value, err := r.value(ctx, inner, parts[i*len(members)+j])
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
