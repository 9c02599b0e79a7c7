package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// holds reports whether an object holds the text.
func holds(body json.RawMessage, h catalogue.Holding) bool {
	value := odatajson.At(body, h.Path)
	var one string
	if json.Unmarshal(value, &one) == nil {
		return strings.EqualFold(one, h.Value)
	}
	var all []string
	return json.Unmarshal(value, &all) == nil && slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, h.Value) })
}

// hasPiece reports whether an object has the piece.
func hasPiece(s catalogue.Sub, body json.RawMessage) bool {
	return (s.When == nil || holds(body, *s.When)) && (s.Unless == nil || !holds(body, *s.Unless))
}

// subPart is the request for a piece of an object. It is nil if the object does not
// have the piece.
func (r *reading) subPart(sub catalogue.Sub, res tenant.Resource) *part {
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

// addSub puts the answer to the request for a piece into the object.
func (r *reading) addSub(ctx context.Context, sub catalogue.Sub, p *part, into *tenant.Resource) error {
	o, err := odatajson.Parse(into.Body)
	if err != nil {
		return err
	}
	if len(sub.Take) > 0 {
		err = r.take(sub, p, o)
	} else {
		var value json.RawMessage
		if value, err = r.subValue(ctx, sub, p); err == nil {
			value, err = r.withPieces(ctx, sub, into.ID, value)
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
func (r *reading) take(sub catalogue.Sub, p *part, o odatajson.Object) error {
	for _, name := range sub.Take {
		delete(o, name)
	}
	if p.err != nil {
		if tenant.ClassOf(p.err) == tenant.NotFound {
			return nil
		}
		return p.err
	}
	got, err := odatajson.Parse(p.body)
	if err != nil {
		return r.malformed(p.answer, p.id, err)
	}
	for _, name := range sub.Take {
		value := got[name]
		switch {
		case value == nil:
			continue
		case got[name+"@odata.nextLink"] != nil:
			return r.broken(p.answer, p.id, fmt.Sprintf("%s has more pages than one", name))
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
				return r.malformed(p.answer, p.id, err)
			}
		}
		o[name] = value
	}
	return nil
}

// idsOf returns the ids of a collection's objects.
func (r *reading) idsOf(members []json.RawMessage, p *part) ([]json.RawMessage, error) {
	ids := make([]json.RawMessage, len(members))
	for i, member := range members {
		o, err := odatajson.Parse(member)
		if err == nil && o.Text("id") == "" {
			err = fmt.Errorf("a member has no id")
		}
		if err != nil {
			return nil, r.malformed(p.answer, p.id, err)
		}
		ids[i] = o["id"]
	}
	return ids, nil
}

// lacksPiece says why the operation's part is not written; "" if it is. The object may
// have it before the write or after it.
func (w *writing) lacksPiece() string {
	for _, sub := range w.entry.Subs {
		if "/"+sub.Property != w.partPath() {
			continue
		}
		for _, body := range []json.RawMessage{w.op.Before, w.op.After} {
			switch {
			case sub.Unless != nil && holds(body, *sub.Unless):
				return fmt.Sprintf("the service makes it where %s has %s", strings.TrimPrefix(sub.Unless.Path, "/"), sub.Unless.Value)
			case sub.When != nil && len(body) > 0 && !holds(body, *sub.When):
				return fmt.Sprintf("only an object whose %s has %s has it", strings.TrimPrefix(sub.When.Path, "/"), sub.When.Value)
			}
		}
	}
	return ""
}
