package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// output receives the objects that were read.
type output struct {
	emit   func(tenant.Resource) error
	failed error // of emit
	n      int
	absent []string
	seen   map[string]bool // ids, where an object may be found twice; else nil
}

// put passes a resource on. Its error ends the read.
func (o *output) put(r tenant.Resource) error {
	if o.seen[r.ID] {
		return nil
	}
	if o.seen != nil {
		o.seen[r.ID] = true
	}
	o.n++
	if err := o.emit(r); err != nil {
		o.failed = err
		return err
	}
	return nil
}

// reading reads the objects of one kind, whole.
type reading struct{ *fetcher }

// singleton reads the one object of its kind.
func (r reading) singleton(ctx context.Context, out *output, req tenant.ReadRequest) error {
	res, err := r.one(ctx, "")
	if err != nil {
		if r.entry.List.NotFoundIsEmpty && tenant.ClassOf(err) == tenant.NotFound {
			return nil
		}
		return err
	}
	for _, id := range req.IDs {
		if id != "" && id != res.ID && !req.All {
			out.absent = append(out.absent, id)
		}
	}
	return out.put(res)
}

// one reads one object, whole. An empty id is a singleton's.
func (r reading) one(ctx context.Context, id string) (tenant.Resource, error) {
	p := r.part(id, "", singleQuery(r.entry))
	if p.err != nil {
		return tenant.Resource{}, p.err
	}
	a, err := r.get(ctx, r.address(p), id, nil)
	if err != nil {
		return tenant.Resource{}, err
	}
	body, err := r.single(a)
	if err != nil {
		return tenant.Resource{}, err
	}
	res, err := resource(r.entry, body)
	if err == nil {
		err = checkID(r.entry, res, id)
	}
	if err != nil {
		return tenant.Resource{}, r.malformed(a, id, err)
	}
	whole := []tenant.Resource{res}
	if err := pieces(r).add(ctx, whole); err != nil {
		return tenant.Resource{}, err
	}
	return whole[0], nil
}

// single takes the object out of an answer: some singletons come as a
// collection of one.
func (r reading) single(a wire.Answer) (json.RawMessage, error) {
	if !r.entry.Singleton {
		return a.Body, nil
	}
	whole, err := odatajson.Parse(a.Body)
	if err != nil {
		return a.Body, nil // the caller finds out
	}
	var list []json.RawMessage
	if whole[idProperty(r.entry)] == nil && odatajson.Decode(whole[odatajson.PageItems], &list) == nil && len(list) == 1 {
		return list[0], nil
	}
	return a.Body, nil
}

// some reads objects by id and by natural key.
func (r reading) some(ctx context.Context, out *output, req tenant.ReadRequest) error {
	out.seen = map[string]bool{}
	ids := slices.Compact(slices.Sorted(slices.Values(req.IDs)))
	parts := make([]*part, 0, len(ids))
	for _, id := range ids {
		if id == "" {
			continue // nothing has it
		}
		parts = append(parts, r.part(id, "", singleQuery(r.entry)))
	}
	if err := r.byID(ctx, out, parts); err != nil {
		return err
	}
	if len(req.Matches) == 0 {
		return nil
	}
	var whole []tenant.Match
	for _, m := range req.Matches {
		filter, ok := filterFor(r.entry, m)
		if !ok {
			whole = append(whole, m)
			continue
		}
		if err := r.list(ctx, out, filter, []tenant.Match{m}); err != nil {
			return err
		}
	}
	if len(whole) == 0 {
		return nil
	}
	return r.list(ctx, out, "", whole)
}

// byID reads objects by id. An absent one is not an error.
func (r reading) byID(ctx context.Context, out *output, parts []*part) error {
	for len(parts) > 0 {
		n := min(len(parts), 5*wire.BatchSize) // so much is held at a time
		some := parts[:n]
		parts = parts[n:]
		if err := r.getAll(ctx, some); err != nil {
			return err
		}
		var found []tenant.Resource
		var failed error // what could be read is passed on before it
		for _, p := range some {
			res, err := resource(r.entry, p.Body)
			if err == nil {
				err = checkID(r.entry, res, p.id)
			}
			switch {
			case tenant.ClassOf(p.err) == tenant.NotFound:
				out.absent = append(out.absent, p.id)
			case p.err != nil:
				failed = cmp.Or(failed, p.err)
			case err != nil:
				failed = cmp.Or(failed, r.malformed(p.Answer, p.id, err))
			case skipped(r.entry, p.Body):
				out.absent = append(out.absent, p.id)
			default:
				found = append(found, res)
			}
		}
		if err := cmp.Or(r.finish(ctx, out, found), failed); err != nil {
			return err
		}
	}
	return nil
}

// finish adds the pieces that the bodies lack and passes the objects on.
func (r reading) finish(ctx context.Context, out *output, found []tenant.Resource) error {
	if err := pieces(r).add(ctx, found); err != nil {
		return err
	}
	for _, res := range found {
		if err := out.put(res); err != nil {
			return err
		}
	}
	return nil
}

// list reads a collection, page by page to its end. With matches, only what
// matches one of them is passed on.
func (r reading) list(ctx context.Context, out *output, filter string, only []tenant.Match) error {
	begun := false
	err := r.pages(ctx, collection{url: r.at.of(r.entry, "") + query(r.entry.List.Query, filter)}, func(a wire.Answer, p odatajson.Page) error {
		begun = true
		found, err := r.found(a, p, only)
		if err != nil {
			return err
		}
		return r.pass(ctx, out, found)
	})
	if !begun && r.entry.List.NotFoundIsEmpty && tenant.ClassOf(err) == tenant.NotFound {
		return nil
	}
	return err
}

// found returns the objects of a page that were asked for.
func (r reading) found(a wire.Answer, p odatajson.Page, only []tenant.Match) ([]tenant.Resource, error) {
	var found []tenant.Resource
	for _, raw := range p.Value {
		res, err := resource(r.entry, raw)
		switch {
		case err != nil:
			return nil, r.malformed(a, "", err)
		case skipped(r.entry, raw):
		case only != nil && !slices.ContainsFunc(only, func(m tenant.Match) bool { return odatajson.Matches(res.Body, m) }):
		case res.ID == "":
			return nil, r.malformed(a, "", fmt.Errorf("an object has no %s", idProperty(r.entry)))
		default:
			if _, err := odatajson.Segment(res.ID); err != nil {
				return nil, r.broken(a, "", "the service names an object by an id that is not used: "+err.Error())
			}
			found = append(found, res)
		}
	}
	return found, nil
}

// pass passes the objects of a page on, read by id where the list's items are
// not whole.
func (r reading) pass(ctx context.Context, out *output, found []tenant.Resource) error {
	if !r.entry.List.Single || len(found) == 0 {
		return r.finish(ctx, out, found)
	}
	parts := make([]*part, len(found))
	for i, res := range found {
		parts[i] = r.part(res.ID, "", singleQuery(r.entry))
	}
	absent := out.absent
	err := r.byID(ctx, out, parts)
	out.absent = absent // gone between the list and the read: as if it had not been listed
	return err
}
