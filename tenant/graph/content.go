package graph

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// objectRequest returns the request that carries a change of an object out. apart are
// the properties of its body that go in a PATCH of their own; empty means that the body
// is without others.
func (c *change) objectRequest() (req wire.Request, apart odatajson.Object, empty bool, err error) {
	var r catalogue.Request
	var method string
	var body json.RawMessage
	switch c.op.Verb {
	case tenant.Create:
		r, method, body = c.entry.Requests.Create, http.MethodPost, c.op.After
	case tenant.Update:
		r, method, body = c.entry.Requests.Update, http.MethodPatch, c.op.Patch
		if r.Whole || len(body) == 0 {
			body = c.op.After
		}
	case tenant.Delete:
		r, method = c.entry.Requests.Delete, http.MethodDelete
	}
	req = wire.Request{Method: cmp.Or(r.Method, method), URL: c.url(r.Path)}
	if c.op.Verb == tenant.Delete {
		return req, nil, false, nil
	}
	o, err := c.content(body, r)
	if err != nil {
		return req, nil, false, err
	}
	if err := c.checkMasks(o.JSON()); err != nil {
		return req, nil, false, err
	}
	apart = takeApart(o, c.entry.Apart)
	empty = hasNothing(o)
	if req.Body, err = bound(o.JSON(), r.Bind, c.version()); err != nil {
		return req, nil, false, c.invalid("it cannot be written: %v", err)
	}
	if r.Wrap != "" {
		req.Body = odatajson.Object{r.Wrap: req.Body}.JSON()
	}
	return req, apart, empty, nil
}

// content returns the body of a request: without the properties that the service
// sets, without parts, which have requests of their own, and with those that the
// request always has.
func (c *change) content(raw json.RawMessage, r catalogue.Request) (odatajson.Object, error) {
	o, err := odatajson.Parse(raw)
	if err != nil {
		return nil, c.invalid("the content is no JSON object")
	}
	body := o.JSON()
	for _, path := range c.drops(r) {
		segs := odatajson.Segments(path)
		if len(segs) == 1 && (segs[0] == "@odata.type" || slices.Contains(r.Keep, segs[0])) {
			continue
		}
		body = odatajson.WithoutTyped(body, segs)
	}
	if body, err = c.withoutBeta(body); err != nil {
		return nil, err
	}
	if o, err = odatajson.Parse(body); err != nil {
		return nil, c.invalid("the content is no JSON object")
	}
	// A patch of a polymorphic object has to say which type it is.
	if _, there := o["@odata.type"]; !there {
		for _, from := range []json.RawMessage{c.op.After, c.op.Before} {
			if was, err := odatajson.Parse(from); err == nil && was["@odata.type"] != nil {
				o["@odata.type"] = was["@odata.type"]
				break
			}
		}
	}
	for name, value := range r.Set {
		o[name] = value
	}
	if c.reportOnly && c.op.Verb == tenant.Create && strings.EqualFold(o.Text("state"), "enabled") {
		o["state"] = json.RawMessage(`"enabledForReportingButNotEnforced"`)
	}
	return o, nil
}

// drops are the paths that a request for the object does not have.
func (c *change) drops(r catalogue.Request) []string {
	drop := slices.Clone(c.entry.ReadOnly)
	if c.op.Verb == tenant.Update && !r.Whole {
		drop = append(drop, c.entry.CreateOnly...) // a replacement says them again
	}
	for _, p := range c.entry.Parts {
		if c.op.Verb != tenant.Create || !p.WithCreate {
			drop = append(drop, p.Path)
		}
	}
	for _, name := range r.Drop {
		drop = append(drop, "/"+name)
	}
	return drop
}

// takeApart moves properties out of a body. It returns nil if the body has none.
func takeApart(o odatajson.Object, names []string) odatajson.Object {
	var apart odatajson.Object
	for _, name := range names {
		if value, there := o[name]; there {
			if apart == nil {
				apart = odatajson.Object{}
			}
			apart[name] = value
			delete(o, name)
		}
	}
	return apart
}

// hasNothing reports whether a body is without properties.
func hasNothing(o odatajson.Object) bool {
	for name := range o {
		if !strings.Contains(name, "@odata.") {
			return false
		}
	}
	return true
}

// partRequest returns the request of an action that replaces a part whole.
func (c *change) partRequest(p catalogue.PartRequest) (wire.Request, error) {
	req := wire.Request{Method: cmp.Or(p.Method, http.MethodPost), URL: c.url(p.Action)}
	value := odatajson.At(c.op.Patch, c.partPath())
	if value == nil {
		return req, c.invalid("the patch has nothing of the part %q", c.op.Part)
	}
	if p.Method == http.MethodPut && bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
		req.Method = http.MethodDelete // a piece with a PUT has a DELETE
		return req, nil
	}
	if hidden := c.hidden(); hidden != "" {
		return req, c.invalid("v1.0 does not show %s, and writing the part %q at v1.0 would remove it: %s", hidden, c.op.Part, c.beta())
	}
	for _, segs := range c.partDrops(p) {
		value = odatajson.WithoutTyped(value, segs)
	}
	value, err := c.partWithoutBeta(value)
	if err != nil {
		return req, err
	}
	if bytes.Equal(value, []byte("null")) {
		value = json.RawMessage("[]")
	}
	req.Body = value
	if p.Wrap != "" {
		req.Body = odatajson.Object{p.Wrap: value}.JSON()
	}
	return req, c.checkPart(value)
}
