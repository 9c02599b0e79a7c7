package diff

import (
	"cmp"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// guardRequest returns the plan's items with the values that the deploy writes.
func (as *assembler) guardRequest(p *plan.Plan) tenant.GuardRequest {
	req := tenant.GuardRequest{Tenant: p.Tenant, IDs: as.ns.ids()}
	for i := range p.Items {
		it := &p.Items[i]
		change := tenant.GuardChange{Item: it.ID, Kind: it.Kind, Key: it.Key, Verb: it.Verb, Part: it.Part, ID: it.TenantID, Names: map[string]string{}}
		if o := as.ms.objects[it.Kind][it.Key]; o.current != nil {
			change.Before = as.beforeChange(o, change.Names)
		}
		if it.After != nil {
			change.After = as.afterChange(it, change.Names)
		}
		req.Changes = append(req.Changes, guardChanges(it, change)...)
	}
	return req
}

// beforeChange returns the tenant's object without secrets. It adds the names
// of the objects that it refers to.
func (as *assembler) beforeChange(o *object, names map[string]string) []byte {
	form := schema.Form{
		Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
			for _, r := range schema.Applicable(at) {
				for _, kind := range r.Kinds {
					if key, ok := as.ns.lookup(kind, r.Property, n.Text); ok && names[n.Text] == "" {
						names[n.Text] = reference.ItemID(kind, key)
					}
				}
			}
			return n
		},
		Secret: func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.Redacted) },
		Mask:   func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.Asterisks) },
	}
	return form.Apply(o.kind, as.ix.tenantBody(o.kind, o.current)).JSON()
}

// afterChange returns the item's After with resolved references. It adds the
// names of the objects that it refers to.
func (as *assembler) afterChange(it *plan.Item, names map[string]string) []byte {
	values := make(map[string]string, len(it.Resolved))
	for _, r := range it.Resolved {
		ref := reference.ReferenceIn(jsonval.StringNode(r.Ref))
		values[r.Ref] = cmp.Or(r.ID, r.Value)
		if r.New && ref.Property == "" {
			values[r.Ref] = tenant.NewObject(ref.Kind, ref.Key)
		}
		if ref.Property == "" || r.ID != "" {
			names[values[r.Ref]] = ref.Object()
		}
	}
	after, err := apply.ResolveText(it.After, func(ref reference.Ref) (string, error) {
		value, ok := values[ref.String()]
		if !ok {
			return "", fmt.Errorf("%s is not resolved", ref)
		}
		return value, nil
	})
	if err != nil {
		as.ix.fail(fmt.Errorf("plan: %s: for guards: %w", it.ID, err)) // cannot happen: the same comparison made the plan
		return nil
	}
	return after
}

// guardChanges returns the changes of an item for guards: two for an item that
// restores an object and then changes it, because the form in which it comes back
// holds until the second is made.
func guardChanges(it *plan.Item, change tenant.GuardChange) []tenant.GuardChange {
	if !it.Restored {
		return []tenant.GuardChange{change}
	}
	back := change
	back.Restored, back.Before, back.After = true, nil, change.Before
	if len(it.Changes) == 1 {
		return []tenant.GuardChange{back}
	}
	change.Verb = tenant.Update
	return []tenant.GuardChange{back, change}
}
