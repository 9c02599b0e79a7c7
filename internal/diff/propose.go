package diff

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// newItem starts an item for the object.
func newItem(ix *index, o *object, t *trees, v tenant.Verb, origin plan.Origin) *plan.Item {
	it := &plan.Item{ID: o.id(), Kind: o.kind.Name, Key: o.key, Verb: v, Origin: origin, RenamedFrom: o.renamedFrom(), TenantID: o.currentID()}
	key := ""
	if t.file != nil {
		key = o.kind.Key(ix.key, t.file)
		it.DesiredSum = schema.Sum(t.file, key)
	}
	o.keyed = cmp.Or(key, o.kind.Key(ix.key, t.raw)) != ""
	return it
}

// proposeUpdate proposes the chosen differences.
func (d *decider) proposeUpdate(o *object, t *trees, propose []proposal) {
	restore, deleted := d.ix.restorable(o)
	if len(propose) == 0 && !deleted {
		return
	}
	it := newItem(d.ix, o, t, tenant.Update, plan.Deploy)
	if deleted {
		it.Verb, it.Restored, it.Preview = tenant.Create, true, restore.Preview
		it.Changes = []plan.PropertyChange{formOf(o, t)}
	}
	it.Before = d.fingerprint(o, t, "")
	for _, p := range o.kind.Parts {
		o.partsBefore = append(o.partsBefore, d.fingerprint(o, t, p.Name))
	}
	duplicates := secretDuplicates{current: t.current}
	for i, p := range propose {
		if duplicates.has(propose[i:]) {
			withhold(d.ix, o, plan.Ambiguous, "members of %q differ only in a secret, so it is unknown which of them to change; make them differ in another property, or change them in the tenant", jsonval.JoinPointer(p.segs))
			return
		}
		it.Origin = moreSevere(it.Origin, p.origin)
		change := changeOf(p.difference, p.origin)
		setSecrets(&change, t, p.sorted(p.desired))
		change.NotKept = remembered(d.ix, o, p.whole)
		it.Changes = append(it.Changes, change)
	}
	after := schema.SortedSets(o.kind.Root, applyDifferences(t.current, propose))
	slices.SortStableFunc(it.Changes, func(a, b plan.PropertyChange) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), bytes.Compare(a.Before, b.Before), bytes.Compare(a.After, b.After))
	})
	shown, hides := schema.Redacted(after)
	it.After = shown.JSON()
	if hides {
		for i, p := range propose {
			if i > 0 && slices.Equal(p.segs, propose[i-1].segs) { // the members of a set are adjacent
				continue
			}
			schema.SecretsIn(after.At(p.segs), p.segs, func(segs []string, n *jsonval.Node) {
				if _, own := t.secrets[n.Text]; own {
					it.Sensitive = append(it.Sensitive, jsonval.JoinPointer(segs))
				}
			})
		}
		if note := secretsMissing(d.ns, o, it, t.raw); note != nil {
			withhold(d.ix, o, plan.SecretNeeded, "%s", note.Message)
			return
		}
	}
	it.Resolved = d.ns.resolved(o.kind, after, t.current)
	o.item = it
	o.newRefs, _ = d.ns.refsOf(after)
	o.splitUpdate(shown)
	if d.ix.in.Revert {
		o.revert = revertDifferences(d.ns, o, t, slices.DeleteFunc(propose, func(p proposal) bool { return p.whole == nil }))
	}
}

// proposeCreate proposes to create an object that the tenant does not have.
func (d *decider) proposeCreate(o *object, t *trees, origin plan.Origin) {
	if ignored(d.ix, o, nil, toTenant) {
		o.withheld = true
		return
	}
	if reason, ok := allows(d.ix, o, tenant.Create, t.desired); !ok {
		withhold(d.ix, o, plan.Unsupported, "%s", reason)
		return
	}
	if o.candidate != nil && o.candidate.rival != nil {
		withhold(d.ix, o, plan.Ambiguous, "%s", o.candidate.rival.hasName(" of this file"))
		return
	}
	noteGuess(d.ix, o)
	if schema.HasMask(t.desired) {
		withhold(d.ix, o, plan.SecretNeeded, "%s holds asterisks, %q or a token of the service where a new object needs the secret itself; put it in, best as a variable", schema.FileOf(o.desired), reference.Redacted)
		return
	}
	it := newItem(d.ix, o, t, tenant.Create, origin)
	whole := schema.SortedSets(o.kind.Root, t.desired)
	after, redacted := schema.Redacted(whole)
	it.After = after.JSON()
	it.Changes = []plan.PropertyChange{{Base: schema.RedactedJSON(schema.SortedSets(o.kind.Root, t.base)), After: it.After, Origin: origin, Redacted: redacted}}
	setSecrets(&it.Changes[0], t, whole)
	it.Sensitive = slices.Sorted(maps.Keys(it.Changes[0].Secrets))
	it.Resolved = d.ns.resolved(o.kind, t.desired)
	o.item = it
	o.newRefs, _ = d.ns.refsOf(t.desired)
	o.splitCreate(d.ix.key, after)
	if d.ix.in.Revert {
		o.revert = []tenant.Change{{Kind: it.Kind, Key: it.Key}}
	}
}

// deletesOff is the class of notes about deletes that are switched off. Readers of
// a plan ask [plan.NoteClass.DeletesOff].
const deletesOff plan.NoteClass = "deletes_off"

// proposeDelete proposes to delete an object that the repository has dropped.
func (d *decider) proposeDelete(o *object, t *trees) {
	if ignored(d.ix, o, nil, toTenant) {
		return
	}
	if d.ix.scope(o.kind) == tenant.Listed && !d.ix.rules.Deletes[o.kind.Name] {
		noteGuess(d.ix, o)
		noteOn(d.ix, o, deletesOff, "", "deletes of this kind are disabled; enable them, delete the object in the tenant, or restore its file")
		return
	}
	if reason, ok := allows(d.ix, o, tenant.Delete, t.raw); !ok {
		noteOn(d.ix, o, plan.Unsupported, "", "%s", reason)
		return
	}
	origin := plan.Deploy
	_, current := schema.Unmask(o.kind.Root, t.base, t.base, t.current, nil)
	if !schema.Covers(o.kind.Root, t.base, current) {
		origin = plan.Clash
	}
	it := newItem(d.ix, o, t, tenant.Delete, origin)
	it.Before = d.fingerprint(o, t, schema.WholeObject)
	before, redacted := schema.Redacted(schema.SortedSets(o.kind.Root, t.current))
	it.Changes = []plan.PropertyChange{{Base: schema.RedactedJSON(schema.SortedSets(o.kind.Root, t.base)), Before: before.JSON(), Origin: origin, Redacted: redacted}}
	whole := &difference{rule: o.kind.Root}
	it.Changes[0].NotKept = remembered(d.ix, o, whole)
	if o.newBase.NotKept = nil; it.Changes[0].NotKept || slices.ContainsFunc(d.ix.notKept[plan.Target{Kind: it.Kind, Key: it.Key}], func(w *plan.Item) bool { return w.Verb == tenant.Delete }) {
		o.newBase.NotKept = []NotKept{notKeptOf(d.ix, o, whole)}
	}
	o.item, o.newRefs = it, nil
	noteGuess(d.ix, o)
	if d.ix.in.Revert {
		body := d.ix.adoptedForm(o.kind, schema.Managed(t.current, t.base), &d.trees)
		o.revert = []tenant.Change{{Kind: it.Kind, Key: it.Key, Body: body.JSON()}}
	}
}

// applyDifferences returns the tenant's object with the proposed values.
func applyDifferences(n *jsonval.Node, propose []proposal) *jsonval.Node {
	values := &jsonval.Assignments{}
	for len(propose) > 0 { // the members of a set are adjacent
		p := propose[0]
		if !p.member {
			values.Put(p.segs, p.desired)
			propose = propose[1:]
			continue
		}
		var changes []schema.MemberChange
		for len(propose) > 0 && propose[0].member && slices.Equal(propose[0].segs, p.segs) {
			changes = append(changes, schema.MemberChange{Old: propose[0].current, Now: propose[0].desired})
			propose = propose[1:]
		}
		values.Put(p.segs, schema.ReplaceMembers(p.rule.Step("*"), n.At(p.segs), changes))
	}
	return values.Apply(n)
}

// formOf is the change that shows the form in which a deleted object comes back,
// without its parts.
func formOf(o *object, t *trees) plan.PropertyChange {
	form, redacted := schema.Redacted(schema.SortedSets(o.kind.Root, t.current))
	if len(o.kind.Parts) > 0 {
		form = o.kind.Piece(form, "")
	}
	return plan.PropertyChange{After: form.JSON(), Origin: plan.Deploy, Redacted: redacted}
}
