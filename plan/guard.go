package plan

import "github.com/tenantsync/tenantsync/internal/reference"

// assignmentsRemoved is the rule whose [Violation].Limit counts assignments, and
// not objects.
const assignmentsRemoved = "assignments-removed"

// BrokenBy returns the violations in [Plan].Broken that remain if only the items
// with these IDs are applied. Without IDs it returns all of [Plan].Broken. A
// violation always remains if it is about the whole plan, or about an item that
// the plan lacks. BrokenBy ignores IDs of items that the plan lacks.
func (p *Plan) BrokenBy(ids []string) []Violation {
	if len(ids) == 0 {
		return p.Broken
	}
	chosen := make(map[string]bool, len(ids))
	for _, id := range ids {
		chosen[id] = true
	}
	items := make(map[string]*Item, len(p.Items))
	for i := range p.Items {
		items[p.Items[i].ID] = &p.Items[i]
	}
	var broken []Violation
	for _, b := range p.Broken {
		if b.brokenBy(items, chosen) {
			broken = append(broken, b)
		}
	}
	return broken
}

// brokenBy reports whether the chosen items exceed the limit.
func (b *Violation) brokenBy(items map[string]*Item, chosen map[string]bool) bool {
	if len(b.Items) == 0 {
		return true
	}
	objects, assignments := make(map[string]bool), make(map[string]int)
	for _, id := range b.Items {
		it := items[id]
		if it == nil {
			return true // the item is unknown, so it may be one of the chosen ones
		}
		if chosen[id] {
			objects[reference.ItemID(it.Kind, it.Key)] = true
			assignments[id], _ = it.RemovedAssignments()
		}
	}
	n := len(objects)
	if b.Rule == assignmentsRemoved {
		n = 0
		for _, removed := range assignments {
			n += removed
		}
	}
	return n > max(0, b.Limit)
}
