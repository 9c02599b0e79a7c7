package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

// piece returns a part of an object, or, for "", the object without its parts.
func (k *kindRules) piece(n *node, part string) *node {
	for i, p := range k.Parts {
		if p.Name == part {
			return n.at(k.parts[i])
		}
	}
	return k.leave(n, func(tenant.Part) bool { return true })
}

// created returns what an object is created with.
func (k *kindRules) created(n *node) *node {
	return k.leave(n, func(p tenant.Part) bool { return !p.WithCreate })
}

// leave returns the object without some of its parts.
func (k *kindRules) leave(n *node, out func(tenant.Part) bool) *node {
	for i, p := range k.Parts {
		if out(p) && n.at(k.parts[i]) != nil {
			n = n.with(k.parts[i], nil)
		}
	}
	return n
}

// partPath returns a part's path, or nil for "".
func (k *kindRules) partPath(part string) []string {
	for i, p := range k.Parts {
		if p.Name == part {
			return k.parts[i]
		}
	}
	return nil
}

// partOf returns the index of the part that a pointer leads to or into, or -1.
func (k *kindRules) partOf(pointer string) int {
	segs, err := splitPointer(pointer)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(k.parts, func(p []string) bool { return len(p) <= len(segs) && slices.Equal(p, segs[:len(p)]) })
}

// splitItem is an item, and what its new content refers to.
type splitItem struct {
	Item
	refs []string
}

// split returns the items that an object's item is carried out by: one for the
// object without its parts, and one for each part that changes.
func (c *comparison) split(o *object) []splitItem {
	whole := splitItem{*o.item, o.newRefs}
	if len(o.kind.Parts) == 0 || o.item.Verb == tenant.Delete {
		return []splitItem{whole}
	}
	after, err := parse(o.item.After)
	if err != nil {
		c.fail(fmt.Errorf("plan: %s: %w", o.item.ID, err))
		return nil
	}
	if o.item.Verb == tenant.Create {
		return c.splitCreate(o, whole, after)
	}
	whole.refs = refsOf(o.kind.piece(after, ""))
	var out []splitItem
	if whole.Changes, whole.Sensitive = o.kind.ofPart(o.item, -1); len(whole.Changes) > 0 {
		out = append(out, whole)
	}
	for i := range o.kind.Parts {
		it := o.partItem(i, after)
		if it.Changes, it.Sensitive = o.kind.ofPart(o.item, i); len(it.Changes) == 0 {
			continue
		}
		it.Before = o.partsBefore[i]
		out = append(out, it)
	}
	for i := range out {
		out[i].Origin = Deploy
		for _, change := range out[i].Changes {
			out[i].Origin = graver(out[i].Origin, change.Origin)
		}
	}
	return out
}

// splitCreate creates the object without its parts, and then gives it those
// that it has.
func (c *comparison) splitCreate(o *object, whole splitItem, after *node) []splitItem {
	change := o.item.Changes[0]
	rest := o.kind.created(after)
	whole.refs, whole.After = refsOf(rest), rest.json()
	change.After = whole.After
	change.Secrets = maps.Clone(change.Secrets)
	maps.DeleteFunc(change.Secrets, func(pointer, _ string) bool {
		i := o.kind.partOf(pointer)
		return i >= 0 && !o.kind.Parts[i].WithCreate
	})
	whole.Changes = []PropertyChange{change}
	_, whole.Sensitive = o.kind.ofPart(o.item, -1)
	out := []splitItem{whole}
	for i, p := range o.kind.Parts {
		value := after.at(o.kind.parts[i])
		if p.WithCreate {
			_, more := o.kind.ofPart(o.item, i)
			out[0].Sensitive = append(out[0].Sensitive, more...)
			continue
		}
		if value.isEmpty() {
			continue
		}
		if o.kind.root.follow(o.kind.parts[i]).fact().createOnly {
			c.noteOn(o, Unsupported, p.Path, "it would have to be written after the object is created, and cannot be; put it in by other means, or take it out of the repository")
			continue
		}
		it := o.partItem(i, after)
		it.Before = fingerprint(o.kind, &node{kind: '{'}, p.Name, c.salt)
		it.Changes = []PropertyChange{{Pointer: p.Path, After: value.json(), Origin: o.item.Origin, Redacted: change.Redacted,
			Secrets: o.kind.secretsOfPart(o.item.Changes[0].Secrets, i)}}
		_, it.Sensitive = o.kind.ofPart(o.item, i)
		out = append(out, it)
	}
	return out
}

// partItem begins the item for the i-th part.
func (o *object) partItem(i int, after *node) splitItem {
	it := splitItem{*o.item, refsOf(after.at(o.kind.parts[i]))}
	it.Part, it.Verb = o.kind.Parts[i].Name, tenant.Update
	it.ID = partID(it.Kind, it.Part, it.Key)
	return it
}

// ofPart returns the item's changes and sensitive pointers that are in the i-th
// part, or, for -1, in none.
func (k *kindRules) ofPart(it *Item, i int) (changes []PropertyChange, sensitive []string) {
	for _, change := range it.Changes {
		if k.partOf(change.Pointer) == i {
			changes = append(changes, change)
		}
	}
	for _, pointer := range it.Sensitive {
		if k.partOf(pointer) == i {
			sensitive = append(sensitive, pointer)
		}
	}
	return changes, sensitive
}

// secretsOfPart returns those of a whole object's secrets that are in the i-th
// part, by their pointers within it.
func (k *kindRules) secretsOfPart(secrets map[string]string, i int) map[string]string {
	var out map[string]string
	for pointer, sum := range secrets {
		if k.partOf(pointer) != i {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		segs, _ := splitPointer(pointer) // it was made by joinPointer
		out[joinPointer(segs[len(k.parts[i]):])] = sum
	}
	return out
}

// changed returns an item for each object that the plan changes: the object's
// own, or, where only parts of it change, one of theirs.
func (p *Plan) changed() []*Item {
	seen := make(map[string]bool, len(p.Items))
	var out []*Item
	for i := range p.Items { // an object's own item comes before those of its parts
		it := &p.Items[i]
		if id := itemID(it.Kind, it.Key); !seen[id] {
			seen[id] = true
			out = append(out, it)
		}
	}
	return out
}
