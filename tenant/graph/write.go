package graph

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// Apply is part of [tenant.Client]: one attempt, with any answer.
func (c *Client) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	e, err := c.entry(string(op.Verb), op.Kind)
	if err != nil {
		return tenant.Applied{}, err
	}
	if err := ctx.Err(); err != nil {
		return tenant.Applied{}, notBegun(op, context.Cause(ctx))
	}
	if err := c.mayWrite(e, op); err != nil {
		return tenant.Applied{}, err
	}
	if err := c.locate(ctx, e, string(op.Verb)); err != nil {
		return tenant.Applied{}, err
	}
	w := &writing{c: c, entry: e, op: op}
	if op.Verb != tenant.Create && !e.Singleton {
		id, err := odatajson.Segment(op.ID)
		if err != nil {
			return tenant.Applied{}, invalid(op, "%v", err)
		}
		w.object = "/" + id
	}
	if p := e.PartRequests[op.Part]; op.Part != "" && (p.Changes != nil || p.Action == "" && p.Each != nil) {
		return w.eachMember(ctx, p)
	}
	req, err := w.request()
	if err != nil {
		return tenant.Applied{}, err
	}
	a, err := w.sendAll(ctx, w.inTurn(req))
	if err == nil {
		a, err = w.afterCreate(ctx, a)
	}
	if err != nil {
		return tenant.Applied{RequestID: a.requestID}, c.explain(e.Write, err)
	}
	return w.applied(a), nil
}

// mayWrite refuses what must not be sent.
func (c *Client) mayWrite(e *catalogue.Entry, op tenant.Operation) error {
	k := allowed(e, c.cfg)
	switch why := lacking(e, c.cfg.Cloud); {
	case why != "":
		return &tenant.Error{Class: tenant.NotLicensed, Op: string(op.Verb), Kind: op.Kind, ID: op.ID, Message: why}
	case !k.Allows(op.Verb) && e.Allows(op.Verb):
		return invalid(op, unproven)
	case !k.Allows(op.Verb):
		return invalid(op, "the kind does not know the verb %q", op.Verb)
	case op.Part != "" && !slices.ContainsFunc(e.Parts, func(p tenant.Part) bool { return p.Name == op.Part }):
		return invalid(op, "the kind has no part %q", op.Part)
	case op.Part != "" && !c.cfg.writes(e.Name) && !e.Proven(tenant.Update, op.Part):
		return invalid(op, "neither an example of Microsoft's documentation nor two public tools show how the part %q is written; name the kind in Config.Unproven to have it done all the same", op.Part)
	case op.Verb == tenant.Create && op.ID != "":
		return invalid(op, "a create has no id: the service gives it one")
	case op.Verb != tenant.Create && op.ID == "" && !e.Singleton:
		return invalid(op, "no id is given")
	}
	return nil
}

// notBegun is the error of a write that was not sent.
func notBegun(op tenant.Operation, cause error) *tenant.Error {
	return &tenant.Error{Class: tenant.Transient, Op: string(op.Verb), Kind: op.Kind, ID: op.ID, Message: "it was not begun", Err: cause}
}

// writing is one operation.
type writing struct {
	c     *Client
	entry *catalogue.Entry
	op    tenant.Operation
	// object is the object's path below the collection; empty for a singleton
	// and for an object that is not created yet.
	object string
	// apart are the properties that go in a PATCH of their own. empty means that the
	// body is without others.
	apart odatajson.Object
	empty bool
}

// request makes the one request of an operation.
func (w *writing) request() (request, error) {
	if w.op.Part != "" {
		return w.partRequest(w.entry.PartRequests[w.op.Part])
	}
	var r catalogue.Request
	var method, below string
	var body json.RawMessage
	switch w.op.Verb {
	case tenant.Create:
		r, method, body = w.entry.Requests.Create, http.MethodPost, w.op.After
	case tenant.Update:
		r, method, below, body = w.entry.Requests.Update, http.MethodPatch, w.object, w.op.Patch
		if r.Whole || len(body) == 0 {
			body = w.op.After
		}
	case tenant.Delete:
		r, method, below = w.entry.Requests.Delete, http.MethodDelete, w.object
	}
	req := request{method: cmp.Or(r.Method, method), url: w.c.url(w.entry, below+r.Path)}
	if w.op.Verb == tenant.Delete {
		return req, nil
	}
	o, err := w.content(body, r)
	if err != nil {
		return req, err
	}
	if err := w.checkMasks(o.JSON()); err != nil {
		return req, err
	}
	w.takeApart(o)
	w.empty = hasNothing(o)
	if req.body, err = bound(o.JSON(), r.Bind, w.c.cfg.Endpoint+"/"+w.entry.Version); err != nil {
		return req, invalid(w.op, "it cannot be written: %v", err)
	}
	if r.Wrap != "" {
		req.body = odatajson.Object{r.Wrap: req.body}.JSON()
	}
	return req, nil
}

// content returns the body of a request: without the properties that the service
// sets, without parts, which have requests of their own, and with those that the
// request always has.
func (w *writing) content(raw json.RawMessage, r catalogue.Request) (odatajson.Object, error) {
	o, err := odatajson.Parse(raw)
	if err != nil {
		return nil, invalid(w.op, "the content is no JSON object")
	}
	drop := slices.Clone(w.entry.ReadOnly)
	if w.op.Verb == tenant.Update && !r.Whole {
		drop = append(drop, w.entry.CreateOnly...) // a replacement says them again
	}
	for _, p := range w.entry.Parts {
		if w.op.Verb != tenant.Create || !p.WithCreate {
			drop = append(drop, p.Path)
		}
	}
	for _, name := range r.Drop {
		drop = append(drop, "/"+name)
	}
	body := o.JSON()
	for _, path := range drop {
		segs := odatajson.Segments(path)
		if len(segs) == 1 && (segs[0] == "@odata.type" || slices.Contains(r.Keep, segs[0])) {
			continue
		}
		body = odatajson.WithoutTyped(body, segs)
	}
	if body, err = w.withoutBeta(body); err != nil {
		return nil, err
	}
	if o, err = odatajson.Parse(body); err != nil {
		return nil, invalid(w.op, "the content is no JSON object")
	}
	// A patch of a polymorphic object has to say which type it is.
	if _, there := o["@odata.type"]; !there {
		for _, from := range []json.RawMessage{w.op.After, w.op.Before} {
			if was, err := odatajson.Parse(from); err == nil && was["@odata.type"] != nil {
				o["@odata.type"] = was["@odata.type"]
				break
			}
		}
	}
	for name, value := range r.Set {
		o[name] = value
	}
	if w.c.cfg.ReportOnly && w.op.Verb == tenant.Create && w.entry.Name == conditionalAccess && strings.EqualFold(o.Text("state"), "enabled") {
		o["state"] = json.RawMessage(`"enabledForReportingButNotEnforced"`)
	}
	return o, nil
}

// conditionalAccess is the name of the kind that ReportOnly and the guard know.
const conditionalAccess = "conditionalAccessPolicies"

// send sends a write once.
func (w *writing) send(ctx context.Context, req request) (answer, error) {
	op := string(w.op.Verb)
	limit := w.c.limits[w.entry.Throttle]
	if err := limit.enter(ctx, 1, nil); err != nil {
		failed := notBegun(w.op, err)
		if errors.Is(err, context.DeadlineExceeded) { // no time was left after the service's pause
			failed.Class, failed.Message = tenant.Throttled, "it was not begun: the service asks for pauses"
		}
		return answer{}, failed
	}
	defer limit.leave()
	call, stop := context.WithTimeout(ctx, w.c.cfg.WriteTimeout)
	defer stop()
	req.headers = w.entry.Headers
	a, err := w.c.send(call, w.c.pipeline(w.entry, true), req)
	if err != nil {
		return a, unanswered(err, a, op, w.entry.Name, w.op.ID, true)
	}
	failed := asError(a, op, w.entry.Name, w.op.ID)
	if failed == nil {
		limit.accepted()
		return a, nil
	}
	switch {
	case failed.Class == tenant.Throttled, a.status == http.StatusServiceUnavailable && failed.RetryAfter > 0:
		limit.refused(failed.RetryAfter) // nothing was done
		failed.Class = tenant.Throttled
	case failed.Class == tenant.Transient && a.status != http.StatusLocked:
		failed.MaybeApplied = true
	}
	return a, failed
}

// applied is the answer of a write that took effect.
func (w *writing) applied(a answer) tenant.Applied {
	out := tenant.Applied{RequestID: a.requestID, Resource: tenant.Resource{Kind: w.entry.Name, ID: w.op.ID}}
	if w.op.Verb == tenant.Delete || w.op.Part != "" {
		return out
	}
	res, err := resource(w.entry, a.body)
	if err != nil {
		return out // no content, or none that is an object
	}
	if _, err := odatajson.Segment(res.ID); err == nil && w.op.ID == "" {
		out.Resource.ID = res.ID
	}
	if len(w.entry.Subs)+len(w.apart) == 0 && a.status != http.StatusAccepted {
		out.Resource.Body = res.Body // whole
	}
	return out
}

// partRequest makes the request of an action that replaces a part whole.
func (w *writing) partRequest(p catalogue.PartRequest) (request, error) {
	req := request{method: cmp.Or(p.Method, http.MethodPost), url: w.c.url(w.entry, w.object+p.Action)}
	value := odatajson.At(w.op.Patch, w.partPath())
	if value == nil {
		return req, invalid(w.op, "the patch has nothing of the part %q", w.op.Part)
	}
	if p.Method == http.MethodPut && bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
		req.method = http.MethodDelete // a piece with a PUT has a DELETE
		return req, nil
	}
	if hidden := w.hidden(); hidden != "" {
		return req, invalid(w.op, "v1.0 does not show %s, and writing the part %q at v1.0 would remove it: %s", hidden, w.op.Part, w.beta())
	}
	value = dropFrom(value, w.partDrops(p))
	value, err := w.partWithoutBeta(value)
	if err != nil {
		return req, err
	}
	if bytes.Equal(value, []byte("null")) {
		value = json.RawMessage("[]")
	}
	req.body = value
	if p.Wrap != "" {
		req.body = odatajson.Object{p.Wrap: value}.JSON()
	}
	return req, w.checkPart(value)
}

func (w *writing) partPath() string {
	for _, p := range w.entry.Parts {
		if p.Name == w.op.Part {
			return p.Path
		}
	}
	return ""
}

// partDrops are paths within the part that are not sent: those that the kind
// has as read-only below it, and the request's own.
func (w *writing) partDrops(p catalogue.PartRequest) [][]string {
	part := odatajson.Segments(w.partPath())
	var out [][]string
	for _, path := range w.entry.ReadOnly {
		if segs := odatajson.Segments(path); len(segs) > len(part) && slices.Equal(segs[:len(part)], part) {
			out = append(out, segs[len(part):])
		}
	}
	for _, name := range p.Drop {
		out = append(out, []string{"*", name}, []string{name})
	}
	return out
}

func dropFrom(value json.RawMessage, paths [][]string) json.RawMessage {
	for _, segs := range paths {
		value = odatajson.WithoutTyped(value, segs)
	}
	return value
}

// eachMember writes the changes of a part: member by member, or by an action that
// takes all changes. An error after a successful request says that the write may have
// taken effect: the object has to be read.
func (w *writing) eachMember(ctx context.Context, p catalogue.PartRequest) (tenant.Applied, error) {
	if why := w.lacksPiece(); why != "" {
		return tenant.Applied{}, invalid(w.op, "the part %q is not written: %s", w.op.Part, why)
	}
	requests := w.memberRequests
	if p.Changes != nil {
		requests = w.changesRequests
	}
	reqs, err := requests(p)
	if err != nil {
		return tenant.Applied{}, err
	}
	a, err := w.sendAll(ctx, reqs)
	if err != nil {
		return tenant.Applied{RequestID: a.requestID}, w.c.explain(w.entry.Write, err)
	}
	return w.applied(a), nil
}

// sendAll sends the requests of one operation in turn, until one fails. If that
// was not the first, something was done before it.
func (w *writing) sendAll(ctx context.Context, reqs []request) (a answer, err error) {
	for i, req := range reqs {
		if a, err = w.send(ctx, req); err != nil {
			if i > 0 {
				err = w.begun(err)
			}
			return a, err
		}
		if req.until != nil {
			if err = req.until(ctx); err != nil {
				return a, w.begun(err)
			}
		}
	}
	return a, nil
}

// begun is the error of an operation some of whose requests were carried out.
func (w *writing) begun(err error) error {
	failed, ok := errors.AsType[*tenant.Error](err)
	if !ok { // the context's
		failed = &tenant.Error{Class: tenant.Transient, Op: string(w.op.Verb), Kind: w.entry.Name, ID: w.op.ID, Message: "it was not finished", Err: err}
	}
	failed.MaybeApplied = true
	return failed
}

// typed adds to a patch the type that a polymorphic object has to name.
func (w *writing) typed(patch json.RawMessage) json.RawMessage {
	o, err := odatajson.Parse(patch)
	was, errBefore := odatajson.Parse(w.op.Before)
	if err != nil || errBefore != nil || was["@odata.type"] == nil {
		return patch
	}
	o["@odata.type"] = was["@odata.type"]
	return o.JSON()
}
