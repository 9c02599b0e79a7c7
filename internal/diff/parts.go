package diff

import (
	"maps"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// items returns the items for an object's change: one for the object without
// its parts, and one for each changed part. It notes the parts for which there is
// none.
func (o *object) items(ix *index) []splitItem {
	for _, path := range o.unset {
		noteOn(ix, o, plan.Unsupported, path, "it must be written after the object is created, but can be set only on create; set it by other means, or remove it from the repository")
	}
	if o.pieces != nil {
		return o.pieces
	}
	return []splitItem{{*o.item, o.newRefs}}
}

// splitUpdate splits an update into an item for the object without its parts and
// one for each changed part. after is the item's After.
func (o *object) splitUpdate(after *jsonval.Node) {
	if len(o.kind.Parts) == 0 {
		return
	}
	whole := splitItem{*o.item, reference.RefsOf(o.kind.Piece(after, ""))}
	if whole.Changes, whole.Sensitive = ofPart(o.kind, o.item, -1); len(whole.Changes) > 0 {
		o.pieces = append(o.pieces, whole)
	}
	for i := range o.kind.Parts {
		it := o.partItem(i, after)
		if it.Changes, it.Sensitive = ofPart(o.kind, o.item, i); len(it.Changes) == 0 {
			continue
		}
		it.Before = o.partsBefore[i]
		o.pieces = append(o.pieces, it)
	}
	for i := range o.pieces {
		it := &o.pieces[i]
		it.Origin = plan.Deploy
		for _, change := range it.Changes {
			it.Origin = moreSevere(it.Origin, change.Origin)
		}
	}
}

// splitCreate splits a create into an item that creates the object without its
// parts, and an update for each part that it has. after is the item's After, and
// key the tenant's key.
func (o *object) splitCreate(key string, after *jsonval.Node) {
	if len(o.kind.Parts) == 0 {
		return
	}
	change := o.item.Changes[0]
	rest := o.kind.Created(after)
	whole := splitItem{*o.item, reference.RefsOf(rest)}
	whole.After, whole.Resolved = rest.JSON(), resolvedIn(o.item, rest)
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
	o.pieces = []splitItem{whole}
	for i, p := range o.kind.Parts {
		value := after.At(o.kind.PartPaths[i])
		if p.WithCreate {
			_, more := ofPart(o.kind, o.item, i)
			o.pieces[0].Sensitive = append(o.pieces[0].Sensitive, more...)
			continue
		}
		if value.IsEmpty() {
			continue
		}
		if o.kind.Root.Follow(o.kind.PartPaths[i]).Fact().CreateOnly {
			o.unset = append(o.unset, p.Path)
			continue
		}
		it := o.partItem(i, after)
		it.Before = schema.Fingerprint(o.kind, &jsonval.Node{Kind: '{'}, p.Name, key)
		it.Changes = []plan.PropertyChange{{Pointer: p.Path, After: value.JSON(), Origin: o.item.Origin, Redacted: change.Redacted,
			Secrets: secretsOfPart(o.kind, o.item.Changes[0].Secrets, i), FleetSecrets: secretsOfPart(o.kind, o.item.Changes[0].FleetSecrets, i)}}
		_, it.Sensitive = ofPart(o.kind, o.item, i)
		o.pieces = append(o.pieces, it)
	}
}

// partItem starts the item for the i-th part.
func (o *object) partItem(i int, after *jsonval.Node) splitItem {
	it := splitItem{*o.item, reference.RefsOf(after.At(o.kind.PartPaths[i]))}
	it.Part, it.Verb, it.Restored, it.Preview = o.kind.Parts[i].Name, tenant.Update, false, false
	it.ID = reference.PartID(it.Kind, it.Part, it.Key)
	return it
}

// ofPart returns the item's changes and sensitive pointers in the i-th part, or
// outside all parts for -1.
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

// secretsOfPart returns a whole object's secrets in the i-th part, by their
// pointers within the part.
func secretsOfPart(k *schema.Schema, secrets map[string]string, i int) map[string]string {
	var out map[string]string
	for pointer, sum := range secrets {
		if k.PartOf(pointer) != i {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		segs, _ := jsonval.SplitPointer(pointer) // JoinPointer made it
		out[jsonval.JoinPointer(segs[len(k.PartPaths[i]):])] = sum
	}
	return out
}
