package diff

import (
	"cmp"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// serviceMade returns the limit that says that the service changes such
// objects by itself, or nil. Any of the bodies may say so: what the service
// takes away is known from what was there.
func serviceMade(o *object, bodies ...*jsonval.Node) *tenant.Limit {
	for i, l := range o.kind.Limits {
		if l.ServiceMade && slices.ContainsFunc(bodies, func(body *jsonval.Node) bool { return body != nil && schema.MeetsNode(l.When, body) }) {
			return &o.kind.Limits[i]
		}
	}
	return nil
}

// allows reports whether the tenant lets the object be written, and why not.
func allows(ix *index, o *object, v tenant.Verb, body *jsonval.Node) (reason string, ok bool) {
	for _, l := range o.kind.Limits { // first, since they say why
		if slices.Contains(l.Verbs, v) && schema.MeetsNode(l.When, body) {
			return cmp.Or(l.Reason, "the tenant does not allow to "+string(v)+" this object"), false
		}
	}
	if reason := ix.unwritable[o.kind.Name]; reason != "" {
		return reason, false
	}
	if !o.kind.Allows(v) {
		return "this kind does not allow to " + string(v), false
	}
	return "", true
}
