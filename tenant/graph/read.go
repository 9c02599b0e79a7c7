package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// Read is part of [tenant.Client]. Lists are read page by page and passed on as
// they come, so that one page is in memory, however many there are.
func (c *Client) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	e, err := c.entry("read", req.Kind)
	if err != nil {
		return tenant.ReadResult{Completeness: tenant.Failed, Class: tenant.Invalid, Reason: err.Error()}, ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return tenant.ReadResult{}, context.Cause(ctx)
	}
	if why := lacking(e, c.cfg.Cloud); why != "" {
		return tenant.ReadResult{Completeness: tenant.Unlicensed, Reason: why}, nil
	}
	out := &output{emit: emit}
	if err := c.locate(ctx, e, "read"); err != nil {
		return c.result(ctx, e, out, err)
	}
	r := c.reading(e, "read")
	bounded, stop := r.bounded(ctx)
	defer stop()
	switch {
	case e.Singleton:
		err = r.singleton(bounded, out, req)
	case req.All:
		err = r.list(bounded, out, "", nil)
	default:
		err = r.some(bounded, out, req)
	}
	return c.result(ctx, e, out, err)
}

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

// result says how much was read.
func (c *Client) result(ctx context.Context, e *catalogue.Entry, out *output, err error) (tenant.ReadResult, error) {
	switch {
	case out.failed != nil:
		return tenant.ReadResult{}, out.failed
	case ctx.Err() != nil:
		return tenant.ReadResult{}, context.Cause(ctx)
	case err == nil:
		return read(e, out.absent), nil
	}
	failed, ok := errors.AsType[*tenant.Error](err)
	if !ok {
		failed = &tenant.Error{Class: tenant.Permanent, Message: err.Error()}
	}
	if failed.Class == tenant.Unauthenticated {
		return tenant.ReadResult{}, err
	}
	res := tenant.ReadResult{Completeness: tenant.Failed, Class: failed.Class, Reason: reasonOf(failed), RequestID: failed.RequestID}
	switch {
	case failed.Class == tenant.AccessDenied && out.n == 0:
		res.Completeness, res.Class = tenant.Forbidden, ""
		if res.Missing = c.missing(e.Read); len(res.Missing) == 0 {
			res.Reason = joinWords(res.Reason, "the permissions are granted, so a directory role or a policy of the tenant stands against it")
		}
	case failed.Class == tenant.NotLicensed:
		res.Completeness, res.Class = tenant.Unlicensed, ""
		if e.Licence != "" {
			res.Reason = joinWords(res.Reason, "needs "+e.Licence)
		}
	case out.n > 0:
		res.Completeness = tenant.Partial
	}
	return res, nil
}

// read is the result of a read that came to its end.
func read(e *catalogue.Entry, absent []string) tenant.ReadResult {
	if e.NamesOnly != "" {
		return tenant.ReadResult{Completeness: tenant.NamesOnly, Absent: absent, Reason: "not read: " + e.NamesOnly}
	}
	return tenant.ReadResult{Completeness: tenant.Complete, Absent: absent}
}

func reasonOf(e *tenant.Error) string {
	var words []string
	for _, s := range []string{e.Code, e.Message} {
		if s != "" {
			words = append(words, s)
		}
	}
	if e.Err != nil {
		words = append(words, e.Err.Error())
	}
	if len(words) == 0 {
		return string(e.Class)
	}
	return strings.Join(words, ": ")
}

// singleton reads the one object of its kind.
func (r *reading) singleton(ctx context.Context, out *output, req tenant.ReadRequest) error {
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
func (r *reading) one(ctx context.Context, id string) (tenant.Resource, error) {
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
	if err := r.addSubs(ctx, whole); err != nil {
		return tenant.Resource{}, err
	}
	return whole[0], nil
}

// singleQuery is the query of a read by id: it has the list's $expand, unless the kind
// says otherwise.
func singleQuery(e *catalogue.Entry) string {
	if e.List.SingleQuery != "" {
		return e.List.SingleQuery
	}
	for option := range strings.SplitSeq(e.List.Query, "&") {
		if strings.HasPrefix(option, "$expand=") {
			return option
		}
	}
	return ""
}

// part is the request for an object, or for something below it. It has an error
// in place of an address if the id cannot stand in one.
func (r *reading) part(id, below, search string) *part {
	p := &part{id: id}
	if !r.entry.Singleton {
		escaped, err := odatajson.Segment(id)
		if err != nil {
			p.err = &tenant.Error{Class: tenant.Invalid, Op: r.op, Kind: r.entry.Name, ID: cut(id, odatajson.MaxID), Message: err.Error()}
			return p
		}
		below = "/" + escaped + below
	}
	p.url = r.c.relativeToVersion(r.entry, below) + query(search)
	return p
}

// single takes the object out of an answer: some singletons come as a
// collection of one.
func (r *reading) single(a answer) (json.RawMessage, error) {
	if !r.entry.Singleton {
		return a.body, nil
	}
	whole, err := odatajson.Parse(a.body)
	if err != nil {
		return a.body, nil // the caller finds out
	}
	var list []json.RawMessage
	if whole[idProperty(r.entry)] == nil && odatajson.Decode(whole[odatajson.PageItems], &list) == nil && len(list) == 1 {
		return list[0], nil
	}
	return a.body, nil
}

func (r *reading) malformed(a answer, id string, err error) error {
	return &tenant.Error{Class: tenant.Transient, Op: r.op, Kind: r.entry.Name, ID: id, RequestID: a.requestID,
		Message: "the answer is not what it should be", Err: err}
}

// some reads objects by id and by natural key.
func (r *reading) some(ctx context.Context, out *output, req tenant.ReadRequest) error {
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
		filter, ok := filter(r.entry, m)
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
func (r *reading) byID(ctx context.Context, out *output, parts []*part) error {
	for len(parts) > 0 {
		n := min(len(parts), 5*batchSize) // so much is held at a time
		some := parts[:n]
		parts = parts[n:]
		if err := r.getAll(ctx, some); err != nil {
			return err
		}
		var found []tenant.Resource
		var failed error // what could be read is passed on before it
		for _, p := range some {
			res, err := resource(r.entry, p.body)
			if err == nil {
				err = checkID(r.entry, res, p.id)
			}
			switch {
			case tenant.ClassOf(p.err) == tenant.NotFound:
				out.absent = append(out.absent, p.id)
			case p.err != nil:
				failed = cmp.Or(failed, p.err)
			case err != nil:
				failed = cmp.Or(failed, r.malformed(p.answer, p.id, err))
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
func (r *reading) finish(ctx context.Context, out *output, found []tenant.Resource) error {
	if err := r.addSubs(ctx, found); err != nil {
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
func (r *reading) list(ctx context.Context, out *output, filter string, only []tenant.Match) error {
	begun := false
	err := r.pages(ctx, collection{url: r.c.url(r.entry, "") + query(r.entry.List.Query, filter)}, func(a answer, p odatajson.Page) error {
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
func (r *reading) found(a answer, p odatajson.Page, only []tenant.Match) ([]tenant.Resource, error) {
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
func (r *reading) pass(ctx context.Context, out *output, found []tenant.Resource) error {
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

// addSubs reads the pieces that the objects' bodies lack, and adds them.
func (r *reading) addSubs(ctx context.Context, found []tenant.Resource) error {
	if len(r.entry.Subs) == 0 || len(found) == 0 {
		return nil
	}
	var parts []*part
	for _, sub := range r.entry.Subs {
		for _, res := range found {
			parts = append(parts, r.subPart(sub, res))
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
			if err := r.addSub(ctx, sub, p, &found[j]); err != nil {
				return err
			}
		}
	}
	return nil
}

// subValue returns all pages of a sub-resource, or nil for an absent object.
func (r *reading) subValue(ctx context.Context, sub catalogue.Sub, p *part) (json.RawMessage, error) {
	if p.err != nil {
		if sub.Object && tenant.ClassOf(p.err) == tenant.NotFound {
			return nil, nil
		}
		return nil, p.err
	}
	if sub.Object {
		if p.status == http.StatusNoContent {
			return nil, nil // null: https://docs.oasis-open.org/odata/odata/v4.01/, "Requesting Individual Properties"
		}
		res, err := resource(&catalogue.Entry{}, p.body)
		if err != nil {
			return nil, r.malformed(p.answer, p.id, err)
		}
		return res.Body, nil
	}
	all := []json.RawMessage{}
	err := r.pages(ctx, collection{url: r.address(p), id: p.id, first: &p.answer}, func(_ answer, page odatajson.Page) error {
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

// filter makes the query that finds what matches, if the service can.
func filter(e *catalogue.Entry, m tenant.Match) (string, bool) {
	if strings.Contains(e.List.Query, "$filter=") {
		return "", false
	}
	var terms []string
	for path, value := range m {
		name := strings.TrimPrefix(path, "/")
		if !slices.Contains(e.List.Filter, name) {
			return "", false
		}
		terms = append(terms, name+" eq '"+strings.ReplaceAll(value, "'", "''")+"'")
	}
	slices.Sort(terms)
	return "$filter=" + url.QueryEscape(strings.Join(terms, " and ")), len(terms) > 0
}

// Get is part of [tenant.Client].
func (c *Client) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	e, err := c.entry("get", req.Kind)
	if err != nil {
		return tenant.Resource{}, err
	}
	if err := ctx.Err(); err != nil {
		return tenant.Resource{}, context.Cause(ctx)
	}
	if why := lacking(e, c.cfg.Cloud); why != "" {
		return tenant.Resource{}, &tenant.Error{Class: tenant.NotLicensed, Op: "get", Kind: req.Kind, ID: req.ID, Message: why}
	}
	if req.ID == "" && !e.Singleton {
		return tenant.Resource{}, &tenant.Error{Class: tenant.Invalid, Op: "get", Kind: req.Kind, Message: "no id is given"}
	}
	if err := c.locate(ctx, e, "get"); err != nil {
		return tenant.Resource{}, err
	}
	r := c.reading(e, "get")
	bounded, stop := r.bounded(ctx)
	defer stop()
	res, err := r.one(bounded, req.ID)
	if err == nil && e.Singleton && req.ID != "" && res.ID != "" && req.ID != res.ID {
		return tenant.Resource{}, &tenant.Error{Class: tenant.NotFound, Op: "get", Kind: req.Kind, ID: req.ID, Message: "there is no such object"}
	}
	return res, c.explain(e.Read, err)
}

// explain adds the missing permissions to the error of a refused call.
func (c *Client) explain(s catalogue.Scopes, err error) error {
	if e, ok := errors.AsType[*tenant.Error](err); ok && e.Class == tenant.AccessDenied {
		e.Missing = c.missing(s)
	}
	return err
}
