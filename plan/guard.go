package plan

import "github.com/tenantsync/tenantsync/internal/reference"

// assignmentsRemoved is the rule whose [Violation.Limit] counts assignments.
const assignmentsRemoved = "assignments-removed"

// BrokenBy returns those of [Plan.Broken] that the items with these IDs break
// by themselves, if all others are left out; of no IDs, those that the whole
// plan breaks. Every part breaks a rule that is about the plan as a whole, or
// about an item that the plan does not have. IDs that the plan does not have are
// no part of it.
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

// brokenBy reports whether the chosen ones of the plan's items are more than
// the limit.
func (b *Violation) brokenBy(items map[string]*Item, chosen map[string]bool) bool {
	if len(b.Items) == 0 {
		return true
	}
	objects, assignments := make(map[string]bool), make(map[string]int)
	for _, id := range b.Items {
		it := items[id]
		if it == nil {
			return true // nobody can tell which part it belongs to
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
