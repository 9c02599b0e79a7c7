package schema

import (
	"slices"

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
	return AlignBy(from, to, func(a, b *jsonval.Node) bool {
		return EqualExceptSecrets(a, b) || EqualExceptSecrets(CanonicalMember(next, a), CanonicalMember(next, b))
	})
}

// AlignBy pairs equal elements one to one. It prefers the same position. If one
// side has more elements of a value than the other side, the pairs are
// ambiguous, and none of these elements is paired.
func AlignBy(from, to *jsonval.Node, same func(a, b *jsonval.Node) bool) []int {
	out := make([]int, len(from.Kids))
	used := map[int]bool{}
	for i, kid := range from.Kids {
		out[i] = -1
		if !to.IsArray() {
			continue
		}
		if i < len(to.Kids) && !used[i] && same(kid, to.Kids[i]) {
			out[i], used[i] = i, true
			continue
		}
		for j, other := range to.Kids {
			if !used[j] && same(kid, other) {
				out[i], used[j] = j, true
				break
			}
		}
	}
	if to.IsArray() {
		unpair(from, to, out, used, same)
	}
	return out
}

// AlignByText is [AlignBy] for elements that are equal if their texts are
// equal. It takes time linear in the arrays.
func AlignByText(from, to *jsonval.Node, text func(n *jsonval.Node) string) []int {
	out := make([]int, len(from.Kids))
	places := map[string][2][]int{}
	for side, array := range []*jsonval.Node{from, to} {
		for i := 0; array.IsArray() && i < len(array.Kids); i++ {
			s := text(array.Kids[i])
			both := places[s]
			both[side] = append(both[side], i)
			places[s] = both
		}
	}
	for i := range out {
		out[i] = -1
	}
	for _, both := range places {
		if len(both[0]) != len(both[1]) {
			continue
		}
		ours := slices.DeleteFunc(slices.Clone(both[0]), func(i int) bool { _, same := slices.BinarySearch(both[1], i); return same })
		theirs := slices.DeleteFunc(slices.Clone(both[1]), func(j int) bool { _, same := slices.BinarySearch(both[0], j); return same })
		for _, i := range both[0] {
			out[i] = i
		}
		for n, i := range ours {
			out[i] = theirs[n]
		}
	}
	return out
}

// unpair removes the ambiguous pairs: an element that was not paired is equal
// to one of the pair's elements.
func unpair(from, to *jsonval.Node, out []int, used map[int]bool, same func(a, b *jsonval.Node) bool) {
	pairs := slices.Clone(out)
	for i, j := range pairs {
		for k := range from.Kids {
			if j < 0 && pairs[k] >= 0 && same(from.Kids[i], to.Kids[pairs[k]]) {
				out[k] = -1
			}
		}
	}
	for j, other := range to.Kids {
		for i := range from.Kids {
			if !used[j] && pairs[i] >= 0 && same(from.Kids[i], other) {
				out[i] = -1
			}
		}
	}
}
