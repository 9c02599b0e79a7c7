package diff

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// outcome is what the comparison of one object has led to.
type outcome struct {
	item    *plan.Item
	newBase *BaseObject
	adopt   []tenant.Change
	adopted *plan.AdoptedChange
	revert  []tenant.Change
	backup  json.RawMessage
	// oldRefs and newRefs are the "kind/key" that the object refers to now and
	// once the plan is carried out.
	oldRefs, newRefs []string
	// withheld: what the repository wants of it is not done, so whatever
	// waits for it cannot be done either.
	withheld  bool
	unchanged bool
	// partsBefore are the fingerprints of the kind's parts, for an update.
	partsBefore []string
}

// trees are an object's bodies in name form, and as they are.
type trees struct {
	base, desired, current *jsonval.Node
	// raw is the tenant's body as it is, file the repository's.
	raw, file *jsonval.Node
	// secrets are those of the file, as desired has them.
	secrets map[string]bool
	// guide names references at places that the kind does not declare.
	guide map[textAt]*jsonval.Node
	// strays are the tenant's ids that cannot be named.
	strays []stray
}

// compare decides about one object.
func (c *comparison) compare(o *object) {
	o.newBase = o.base
	if c.asBefore(o) {
		return
	}
	t := trees{}
	if c.readsCurrent(o) {
		t.raw = c.tenantBody(o.kind, o.current)
		t.current, t.strays = c.current(o.kind, t.raw)
		o.oldRefs = reference.RefsOf(t.current)
		o.newRefs = o.oldRefs
		c.backUp(o, t.current)
	}
	if o.keep {
		c.keepBinding(o)
		return
	}
	c.noteStrays(o, t.strays)
	if !c.readDesired(o, &t) {
		return
	}
	if o.held() {
		t.base = c.baseBody(o.base)
	}
	c.nameAlike(o, &t)
	o.newBase = c.bindingOnly(o)
	switch {
	case o.desired != nil && o.current != nil:
		c.compareBoth(o, &t)
	case o.current != nil:
		c.compareVanished(o, &t)
	case o.desired != nil:
		c.compareAbsent(o, &t)
	case o.missing:
		o.newBase = o.base
		c.noteMissing(o)
	case o.kind.Singleton:
		o.newBase = o.base
	default:
		// Absent on both sides: the base lets go of it.
		o.newBase = nil
	}
}

// keepBinding keeps the names of objects that are only read where referenced
// the same from run to run.
func (c *comparison) keepBinding(o *object) {
	if c.scope(o.kind) != tenant.Referenced || !c.complete(o.kind) || len(c.in.Targets) > 0 || o.held() {
		return
	}
	if o.current == nil {
		o.newBase = nil
		return
	}
	o.newBase = c.bindingOnly(o)
}

// readsCurrent reports whether anyone looks at the tenant's body: not where it
// was read for its name alone.
func (c *comparison) readsCurrent(o *object) bool {
	return o.current != nil && c.scope(o.kind) != tenant.Referenced && !o.nameOnly
}

// readDesired parses the repository's file; it returns false, and notes why,
// if the file cannot be used.
func (c *comparison) readDesired(o *object, t *trees) bool {
	if o.desired == nil {
		return true
	}
	body, err := o.file()
	o.parsed = nil // nobody asks again, and trees are large
	if err != nil {
		c.leave(o, plan.BadFile, "%s: %v", schema.FileOf(o.desired), err)
		return false
	}
	t.file = body
	var problems []problem
	t.desired, problems = c.desired(o.kind, body)
	t.secrets = schema.OwnSecrets(t.desired)
	for _, p := range problems {
		c.noteOn(o, plan.ClassOf(&p.Error), p.pointer, "%s: %s", schema.FileOf(o.desired), p.Message)
	}
	if len(problems) > 0 {
		o.keep, o.withheld = true, true
		return false
	}
	return true
}

// nameAlike names references at places that the kind does not declare in the
// same way on all sides.
func (c *comparison) nameAlike(o *object, t *trees) {
	k := o.kind
	t.guide = c.guide(k, t.desired, t.base)
	if len(t.guide) == 0 {
		return
	}
	for _, n := range []**jsonval.Node{&t.base, &t.desired, &t.current} {
		*n = guided(k, t.guide, *n, false)
	}
	o.oldRefs = reference.RefsOf(t.current)
	o.newRefs = o.oldRefs
}

func (c *comparison) noteMissing(o *object) {
	c.noteOn(o, plan.NotRead, "", "it was not found, and two reads by id have not confirmed that; nothing is concluded")
}

// bindingOnly is the base of an object on whose content nothing is agreed yet.
func (c *comparison) bindingOnly(o *object) *BaseObject {
	b := &BaseObject{Kind: o.kind.Name, Key: o.key, ID: o.currentID()}
	if o.base != nil {
		b.Body = o.base.Body
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
func (c *comparison) compareBoth(o *object, t *trees) {
	t.desired, t.current = schema.Unmask(o.kind.Root, t.base, t.desired, t.current, c.wrote(o))
	found, agreed := threeWay(o.kind.Root, t.base, t.desired, t.current)
	o.newBase.Body = nil
	if schema.HasValue(agreed) {
		o.newBase.Body = agreed.JSON()
	}
	if len(found) == 0 {
		o.unchanged = true
		if len(t.strays) == 0 {
			c.remember(o, t.current)
		}
		return
	}
	propose, adopt := c.decide(o, t, found)
	c.adoptDifferences(o, t, adopt)
	c.proposeUpdate(o, t, propose)
}

// wrote returns what reports whether this run has written a secret of the
// object; nil if it has written none.
func (c *comparison) wrote(o *object) func(secret *jsonval.Node) bool {
	if len(c.written) == 0 {
		return nil
	}
	return func(secret *jsonval.Node) bool { return c.written[schema.ApprovedSum(c.salt, o.id(), secret)] }
}

// compareVanished compares an object that only the tenant has.
func (c *comparison) compareVanished(o *object, t *trees) {
	switch {
	case o.nameOnly:
	case !o.held():
		c.compareNew(o, t)
	case c.badFile(o.kind.Name, o.key):
		o.newBase = o.base
	default:
		c.proposeDelete(o, t)
	}
}

// compareNew compares an object of the tenant that no base held.
func (c *comparison) compareNew(o *object, t *trees) {
	switch {
	case c.badFile(o.kind.Name, o.key):
		o.newBase = o.base // its file may have another key
	case c.ignored(o, nil, plan.FromTenant):
	case c.drift(o.kind) == plan.EnforceDesired && c.serviceMade(o, t.raw) == nil:
		c.noteOn(o, plan.Unmanaged, "", "only the tenant has it; it is neither taken over nor deleted. Add it to the repository, or delete it in the tenant")
	default:
		body := c.adoptedForm(o.kind, t.current).JSON()
		shown, redacted := schema.Redacted(t.current)
		o.adopt = []tenant.Change{{Kind: o.kind.Name, Key: o.key, Body: body}}
		o.adopted = &plan.AdoptedChange{Kind: o.kind.Name, Key: o.key, Verb: tenant.Create, Changes: []plan.PropertyChange{
			{After: shown.JSON(), Origin: plan.Drift, Redacted: redacted},
		}}
	}
}

// compareAbsent compares an object that only the repository has.
func (c *comparison) compareAbsent(o *object, t *trees) {
	// What the file hides is what was agreed on.
	wanted, _ := schema.Unmask(o.kind.Root, t.base, t.desired, t.base, nil)
	switch {
	case o.missing:
		o.newBase = o.base
		o.withheld = true
		c.noteMissing(o)
	case o.kind.Singleton:
		o.newBase = o.base
		c.withhold(o, plan.Unsupported, "the tenant has no such object, and it cannot be created")
	case !o.held():
		c.proposeCreate(o, t, plan.Deploy)
	case !schema.Exactly(o.kind.Root, schema.Managed(t.base, wanted), wanted):
		c.proposeCreate(o, t, plan.Clash)
	case c.drift(o.kind) == plan.EnforceDesired && c.serviceMade(o, t.base, t.desired) == nil:
		c.proposeCreate(o, t, plan.Enforce)
	case c.ignored(o, nil, plan.FromTenant):
		o.withheld = true
	default:
		if made := c.serviceMade(o, t.base, t.desired); made != nil {
			c.noteOn(o, plan.ServiceChange, "", "%s; the service removed it by itself, and the repository takes that over", made.Reason)
		}
		o.withheld = true
		o.adopt = []tenant.Change{{Kind: o.kind.Name, Key: o.key}}
		shown, redacted := schema.Redacted(t.desired)
		o.adopted = &plan.AdoptedChange{Kind: o.kind.Name, Key: o.key, Verb: tenant.Delete, Changes: []plan.PropertyChange{
			{Base: schema.RedactedJSON(t.base), Before: shown.JSON(), Origin: plan.Drift, Redacted: redacted},
		}}
	}
}

// withhold notes why the repository's wish is not proposed.
func (c *comparison) withhold(o *object, class plan.NoteClass, format string, args ...any) {
	o.item, o.withheld = nil, true
	c.noteOn(o, class, "", format, args...)
}
