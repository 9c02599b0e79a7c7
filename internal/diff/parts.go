package diff

import (
	"maps"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// splitItem is an item, and what its new content refers to.
type splitItem struct {
	plan.Item
	refs []string
}

// keepAfter keeps the item's After for [split], which looks at the tree only
// where the kind has parts.
func (o *object) keepAfter(after *jsonval.Node) {
	if len(o.kind.Parts) > 0 {
		o.after = after
	}
}

// split returns the items that an object's item is carried out by: one for the
// object without its parts, and one for each part that changes.
func split(ix *index, o *object) []splitItem {
	whole := splitItem{*o.item, o.newRefs}
	if len(o.kind.Parts) == 0 || o.item.Verb == tenant.Delete {
		return []splitItem{whole}
	}
	after := o.after
	if o.item.Verb == tenant.Create {
		return splitCreate(ix, o, whole, after)
	}
	whole.refs = reference.RefsOf(o.kind.Piece(after, ""))
	var out []splitItem
	if whole.Changes, whole.Sensitive = ofPart(o.kind, o.item, -1); len(whole.Changes) > 0 {
		out = append(out, whole)
	}
	for i := range o.kind.Parts {
		it := o.partItem(i, after)
		if it.Changes, it.Sensitive = ofPart(o.kind, o.item, i); len(it.Changes) == 0 {
			continue
		}
		it.Before = o.partsBefore[i]
		out = append(out, it)
	}
	for i := range out {
		out[i].Origin = plan.Deploy
		for _, change := range out[i].Changes {
			out[i].Origin = graver(out[i].Origin, change.Origin)
		}
	}
	return out
}

// splitCreate creates the object without its parts, and then gives it those
// that it has.
func splitCreate(ix *index, o *object, whole splitItem, after *jsonval.Node) []splitItem {
	change := o.item.Changes[0]
	rest := o.kind.Created(after)
	whole.refs, whole.After, whole.Resolved = reference.RefsOf(rest), rest.JSON(), resolvedIn(o.item, rest)
	change.After = whole.After
	for _, secrets := range []*map[string]string{&change.Secrets, &change.FleetSecrets} {
		*secrets = maps.Clone(*secrets)
		maps.DeleteFunc(*secrets, func(pointer, _ string) bool {
			i := o.kind.PartOf(pointer)
			return i >= 0 && !o.kind.Parts[i].WithCreate
		})
	}
	whole.Changes = []plan.PropertyChange{change}
	_, whole.Sensitive = ofPart(o.kind, o.item, -1)
	out := []splitItem{whole}
	for i, p := range o.kind.Parts {
		value := after.At(o.kind.PartPaths[i])
		if p.WithCreate {
			_, more := ofPart(o.kind, o.item, i)
			out[0].Sensitive = append(out[0].Sensitive, more...)
			continue
		}
		if value.IsEmpty() {
			continue
		}
		if o.kind.Root.Follow(o.kind.PartPaths[i]).Fact().CreateOnly {
			noteOn(ix, o, plan.Unsupported, p.Path, "it would have to be written after the object is created, and cannot be; put it in by other means, or take it out of the repository")
			continue
		}
		it := o.partItem(i, after)
		it.Before = schema.Fingerprint(o.kind, &jsonval.Node{Kind: '{'}, p.Name, ix.key)
		it.Changes = []plan.PropertyChange{{Pointer: p.Path, After: value.JSON(), Origin: o.item.Origin, Redacted: change.Redacted,
			Secrets: secretsOfPart(o.kind, o.item.Changes[0].Secrets, i), FleetSecrets: secretsOfPart(o.kind, o.item.Changes[0].FleetSecrets, i)}}
		_, it.Sensitive = ofPart(o.kind, o.item, i)
		out = append(out, it)
	}
	return out
}

// partItem begins the item for the i-th part.
func (o *object) partItem(i int, after *jsonval.Node) splitItem {
	it := splitItem{*o.item, reference.RefsOf(after.At(o.kind.PartPaths[i]))}
	it.Part, it.Verb = o.kind.Parts[i].Name, tenant.Update
	it.ID = reference.PartID(it.Kind, it.Part, it.Key)
	return it
}

// ofPart returns the item's changes and sensitive pointers that are in the i-th
// part, or, for -1, in none.
func ofPart(k *schema.Schema, it *plan.Item, i int) (changes []plan.PropertyChange, sensitive []string) {
	for _, change := range it.Changes {
		if k.PartOf(change.Pointer) == i {
			changes = append(changes, change)
		}
	}
	for _, pointer := range it.Sensitive {
		if k.PartOf(pointer) == i {
			sensitive = append(sensitive, pointer)
		}
	}
	return changes, sensitive
}

// secretsOfPart returns those of a whole object's secrets that are in the i-th
// part, by their pointers within it.
func secretsOfPart(k *schema.Schema, secrets map[string]string, i int) map[string]string {
	var out map[string]string
	for pointer, sum := range secrets {
		if k.PartOf(pointer) != i {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		segs, _ := jsonval.SplitPointer(pointer) // it was made by joinPointer
		out[jsonval.JoinPointer(segs[len(k.PartPaths[i]):])] = sum
	}
	return out
}
