package schema

import (
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Unmask replaces masks by the secrets that they stand for. A mask in the
// tenant stands for the secret that was last deployed, if there is one. A mask
// in the repository stands for the value in the tenant. wrote reports whether
// this run has written a secret; a nil wrote means that it has written none.
func Unmask(r *Rule, base, desired, current *jsonval.Node, wrote func(*jsonval.Node) bool) (d, c *jsonval.Node) {
	switch {
	case desired == nil || current == nil:
		if reference.IsMask(desired) {
			return nil, current
		}
		return desired, current
	case reference.IsMask(current):
		switch {
		case reference.IsSecret(desired) && wrote != nil && wrote(desired):
			return desired, desired
		case reference.IsSecret(desired) && reference.IsSecret(base):
			return desired, base
		}
		return desired, current
	case reference.IsMask(desired):
		return current, current
	case desired.IsObject() && current.IsObject():
		d, c = desired, current
		for i, name := range desired.Names {
			was := desired.Kids[i]
			dv, cv := Unmask(r.In(desired, current).Step(name), base.Get(name), was, current.Get(name), wrote)
			if dv != was {
				d = d.With([]string{name}, dv)
			}
			if cv != current.Get(name) {
				c = c.With([]string{name}, cv)
			}
		}
		return d, c
	case desired.IsArray() && current.IsArray() && (HasMask(desired) || HasMask(current)):
		return unmaskArray(r, base, desired, current, wrote)
	}
	return desired, current
}

func unmaskArray(r *Rule, base, desired, current *jsonval.Node, wrote func(*jsonval.Node) bool) (d, c *jsonval.Node) {
	d = &jsonval.Node{Kind: '[', Kids: append([]*jsonval.Node(nil), desired.Kids...)}
	c = &jsonval.Node{Kind: '[', Kids: append([]*jsonval.Node(nil), current.Kids...)}
	toCurrent, toBase := align(r, desired, current), align(r, desired, base)
	for i := range d.Kids {
		j := toCurrent[i]
		if j < 0 {
			continue
		}
		var b *jsonval.Node
		if toBase[i] >= 0 {
			b = base.Kids[toBase[i]]
		}
		d.Kids[i], c.Kids[j] = Unmask(r.Step("*"), b, d.Kids[i], c.Kids[j], wrote)
	}
	return d, c
}

// align returns, for each element of from, the index of the element of to that
// is equal apart from secrets, or -1. In a set with a declared identity it
// compares the identities, and otherwise all other values. It does not pair by
// position alone, because that could give one setting's secret to another
// setting.
func align(r *Rule, from, to *jsonval.Node) []int {
	if set := r.Fact().Set; set != nil && len(set.By) > 0 {
		return AlignByText(from, to, set.identity(from, to))
	}
	next := r.Step("*")
	places := &HiddenPlaces{}
	for _, array := range []*jsonval.Node{from, to} {
		for i := 0; array.IsArray() && i < len(array.Kids); i++ {
			places.Add(next, array.Kids[i], HiddenInNames)
		}
	}
	visible := func(n *jsonval.Node) string { return places.VisibleText(next, n) }
	return AlignWithin(from, to, visible, func(a, b *jsonval.Node) bool {
		return EqualExceptSecrets(a, b) || EqualExceptSecrets(CanonicalMember(next, a), CanonicalMember(next, b))
	})
}
