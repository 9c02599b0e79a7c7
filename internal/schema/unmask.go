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
	u := unmasking{wrote: wrote}
	return u.value(r, base, desired, current)
}

// unmasking is one call of [Unmask].
type unmasking struct {
	wrote func(*jsonval.Node) bool
	// likeCurrent and likeBase are true within a desired value that is equal to
	// the current one, or the base's, apart from secrets. Then each element of an
	// array has its partner at the same position, unless the kind declares an
	// identity. To find it anew at each level would take time quadratic in the
	// depth.
	likeCurrent, likeBase bool
}

func (u unmasking) value(r *Rule, base, desired, current *jsonval.Node) (d, c *jsonval.Node) {
	switch {
	case desired == nil || current == nil:
		if reference.IsMask(desired) {
			return nil, current
		}
		return desired, current
	case reference.IsMask(current):
		switch {
		case reference.IsSecret(desired) && u.wrote != nil && u.wrote(desired):
			return desired, desired
		case reference.IsSecret(desired) && reference.IsSecret(base):
			return desired, base
		}
		return desired, current
	case reference.IsMask(desired):
		return current, current
	case desired.IsObject() && current.IsObject():
		d, c = desired, current
		of := r.In(desired, current)
		for i, name := range desired.Names {
			was := desired.Kids[i]
			dv, cv := u.value(of.Step(name), base.Get(name), was, current.Get(name))
			if dv != was {
				d = d.With([]string{name}, dv)
			}
			if cv != current.Get(name) {
				c = c.With([]string{name}, cv)
			}
		}
		return d, c
	case desired.IsArray() && current.IsArray() && (u.likeCurrent || HasMask(desired) || HasMask(current)):
		return u.array(r, base, desired, current)
	}
	return desired, current
}

func (u unmasking) array(r *Rule, base, desired, current *jsonval.Node) (d, c *jsonval.Node) {
	d = &jsonval.Node{Kind: '[', Kids: append([]*jsonval.Node(nil), desired.Kids...)}
	c = &jsonval.Node{Kind: '[', Kids: append([]*jsonval.Node(nil), current.Kids...)}
	inCurrent, inBase := u.partners(r, desired, current, u.likeCurrent), u.partners(r, desired, base, u.likeBase)
	for i, was := range desired.Kids {
		j := inCurrent(i)
		if j < 0 {
			continue
		}
		var b *jsonval.Node
		if n := inBase(i); n >= 0 {
			b = base.Kids[n]
		}
		in := u
		in.likeCurrent = u.likeCurrent || EqualExceptSecrets(was, current.Kids[j])
		in.likeBase = b != nil && (u.likeBase || EqualExceptSecrets(was, b))
		d.Kids[i], c.Kids[j] = in.value(r.Step("*"), b, was, current.Kids[j])
	}
	return d, c
}

// partners returns a function that returns the position in to of the partner of
// an element of from, or -1.
func (u unmasking) partners(r *Rule, from, to *jsonval.Node, alike bool) func(i int) int {
	if set := r.Fact().Set; alike && to.IsArray() && (set == nil || len(set.By) == 0) {
		return func(i int) int { return i }
	}
	found := align(r, from, to)
	return func(i int) int { return found[i] }
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
