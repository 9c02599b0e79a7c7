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
func (c *comparison) newItem(o *object, t *trees, v tenant.Verb, origin plan.Origin) *plan.Item {
	it := &plan.Item{ID: o.id(), Kind: o.kind.Name, Key: o.key, Verb: v, Origin: origin, RenamedFrom: o.renamedFrom, TenantID: o.currentID()}
	if t.file != nil {
		it.DesiredSum = schema.KeyedSum(o.kind.Key(c.salt), "file", t.file.JSON())
	}
	return it
}

// proposeUpdate proposes what decide has chosen.
func (c *comparison) proposeUpdate(o *object, t *trees, propose []proposal) {
	if len(propose) == 0 {
		return
	}
	it := c.newItem(o, t, tenant.Update, plan.Deploy)
	it.Before = schema.Fingerprint(o.kind, t.raw, "", c.salt)
	for _, p := range o.kind.Parts {
		o.partsBefore = append(o.partsBefore, schema.Fingerprint(o.kind, t.raw, p.Name, c.salt))
	}
	after := t.current
	for _, p := range propose {
		if p.twins(t.current.At(p.segs)) {
			c.withhold(o, plan.Ambiguous, "members of %q differ only in a secret, so that nothing tells which of them is meant; make them differ in something else, or change them in the tenant", jsonval.JoinPointer(p.segs))
			return
		}
		after = applyDifference(after, p.difference)
		it.Origin = graver(it.Origin, p.origin)
		change := changeOf(p.difference, p.origin)
		change.Secrets = c.secretSums(o, t, p.sorted(p.desired))
		it.Changes = append(it.Changes, change)
	}
	after = schema.SortedSets(o.kind.Root, after)
	slices.SortStableFunc(it.Changes, func(a, b plan.PropertyChange) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), bytes.Compare(a.Before, b.Before), bytes.Compare(a.After, b.After))
	})
	shown, hides := schema.Redacted(after)
	it.After = shown.JSON()
	if hides {
		schema.SecretsIn(after, nil, func(segs []string, n *jsonval.Node) {
			if t.secrets[n.Text] && slices.ContainsFunc(propose, func(p proposal) bool { return jsonval.MatchesBelow(p.segs, segs) }) {
				it.Sensitive = append(it.Sensitive, jsonval.JoinPointer(segs))
			}
		})
		if note := c.secretsMissing(o, it, t.raw); note != nil {
			c.withhold(o, plan.SecretNeeded, "%s", note.Message)
			return
		}
	}
	o.item, o.newRefs = it, reference.RefsOf(after)
	o.revert = c.revertDifferences(o, t, propose)
}

// proposeCreate proposes an object that the tenant does not have.
func (c *comparison) proposeCreate(o *object, t *trees, origin plan.Origin) {
	if c.ignored(o, nil, plan.ToTenant) {
		o.withheld = true
		return
	}
	if reason, ok := c.allows(o, tenant.Create, t.desired); !ok {
		c.withhold(o, plan.Unsupported, "%s", reason)
		return
	}
	if schema.HasMask(t.desired) {
		c.withhold(o, plan.SecretNeeded, "%s holds asterisks or %q where a new object needs the secret itself; put it in, best as a variable", schema.FileOf(o.desired), reference.Redacted)
		return
	}
	it := c.newItem(o, t, tenant.Create, origin)
	whole := schema.SortedSets(o.kind.Root, t.desired)
	after, redacted := schema.Redacted(whole)
	it.After = after.JSON()
	it.Changes = []plan.PropertyChange{{Base: schema.RedactedJSON(schema.SortedSets(o.kind.Root, t.base)), After: it.After, Origin: origin, Redacted: redacted, Secrets: c.secretSums(o, t, whole)}}
	it.Sensitive = slices.Sorted(maps.Keys(it.Changes[0].Secrets))
	o.item, o.newRefs = it, reference.RefsOf(t.desired)
	o.revert = []tenant.Change{{Kind: it.Kind, Key: it.Key}}
}

// proposeDelete proposes to delete what the repository has let go of.
func (c *comparison) proposeDelete(o *object, t *trees) {
	if c.ignored(o, nil, plan.ToTenant) {
		return
	}
	if c.scope(o.kind) == tenant.Listed && !c.in.Rules.Deletes[o.kind.Name] {
		c.noteOn(o, plan.Unsupported, "", "deletes of this kind are off; turn them on, delete it in the tenant, or put its file back")
		return
	}
	if reason, ok := c.allows(o, tenant.Delete, t.raw); !ok {
		c.noteOn(o, plan.Unsupported, "", "%s", reason)
		return
	}
	origin := plan.Deploy
	_, current := schema.Unmask(o.kind.Root, t.base, t.base, t.current, nil)
	if !schema.Covers(o.kind.Root, t.base, current) {
		origin = plan.Clash
	}
	it := c.newItem(o, t, tenant.Delete, origin)
	it.Before = schema.Fingerprint(o.kind, t.raw, schema.WholeObject, c.salt)
	before, redacted := schema.Redacted(schema.SortedSets(o.kind.Root, t.current))
	it.Changes = []plan.PropertyChange{{Base: schema.RedactedJSON(schema.SortedSets(o.kind.Root, t.base)), Before: before.JSON(), Origin: origin, Redacted: redacted}}
	o.item, o.newRefs = it, nil
	body := c.adoptedForm(o.kind, schema.Managed(t.current, t.base))
	o.revert = []tenant.Change{{Kind: it.Kind, Key: it.Key, Body: body.JSON()}}
}

// graver returns the graver of two origins: conflict, enforce, deploy.
func graver(a, b plan.Origin) plan.Origin {
	rank := func(o plan.Origin) int { return slices.Index([]plan.Origin{plan.Deploy, plan.Enforce, plan.Clash}, o) }
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// changeOf is a difference as people see it in the plan.
func changeOf(d *difference, origin plan.Origin) plan.PropertyChange {
	base, r1 := schema.Redacted(d.sorted(d.base))
	before, r2 := schema.Redacted(d.sorted(d.current))
	after, r3 := schema.Redacted(d.sorted(d.desired))
	return plan.PropertyChange{
		Pointer: d.pointer(), Base: base.JSON(), Before: before.JSON(), After: after.JSON(),
		Origin: origin, Redacted: r1 || r2 || r3,
	}
}

// sorted returns one of the difference's values as a plan has it.
func (d *difference) sorted(n *jsonval.Node) *jsonval.Node {
	if d.member {
		return schema.SortedSets(d.rule.Step("*"), n)
	}
	return schema.SortedSets(d.rule, n)
}

// applyDifference returns the tenant's object with the repository's value.
func applyDifference(n *jsonval.Node, d *difference) *jsonval.Node {
	if !d.member {
		return n.With(d.segs, d.desired)
	}
	array := n.At(d.segs)
	return n.With(d.segs, schema.ReplaceMember(d.rule.Step("*"), array, d.current, d.desired))
}
