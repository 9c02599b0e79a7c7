package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CheckSubset reports whether the items with these IDs can be carried out
// without the others: each is in the plan, and so is each item that it depends
// on. The error is a *[SubsetError]. No IDs at all are a valid subset.
func (p *Plan) CheckSubset(ids []string) error {
	items := make(map[string]*Item, len(p.Items))
	for i := range p.Items {
		items[p.Items[i].ID] = &p.Items[i]
	}
	chosen := make(map[string]bool, len(ids))
	for _, id := range ids {
		chosen[id] = true
	}
	var bad SubsetError
	for _, id := range slices.Sorted(maps.Keys(chosen)) {
		it, ok := items[id]
		if !ok {
			bad.Unknown = append(bad.Unknown, id)
			continue
		}
		if needs := leftOut(it, items, chosen); len(needs) > 0 {
			if bad.Needs == nil {
				bad.Needs = make(map[string][]string)
			}
			bad.Needs[id] = needs
		}
	}
	if len(bad.Unknown) == 0 && len(bad.Needs) == 0 {
		return nil
	}
	return &bad
}

// leftOut returns the IDs, sorted, that were not chosen and that the item
// depends on, directly or through others that were not chosen: what a person
// has to add, all at once.
func leftOut(it *Item, items map[string]*Item, chosen map[string]bool) []string {
	found := make(map[string]bool)
	next := []*Item{it}
	for len(next) > 0 {
		cur := next[len(next)-1]
		next = next[:len(next)-1]
		for _, id := range cur.DependsOn {
			if chosen[id] || found[id] {
				continue
			}
			found[id] = true
			if dep := items[id]; dep != nil {
				next = append(next, dep)
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// SubsetError says why items cannot be carried out without others.
type SubsetError struct {
	// Unknown are IDs that the plan does not have.
	Unknown []string
	// Needs has, by item ID, the IDs of left-out items that it depends on,
	// directly or through other left-out ones.
	Needs map[string][]string
}

// namesShown is how many names an error message lists before it counts the rest.
const namesShown = 10

// Error names the items.
func (e *SubsetError) Error() string {
	var parts []string
	if len(e.Unknown) > 0 {
		parts = append(parts, "the plan has no "+nameSome(e.Unknown))
	}
	ids := slices.Sorted(maps.Keys(e.Needs))
	for _, id := range ids[:min(len(ids), namesShown)] {
		parts = append(parts, fmt.Sprintf("%q depends on %s, which must be chosen too", id, nameSome(e.Needs[id])))
	}
	if more := len(ids) - namesShown; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more items depend on items that were left out", more))
	}
	return "plan: items cannot be chosen alone: " + strings.Join(parts, "; ")
}

// nameSome lists the first few IDs, quoted, and counts the rest.
func nameSome(ids []string) string {
	shown := make([]string, 0, namesShown)
	for _, id := range ids[:min(len(ids), namesShown)] {
		shown = append(shown, fmt.Sprintf("%q", id))
	}
	s := strings.Join(shown, ", ")
	if more := len(ids) - len(shown); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}
