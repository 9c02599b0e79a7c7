package plan

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// newItem begins an item for the object.
func (c *comparison) newItem(o *object, t *trees, v tenant.Verb, origin Origin) *Item {
	it := &Item{ID: o.id(), Kind: o.kind.Name, Key: o.key, Verb: v, Origin: origin, RenamedFrom: o.renamedFrom, TenantID: o.currentID()}
	if t.file != nil {
		it.DesiredSum = keyedSum(o.kind.key(c.salt), "file", t.file.json())
	}
	return it
}

// proposeUpdate proposes what decide has chosen.
func (c *comparison) proposeUpdate(o *object, t *trees, propose []proposal) {
	if len(propose) == 0 {
		return
	}
	it := c.newItem(o, t, tenant.Update, Deploy)
	it.Before = fingerprint(o.kind, t.raw, "", c.salt)
	for _, p := range o.kind.Parts {
		o.partsBefore = append(o.partsBefore, fingerprint(o.kind, t.raw, p.Name, c.salt))
	}
	after := t.current
	for _, p := range propose {
		if p.twins(t.current.at(p.segs)) {
			c.withhold(o, Ambiguous, "members of %q differ only in a secret, so that nothing tells which of them is meant; make them differ in something else, or change them in the tenant", joinPointer(p.segs))
			return
		}
		after = applyDifference(after, p.difference)
		it.Origin = graver(it.Origin, p.origin)
		change := changeOf(p.difference, p.origin)
		change.Secrets = c.secretSums(o, t, p.sorted(p.desired))
		it.Changes = append(it.Changes, change)
	}
	after = sortedSets(o.kind.root, after)
	slices.SortStableFunc(it.Changes, func(a, b PropertyChange) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), bytes.Compare(a.Before, b.Before), bytes.Compare(a.After, b.After))
	})
	shown, hides := redacted(after)
	it.After = shown.json()
	if hides {
		secretsIn(after, nil, func(segs []string, n *node) {
			if t.secrets[n.text] && slices.ContainsFunc(propose, func(p proposal) bool { return matchesBelow(p.segs, segs) }) {
				it.Sensitive = append(it.Sensitive, joinPointer(segs))
			}
		})
		if note := c.secretsMissing(o, it, t.raw); note != nil {
			c.withhold(o, SecretNeeded, "%s", note.Message)
			return
		}
	}
	o.item, o.newRefs = it, refsOf(after)
	o.revert = c.revertDifferences(o, t, propose)
}

// proposeCreate proposes an object that the tenant does not have.
func (c *comparison) proposeCreate(o *object, t *trees, origin Origin) {
	if c.ignored(o, nil, ToTenant) {
		o.withheld = true
		return
	}
	if reason, ok := c.allows(o, tenant.Create, t.desired); !ok {
		c.withhold(o, Unsupported, "%s", reason)
		return
	}
	if hasMask(t.desired) {
		c.withhold(o, SecretNeeded, "%s holds asterisks or %q where a new object needs the secret itself; put it in, best as a variable", fileOf(o.desired), Redacted)
		return
	}
	it := c.newItem(o, t, tenant.Create, origin)
	whole := sortedSets(o.kind.root, t.desired)
	after, redacted := redacted(whole)
	it.After = after.json()
	it.Changes = []PropertyChange{{Base: redactedJSON(sortedSets(o.kind.root, t.base)), After: it.After, Origin: origin, Redacted: redacted, Secrets: c.secretSums(o, t, whole)}}
	it.Sensitive = slices.Sorted(maps.Keys(it.Changes[0].Secrets))
	o.item, o.newRefs = it, refsOf(t.desired)
	o.revert = []tenant.Change{{Kind: it.Kind, Key: it.Key}}
}

// proposeDelete proposes to delete what the repository has let go of.
func (c *comparison) proposeDelete(o *object, t *trees) {
	if c.ignored(o, nil, ToTenant) {
		return
	}
	if c.scope(o.kind) == tenant.Listed && !c.in.Rules.Deletes[o.kind.Name] {
		c.noteOn(o, Unsupported, "", "deletes of this kind are off; turn them on, delete it in the tenant, or put its file back")
		return
	}
	if reason, ok := c.allows(o, tenant.Delete, t.raw); !ok {
		c.noteOn(o, Unsupported, "", "%s", reason)
		return
	}
	origin := Deploy
	_, current := unmask(o.kind.root, t.base, t.base, t.current, nil)
	if !covers(o.kind.root, t.base, current) {
		origin = Clash
	}
	it := c.newItem(o, t, tenant.Delete, origin)
	it.Before = fingerprint(o.kind, t.raw, wholeObject, c.salt)
	before, redacted := redacted(sortedSets(o.kind.root, t.current))
	it.Changes = []PropertyChange{{Base: redactedJSON(sortedSets(o.kind.root, t.base)), Before: before.json(), Origin: origin, Redacted: redacted}}
	o.item, o.newRefs = it, nil
	body := c.adoptedForm(o.kind, managed(t.current, t.base))
	o.revert = []tenant.Change{{Kind: it.Kind, Key: it.Key, Body: body.json()}}
}

// graver returns the graver of two origins: conflict, enforce, deploy.
func graver(a, b Origin) Origin {
	rank := func(o Origin) int { return slices.Index([]Origin{Deploy, Enforce, Clash}, o) }
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// changeOf is a difference as people see it in the plan.
func changeOf(d *difference, origin Origin) PropertyChange {
	base, r1 := redacted(d.sorted(d.base))
	before, r2 := redacted(d.sorted(d.current))
	after, r3 := redacted(d.sorted(d.desired))
	return PropertyChange{
		Pointer: d.pointer(), Base: base.json(), Before: before.json(), After: after.json(),
		Origin: origin, Redacted: r1 || r2 || r3,
	}
}

// sorted returns one of the difference's values as a plan has it.
func (d *difference) sorted(n *node) *node {
	if d.member {
		return sortedSets(d.rule.step("*"), n)
	}
	return sortedSets(d.rule, n)
}

// applyDifference returns the tenant's object with the repository's value.
func applyDifference(n *node, d *difference) *node {
	if !d.member {
		return n.with(d.segs, d.desired)
	}
	array := n.at(d.segs)
	return n.with(d.segs, replaceMember(array, d.current, d.desired))
}

// replaceMember returns the array with one member removed, replaced or added.
func replaceMember(array, old, now *node) *node {
	out := &node{kind: '['}
	placed := now == nil
	if array.isArray() {
		for _, kid := range array.kids {
			switch {
			case old == nil || !equal(kid, old):
				out.kids = append(out.kids, kid)
			case !placed:
				out.kids = append(out.kids, now)
				placed = true
			}
		}
	}
	if !placed {
		out.kids = append(out.kids, now)
	}
	return out
}
