package diff

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// fate is the result of comparing one property.
type fate int

const (
	// deployed: the repository has changed it.
	deployed fate = iota
	// drifted: the tenant has changed it.
	drifted
	// clashed: both have changed it, to different values.
	clashed
)

// difference is one property, or one member of a set, that differs between the
// sides. Values are in name form; nil means absent.
type difference struct {
	segs                   []string
	base, desired, current *jsonval.Node
	fate                   fate
	// member is true if the values are those of a member of the set at segs.
	member bool
	// places are the positions of the member in the file.
	places []int
	rule   *schema.Rule
}

// pointer returns the path for people.
func (d *difference) pointer() string {
	if d.member {
		return jsonval.JoinPointer(d.segs) + "/-"
	}
	return jsonval.JoinPointer(d.segs)
}

// threeWay compares objects property by property. It returns the differences,
// sorted by path, and the new base: the values on which both sides agree, and
// the old base's values elsewhere.
//
// The kind's equality decides whether desired and current agree, and whether
// the tenant still has the base's value, because services return values in
// their own notation. The notation decides whether the file still has the
// base's value, because a person's edit counts even if the new value is equal.
// If both sides agree, the base takes the file's notation. The new base's nodes
// are in the slab.
func threeWay(r *schema.Rule, base, desired, current *jsonval.Node, slab *jsonval.Slab) ([]*difference, *jsonval.Node) {
	w := &walk{managed: base != nil, slab: slab}
	agreed := w.object(r, make([]string, 0, usualDepth), base, desired, current, nil)
	return w.found, agreed
}

// usualDepth is greater than the depth of most values.
const usualDepth = 16

type walk struct {
	// managed is true if both sides have agreed on the object before.
	managed bool
	found   []*difference
	slab    *jsonval.Slab
}

// object compares property by property. once is the agreed value that the
// object, or an enclosing object, has replaced.
func (w *walk) object(r *schema.Rule, segs []string, base, desired, current, once *jsonval.Node) *jsonval.Node {
	r = r.In(desired, current)
	out, at := jsonval.CopyOf(desired, w.slab), 0
	for i, kid := range desired.Kids {
		name := desired.Names[i]
		now := current.GetNear(name, &at)
		if len(kid.Kids) == 0 && !kid.IsArray() && jsonval.Equal(kid, now) || kid.IsNull() && now.IsNull() {
			out.Put(kid) // whatever the rule and the base are
			continue
		}
		below := append(segs, name) // the siblings share the array of below; a difference copies it
		out.Put(w.value(r.Step(schema.PropertyOf(name)), below, base.Get(name), kid, now, once))
	}
	return out.Node()
}

// value returns the new base of one property.
func (w *walk) value(r *schema.Rule, segs []string, base, desired, current, once *jsonval.Node) *jsonval.Node {
	switch {
	case desired.IsObject() && current.IsObject() && (base == nil || base.IsObject()):
		return w.object(r, segs, base, desired, current, once)
	case desired.IsObject() && current.IsObject():
		before := len(w.found)
		if agreed := w.object(r, segs, nil, desired, current, base); len(w.found) == before {
			return agreed
		}
		return base // both have changed it, and do not agree on a new value
	case desired.IsArray() && r.Fact().Set != nil && (current.IsNull() || current.IsArray()) &&
		r.Set.Merges(base, desired, current) && !w.clears(base, desired):
		return w.set(r, segs, base, desired, current)
	}
	if schema.Covers(r, desired, current) {
		return desired
	}
	d := &difference{segs: slices.Clone(segs), base: base, desired: desired, current: current, rule: r}
	switch {
	case base == nil && once != nil && !(once.IsNull() && current.IsNull()):
		d.fate = clashed
	case base == nil:
		// The sides have never agreed, so the repository's value is proposed.
		d.fate = deployed
	case schema.Exactly(r, schema.Managed(base, desired), desired):
		d.fate = drifted
	case schema.Covers(r, schema.Managed(base, desired), current):
		d.fate = deployed
	default:
		d.fate = clashed
	}
	w.found = append(w.found, d)
	return schema.Managed(base, desired)
}

// clears reports whether a person added an empty set to a file that did not
// have it. Like any added value, it replaces the tenant's. In a file that is
// compared for the first time, an exporter may have written the empty set
// without seeing the members, so the tenant's members are adopted.
func (w *walk) clears(base, desired *jsonval.Node) bool {
	return w.managed && base == nil && len(desired.Kids) == 0
}

// set compares the members of a set one by one.
func (w *walk) set(r *schema.Rule, segs []string, base, desired, current *jsonval.Node) *jsonval.Node {
	if r.Set.SameList(desired, current) {
		return desired
	}
	agreed := &jsonval.Node{Kind: '['}
	next := r.Step("*")
	before := len(w.found)
	segs = slices.Clone(segs) // the members share it
	for _, m := range r.Set.Members(base, desired, current) {
		if schema.SameMember(next, m.Desired, m.Current) {
			if m.Desired != nil {
				agreed.Kids = append(agreed.Kids, m.Desired)
			}
			continue
		}
		d := &difference{segs: segs, base: m.Base, desired: m.Desired, current: m.Current, member: true, places: m.Places, rule: r}
		switch {
		case schema.Exactly(next, m.Base, m.Desired):
			d.fate = drifted
		case schema.SameMember(next, m.Base, m.Current), m.Base == nil:
			d.fate = deployed
		default:
			d.fate = clashed
		}
		w.found = append(w.found, d)
		if m.Base != nil {
			agreed.Kids = append(agreed.Kids, m.Base)
		}
	}
	switch {
	case len(w.found) == before && len(agreed.Kids) == len(desired.Kids):
		return desired // the same members, in the file's order
	case base == nil && len(agreed.Kids) == 0 && len(w.found) > before:
		return nil
	}
	return agreed
}

// changeOf returns a difference in the plan's form.
func changeOf(d *difference, origin plan.Origin) plan.PropertyChange {
	base, r1 := schema.Redacted(d.sorted(d.base))
	before, r2 := schema.Redacted(d.sorted(d.current))
	after, r3 := schema.Redacted(d.sorted(d.desired))
	return plan.PropertyChange{
		Pointer: d.pointer(), Base: base.JSON(), Before: before.JSON(), After: after.JSON(),
		Origin: origin, Redacted: r1 || r2 || r3,
	}
}

// sorted returns one of the difference's values in the plan's form.
func (d *difference) sorted(n *jsonval.Node) *jsonval.Node {
	if d.member {
		return schema.SortedSets(d.rule.Step("*"), n)
	}
	return schema.SortedSets(d.rule, n)
}

// about returns the path of the property. For a type annotation it is the path
// of the annotated property.
func (d *difference) about() []string {
	if len(d.segs) == 0 {
		return d.segs
	}
	last := len(d.segs) - 1
	return append(slices.Clone(d.segs[:last]), schema.PropertyOf(d.segs[last]))
}
