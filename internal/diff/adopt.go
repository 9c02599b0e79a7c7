package diff

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// adoptDifferences writes the tenant's drift into the file, and leaves the rest
// of the file unchanged. It does not adopt a difference if the file would lose
// a secret that may still be valid. A note leaves this difference to people.
func adoptDifferences(ns *names, o *object, t *trees, found []*difference) {
	body, lost := mergeInto(ns, o, t, found)
	left := map[string]bool{}
	for _, d := range lost {
		pointer := jsonval.JoinPointer(d.segs)
		left[pointer] = true
		noteOn(ns.ix, o, plan.SecretNeeded, pointer, "the tenant has changed this value, and its secrets cannot be read, so it is unknown which of the file's secrets still apply; copy the change into %s by hand, or undo it in the tenant", schema.FileOf(o.desired))
	}
	if len(lost) > 0 {
		found = slices.DeleteFunc(slices.Clone(found), func(d *difference) bool { return left[jsonval.JoinPointer(d.segs)] })
		body, _ = mergeInto(ns, o, t, found)
	}
	if len(found) == 0 || body == nil {
		return
	}
	o.adopt = []tenant.Change{{Kind: o.kind.Name, Key: o.key, Body: body}}
	o.adopted = &plan.AdoptedChange{Kind: o.kind.Name, Key: o.key, Verb: tenant.Update}
	for _, d := range found {
		row := changeOf(d, plan.Drift)
		row.Before, row.After = row.After, row.Before
		o.adopted.Changes = append(o.adopted.Changes, row)
	}
}

// revertDifferences returns the changes of the desired branch that undo the
// item: they write the tenant's values in place of the repository's.
func revertDifferences(ns *names, o *object, t *trees, propose []proposal) []tenant.Change {
	found := make([]*difference, len(propose))
	for i, p := range propose {
		found[i] = p.whole
	}
	body, _ := mergeInto(ns, o, t, found)
	if body == nil {
		return nil
	}
	if o.renamedFrom() == "" {
		return []tenant.Change{{Kind: o.kind.Name, Key: o.key, Body: body}}
	}
	return []tenant.Change{
		{Kind: o.kind.Name, Key: o.renamedFrom(), Body: body},
		{Kind: o.kind.Name, Key: o.key},
	}
}

// mergeInto returns the repository's file with the tenant's values. lost has
// the first difference of each property that would lose a secret of the file
// while the tenant's value has a secret that cannot be read.
func mergeInto(ns *names, o *object, t *trees, found []*difference) (body json.RawMessage, lost []*difference) {
	if len(found) == 0 {
		return nil, nil
	}
	k, err := ns.newFileEditor(o, t)
	if err != nil {
		ns.ix.fail(fmt.Errorf("plan: edit %s: %w", o.id(), err)) // cannot happen: the file was parsed before
		return nil, nil
	}
	root := &jsonval.Edits{}
	for len(found) > 0 {
		n := slices.IndexFunc(found, func(d *difference) bool { return !slices.Equal(d.segs, found[0].segs) })
		if n < 0 {
			n = len(found)
		}
		if !k.property(root.At(found[0].segs), found[:n]) {
			lost = append(lost, found[0])
		}
		found = found[n:]
	}
	if body, err = root.Apply(o.desired.Body); err != nil {
		ns.ix.fail(fmt.Errorf("plan: edit %s: %w", o.id(), err)) // cannot happen: the file has these properties
		return nil, nil
	}
	return body, lost
}
