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

// newItem begins an item for the object.
func newItem(ix *index, o *object, t *trees, v tenant.Verb, origin plan.Origin) *plan.Item {
	it := &plan.Item{ID: o.id(), Kind: o.kind.Name, Key: o.key, Verb: v, Origin: origin, RenamedFrom: o.renamedFrom, TenantID: o.currentID()}
	if t.file != nil {
		it.DesiredSum = schema.Sum(t.file, o.kind.Key(ix.key))
	}
	return it
}

// proposeUpdate proposes what decide has chosen.
func (dec *decider) proposeUpdate(o *object, t *trees, propose []proposal) {
	if len(propose) == 0 {
		return
	}
	it := newItem(dec.ix, o, t, tenant.Update, plan.Deploy)
	it.Before = schema.Fingerprint(o.kind, t.raw, "", dec.ix.key)
	for _, p := range o.kind.Parts {
		o.partsBefore = append(o.partsBefore, schema.Fingerprint(o.kind, t.raw, p.Name, dec.ix.key))
	}
	twins := secretTwins{current: t.current}
	for i, p := range propose {
		if twins.has(propose[i:]) {
			withhold(dec.ix, o, plan.Ambiguous, "members of %q differ only in a secret, so that nothing tells which of them is meant; make them differ in something else, or change them in the tenant", jsonval.JoinPointer(p.segs))
			return
		}
		it.Origin = graver(it.Origin, p.origin)
		change := changeOf(p.difference, p.origin)
		setSecrets(&change, t, p.sorted(p.desired))
		change.NotKept = remembered(dec.ix, o, p.whole)
		it.Changes = append(it.Changes, change)
	}
	after := schema.SortedSets(o.kind.Root, applyDifferences(t.current, propose))
	slices.SortStableFunc(it.Changes, func(a, b plan.PropertyChange) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), bytes.Compare(a.Before, b.Before), bytes.Compare(a.After, b.After))
	})
	shown, hides := schema.Redacted(after)
	it.After = shown.JSON()
	o.keepAfter(shown)
	if hides {
		for i, p := range propose {
			if i > 0 && slices.Equal(p.segs, propose[i-1].segs) { // the members of a set stand together
				continue
			}
			schema.SecretsIn(after.At(p.segs), p.segs, func(segs []string, n *jsonval.Node) {
				if _, own := t.secrets[n.Text]; own {
					it.Sensitive = append(it.Sensitive, jsonval.JoinPointer(segs))
				}
			})
		}
		if note := secretsMissing(dec.ns, o, it, t.raw); note != nil {
			withhold(dec.ix, o, plan.SecretNeeded, "%s", note.Message)
			return
		}
	}
	it.Resolved = dec.ns.resolved(o.kind, after, t.current)
	o.item, o.newRefs = it, reference.RefsOf(after)
	if dec.ix.in.Revert {
		o.revert = revertDifferences(dec.ns, o, t, slices.DeleteFunc(propose, func(p proposal) bool { return p.whole == nil }))
	}
}

// proposeCreate proposes an object that the tenant does not have.
func (dec *decider) proposeCreate(o *object, t *trees, origin plan.Origin) {
	if ignored(dec.ix, o, nil, toTenant) {
		o.withheld = true
		return
	}
	if reason, ok := allows(dec.ix, o, tenant.Create, t.desired); !ok {
		withhold(dec.ix, o, plan.Unsupported, "%s", reason)
		return
	}
	noteGuess(dec.ix, o)
	if schema.HasMask(t.desired) {
		withhold(dec.ix, o, plan.SecretNeeded, "%s holds asterisks, %q or a token of the service where a new object needs the secret itself; put it in, best as a variable", schema.FileOf(o.desired), reference.Redacted)
		return
	}
	it := newItem(dec.ix, o, t, tenant.Create, origin)
	whole := schema.SortedSets(o.kind.Root, t.desired)
	after, redacted := schema.Redacted(whole)
	it.After = after.JSON()
	o.keepAfter(after)
	it.Changes = []plan.PropertyChange{{Base: schema.RedactedJSON(schema.SortedSets(o.kind.Root, t.base)), After: it.After, Origin: origin, Redacted: redacted}}
	setSecrets(&it.Changes[0], t, whole)
	it.Sensitive = slices.Sorted(maps.Keys(it.Changes[0].Secrets))
	it.Resolved = dec.ns.resolved(o.kind, t.desired)
	o.item, o.newRefs = it, reference.RefsOf(t.desired)
	if dec.ix.in.Revert {
		o.revert = []tenant.Change{{Kind: it.Kind, Key: it.Key}}
	}
}

// proposeDelete proposes to delete what the repository has let go of.
func (dec *decider) proposeDelete(o *object, t *trees) {
	if ignored(dec.ix, o, nil, toTenant) {
		return
	}
	if dec.ix.scope(o.kind) == tenant.Listed && !dec.ix.rules.Deletes[o.kind.Name] {
		noteGuess(dec.ix, o)
		noteOn(dec.ix, o, plan.Unsupported, "", "deletes of this kind are off; turn them on, delete it in the tenant, or put its file back")
		return
	}
	if reason, ok := allows(dec.ix, o, tenant.Delete, t.raw); !ok {
		noteOn(dec.ix, o, plan.Unsupported, "", "%s", reason)
		return
	}
	origin := plan.Deploy
	_, current := schema.Unmask(o.kind.Root, t.base, t.base, t.current, nil)
	if !schema.Covers(o.kind.Root, t.base, current) {
		origin = plan.Clash
	}
	it := newItem(dec.ix, o, t, tenant.Delete, origin)
	it.Before = schema.Fingerprint(o.kind, t.raw, schema.WholeObject, dec.ix.key)
	before, redacted := schema.Redacted(schema.SortedSets(o.kind.Root, t.current))
	it.Changes = []plan.PropertyChange{{Base: schema.RedactedJSON(schema.SortedSets(o.kind.Root, t.base)), Before: before.JSON(), Origin: origin, Redacted: redacted}}
	whole := &difference{rule: o.kind.Root}
	it.Changes[0].NotKept = remembered(dec.ix, o, whole)
	if o.newBase.NotKept = nil; it.Changes[0].NotKept || slices.ContainsFunc(dec.ix.notKept[plan.Target{Kind: it.Kind, Key: it.Key}], func(w *plan.Item) bool { return w.Verb == tenant.Delete }) {
		o.newBase.NotKept = []NotKept{notKeptOf(dec.ix, o, whole)}
	}
	o.item, o.newRefs = it, nil
	noteGuess(dec.ix, o)
	if dec.ix.in.Revert {
		body := dec.ix.adoptedForm(o.kind, schema.Managed(t.current, t.base))
		o.revert = []tenant.Change{{Kind: it.Kind, Key: it.Key, Body: body.JSON()}}
	}
}

// applyDifferences returns the tenant's object with the repository's values.
func applyDifferences(n *jsonval.Node, propose []proposal) *jsonval.Node {
	values := &jsonval.Assignments{}
	for len(propose) > 0 { // the members of a set stand together
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
