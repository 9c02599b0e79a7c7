package diff

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// pair returns, for each of the tenant's elements, the index of the file's
// element to edit, or -1. It pairs equal elements first. Then it pairs elements
// by a set's identity, or else masked elements that may be equal, and elements
// at the same position.
func (k *fileEditor) pair(r *schema.Rule, v *written, now *jsonval.Node) []int {
	from, used := make([]int, len(now.Kids)), make([]bool, len(v.kids))
	for j := range from {
		from[j] = -1
	}
	// by pairs elements with equal results of measure, at the same position
	// first.
	by := func(measure func(n *jsonval.Node) any) {
		places := map[any][]int{}
		for i, kid := range v.kids {
			if !used[i] {
				s := measure(kid.means)
				places[s] = append(places[s], i)
			}
		}
		take := func(j int, those []int) bool {
			n := slices.IndexFunc(those, func(i int) bool { return !used[i] })
			if n >= 0 {
				from[j], used[those[n]] = those[n], true
			}
			return n >= 0
		}
		for j, kid := range now.Kids {
			if from[j] < 0 {
				those := places[measure(kid)]
				n, _ := slices.BinarySearch(those, j)
				_ = take(j, those[n:]) || take(j, those[:n])
			}
		}
	}
	next, set := r.Step("*"), r.Fact().Set
	by(func(n *jsonval.Node) any { return k.meanings.Member(next, n) })
	if set != nil && len(set.By) > 0 && set.HasUniqueIdentities(v.means) && set.HasUniqueIdentities(now) {
		by(func(n *jsonval.Node) any { return set.DeclaredIdentity(n) })
		return from
	}
	for i, kid := range v.kids {
		for j := 0; !used[i] && k.meanings.HasMask(kid.means) && j < len(from); j++ {
			if at := (i + j) % len(from); from[at] < 0 && k.agrees(next, kid.means, now.Kids[at]) {
				from[at], used[i] = i, true
			}
		}
	}
	for j := range from {
		if from[j] < 0 && j < len(used) && !used[j] {
			from[j], used[j] = j, true
		}
	}
	return from
}

// agrees reports whether a value of the file equals the tenant's value. The
// value is in name form, but its sets are unsorted. A mask equals any secret.
func (k *fileEditor) agrees(r *schema.Rule, means, now *jsonval.Node) bool {
	switch {
	case k.meanings.Member(r, means) == k.meanings.Member(r, now):
		return true
	case !k.meanings.HasMask(means):
		return false
	case reference.IsMask(means):
		return reference.IsMask(now) || reference.IsSecret(now)
	case means.IsObject() && now.IsObject():
		of := r.In(means, now)
		for i, name := range means.Names {
			if value := now.Get(name); value == nil && k.meanings.InMember(of.Step(name), means.Kids[i]) != 0 ||
				value != nil && !k.agrees(of.Step(name), means.Kids[i], value) {
				return false
			}
		}
		for i, name := range now.Names {
			if means.Get(name) == nil && k.meanings.InMember(of.Step(name), now.Kids[i]) != 0 {
				return false
			}
		}
		return true
	case means.IsArray() && now.IsArray() && len(means.Kids) == len(now.Kids):
		next, used := r.Step("*"), make([]bool, len(now.Kids))
		for i, kid := range means.Kids {
			j := i
			if r.Fact().Set != nil {
				j = slices.IndexFunc(seqFrom(len(used)), func(j int) bool { return !used[j] && k.agrees(next, kid, now.Kids[j]) })
			}
			if j < 0 || !k.agrees(next, kid, now.Kids[j]) {
				return false
			}
			used[j] = true
		}
		return true
	}
	return false
}

func seqFrom(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
