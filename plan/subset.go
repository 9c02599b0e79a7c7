package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CheckSubset returns a *[SubsetError] unless the items with these IDs can be
// applied without the other items: the plan has each item, and IDs has each item
// that it depends on. An empty list is a valid subset.
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

// leftOut returns the IDs of items that are not chosen and that the item depends
// on, sorted. It follows the dependencies of such items too, so that a person can
// add all missing items at once.
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

// SubsetError says why the chosen items cannot be applied without others.
type SubsetError struct {
	// Unknown are the chosen IDs that the plan lacks, sorted.
	Unknown []string
	// Needs has, by the ID of a chosen item, the IDs of the items that it depends
	// on and that are not chosen, directly or through other such items. The lists
	// are sorted.
	Needs map[string][]string
}

// namesShown is the number of names that an error message lists before it counts
// the rest.
const namesShown = 10

// Error names the first items and counts the rest.
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
