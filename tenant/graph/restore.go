package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

var _ tenant.Restorer = (*Client)(nil)

// Deleted is part of [tenant.Restorer]: what Graph keeps for 30 days after a delete.
// It keeps policies, named locations, groups of the cloud without mail and Microsoft
// 365 groups, applications, service principals and administrative units.
//
// See https://learn.microsoft.com/en-us/graph/api/directory-deleteditems-list and
// https://learn.microsoft.com/en-us/entra/architecture/recover-from-deletions.
func (c *Client) Deleted(ctx context.Context, req tenant.DeletedRequest) (tenant.Deleted, error) {
	const op = "read deleted"
	e, err := c.entry(op, req.Kind)
	if err != nil {
		return tenant.Deleted{}, err
	}
	if e.Deleted == nil || lacking(e, c.cfg.Cloud) != "" {
		return tenant.Deleted{}, ctx.Err()
	}
	f := c.fetcher(e, op)
	bounded, stop := f.bounded(ctx)
	defer stop()
	out := tenant.Deleted{Kept: true, Preview: e.Deleted.Version == "beta"}
	err = f.deleted(bounded, e.Deleted.List, func(body json.RawMessage) error {
		o, err := deletedObject(e, body)
		if err == nil && !skipped(e, o.Body) {
			out.Objects = append(out.Objects, o)
		}
		return err
	})
	if err != nil {
		return tenant.Deleted{}, c.explain(e.Read, err)
	}
	return out, nil
}

// deleted reads a list of deleted objects.
func (f *fetcher) deleted(ctx context.Context, list string, each func(json.RawMessage) error) error {
	return f.pages(ctx, collection{url: f.at.endpoint + "/" + f.entry.Deleted.Version + list}, func(a wire.Answer, p odatajson.Page) error {
		for _, body := range p.Value {
			if err := each(body); err != nil {
				return f.malformed(a, "", err)
			}
		}
		return nil
	})
}

// deletedDateTime is the property of deleted objects that they lose with the restore.
const deletedDateTime = "deletedDateTime"

// deletedObject makes the object that comes back of one that is deleted.
func deletedObject(e *catalogue.Entry, body json.RawMessage) (out tenant.DeletedObject, err error) {
	if out.Resource, err = resource(e, body); err != nil {
		return out, err
	}
	o, err := odatajson.Parse(out.Body)
	if err != nil {
		return out, err
	}
	if at, err := time.Parse(time.RFC3339, o.Text(deletedDateTime)); err == nil {
		out.At = at
	}
	delete(o, deletedDateTime)
	out.Body = o.JSON()
	return out, nil
}

// restore carries out a create that restores a deleted object: it restores the object
// unless it is there already, and what was deleted with it, and patches it once a read
// shows it. It may be repeated.
func (w *writer) restore(ctx context.Context) (wire.Answer, error) {
	id, err := odatajson.Segment(w.op.Restore)
	if err != nil {
		return wire.Answer{}, w.invalid("%v", err)
	}
	if w.entry.Deleted == nil {
		return wire.Answer{}, w.invalid("the service keeps no deleted objects of this kind")
	}
	w.object = "/" + id
	a, err := w.reads.get(ctx, w.url(""), w.op.Restore, nil)
	switch {
	case tenant.ClassOf(err) == tenant.NotFound:
		if a, err = w.send(ctx, w.restoring(id)); err != nil {
			return a, err
		}
	case err != nil:
		return a, err
	}
	if err := untilVisible(ctx, w.reads, w.url(""), w.op.Restore, func(now wire.Answer) bool { a = now; return true }); err != nil {
		return a, w.begun(err)
	}
	if err := w.restoreWith(ctx, a.Body); err != nil {
		return a, w.begun(err)
	}
	if len(w.op.Patch) == 0 {
		return a, nil
	}
	patch := *w.change
	patch.op.Verb, patch.op.ID = tenant.Update, w.op.Restore
	steps, _, err := patch.steps()
	if err == nil {
		update := *w
		update.change = &patch
		a, err = update.sendAll(ctx, steps)
	}
	if err != nil {
		err = w.begun(err)
	}
	return a, err
}

// restoring is the request that restores a deleted object.
func (w *writer) restoring(id string) wire.Request {
	d := w.entry.Deleted
	return wire.Request{Method: http.MethodPost, URL: w.at.endpoint + "/" + d.Version + d.Path + "/" + id + "/restore"}
}

// restoreWith restores the objects that were deleted with the object. The service's
// own pages differ: "restoring an application doesn't restore the associated service
// principal automatically" (v1.0/api/directory-deleteditems-restore), while the
// portal restores both (entra/identity/enterprise-apps/restore-application).
func (w *writer) restoreWith(ctx context.Context, restored json.RawMessage) error {
	with := w.entry.Deleted.With
	if with == nil {
		return nil
	}
	o, err := odatajson.Parse(restored)
	if err != nil || o.Text(with.By) == "" {
		return nil // nothing tells what belongs to it
	}
	var ids []string
	err = w.reads.deleted(ctx, with.List, func(body json.RawMessage) error {
		other, err := odatajson.Parse(body)
		if err != nil || !strings.EqualFold(other.Text(with.By), o.Text(with.By)) {
			return err
		}
		id, err := odatajson.Segment(other.Text("id"))
		ids = append(ids, id)
		return err
	})
	for _, id := range ids {
		if err == nil {
			_, err = w.send(ctx, w.restoring(id))
		}
	}
	return err
}
