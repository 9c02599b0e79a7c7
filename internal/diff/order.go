package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// orderItems sets DependsOn and Wave, and sorts the items by wave, kind and
// key. Items in a dependency cycle leave the plan, and notes show the cycle.
// Items that depend on them leave the plan too.
//
// refs has, by item ID, the IDs of the objects that its new body refers to.
// drops has those that its old body refers to and its new body does not.
//
// These are the dependencies:
//   - An item waits for the creates and updates of objects that it refers to.
//   - A delete waits for updates and deletes that drop references to its object.
//   - [tenant.After] rules.
//   - A part of an object waits for the object.
//
// They become DependsOn: if an item fails, the items that wait for it are
// skipped. The other rules only change the waves: kinds with a lower Order come
// first, and deletes come last and in reverse. Dependencies win over these
// rules. In a cycle, waiting for updates and waiting between deletes is dropped
// too: the object of an update exists already, and one of the deletes must be
// tried first.
func orderItems(p *plan.Plan, kinds map[string]tenant.Kind, refs, drops map[string][]string, ended func() bool) {
	slices.SortFunc(p.Items, func(a, b plan.Item) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key), strings.Compare(a.Part, b.Part))
	})
	o := newOrdering(p.Items, kinds, ended)
	o.addReferences(refs)
	o.addDrops(drops)
	o.addAfterRules()
	o.addParts()
	if ended() {
		return
	}

	o.findCycles()
	deps := o.dependencies()
	sorted := components(deps)
	o.spread(deps, sorted)
	waves := o.waves(deps, sorted)

	kept := slices.Grow(p.Items[:0:0], len(p.Items))
	for i, it := range p.Items {
		if note, ok := o.notes[i]; ok {
			note.Kind, note.Key = it.Kind, it.Key
			p.Notes = append(p.Notes, note)
			continue
		}
		it.Wave = waves[i]
		it.DependsOn = nil
		for _, j := range deps[i] {
			it.DependsOn = append(it.DependsOn, p.Items[j].ID)
		}
		slices.Sort(it.DependsOn)
		kept = append(kept, it)
	}
	// The sort is stable, so the items of a wave stay sorted by kind and key.
	slices.SortStableFunc(kept, func(a, b plan.Item) int { return cmp.Compare(a.Wave, b.Wave) })
	p.Items = kept
}

// ordering is a graph of items, by their index. Item i waits for hard[i] and
// soft[i]. Soft edges are dropped in a cycle.
type ordering struct {
	items      []plan.Item
	kinds      map[string]tenant.Kind
	index      map[string]int
	ended      func() bool
	hard, soft [][]int
	// notes are the notes for the items that leave the plan.
	notes map[int]plan.Note
}

func newOrdering(items []plan.Item, kinds map[string]tenant.Kind, ended func() bool) *ordering {
	o := &ordering{
		items: items,
		kinds: kinds,
		ended: ended,
		index: make(map[string]int, len(items)),
		hard:  make([][]int, len(items)),
		soft:  make([][]int, len(items)),
		notes: make(map[int]plan.Note),
	}
	for i, it := range items {
		o.index[it.ID] = i
	}
	return o
}

// addReferences makes items wait for the objects that they refer to.
func (o *ordering) addReferences(refs map[string][]string) {
	for i, it := range o.items {
		for _, id := range refs[it.ID] {
			if o.ended() {
				return
			}
			j, ok := o.index[id]
			if !ok || j == i {
				continue
			}
			switch o.items[j].Verb {
			case tenant.Create:
				o.hard[i] = append(o.hard[i], j)
			case tenant.Update:
				o.soft[i] = append(o.soft[i], j)
			}
		}
	}
}

// addDrops makes deletes wait for the items that drop references to their
// object.
func (o *ordering) addDrops(drops map[string][]string) {
	for i, it := range o.items {
		for _, id := range drops[it.ID] {
			if o.ended() {
				return
			}
			j, ok := o.index[id]
			switch {
			case !ok || j == i || o.items[j].Verb != tenant.Delete:
			case it.Verb == tenant.Delete:
				o.soft[j] = append(o.soft[j], i)
			default:
				o.hard[j] = append(o.hard[j], i)
			}
		}
	}
}

// addAfterRules adds the kinds' [tenant.After] rules.
func (o *ordering) addAfterRules() {
	byKind := make(map[string][]int)
	for i, it := range o.items {
		if it.Part == "" {
			byKind[it.Kind] = append(byKind[it.Kind], i)
		}
	}
	for name, waiting := range byKind {
		for _, rule := range o.kinds[name].After {
			var first []int
			for _, j := range byKind[rule.Kind] {
				if o.ended() {
					return
				}
				it := o.items[j]
				if it.Verb == tenant.Delete && rule.Deleted || it.Verb != tenant.Delete && schema.Meets(rule.Then, it.After) {
					first = append(first, j)
				}
			}
			if len(first) == 0 {
				continue
			}
			for _, i := range waiting {
				if o.ended() {
					return
				}
				if o.items[i].Verb == tenant.Delete || !schema.Meets(rule.When, o.items[i].After) {
					continue
				}
				for _, j := range first {
					if o.ended() {
						return
					}
					if j != i {
						o.hard[i] = append(o.hard[i], j)
					}
				}
			}
		}
	}
}

// addParts makes the parts of an object wait for the object.
func (o *ordering) addParts() {
	for i, it := range o.items {
		if j, ok := o.index[reference.ItemID(it.Kind, it.Key)]; ok && it.Part != "" {
			o.hard[i] = append(o.hard[i], j)
		}
	}
}

// findCycles notes the items in a cycle of hard edges.
func (o *ordering) findCycles() {
	for _, members := range components(o.hard) {
		if len(members) < 2 {
			continue
		}
		note := o.cycleNote(members)
		for _, i := range members {
			o.notes[i] = note
		}
	}
}

// dependencies returns the hard edges and the soft edges that close no cycle,
// sorted and without duplicates. Without the noted items, the result has no
// cycles: a cycle lies within one component, and within a component only hard
// edges remain.
func (o *ordering) dependencies() [][]int {
	all := make([][]int, len(o.items))
	for i := range all {
		all[i] = slices.Concat(o.hard[i], o.soft[i])
	}
	component := make([]int, len(o.items))
	for c, members := range components(all) {
		for _, i := range members {
			component[i] = c
		}
	}
	for i := range all {
		all[i] = slices.Clone(o.hard[i])
		for _, j := range o.soft[i] {
			if component[i] != component[j] {
				all[i] = append(all[i], j)
			}
		}
		slices.Sort(all[i])
		all[i] = slices.Compact(all[i])
	}
	return all
}

// spread notes the items that depend on noted items.
func (o *ordering) spread(deps, sorted [][]int) {
	for _, members := range sorted {
		// A component comes after those that it depends on, so one pass is
		// enough. The items of a component with several members are in a cycle
		// and noted already.
		i := members[0]
		if _, noted := o.notes[i]; noted {
			continue
		}
		for _, j := range deps[i] {
			if _, noted := o.notes[j]; noted {
				o.notes[i] = plan.Note{Class: plan.Unresolved, Message: fmt.Sprintf(
					"it depends on %q, which cannot be applied; resolve that first", o.items[j].ID)}
				break
			}
		}
	}
}

// waves returns each item's wave. It comes after the waves of the item's
// dependencies and, where they allow it, after all items of lower levels.
func (o *ordering) waves(deps, sorted [][]int) []int {
	order := make([]int, 0, len(o.items))
	for _, members := range sorted {
		if _, noted := o.notes[members[0]]; !noted {
			order = append(order, members[0])
		}
	}
	levels := o.levels()
	// The dependencies of an item get a level that is not higher than the
	// item's. So levels never decrease from an item to those that wait for it,
	// and waiting for lower levels cannot close a cycle.
	for _, i := range slices.Backward(order) {
		for _, j := range deps[i] {
			levels[j] = min(levels[j], levels[i])
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(levels[i], levels[j]) })
	waves := make([]int, len(o.items))
	start, next := 0, 0
	for n, i := range order {
		if n > 0 && levels[i] != levels[order[n-1]] {
			start = next
		}
		waves[i] = start
		for _, j := range deps[i] {
			waves[i] = max(waves[i], waves[j]+1)
		}
		next = max(next, waves[i]+1)
	}
	return waves
}

// levels returns each item's level by its kind's Order: creates and updates
// from the lowest Order to the highest, then deletes from the highest to the
// lowest.
func (o *ordering) levels() []int {
	var orders []int
	for _, it := range o.items {
		orders = append(orders, o.kinds[it.Kind].Order)
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(orders)))
	levels := make([]int, len(o.items))
	for i, it := range o.items {
		rank, _ := slices.BinarySearch(sorted, orders[i])
		if it.Verb == tenant.Delete {
			rank = 2*len(sorted) - 1 - rank
		}
		levels[i] = rank
	}
	return levels
}

// maxCycleShown is the maximum number of items in a message about a cycle.
const maxCycleShown = 10

// cycleNote returns a note with a shortest cycle through the first of the
// members.
func (o *ordering) cycleNote(members []int) plan.Note {
	cycle := shortestCycle(o.hard, slices.Min(members))
	names := make([]string, 0, len(cycle)+1)
	for _, i := range cycle {
		names = append(names, o.items[i].ID)
	}
	names = append(names, names[0])
	if more := len(names) - maxCycleShown; more > 0 {
		names = slices.Concat(names[:maxCycleShown-1], []string{fmt.Sprintf("(%d more)", more)}, names[len(names)-1:])
	}
	return plan.Note{Class: plan.Cycle, Message: fmt.Sprintf(
		"these items depend on each other in a cycle: %s; remove one reference, sync, and add it again",
		strings.Join(names, " → "))}
}
