package diff

import (
	"cmp"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// serviceMade returns the limit for objects that the service changes itself, or
// nil. One of the bodies must meet it. The old body counts too, because the
// service may have removed the object.
func serviceMade(o *object, bodies ...*jsonval.Node) *tenant.Limit {
	return limit(o, func(l tenant.Limit) bool { return l.ServiceMade }, bodies)
}

// elsewhere returns the limit for objects that belong to another kind, or nil. One of
// the bodies must meet it.
func elsewhere(o *object, bodies ...*jsonval.Node) *tenant.Limit {
	return limit(o, func(l tenant.Limit) bool { return l.Kind != "" }, bodies)
}

// limit returns the first limit of these that one of the bodies meets, or nil.
func limit(o *object, these func(tenant.Limit) bool, bodies []*jsonval.Node) *tenant.Limit {
	for i, l := range o.kind.Limits {
		if these(l) && slices.ContainsFunc(bodies, func(body *jsonval.Node) bool { return body != nil && schema.MeetsNode(l.When, body) }) {
			return &o.kind.Limits[i]
		}
	}
	return nil
}

// allows reports whether the tenant and the kind allow the write. Otherwise it
// returns the reason.
func allows(ix *index, o *object, v tenant.Verb, body *jsonval.Node) (reason string, ok bool) {
	for _, l := range o.kind.Limits { // first, because limits have reasons
		if slices.Contains(l.Verbs, v) && schema.MeetsNode(l.When, body) {
			return cmp.Or(l.Reason, "the tenant does not allow this "+string(v)), false
		}
	}
	if reason := ix.unwritable[o.kind.Name]; reason != "" {
		return reason, false
	}
	if !o.kind.Allows(v) {
		return "this kind does not allow " + string(v) + "s", false
	}
	return allowsUnread(ix.states[o.kind.Name], o.kind, v)
}

// allowsUnread reports whether the write is safe although reads of the kind leave
// contents out. An update of single properties is safe. A new object could lack the
// unread contents of the object that the file was made from. A delete, or a write of
// the whole object, removes contents that no backup could restore.
func allowsUnread(state tenant.KindState, k *schema.Schema, v tenant.Verb) (reason string, ok bool) {
	if state.Completeness != tenant.NamesOnly || v == tenant.Update && !slices.Contains(k.Whole, "") {
		return "", true
	}
	why := cmp.Or(state.Reason, "something of them is not read")
	switch v {
	case tenant.Create:
		return "objects of this kind are not created, because the file may lack what is not read (" + why + "); create the object in the tenant", false
	case tenant.Delete:
		return "objects of this kind are not deleted, because no backup has all of them (" + why + "); delete the object in the tenant", false
	}
	return "objects of this kind are not updated, because an update replaces what is not read (" + why + "); change the object in the tenant", false
}

// unread reports whether a difference is about a property that no read of the kind
// shows: the tenant may have the file's value, or another one.
func unread(state tenant.KindState, raw *jsonval.Node, d *difference) bool {
	return state.Completeness == tenant.NamesOnly && d.current == nil && len(d.segs) > 0 && raw.Get(d.segs[0]) == nil
}
