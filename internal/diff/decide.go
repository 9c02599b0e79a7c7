package diff

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// decideAll decides about all objects.
func (d *decider) decideAll() { d.eachObject((*decider).decide) }

// decide decides about one object. It changes only this object, and reads of
// others only what was matched, so that the order does not matter. It reuses
// the memory of the object's trees for the next object.
func (d *decider) decide(o *object) {
	d.compare(o)
	if o.unchanged {
		o.details = nil
	}
	d.trees.Reset()
}

// compare compares the sides of one object.
func (d *decider) compare(o *object) {
	o.newBase = o.base
	if o.sameAsBase {
		d.useBaseOutcome(o)
		return
	}
	o.bodies, o.details = new(bodies), new(details)
	t := trees{}
	if readsCurrent(d.ix, o) {
		t.raw = d.tenantBody(o)
		named := d.ns.current(o.kind, t.raw, &d.trees)
		t.current, t.dangling, t.byProperty = named.body, named.dangling, named.byProperty
		o.oldRefs, o.newRefs = named.refs, named.refs
		d.backUp(o, t.current)
	}
	if o.keep {
		d.keepBinding(o)
		return
	}
	noteDangling(d.ix, o, t.dangling)
	if !d.readDesired(o, &t) {
		return
	}
	if o.managed() {
		t.base = d.ns.baseBody(o.base, &d.trees)
	}
	d.nameUndeclared(o, &t)
	d.rekey(o, &t)
	t.dropUnreadTypes()
	o.newBase = bindingOnly(d.ix, o)
	if o.newBase != nil && t.file != nil {
		o.newBase.FileID = fileID(t.file)
	}
	switch {
	case o.desired != nil && o.current != nil:
		d.compareBoth(o, &t)
	case o.current != nil:
		d.compareVanished(o, &t)
	case o.desired != nil:
		d.compareAbsent(o, &t)
	case o.missing:
		o.newBase = o.base
		noteMissing(d.ix, o)
	case o.kind.Singleton, d.ix.files.hides(o.kind.Name, o.key): // its file may be one that cannot be read
		o.newBase = o.base
	default:
		// Both sides lack the object, so the base drops it.
		o.newBase = nil
	}
}

// keepBinding keeps the key of an object that is read only for references, so
// that the key is the same in each run.
func (d *decider) keepBinding(o *object) {
	if d.ix.scope(o.kind) != tenant.Referenced || !d.ix.complete(o.kind) || d.ix.targets != nil || o.managed() {
		return
	}
	if o.current == nil {
		o.newBase = nil
		return
	}
	o.newBase = bindingOnly(d.ix, o)
}

// readDesired parses the repository's file. If the file cannot be used, it
// notes the reason and returns false.
func (d *decider) readDesired(o *object, t *trees) bool {
	if o.desired == nil {
		return true
	}
	body, err := o.takeParsed(), error(nil)
	if body == nil {
		body, err = d.trees.ParseObject(o.desired.Body)
	}
	if err != nil {
		withhold(d.ix, o, plan.BadFile, "%s: %v", schema.FileOf(o.desired), err)
		return false
	}
	t.file = body
	refused := schema.Refused(o.kind, body)
	for _, r := range refused {
		noteOn(d.ix, o, plan.Unsupported, r.Pointer, "%s: %s; until then nothing of this file is deployed", schema.FileOf(o.desired), r.Message)
	}
	named := d.ns.desired(o, body, &d.trees)
	t.desired, t.secrets, t.undeclared = named.body, named.secrets, named.undeclared
	for _, p := range named.problems {
		noteOn(d.ix, o, apply.ClassOf(&p.Error), p.pointer, "%s: %s", schema.FileOf(o.desired), p.Message)
	}
	if len(named.problems)+len(refused) > 0 {
		o.withheld = true
		return false
	}
	return true
}

// nameUndeclared replaces ids by references, on all sides, at places that the
// kind does not declare but the file or the base has a reference.
func (d *decider) nameUndeclared(o *object, t *trees) {
	k := o.kind
	if !t.undeclared && !refers(t.base) {
		return
	}
	t.guide = d.ns.guide(k, t.desired, t.base)
	if len(t.guide) == 0 {
		return
	}
	for _, n := range []**jsonval.Node{&t.base, &t.desired, &t.current} {
		*n = guided(k, t.guide, *n, false)
	}
	o.oldRefs, t.byProperty = d.ns.refsOf(t.current)
	o.newRefs = o.oldRefs
}

// rekey makes a base comparable if its secrets were hashed with another key.
func (d *decider) rekey(o *object, t *trees) {
	if t.base == nil {
		return
	}
	var assumed bool
	t.base, assumed = schema.Rekey(o.kind.Root, d.ix.keyID, t.base, t.desired, t.current)
	if assumed {
		noteOn(d.ix, o, plan.KeyChanged, "", "the key of the secret hashes was replaced after this object was last compared, so a change of the secret in %s cannot be detected, and the secret counts as deployed. If it was changed since then, change it again", schema.FileOf(o.desired))
	}
}

func noteMissing(ix *index, o *object) {
	noteOn(ix, o, plan.NotRead, "", "it was not found, but two reads by id have not confirmed its absence; nothing is concluded from it")
}

// bindingOnly returns the base of an object with its binding and the old base's
// content.
func bindingOnly(ix *index, o *object) *BaseObject {
	b := &BaseObject{Kind: o.kind.Name, Key: o.key, ID: o.currentID(), BackupSum: newBackupSum(ix, o)}
	if o.base != nil {
		b.Body, b.FileID, b.NotKept, b.Offered = o.base.Body, o.base.FileID, o.base.NotKept, o.base.Offered
		if b.ID == "" {
			b.ID = o.base.ID
		}
	}
	if o.current == nil && o.base == nil {
		return nil
	}
	return b
}

// compareBoth compares an object that both sides have.
func (d *decider) compareBoth(o *object, t *trees) {
	if o.kind.MayHaveSecrets() && (schema.HasMask(t.desired) || schema.HasMask(t.current)) {
		t.desired, t.current = schema.Unmask(o.kind.Root, t.base, t.desired, t.current, wrote(d.ix, t))
	}
	if _, ok := d.ix.restorable(o); ok {
		d.compareDeleted(o, t)
		return
	}
	found, agreed := threeWay(o.kind.Root, t.base, t.desired, t.current, &d.trees)
	found, types := typeDifferences(found)
	o.newBase.Body = nil
	if schema.HasValue(agreed) {
		o.newBase.Body = d.hashes.agreedBody(o, agreed)
	}
	o.newBase.NotKept = nil
	d.widen(o, t)
	if len(found) == 0 {
		o.unchanged = true
		if len(t.dangling) == 0 {
			d.remember(o, t)
		}
		return
	}
	o.accepted = accepted(d.ix.deviations[plan.Target{Kind: o.kind.Name, Key: o.key}], o.kind, t.current)
	o.newBase.NotKept = notKept(d.ix, o, t, found)
	propose, adopt := choose(d.ix, o, t, found)
	adoptDifferences(d.ns, o, t, adoptTypes(adopt, types))
	d.proposeUpdate(o, t, t.proposeTypes(propose, types))
}

// wideningNote is the class of notes about properties that the tenant has and the
// file does not. Plans are stored with it.
const wideningNote plan.NoteClass = "widening"

// widen notes what the tenant's object has and the file does not, unless it was noted
// before. It sets [BaseObject.Offered].
func (d *decider) widen(o *object, t *trees) {
	w := &widening{managed: o.managed(), form: d.ix.repositoryForm, ignored: func(segs []string) bool {
		return slices.ContainsFunc(d.ix.rules.Ignore, func(ig plan.Ignore) bool {
			pattern, err := jsonval.SplitPointer(ig.Pointer) // newIndex refuses a bad one
			return err == nil && fromTenant.ignoredBy(ig) && ig.Selector.Matches(o.kind.Name, o.key) && jsonval.MatchesBelow(pattern, segs)
		})
	}}
	if o.base != nil {
		w.offered = o.base.Offered
	}
	add := w.object(o.kind.Root, make([]string, 0, usualDepth), t.base, t.desired, t.current)
	slices.Sort(w.sums)
	if o.newBase.Offered = w.sums; slices.Equal(w.sums, w.offered) {
		o.newBase.Offered = w.offered // the bases share it
	}
	if add != nil {
		noteOn(d.ix, o, wideningNote, "", "%s", w.message(schema.FileOf(o.desired), o.id(), add))
	}
}

// wrote returns a function that reports whether this run has written a secret
// of the file. It returns nil if the run has written none.
func wrote(ix *index, t *trees) func(secret *jsonval.Node) bool {
	if len(ix.written) == 0 {
		return nil
	}
	return func(secret *jsonval.Node) bool { return ix.written[t.secrets[secret.Text].approved] }
}

// compareVanished compares an object that only the tenant has.
func (d *decider) compareVanished(o *object, t *trees) {
	switch {
	case o.nameOnly:
	case !o.managed():
		d.compareNew(o, t)
	case d.ix.files.hides(o.kind.Name, o.key):
		o.newBase = o.base
	default:
		d.proposeDelete(o, t)
	}
}

// compareNew compares an object of the tenant that the base does not have.
func (d *decider) compareNew(o *object, t *trees) {
	if _, deleted := d.ix.restorable(o); deleted {
		return // no file is about it
	}
	switch {
	case d.ix.files.hides(o.kind.Name, o.key):
		o.newBase = o.base // its file may have another key
	case ignored(d.ix, o, nil, fromTenant):
	case d.ix.enforces(o.kind) && serviceMade(o, t.raw) == nil:
		noteOn(d.ix, o, plan.Unmanaged, "", "only the tenant has it; it is neither adopted nor deleted. Add it to the repository, or delete it in the tenant")
	default:
		body := d.ix.adoptedForm(o.kind, t.current, &d.trees).JSON()
		shown, redacted := schema.Redacted(t.current)
		o.adopt = []tenant.Change{{Kind: o.kind.Name, Key: o.key, Body: body}}
		o.adopted = &plan.AdoptedChange{Kind: o.kind.Name, Key: o.key, Verb: tenant.Create, Changes: []plan.PropertyChange{
			{After: shown.JSON(), Origin: plan.Drift, Redacted: redacted},
		}}
	}
}

// compareAbsent compares an object that only the repository has.
func (d *decider) compareAbsent(o *object, t *trees) {
	// A mask in the file stands for the secret in the base.
	wanted, _ := schema.Unmask(o.kind.Root, t.base, schema.WithoutTypesMissingIn(t.desired, t.base), t.base, nil)
	switch {
	case o.missing:
		o.newBase = o.base
		o.withheld = true
		noteMissing(d.ix, o)
	case elsewhere(o, t.base, t.desired) != nil:
		o.newBase = o.base
		withhold(d.ix, o, plan.Unsupported, "%s", elsewhere(o, t.base, t.desired).Reason)
	case o.kind.Singleton:
		o.newBase = o.base
		withhold(d.ix, o, plan.Unsupported, "the tenant does not have this object, and it cannot be created")
	case !o.managed():
		d.proposeCreate(o, t, plan.Deploy)
	case !schema.Exactly(o.kind.Root, schema.Managed(t.base, wanted), wanted):
		d.proposeCreate(o, t, plan.Clash)
	case d.ix.enforces(o.kind) && serviceMade(o, t.base, t.desired) == nil:
		d.proposeCreate(o, t, plan.Enforce)
	case ignored(d.ix, o, nil, fromTenant):
		o.withheld = true
	default:
		if made := serviceMade(o, t.base, t.desired); made != nil {
			noteOn(d.ix, o, plan.ServiceChange, "", "%s; the service removed it, and the repository adopts the removal", made.Reason)
		}
		o.withheld = true
		o.adopt = []tenant.Change{{Kind: o.kind.Name, Key: o.key}}
		shown, redacted := schema.Redacted(t.desired)
		o.adopted = &plan.AdoptedChange{Kind: o.kind.Name, Key: o.key, Verb: tenant.Delete, Changes: []plan.PropertyChange{
			{Base: schema.RedactedJSON(t.base), Before: shown.JSON(), Origin: plan.Drift, Redacted: redacted},
		}}
	}
}

// compareDeleted compares a file with a deleted object in the form in which it would come back,
// and proposes to restore it. Nobody has changed a deleted object, so its form is also the
// last agreement.
func (d *decider) compareDeleted(o *object, t *trees) {
	if ignored(d.ix, o, nil, toTenant) {
		o.withheld = true
		return
	}
	if reason, ok := allows(d.ix, o, tenant.Create, t.desired); !ok {
		withhold(d.ix, o, plan.Unsupported, "%s", reason)
		return
	}
	t.base = t.current
	found, _ := threeWay(o.kind.Root, t.base, t.desired, t.current, &d.trees)
	found, types := typeDifferences(found)
	propose, _ := choose(d.ix, o, t, found)
	d.proposeUpdate(o, t, t.proposeTypes(propose, types))
}
