package plan

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
	base, desired, current *node
	fate                   fate
	// member: the values are a set's member at segs, not the property's.
	member bool
	// places are where the member stands in the file.
	places []int
	rule   *rule
}

// pointer is the path as people see it.
func (d *difference) pointer() string {
	if d.member {
		return joinPointer(d.segs) + "/-"
	}
	return joinPointer(d.segs)
}

// threeWay compares objects property by property. It returns the differences,
// ordered by path, and the part on which both sides agree, joined with what
// the base has where they do not.
func threeWay(r *rule, base, desired, current *node) ([]*difference, *node) {
	w := &walk{}
	agreed := w.object(r, nil, base, desired, current, nil)
	return w.found, agreed
}

type walk struct{ found []*difference }

// object compares property by property. once is what both sides had agreed on
// in place of the object, or of one around it.
func (w *walk) object(r *rule, segs []string, base, desired, current, once *node) *node {
	agreed := &objectBuilder{}
	for i, name := range desired.names {
		below := append(segs[:len(segs):len(segs)], name)
		agreed.add(name, w.value(r.step(name), below, base.get(name), desired.kids[i], current.get(name), once))
	}
	return agreed.node()
}

// value returns the new base of one property.
func (w *walk) value(r *rule, segs []string, base, desired, current, once *node) *node {
	switch {
	case desired.isObject() && current.isObject() && (base == nil || base.isObject()):
		return w.object(r, segs, base, desired, current, once)
	case desired.isObject() && current.isObject():
		before := len(w.found)
		if agreed := w.object(r, segs, nil, desired, current, base); len(w.found) == before {
			return agreed
		}
		return base // they have left it, and do not agree on another
	case desired.isArray() && r.fact().set != nil && (current.isNull() || current.isArray()):
		return w.set(r, segs, base, desired, current)
	}
	if covers(r, desired, current) {
		return desired
	}
	d := &difference{segs: segs, base: base, desired: desired, current: current, rule: r}
	switch {
	case base == nil && once != nil && !(once.isNull() && current.isNull()):
		d.fate = clashed
	case base == nil:
		// Never agreed: the repository's value is proposed.
		d.fate = deployed
	case covers(r, desired, base):
		d.fate = drifted
	case covers(r, managed(base, desired), current):
		d.fate = deployed
	default:
		d.fate = clashed
	}
	w.found = append(w.found, d)
	return managed(base, desired)
}

// set compares the members of a set one by one.
func (w *walk) set(r *rule, segs []string, base, desired, current *node) *node {
	agreed := &node{kind: '['}
	next := r.step("*")
	before := len(w.found)
	for _, m := range r.set.members(base, desired, current) {
		if sameMember(next, m.desired, m.current) {
			if m.desired != nil {
				agreed.kids = append(agreed.kids, m.desired)
			}
			continue
		}
		d := &difference{segs: segs, base: m.base, desired: m.desired, current: m.current, member: true, places: m.places, rule: r}
		switch {
		case sameMember(next, m.base, m.desired):
			d.fate = drifted
		case sameMember(next, m.base, m.current), m.base == nil:
			d.fate = deployed
		default:
			d.fate = clashed
		}
		w.found = append(w.found, d)
		if m.base != nil {
			agreed.kids = append(agreed.kids, m.base)
		}
	}
	if base == nil && len(agreed.kids) == 0 && len(w.found) > before {
		return nil
	}
	return agreed
}

func sameMember(r *rule, a, b *node) bool {
	return equal(a, b) || a != nil && b != nil && covers(r, a, b) && covers(r, b, a)
}

// covers reports whether big has everything that small has, with the same
// values: in objects, what small lacks does not count. Absent and null are the
// same for a property as a whole, and so are other empty values where the kind
// says so.
func covers(r *rule, small, big *node) bool {
	f := r.fact()
	switch {
	case small.isNull() && big.isNull():
		return true
	case f.emptyIsAbsent && small.isEmpty() && big.isEmpty():
		return true
	case small.isObject() && big.isObject():
		for i, name := range small.names {
			if !covers(r.step(name), small.kids[i], big.get(name)) {
				return false
			}
		}
		return true
	case f.set != nil && small.isArray() && big.isArray():
		return equalSets(r, small, big)
	}
	return equal(small, big)
}

func equalSets(r *rule, a, b *node) bool {
	for _, m := range r.set.members(nil, a, b) {
		if m.desired == nil || m.current == nil || !equal(m.desired, m.current) {
			return false
		}
	}
	return true
}

// managed returns the part of n that desired manages: of objects, only the
// properties that it names.
func managed(n, desired *node) *node {
	if !n.isObject() || !desired.isObject() {
		return n
	}
	out := &objectBuilder{}
	for i, name := range desired.names {
		out.add(name, managed(n.get(name), desired.kids[i]))
	}
	return out.node()
}
