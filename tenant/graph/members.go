package graph

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// memberRequests are the requests that change a part: additions, changes, removals.
func (w *writing) memberRequests(p catalogue.PartRequest) ([]request, error) {
	var before, after []json.RawMessage
	if err := list(odatajson.At(w.op.Before, w.partPath()), &before); err != nil {
		return nil, invalid(w.op, "the part %q of the tenant's object is no array", w.op.Part)
	}
	value, err := w.partWithoutBeta(odatajson.At(w.op.Patch, w.partPath()))
	if err != nil {
		return nil, err
	}
	if err := list(value, &after); err != nil {
		return nil, invalid(w.op, "the part %q is no array", w.op.Part)
	}
	var adds, changes, removals []request
	taken := make([]bool, len(before))
	for _, now := range after {
		i := slices.IndexFunc(before, func(was json.RawMessage) bool { return w.sameMember(p, was, now) })
		if i >= 0 {
			taken[i] = true
			if p.Each.Ref != "" || w.equalMember(p, before[i], now) {
				continue
			}
		}
		if member, err := json.Marshal([]json.RawMessage{now}); err != nil {
			return nil, invalid(w.op, "a member of the part %q is no JSON", w.op.Part)
		} else if err := w.checkPart(member); err != nil {
			return nil, err
		}
		if i >= 0 {
			if p.Each.Update {
				req, err := w.memberRequest(p, http.MethodPatch, before[i], w.patched(p, now))
				if err != nil {
					return nil, err
				}
				changes = append(changes, req)
				continue
			}
			req, err := w.memberRequest(p, http.MethodDelete, before[i], nil)
			if err != nil {
				return nil, err
			}
			changes = append(changes, req)
		}
		if p.Each.Fixed != "" {
			return nil, invalid(w.op, "a member of the part %q is to be added, and cannot be: %s", w.op.Part, p.Each.Fixed)
		}
		req, err := w.addRequest(p, now)
		if err != nil {
			return nil, err
		}
		if i >= 0 {
			changes = append(changes, req)
		} else {
			adds = append(adds, req)
		}
	}
	for i, was := range before {
		if taken[i] {
			continue
		}
		if why := cmp.Or(p.Each.Stays, p.Each.Fixed); why != "" {
			return nil, invalid(w.op, "a member of the part %q is to be removed, and cannot be: %s", w.op.Part, why)
		}
		req, err := w.memberRequest(p, http.MethodDelete, was, nil)
		if err != nil {
			return nil, err
		}
		removals = append(removals, req)
	}
	return slices.Concat(adds, changes, removals), nil
}

// list reads an array; absent and null are empty.
func list(raw json.RawMessage, into *[]json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// sent returns a member without the properties that the service sets.
func (w *writing) sent(p catalogue.PartRequest, member json.RawMessage) json.RawMessage {
	for _, segs := range w.partDrops(p) {
		if len(segs) > 1 && segs[0] == "*" {
			member = odatajson.Without(member, segs[1:])
		}
	}
	return member
}

// patched is a member as its own patch has it.
func (w *writing) patched(p catalogue.PartRequest, member json.RawMessage) json.RawMessage {
	member = w.sent(p, member)
	for _, name := range p.Each.UpdateDrop {
		member = odatajson.Without(member, []string{name})
	}
	return member
}

func (w *writing) equalMember(p catalogue.PartRequest, a, b json.RawMessage) bool {
	if p.Each != nil && p.Each.Ref+p.Each.Add != "" {
		return strings.EqualFold(memberID(a), memberID(b))
	}
	return odatajson.Same(w.sent(p, a), w.sent(p, b))
}

// sameMember reports whether two members are the same one, changed or not.
func (w *writing) sameMember(p catalogue.PartRequest, a, b json.RawMessage) bool {
	if p.Each.Ref+p.Each.Add != "" || len(p.Each.By) == 0 {
		return w.equalMember(p, a, b)
	}
	return !slices.ContainsFunc(p.Each.By, func(name string) bool { return !odatajson.Same(odatajson.At(a, "/"+name), odatajson.At(b, "/"+name)) })
}

// memberID is the id of a member that is an id, or an object with one.
func memberID(member json.RawMessage) string {
	var s string
	if json.Unmarshal(member, &s) == nil {
		return s
	}
	o, err := odatajson.Parse(member)
	if err != nil {
		return ""
	}
	return o.Text("id")
}

// action is the request for a member's own action.
func (w *writing) action(p catalogue.PartRequest, path string, member json.RawMessage) (request, error) {
	id, err := odatajson.Segment(memberID(member))
	if err != nil {
		return request{}, invalid(w.op, "a member of %q cannot be added or removed: %v", w.op.Part, err)
	}
	body, err := w.withSet(p, json.RawMessage("{}"))
	return request{method: http.MethodPost, url: w.c.cfg.Endpoint + "/" + w.entry.Version + strings.ReplaceAll(path, "{member}", id), body: body}, err
}

// addRequest adds a member.
func (w *writing) addRequest(p catalogue.PartRequest, member json.RawMessage) (request, error) {
	if p.Each.Add != "" {
		return w.action(p, p.Each.Add, member)
	}
	req := request{method: http.MethodPost, url: w.memberURL(p, p.Each.Collection), body: w.sent(p, member)}
	if p.Each.Ref == "" {
		body, err := w.withSet(p, req.body)
		req.body = body
		return req, err
	}
	id := memberID(member)
	if id == "" {
		return req, invalid(w.op, "a member of %q has no id", w.op.Part)
	}
	id, err := odatajson.Segment(id)
	if err != nil {
		return req, invalid(w.op, "a member of %q cannot be added: %v", w.op.Part, err)
	}
	address := w.c.cfg.Endpoint + "/" + w.entry.Version + strings.ReplaceAll(p.Each.Ref, "{id}", id)
	raw, err := json.Marshal(map[string]string{"@odata.id": address})
	req.body = raw
	return req, err
}

// memberURL is an address below the object.
func (w *writing) memberURL(p catalogue.PartRequest, below string) string {
	if p.Each.Root == "" {
		return w.c.url(w.entry, w.object+below)
	}
	root := strings.ReplaceAll(p.Each.Root, "{id}", strings.TrimPrefix(w.object, "/"))
	return w.c.cfg.Endpoint + "/" + w.entry.Version + root + below
}

// withSet adds the properties that a new member always has.
func (w *writing) withSet(p catalogue.PartRequest, member json.RawMessage) (json.RawMessage, error) {
	if len(p.Each.Set) == 0 {
		return member, nil
	}
	o, err := odatajson.Parse(member)
	if err != nil {
		return nil, invalid(w.op, "a member of the part %q is no object", w.op.Part)
	}
	for name, value := range p.Each.Set {
		if string(value) == `"{id}"` {
			if value, err = json.Marshal(w.op.ID); err != nil {
				return nil, invalid(w.op, "the id is no text: %v", err)
			}
		}
		o[name] = value
	}
	return o.JSON(), nil
}

// memberRequest changes or removes a member that is there.
func (w *writing) memberRequest(p catalogue.PartRequest, method string, member, body json.RawMessage) (request, error) {
	if p.Each.Remove != "" {
		return w.action(p, p.Each.Remove, member)
	}
	id := memberID(member)
	if id == "" || p.Each.Item == "" {
		return request{}, &tenant.Error{Class: tenant.Invalid, Op: string(w.op.Verb), Kind: w.entry.Name, ID: w.op.ID,
			Message: "a member of the part " + w.op.Part + " cannot be changed or removed: it shows no id"}
	}
	id, err := odatajson.Segment(id)
	if err != nil {
		return request{}, invalid(w.op, "a member of the part %q cannot be changed or removed: %v", w.op.Part, err)
	}
	return request{method: method, url: w.memberURL(p, strings.ReplaceAll(p.Each.Item, "{member}", id)), body: body}, nil
}
