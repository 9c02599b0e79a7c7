package graph

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// members is the change of a part that is a collection of members.
type members struct {
	*change
	request catalogue.PartRequest
}

// both returns the members before the change and after it.
func (p members) both() (before, after []json.RawMessage, err error) {
	if err := list(odatajson.At(p.op.Before, p.partPath()), &before); err != nil {
		return nil, nil, p.invalid("the part %q of the tenant's object is no array", p.op.Part)
	}
	value, err := p.partWithoutBeta(odatajson.At(p.op.Patch, p.partPath()))
	if err != nil {
		return nil, nil, err
	}
	if err := list(value, &after); err != nil {
		return nil, nil, p.invalid("the part %q is no array", p.op.Part)
	}
	return before, after, nil
}

// memberByMember returns the requests that change a part: additions, changes, removals.
func (p members) memberByMember() ([]wire.Request, error) {
	before, after, err := p.both()
	if err != nil {
		return nil, err
	}
	each := p.request.Each
	var adds, changes, removals []wire.Request
	taken := make([]bool, len(before))
	for _, now := range after {
		i := slices.IndexFunc(before, func(was json.RawMessage) bool { return p.sameMember(was, now) })
		if i >= 0 {
			taken[i] = true
			if each.Ref != "" || p.equalMember(before[i], now) {
				continue
			}
		}
		if member, err := json.Marshal([]json.RawMessage{now}); err != nil {
			return nil, p.invalid("a member of the part %q is no JSON", p.op.Part)
		} else if err := p.checkPart(member); err != nil {
			return nil, err
		}
		if i >= 0 {
			if each.Update {
				req, err := p.memberRequest(http.MethodPatch, before[i], p.patched(now))
				if err != nil {
					return nil, err
				}
				changes = append(changes, req)
				continue
			}
			req, err := p.memberRequest(http.MethodDelete, before[i], nil)
			if err != nil {
				return nil, err
			}
			changes = append(changes, req)
		}
		if each.Fixed != "" {
			return nil, p.invalid("a member of the part %q is to be added, and cannot be: %s", p.op.Part, each.Fixed)
		}
		req, err := p.addRequest(now)
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
		if why := cmp.Or(each.Stays, each.Fixed); why != "" {
			return nil, p.invalid("a member of the part %q is to be removed, and cannot be: %s", p.op.Part, why)
		}
		req, err := p.memberRequest(http.MethodDelete, was, nil)
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
func (p members) sent(member json.RawMessage) json.RawMessage {
	for _, segs := range p.partDrops(p.request) {
		if len(segs) > 1 && segs[0] == "*" {
			member = odatajson.Without(member, segs[1:])
		}
	}
	return member
}

// patched is a member as its own patch has it.
func (p members) patched(member json.RawMessage) json.RawMessage {
	member = p.sent(member)
	for _, name := range p.request.Each.UpdateDrop {
		member = odatajson.Without(member, []string{name})
	}
	return member
}

func (p members) equalMember(a, b json.RawMessage) bool {
	if p.request.Each != nil && p.request.Each.Ref+p.request.Each.Add != "" {
		return strings.EqualFold(memberID(a), memberID(b))
	}
	return odatajson.Same(p.sent(a), p.sent(b))
}

// sameMember reports whether two members are the same one, changed or not.
func (p members) sameMember(a, b json.RawMessage) bool {
	if p.request.Each.Ref+p.request.Each.Add != "" || len(p.request.Each.By) == 0 {
		return p.equalMember(a, b)
	}
	return !slices.ContainsFunc(p.request.Each.By, func(name string) bool { return !odatajson.Same(odatajson.At(a, "/"+name), odatajson.At(b, "/"+name)) })
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
func (p members) action(path string, member json.RawMessage) (wire.Request, error) {
	id, err := odatajson.Segment(memberID(member))
	if err != nil {
		return wire.Request{}, p.invalid("a member of %q cannot be added or removed: %v", p.op.Part, err)
	}
	body, err := p.withSet(json.RawMessage("{}"))
	return wire.Request{Method: http.MethodPost, URL: p.version() + strings.ReplaceAll(path, "{member}", id), Body: body}, err
}

// addRequest adds a member.
func (p members) addRequest(member json.RawMessage) (wire.Request, error) {
	if p.request.Each.Add != "" {
		return p.action(p.request.Each.Add, member)
	}
	req := wire.Request{Method: http.MethodPost, URL: p.memberURL(p.request.Each.Collection), Body: p.sent(member)}
	if p.request.Each.Ref == "" {
		body, err := p.withSet(req.Body)
		req.Body = body
		return req, err
	}
	id := memberID(member)
	if id == "" {
		return req, p.invalid("a member of %q has no id", p.op.Part)
	}
	id, err := odatajson.Segment(id)
	if err != nil {
		return req, p.invalid("a member of %q cannot be added: %v", p.op.Part, err)
	}
	address := p.version() + strings.ReplaceAll(p.request.Each.Ref, "{id}", id)
	raw, err := json.Marshal(map[string]string{"@odata.id": address})
	req.Body = raw
	return req, err
}

// memberURL is an address below the object.
func (p members) memberURL(below string) string {
	if p.request.Each.Root == "" {
		return p.url(below)
	}
	root := strings.ReplaceAll(p.request.Each.Root, "{id}", strings.TrimPrefix(p.object, "/"))
	return p.version() + root + below
}

// withSet adds the properties that a new member always has.
func (p members) withSet(member json.RawMessage) (json.RawMessage, error) {
	if len(p.request.Each.Set) == 0 {
		return member, nil
	}
	o, err := odatajson.Parse(member)
	if err != nil {
		return nil, p.invalid("a member of the part %q is no object", p.op.Part)
	}
	for name, value := range p.request.Each.Set {
		if string(value) == `"{id}"` {
			if value, err = json.Marshal(p.op.ID); err != nil {
				return nil, p.invalid("the id is no text: %v", err)
			}
		}
		o[name] = value
	}
	return o.JSON(), nil
}

// memberRequest changes or removes a member that is there.
func (p members) memberRequest(method string, member, body json.RawMessage) (wire.Request, error) {
	if p.request.Each.Remove != "" {
		return p.action(p.request.Each.Remove, member)
	}
	id := memberID(member)
	if id == "" || p.request.Each.Item == "" {
		return wire.Request{}, p.invalid("a member of the part %s cannot be changed or removed: it shows no id", p.op.Part)
	}
	id, err := odatajson.Segment(id)
	if err != nil {
		return wire.Request{}, p.invalid("a member of the part %q cannot be changed or removed: %v", p.op.Part, err)
	}
	return wire.Request{Method: method, URL: p.memberURL(strings.ReplaceAll(p.request.Each.Item, "{member}", id)), Body: body}, nil
}
