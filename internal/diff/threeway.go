package diff

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// fate is what the comparison says of one property.
type fate int

const (
	// deployed: the repository changed it.
	deployed fate = iota
	// drifted: the tenant changed it.
	drifted
	// clashed: both did, differently.
	clashed
)

// difference is one property, or one member of a set, in which the sides are
// not the same. Values are in name form; nil is absent.
type difference struct {
	segs                   []string
	base, desired, current *jsonval.Node
	fate                   fate
	// member: the values are a set's member at segs, not the property's.
	member bool
	// places are where the member stands in the file.
	places []int
	rule   *schema.Rule
}

// pointer is the path as people see it.
func (d *difference) pointer() string {
	if d.member {
		return jsonval.JoinPointer(d.segs) + "/-"
	}
	return jsonval.JoinPointer(d.segs)
}

// threeWay compares objects property by property. It returns the differences,
// ordered by path, and the part on which both sides agree, joined with what
// the base has where they do not.
//
// Whether desired and current agree, and whether the tenant still has what the
// base has, is the kind's equality: services answer in a form of their own.
// Whether the file still says what the base has is decided by its spelling: an
// edit of a person counts as it stands. Where both sides agree, the base takes
// the file's spelling.
func threeWay(r *schema.Rule, base, desired, current *jsonval.Node) ([]*difference, *jsonval.Node) {
	w := &walk{held: base != nil}
	agreed := w.object(r, make([]string, 0, usualDepth), base, desired, current, nil)
	return w.found, agreed
}

// usualDepth is deeper than nearly all values are.
const usualDepth = 16

type walk struct {
	// held: both sides have agreed on the object before.
	held  bool
	found []*difference
}

// object compares property by property. once is what both sides had agreed on
// in place of the object, or of one around it.
func (w *walk) object(r *schema.Rule, segs []string, base, desired, current, once *jsonval.Node) *jsonval.Node {
	r = r.In(desired, current)
	return desired.MapKids(func(i int) *jsonval.Node {
		name := desired.Names[i]
		below := append(segs, name) // one stack for all: what keeps a path copies it
		return w.value(r.Step(schema.PropertyOf(name)), below, base.Get(name), desired.Kids[i], current.Get(name), once)
	})
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
		return base // they have left it, and do not agree on another
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
		// Never agreed: the repository's value is proposed.
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
// name it: that empties the tenant's, as any added value replaces it. In a file
// that is compared for the first time, an empty set may be all that an exporter
// could see, and the tenant's members are taken over.
func (w *walk) clears(base, desired *jsonval.Node) bool {
	return w.held && base == nil && len(desired.Kids) == 0
}

// set compares the members of a set one by one.
func (w *walk) set(r *schema.Rule, segs []string, base, desired, current *jsonval.Node) *jsonval.Node {
	if r.Set.SameList(desired, current) {
		return desired
	}
	agreed := &jsonval.Node{Kind: '['}
	next := r.Step("*")
	before := len(w.found)
	segs = slices.Clone(segs) // all members share it
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

// about is the path of the property that a difference is about: for one in a
// property's type, the property's.
func (d *difference) about() []string {
	if len(d.segs) == 0 {
		return d.segs
	}
	last := len(d.segs) - 1
	return append(slices.Clone(d.segs[:last]), schema.PropertyOf(d.segs[last]))
}
