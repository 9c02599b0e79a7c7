package graph

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// allAtOnce returns the requests of an action that takes changes. There is none without
// a change.
func (p members) allAtOnce() ([]wire.Request, error) {
	before, after, err := p.both()
	if err != nil {
		return nil, err
	}
	action := p.request.Changes
	added, updated, deleted, remade := []json.RawMessage{}, []json.RawMessage{}, []string{}, []string{}
	remove := func(was json.RawMessage, from *[]string) error {
		id := memberID(was)
		if id == "" {
			return p.invalid("a member of the part %q cannot be changed or removed: it shows no id", p.op.Part)
		}
		*from = append(*from, id)
		return nil
	}
	taken := make([]bool, len(before))
	for _, now := range after {
		i := slices.IndexFunc(before, func(was json.RawMessage) bool { return same(was, now, action.By) })
		if i >= 0 {
			taken[i] = true
			if p.equalMember(before[i], now) {
				continue
			}
		}
		member := p.sent(now)
		if i >= 0 && loses(action, before[i], now) {
			if err := remove(before[i], &remade); err != nil {
				return nil, err
			}
			i = -1
		}
		if i >= 0 {
			member = withIDs(action, before[i], member)
		}
		if member, err = bound(member, action.Bind, p.version()); err != nil {
			return nil, p.invalid("a member of the part %q cannot be written: %v", p.op.Part, err)
		}
		if i >= 0 {
			updated = append(updated, member)
		} else {
			added = append(added, member)
		}
	}
	for i, was := range before {
		if taken[i] {
			continue
		}
		if err := remove(was, &deleted); err != nil {
			return nil, err
		}
	}
	written, err := json.Marshal(slices.Concat(added, updated))
	if err != nil {
		return nil, p.invalid("the part %q is no JSON", p.op.Part)
	}
	if err := p.checkPart(written); err != nil {
		return nil, err
	}
	var reqs []wire.Request
	for _, one := range []struct {
		added, updated []json.RawMessage
		deleted        []string
	}{{[]json.RawMessage{}, []json.RawMessage{}, remade}, {added, updated, deleted}} {
		if len(one.added)+len(one.updated)+len(one.deleted) == 0 {
			continue
		}
		body, err := json.Marshal(map[string]any{action.Added: one.added, action.Updated: one.updated, action.Deleted: one.deleted})
		if err != nil {
			return nil, p.invalid("the part %q is no JSON", p.op.Part)
		}
		reqs = append(reqs, wire.Request{Method: cmp.Or(p.request.Method, http.MethodPost), URL: p.url(p.request.Action), Body: body})
	}
	return reqs, nil
}

// loses reports whether a member lacks one of the members that the tenant's has
// within it.
func loses(c *catalogue.Changes, was, now json.RawMessage) bool {
	for _, in := range c.Within {
		var olds, news []json.RawMessage
		if list(odatajson.At(was, in.Path), &olds) != nil || list(odatajson.At(now, in.Path), &news) != nil {
			continue
		}
		for _, o := range olds {
			if !slices.ContainsFunc(news, func(n json.RawMessage) bool { return same(o, n, in.By) }) {
				return true
			}
		}
	}
	return false
}

// same reports whether two members have the same values at all pointers. Ids and
// types have no case.
func same(a, b json.RawMessage, by []string) bool {
	return !slices.ContainsFunc(by, func(path string) bool {
		return !bytes.EqualFold(odatajson.Compact(odatajson.At(a, path)), odatajson.Compact(odatajson.At(b, path)))
	})
}

// withIDs returns a member with the ids that the tenant's has, also those of the
// members within it.
func withIDs(c *catalogue.Changes, was, now json.RawMessage) json.RawMessage {
	now = withID(was, now)
	for _, in := range c.Within {
		var olds, news []json.RawMessage
		if list(odatajson.At(was, in.Path), &olds) != nil || list(odatajson.At(now, in.Path), &news) != nil || len(news) == 0 {
			continue
		}
		for i, n := range news {
			if j := slices.IndexFunc(olds, func(o json.RawMessage) bool { return same(o, n, in.By) }); j >= 0 {
				news[i] = withID(olds[j], n)
			}
		}
		if raw, err := json.Marshal(news); err == nil {
			now = replaced(now, odatajson.Segments(in.Path), raw)
		}
	}
	return now
}

// withID returns an object with another's id.
func withID(was, now json.RawMessage) json.RawMessage {
	o, err := odatajson.Parse(now)
	old, errOld := odatajson.Parse(was)
	if err != nil || errOld != nil || old["id"] == nil {
		return now
	}
	o["id"] = old["id"]
	return o.JSON()
}

// replaced returns an object with another value at a path that is there.
func replaced(raw json.RawMessage, segs []string, value json.RawMessage) json.RawMessage {
	if len(segs) == 0 {
		return value
	}
	o, err := odatajson.Parse(raw)
	if err != nil {
		return raw
	}
	o[segs[0]] = replaced(o[segs[0]], segs[1:], value)
	return o.JSON()
}
