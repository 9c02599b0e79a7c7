package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// step is one wave as shown to people, with its items by kind.
type step struct {
	wave  int
	title string
	kinds []kindGroup
}

type kindGroup struct {
	kind   string
	groups []*itemGroup
}

// steps returns the views of the items by wave and kind, in order.
func (p *Plan) steps(width int) []step {
	items := make([]*Item, 0, len(p.Items))
	for i := range p.Items {
		items = append(items, &p.Items[i])
	}
	slices.SortStableFunc(items, func(a, b *Item) int {
		return cmp.Or(cmp.Compare(a.Wave, b.Wave), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key), strings.Compare(a.Part, b.Part))
	})
	var steps []step
	for len(items) > 0 {
		first := items[0]
		n := 1
		for n < len(items) && items[n].Wave == first.Wave && items[n].Kind == first.Kind {
			n++
		}
		if len(steps) == 0 || steps[len(steps)-1].wave != first.Wave {
			steps = append(steps, step{wave: first.Wave})
		}
		views := make([]*itemView, n)
		for i, it := range items[:n] {
			views[i] = viewItem(it, width)
		}
		s := &steps[len(steps)-1]
		s.kinds = append(s.kinds, kindGroup{first.Kind, groupItems(views)})
		items = items[n:]
	}
	for i := range steps {
		steps[i].title = fmt.Sprintf("Step %d of %d", i+1, len(steps))
	}
	return steps
}

// truncationText says how many items are truncated, or that unchanged parts of long
// values are left out, and where a person can read them. It returns "" if the text
// shows everything.
func truncationText(steps []step, rest *shortener) string {
	n, partly := 0, rest.partly
	for _, s := range steps {
		for _, k := range s.kinds {
			for _, g := range k.groups {
				for _, v := range g.views {
					if v.cut {
						n++
					}
					partly = partly || v.partly
				}
			}
		}
	}
	const form = "the plan's JSON form (artifact plan.json)"
	const read = "read " + form + " before you decide"
	switch {
	case n == 1:
		return "1 item is " + truncated + " here: " + read
	case n > 1:
		return fmt.Sprintf("%d items are %s here: %s", n, truncated, read)
	case rest.cut:
		return "A name or message outside the items is " + truncated + " here: " + read
	case partly:
		return "Unchanged parts of long values are left out here: " + form + " has the whole values"
	}
	return ""
}

// summary lists the counts that are not zero.
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

const notKept = "written before, not kept by the service"

// notKept reports whether the item has only changes that the service did not
// keep before.
func (it *Item) notKept() bool {
	return len(it.Changes) > 0 && !slices.ContainsFunc(it.Changes, func(c PropertyChange) bool { return !c.NotKept })
}

// classNotes are the notes of one class.
type classNotes struct {
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
	{Ambiguous, "several objects or files match one name, so the plan does not change them"},
	{Unresolved, "a required object, property or variable is missing"},
	{Cycle, "objects depend on each other in a cycle"},
	{SecretNeeded, "the change needs a secret that cannot be read"},
	{Unsupported, "the service, the client or a setting does not allow the change"},
	{deletesOff, "deletes of the kind are switched off, so the tenant keeps the object"},
	{PossibleRename, "the deleted and the created object may be the same object"},
	{similarName, "the tenant has an object with nearly the name of the file"},
	{NotRead, "the kind was not completely read, so missing objects do not count as deleted"},
	{Dangling, "an id in the tenant belongs to no known object"},
	{Unmanaged, "only the tenant has the object, and the plan does not change it"},
	{Ignored, "a rule ignores the difference"},
	{widening, "the tenant also has properties that the file does not have"},
	{recreated, "a deleted object cannot be restored, so it is created again, with another id"},
	{guardNote, "a guard informs: this breaks no rule"},
	{ServiceChange, "the service itself made the change"},
	{KeyChanged, "secrets that cannot be read count as unchanged, because the key of their hashes has changed"},
}

// notesByClass groups the notes by class, in the order of noteMeanings. Other
// classes come last.
func (p *Plan) notesByClass() []classNotes {
	byClass := make(map[NoteClass][]Note)
	for _, n := range p.Notes {
		byClass[n.Class] = append(byClass[n.Class], n)
	}
	var groups []classNotes
	for _, m := range noteMeanings {
		if notes := byClass[m.class]; notes != nil {
			groups = append(groups, classNotes{m.class, m.meaning, notes})
			delete(byClass, m.class)
		}
	}
	for _, class := range slices.Sorted(maps.Keys(byClass)) {
		groups = append(groups, classNotes{class, "", byClass[class]})
	}
	for _, g := range groups {
		slices.SortStableFunc(g.notes, func(a, b Note) int {
			return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key), strings.Compare(a.Pointer, b.Pointer))
		})
	}
	return groups
}

// incomplete returns the states of the kinds in scope that were not completely
// read, and of those that were read only for names.
func (p *Plan) incomplete() (unread, names []tenant.KindState) {
	for _, k := range slices.SortedStableFunc(slices.Values(p.Kinds), func(a, b tenant.KindState) int { return strings.Compare(a.Kind, b.Kind) }) {
		switch k.Completeness {
		case tenant.Complete, tenant.NotInScope:
		case tenant.NamesOnly:
			names = append(names, k)
		default:
			unread = append(unread, k)
		}
	}
	return unread, names
}

// itemsShown is the largest number of IDs in one list.
const itemsShown = 20

// firstItems returns the first IDs, quoted, and a count of the rest.
func firstItems(ids []string, s *shortener) []string {
	var shown []string
	for _, id := range ids[:min(len(ids), itemsShown)] {
		shown = append(shown, s.name(id))
	}
	if more := len(ids) - itemsShown; more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	return shown
}
