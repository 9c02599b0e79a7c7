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
	for i, l := range o.kind.Limits {
		if l.ServiceMade && slices.ContainsFunc(bodies, func(body *jsonval.Node) bool { return body != nil && schema.MeetsNode(l.When, body) }) {
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
	return "", true
}
