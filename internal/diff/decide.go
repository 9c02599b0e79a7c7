package diff

import (
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// decide decides about one object. Its trees are needed no longer then, unless
// its item is to be split into parts, and their memory is used for the next.
func (dec *decider) decide(o *object) {
	dec.compare(o)
	if o.unchanged {
		o.details = nil
	}
	if o.details == nil || o.after == nil {
		dec.trees.Reset()
	} else {
		dec.trees = jsonval.Slab{}
	}
}

// compare compares the sides of one object.
func (dec *decider) compare(o *object) {
	o.newBase = o.base
	if dec.asBefore(o) {
		dec.leaveAsBefore(o)
		return
	}
	o.details = new(details)
	t := trees{}
	if readsCurrent(dec.ix, o) {
		t.raw = dec.tenantBody(o)
		t.current, t.strays = dec.ns.current(o.kind, t.raw)
		o.oldRefs, _ = dec.ns.refsOf(t.current)
		o.newRefs = o.oldRefs
		dec.backUp(o, t.current)
	}
	if o.keep {
		dec.keepBinding(o)
		return
	}
	noteStrays(dec.ix, o, t.strays)
	if !dec.readDesired(o, &t) {
		return
	}
	if o.held() {
		t.base = dec.ns.baseBody(o.base, &dec.trees)
	}
	dec.nameAlike(o, &t)
	dec.rekey(o, &t)
	t.typesAlike()
	o.newBase = bindingOnly(dec.ix, o)
	if o.newBase != nil && t.file != nil {
		o.newBase.FileID = toldID(t.file)
	}
	switch {
	case o.desired != nil && o.current != nil:
		dec.compareBoth(o, &t)
	case o.current != nil:
		dec.compareVanished(o, &t)
	case o.desired != nil:
		dec.compareAbsent(o, &t)
	case o.missing:
		o.newBase = o.base
		noteMissing(dec.ix, o)
	case o.kind.Singleton:
		o.newBase = o.base
	default:
		// Absent on both sides: the base lets go of it.
		o.newBase = nil
	}
}

// keepBinding keeps the names of objects that are only read where referenced
// the same from run to run.
func (dec *decider) keepBinding(o *object) {
	if dec.ix.scope(o.kind) != tenant.Referenced || !dec.ix.complete(o.kind) || dec.ix.targets != nil || o.held() {
		return
	}
	if o.current == nil {
		o.newBase = nil
		return
	}
	o.newBase = bindingOnly(dec.ix, o)
}

// readDesired parses the repository's file; it returns false, and notes why,
// if the file cannot be used.
func (dec *decider) readDesired(o *object, t *trees) bool {
	if o.desired == nil {
		return true
	}
	body, err := o.parsed, error(nil)
	if body == nil {
		body, err = dec.trees.ParseObject(o.desired.Body)
	}
	o.parsed = nil // nobody asks again, and trees are large
	if err != nil {
		leave(dec.ix, o, plan.BadFile, "%s: %v", schema.FileOf(o.desired), err)
		return false
	}
	t.file = body
	refused := schema.Refused(o.kind, body)
	for _, r := range refused {
		noteOn(dec.ix, o, plan.Unsupported, r.Pointer, "%s: %s; until then nothing of this file is deployed", schema.FileOf(o.desired), r.Message)
	}
	named := dec.ns.desired(o, body)
	t.desired, t.secrets, t.undeclared = named.body, named.secrets, named.undeclared
	for _, p := range named.problems {
		noteOn(dec.ix, o, apply.ClassOf(&p.Error), p.pointer, "%s: %s", schema.FileOf(o.desired), p.Message)
	}
	if len(named.problems)+len(refused) > 0 {
		o.keep, o.withheld = true, true
		return false
	}
	return true
}

// tenantBody parses the tenant's object.
func (dec *decider) tenantBody(o *object) *jsonval.Node {
	n, err := dec.trees.ParseObject(o.current.Body)
	if err != nil {
		dec.ix.fail(unreadable(o.kind, o.current, err))
		return jsonval.EmptyObject
	}
	return n
}

// nameAlike names references at places that the kind does not declare in the
// same way on all sides.
func (dec *decider) nameAlike(o *object, t *trees) {
	k := o.kind
	if !t.undeclared && !refers(t.base) {
		return
	}
	t.guide = dec.ns.guide(k, t.desired, t.base)
	if len(t.guide) == 0 {
		return
	}
	for _, n := range []**jsonval.Node{&t.base, &t.desired, &t.current} {
		*n = guided(k, t.guide, *n, false)
	}
	o.oldRefs, _ = dec.ns.refsOf(t.current)
	o.newRefs = o.oldRefs
}

// rekey makes a base comparable whose secrets were hashed with another key.
func (dec *decider) rekey(o *object, t *trees) {
	var assumed bool
	t.base, assumed = schema.Rekey(o.kind.Root, schema.KeyID(dec.ix.key), t.base, t.desired, t.current)
	if assumed {
		noteOn(dec.ix, o, plan.KeyChanged, "", "the key of the hashes of secrets was replaced since this object was last compared, so nobody can tell whether %s had another secret then: it counts as deployed. If it was changed since, change it once more", schema.FileOf(o.desired))
	}
}

func noteMissing(ix *index, o *object) {
	noteOn(ix, o, plan.NotRead, "", "it was not found, and two reads by id have not confirmed that; nothing is concluded")
}

// bindingOnly is the base of an object on whose content nothing is agreed yet.
func bindingOnly(ix *index, o *object) *BaseObject {
	b := &BaseObject{Kind: o.kind.Name, Key: o.key, ID: o.currentID(), Kept: stillKept(ix, o)}
	if o.base != nil {
		b.Body, b.FileID, b.NotKept = o.base.Body, o.base.FileID, o.base.NotKept
		if b.ID == "" {
			b.ID = o.base.ID
		}
	}
	if o.current == nil && o.base == nil {
		return nil
	}
	return b
}

// compareBoth compares an object that is on both sides.
func (dec *decider) compareBoth(o *object, t *trees) {
	if schema.HasMask(t.desired) || schema.HasMask(t.current) {
		t.desired, t.current = schema.Unmask(o.kind.Root, t.base, t.desired, t.current, wrote(dec.ix, t))
	}
	found, agreed := threeWay(o.kind.Root, t.base, t.desired, t.current)
	found, types := typeDifferences(found)
	o.newBase.Body = nil
	if schema.HasValue(agreed) {
		o.newBase.Body = agreed.JSON()
	}
	o.newBase.NotKept = nil
	if len(found) == 0 {
		o.unchanged = true
		if len(t.strays) == 0 {
			dec.remember(o, t)
		}
		return
	}
	o.accepted = accepted(dec.ix.deviations[plan.Target{Kind: o.kind.Name, Key: o.key}], o.kind, t.current)
	o.newBase.NotKept = notKept(dec.ix, o, t, found)
	propose, adopt := choose(dec.ix, o, t, found)
	adoptDifferences(dec.ns, o, t, adoptTypes(adopt, types))
	dec.proposeUpdate(o, t, t.proposeTypes(propose, types))
}

// wrote returns what reports whether this run has written a secret of the
// file; nil if it has written none.
func wrote(ix *index, t *trees) func(secret *jsonval.Node) bool {
	if len(ix.written) == 0 {
		return nil
	}
	return func(secret *jsonval.Node) bool { return ix.written[t.secrets[secret.Text].approved] }
}

// compareVanished compares an object that only the tenant has.
func (dec *decider) compareVanished(o *object, t *trees) {
	switch {
	case o.nameOnly:
	case !o.held():
		dec.compareNew(o, t)
	case dec.ix.files.hides(o.kind.Name, o.key):
		o.newBase = o.base
	default:
		dec.proposeDelete(o, t)
	}
}

// compareNew compares an object of the tenant that no base held.
func (dec *decider) compareNew(o *object, t *trees) {
	switch {
	case dec.ix.files.hides(o.kind.Name, o.key):
		o.newBase = o.base // its file may have another key
	case ignored(dec.ix, o, nil, fromTenant):
	case dec.ix.enforces(o.kind) && serviceMade(o, t.raw) == nil:
		noteOn(dec.ix, o, plan.Unmanaged, "", "only the tenant has it; it is neither taken over nor deleted. Add it to the repository, or delete it in the tenant")
	default:
		body := dec.ix.adoptedForm(o.kind, t.current).JSON()
		shown, redacted := schema.Redacted(t.current)
		o.adopt = []tenant.Change{{Kind: o.kind.Name, Key: o.key, Body: body}}
		o.adopted = &plan.AdoptedChange{Kind: o.kind.Name, Key: o.key, Verb: tenant.Create, Changes: []plan.PropertyChange{
			{After: shown.JSON(), Origin: plan.Drift, Redacted: redacted},
		}}
	}
}

// compareAbsent compares an object that only the repository has.
func (dec *decider) compareAbsent(o *object, t *trees) {
	// What the file hides is what was agreed on.
	wanted, _ := schema.Unmask(o.kind.Root, t.base, schema.WithoutUntold(t.desired, t.base), t.base, nil)
	switch {
	case o.missing:
		o.newBase = o.base
		o.withheld = true
		noteMissing(dec.ix, o)
	case o.kind.Singleton:
		o.newBase = o.base
		withhold(dec.ix, o, plan.Unsupported, "the tenant has no such object, and it cannot be created")
	case !o.held():
		dec.proposeCreate(o, t, plan.Deploy)
	case !schema.Exactly(o.kind.Root, schema.Managed(t.base, wanted), wanted):
		dec.proposeCreate(o, t, plan.Clash)
	case dec.ix.enforces(o.kind) && serviceMade(o, t.base, t.desired) == nil:
		dec.proposeCreate(o, t, plan.Enforce)
	case ignored(dec.ix, o, nil, fromTenant):
		o.withheld = true
	default:
		if made := serviceMade(o, t.base, t.desired); made != nil {
			noteOn(dec.ix, o, plan.ServiceChange, "", "%s; the service removed it by itself, and the repository takes that over", made.Reason)
		}
		o.withheld = true
		o.adopt = []tenant.Change{{Kind: o.kind.Name, Key: o.key}}
		shown, redacted := schema.Redacted(t.desired)
		o.adopted = &plan.AdoptedChange{Kind: o.kind.Name, Key: o.key, Verb: tenant.Delete, Changes: []plan.PropertyChange{
			{Base: schema.RedactedJSON(t.base), Before: shown.JSON(), Origin: plan.Drift, Redacted: redacted},
		}}
	}
}

// decider decides about objects, one by one.
type decider struct {
	ix   *index
	ms   *matches
	ns   *names
	seen *seenSums
	// trees is the memory of the trees of the object that is being compared.
	trees jsonval.Slab
}

func newDecider(ix *index, ms *matches, ns *names) *decider {
	return &decider{ix: ix, ms: ms, ns: ns, seen: newSeenSums(ns)}
}
