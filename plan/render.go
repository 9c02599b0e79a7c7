package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// step is what a wave is called for people, with its items by kind.
type step struct {
	title string
	kinds []kindGroup
}

type kindGroup struct {
	kind  string
	items []*Item
}

// steps groups the items by wave and kind, in order.
func (p *Plan) steps() []step {
	items := make([]*Item, 0, len(p.Items))
	for i := range p.Items {
		items = append(items, &p.Items[i])
	}
	slices.SortStableFunc(items, func(a, b *Item) int {
		return cmp.Or(cmp.Compare(a.Wave, b.Wave), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key), strings.Compare(a.Part, b.Part))
	})
	var steps []step
	for i, it := range items {
		if i == 0 || it.Wave != items[i-1].Wave {
			steps = append(steps, step{})
		}
		s := &steps[len(steps)-1]
		if len(s.kinds) == 0 || s.kinds[len(s.kinds)-1].kind != it.Kind {
			s.kinds = append(s.kinds, kindGroup{kind: it.Kind})
		}
		g := &s.kinds[len(s.kinds)-1]
		g.items = append(g.items, it)
	}
	for i := range steps {
		steps[i].title = fmt.Sprintf("Step %d of %d", i+1, len(steps))
	}
	return steps
}

// summary returns the counts that are not zero.
func (c Counts) summary() string {
	var parts []string
	add := func(n int, one, many string) {
		if n == 1 {
			parts = append(parts, "1 "+one)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(c.Create, "to create", "to create")
	add(c.Update, "to update", "to update")
	add(c.Delete, "to delete", "to delete")
	if len(parts) == 0 {
		parts = append(parts, "no changes")
	}
	add(c.Conflicts, "conflict", "conflicts")
	add(c.Problems, "problem", "problems")
	return strings.Join(parts, ", ")
}

const (
	undoes  = "undoes a change made in the tenant"
	notKept = "written before, not kept by the service"
)

// remarks says about an item what its verb and rows do not.
func (it *Item) remarks() string {
	var parts []string
	if it.RenamedFrom != "" {
		parts = append(parts, "renamed from "+quoted(it.RenamedFrom))
	}
	switch it.Origin {
	case Clash:
		parts = append(parts, "conflict: both sides changed it since they agreed")
	case Enforce:
		parts = append(parts, undoes)
	}
	if it.notKept() {
		parts = append(parts, notKept)
	}
	return strings.Join(parts, ", ")
}

// notKept reports whether the item writes nothing but what was not kept before.
func (it *Item) notKept() bool {
	return len(it.Changes) > 0 && !slices.ContainsFunc(it.Changes, func(c PropertyChange) bool { return !c.NotKept })
}

// hiddenDependencies returns what the item waits for and does not itself name:
// a reference in it tells by itself that the other comes first.
func (it *Item) hiddenDependencies() []string {
	if len(it.DependsOn) == 0 {
		return nil
	}
	named := make(map[string]bool)
	reference.EachReference(readValue(it.After), func(r reference.Ref) { named[r.Object()] = true })
	return slices.DeleteFunc(slices.Clone(it.DependsOn), func(id string) bool { return named[id] })
}

// noteGroup is the notes of one class.
type noteGroup struct {
	class   NoteClass
	meaning string
	notes   []Note
}

// noteMeanings explains the classes, problems first.
var noteMeanings = []struct {
	class   NoteClass
	meaning string
}{
	{BadFile, "a file in the repository cannot be used"},
	{Ambiguous, "several objects match one name, so nothing is done"},
	{Unresolved, "something that it needs is not there"},
	{Cycle, "objects need each other in a circle"},
	{SecretNeeded, "a secret that cannot be read would have to be written"},
	{Changed, "something was changed since the plan was made"},
	{Unsupported, "the tenant does not allow it"},
	{NotRead, "the kind was not completely read, so nothing is concluded"},
	{Dangling, "an id in the tenant leads nowhere"},
	{Unmanaged, "only the tenant has it, and it is left alone"},
	{Ignored, "a rule says to leave the difference alone"},
	{ServiceChange, "the service changed it by itself"},
}

// noteGroups groups the notes by class in the order of noteMeanings; classes
// that it lacks come last.
func (p *Plan) noteGroups() []noteGroup {
	byClass := make(map[NoteClass][]Note)
	for _, n := range p.Notes {
		byClass[n.Class] = append(byClass[n.Class], n)
	}
	var groups []noteGroup
	for _, m := range noteMeanings {
		if notes := byClass[m.class]; notes != nil {
			groups = append(groups, noteGroup{m.class, m.meaning, notes})
			delete(byClass, m.class)
		}
	}
	for _, class := range slices.Sorted(maps.Keys(byClass)) {
		groups = append(groups, noteGroup{class, "", byClass[class]})
	}
	for _, g := range groups {
		slices.SortStableFunc(g.notes, func(a, b Note) int {
			return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key), strings.Compare(a.Pointer, b.Pointer))
		})
	}
	return groups
}

// incomplete returns the kinds in scope that were not completely read.
func (p *Plan) incomplete() []tenant.KindState {
	var states []tenant.KindState
	for _, k := range p.Kinds {
		if k.Completeness != tenant.Complete && k.Completeness != tenant.NotInScope {
			states = append(states, k)
		}
	}
	slices.SortStableFunc(states, func(a, b tenant.KindState) int { return strings.Compare(a.Kind, b.Kind) })
	return states
}

// itemsShown is how many items of a broken rule are named.
const itemsShown = 20

// firstItems returns the first few IDs, quoted, and a count of the rest.
func firstItems(ids []string) []string {
	var shown []string
	for _, id := range ids[:min(len(ids), itemsShown)] {
		shown = append(shown, quoted(id))
	}
	if more := len(ids) - itemsShown; more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	return shown
}
