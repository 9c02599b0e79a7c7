package graph

import (
	"context"
	"net/http"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// takeApart moves the properties that go [catalogue.Entry.Apart] out of a body.
func (w *writing) takeApart(o odatajson.Object) {
	for _, name := range w.entry.Apart {
		if value, there := o[name]; there {
			if w.apart == nil {
				w.apart = odatajson.Object{}
			}
			w.apart[name] = value
			delete(o, name)
		}
	}
}

// inTurn returns the requests of an operation, in order. Those that need the id of a
// created object are sent by afterCreate.
func (w *writing) inTurn(req request) []request {
	switch f := w.entry.Requests.Delete.First; {
	case w.op.Part != "":
	case w.op.Verb == tenant.Delete && f != nil && odatajson.Meets(w.op.Before, f.When):
		first := request{method: http.MethodPatch, url: w.c.url(w.entry, w.object), body: w.typed(f.Set)}
		if f.Visible {
			first.until = func(ctx context.Context) error { return w.untilNot(ctx, f.When) }
		}
		return []request{first, req}
	case w.op.Verb == tenant.Update:
		var all []request
		if body := w.disabling(); body != nil {
			all = append(all, request{method: http.MethodPatch, url: w.c.url(w.entry, w.object), body: body})
		}
		if !w.empty || len(w.apart) == 0 {
			all = append(all, req)
		}
		if len(w.apart) > 0 {
			all = append(all, request{method: http.MethodPatch, url: w.c.url(w.entry, w.object), body: w.apart.JSON()})
		}
		return all
	}
	return []request{req}
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

// afterCreate waits until a new object shows, and patches the properties that go
// apart.
func (w *writing) afterCreate(ctx context.Context, created answer) (answer, error) {
	visible := w.entry.Requests.Create.Visible
	if w.op.Verb != tenant.Create || !visible && len(w.apart) == 0 {
		return created, nil
	}
	id := ""
	if res, err := resource(w.entry, created.body); err == nil {
		id, _ = odatajson.Segment(res.ID)
	}
	if id != "" {
		w.object = "/" + id
	}
	if visible && id != "" {
		if err := w.untilThere(ctx); err != nil {
			w.c.cfg.Logger.Warn("a created object does not show", "kind", w.entry.Name, "id", id, "err", err)
		}
	}
	switch {
	case len(w.apart) == 0:
		return created, nil
	case id == "":
		return created, &tenant.Error{Class: tenant.Transient, Op: string(w.op.Verb), Kind: w.entry.Name, RequestID: created.requestID, MaybeApplied: true,
			Message: "the object was created, but the answer does not show its id, and the rest could not be sent: " + strings.Join(w.apart.Names(), ", ")}
	}
	a, err := w.sendAll(ctx, []request{{method: http.MethodPatch, url: w.c.url(w.entry, w.object), body: w.apart.JSON()}})
	if err != nil {
		return a, w.begun(err)
	}
	return created, nil
}
