package plan

import (
	"slices"
	"strings"
)

// holders returns the objects that have each of the given natural keys
// already: in the tenant, or by their own file. An object whose file gives its
// name up does not count. It decodes all of the kind, and is asked only before
// something would be created.
func (m *matching) holders(wanted map[string][]*object) map[string][]*object {
	held := map[string][]*object{}
	for _, o := range m.objects {
		if o.current == nil {
			continue
		}
		inTenant, inFile := m.nameInTenant(o.current), ""
		if o.desired != nil {
			inFile, _ = m.desiredName(o)
			o.parsed = nil // trees are large, and most are not needed again
		}
		if inFile != "" && inFile != inTenant && !m.agreedName(o, inFile) {
			inTenant = "" // the repository gives it another name
		}
		for _, name := range slices.Compact([]string{inTenant, inFile}) {
			if name != "" && wanted[name] != nil {
				held[name] = append(held[name], o)
			}
		}
	}
	return held
}

// agreedName reports whether the base has an object under the name: where the
// tenant has another one then, the tenant has changed it.
func (m *matching) agreedName(o *object, name string) bool {
	if !o.held() {
		return false
	}
	body, err := parseObject(o.base.Body)
	if err != nil {
		return false
	}
	agreed, ok := o.kind.nameOf(body, literal)
	return ok && agreed == name
}

// refuseTwins leaves new files alone whose name an object has already: they
// would make a second one of it. takers are by name, and found no object that
// is new in the tenant.
func (m *matching) refuseTwins(takers map[string][]*object) {
	for name, holders := range m.holders(takers) {
		slices.SortFunc(holders, func(a, b *object) int { return strings.Compare(a.key, b.key) })
		holder := holders[0]
		for _, o := range takers[name] {
			if holder.desired != nil {
				m.leave(o, Ambiguous, "the object %q has the name %q already (%s); change or remove one of the files", holder.key, name, fileOf(holder.desired))
			} else {
				m.leave(o, Ambiguous, "an object with the name %q is in the tenant, and known as %q; if this file is for it, name %q in $previousNames, or else give the file another name", name, holder.key, holder.key)
			}
		}
		for _, h := range holders {
			// Whether it is the same object decides whether it may be deleted,
			// or gets a file of its own.
			h.keep = h.keep || h.desired == nil
		}
	}
}
