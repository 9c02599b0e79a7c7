package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Impact is an effect of a plan that its verbs and properties do not show at a
// glance. It is no broken rule: nobody has to accept it by name. It follows from
// the items, so [Plan.Digest] covers it with them.
type Impact struct {
	// Kind is one of:
	//
	//	enabled            an object that was off or is new takes effect
	//	exclusion-removed  who or what was excluded is not any more
	//	assigned-to-all    an object newly reaches all users or all devices
	Kind string `json:"kind"`
	// Message says what happens to each of Items. It holds names and values of
	// the tenant and the repository, quoted.
	Message string `json:"message"`
	// Items are the IDs of the items that do it, sorted.
	Items []string `json:"items"`
}

// The kinds of impact, in the order in which they are shown.
var impactKinds = []string{"enabled", "exclusion-removed", "assigned-to-all"}

// Impact returns what a person who decides should see first. What several items
// do in the same way is one Impact. It says what a property means by the
// conventions of Microsoft Graph:
//
//   - An object is enabled by "state": "enabled" or "isEnabled": true.
//   - A property whose name begins with "exclude" excludes what it holds, and an
//     assignment to "#microsoft.graph.exclusionGroupAssignmentTarget" its group.
//   - An object reaches all by an assignment to
//     "#microsoft.graph.allLicensedUsersAssignmentTarget" or
//     "#microsoft.graph.allDevicesAssignmentTarget", by "All" in "includeUsers",
//     and by "all_users" in "includeTargets". One that reached all through a
//     filter, and does without it, newly reaches all.
//
// Letters' case does not matter in values. Deletes have no impact: what they do
// is plain.
func (p *Plan) Impact() []Impact {
	type effect struct{ kind, message string }
	found := make(map[effect][]string)
	for i := range p.Items {
		it := &p.Items[i]
		if it.Verb == tenant.Delete {
			continue
		}
		before, after := it.reaches()
		effects := make(map[effect]bool)
		if after.enabled && !before.enabled {
			effects[effect{impactKinds[0], "it is enabled, and so takes effect"}] = true
		}
		for key, shown := range before.excluded {
			if _, still := after.excluded[key]; !still {
				effects[effect{impactKinds[1], shown + " is no longer excluded"}] = true
			}
		}
		for who, now := range after.all {
			if now > before.all[who] {
				effects[effect{impactKinds[2], "it reaches " + who + now.remark()}] = true
			}
		}
		for e := range effects {
			found[e] = append(found[e], it.ID)
		}
	}
	var impact []Impact
	for e, items := range found {
		slices.Sort(items)
		impact = append(impact, Impact{Kind: e.kind, Message: e.message, Items: items})
	}
	slices.SortFunc(impact, func(a, b Impact) int {
		return cmp.Or(slices.Index(impactKinds, a.Kind)-slices.Index(impactKinds, b.Kind), strings.Compare(a.Message, b.Message))
	})
	return impact
}

// reach is what one side of an item's changes says about whom the object
// reaches.
type reach struct {
	item    *Item
	enabled bool
	// excluded has what is excluded, as people are shown it, by a text that is
	// equal for equal exclusions.
	excluded map[string]string
	// all has how completely all of somebody are reached: "all users".
	all map[string]extent
}

// extent is how completely all are reached: the higher, the more.
type extent int

const (
	filteredIn  extent = 1 + iota // those that a filter lets in
	filteredOut                   // all but those that a filter keeps out
	unfiltered
)

func (c extent) remark() string {
	switch c {
	case filteredIn:
		return ", where a filter includes them"
	case filteredOut:
		return ", but those that a filter excludes"
	}
	return ""
}

// reaches returns what the item's changes say before and after. What the
// changes do not touch is in neither.
func (it *Item) reaches() (before, after reach) {
	for _, r := range []*reach{&before, &after} {
		r.item, r.excluded, r.all = it, make(map[string]string), make(map[string]extent)
	}
	changes := it.Changes
	if it.Verb == tenant.Create && !slices.ContainsFunc(changes, func(c PropertyChange) bool { return len(c.After) > 0 }) {
		changes = []PropertyChange{{After: it.After}}
	}
	for _, c := range changes {
		segs, err := jsonval.SplitPointer(c.Pointer)
		if err != nil {
			continue // shown as it is, and not understood
		}
		was, will := readValue(c.Before), readValue(c.After)
		if c.Redacted && !hasMembers(was) && !hasMembers(will) {
			continue // a secret, which says nothing of this
		}
		excluded := slices.ContainsFunc(segs, isExclusion)
		before.add(segs, was, excluded)
		after.add(segs, will, excluded)
	}
	return before, after
}

func isExclusion(name string) bool { return strings.HasPrefix(name, "exclude") }

// add takes in a value at a path. In the path, "-" is a member of an array;
// excluded: the path leads into an exclusion. The calls share the path's memory.
func (r *reach) add(path []string, n *jsonval.Node, excluded bool) {
	name := lastName(path)
	switch {
	case n.IsNull():
	case excluded:
		r.exclude(path, n)
	case n.IsArray():
		for _, member := range n.Kids {
			r.add(append(path, "-"), member, false)
		}
	case n.IsObject():
		r.addTarget(n)
		if name == "includeTargets" && strings.EqualFold(jsonval.TextOf(n.Get("id")), "all_users") {
			r.all["all users"] = unfiltered
		}
		for i, kid := range n.Kids {
			r.add(append(path, n.Names[i]), kid, isExclusion(n.Names[i]))
		}
	case name == "includeUsers" && strings.EqualFold(jsonval.TextOf(n), "All"):
		r.all["all users"] = unfiltered
	case len(path) == 1 && name == "state":
		r.enabled = strings.EqualFold(jsonval.TextOf(n), "enabled")
	case len(path) == 1 && name == "isEnabled":
		r.enabled = n.Kind == 't'
	}
}

// addTarget takes in the target of an assignment, if n is one.
func (r *reach) addTarget(n *jsonval.Node) {
	switch {
	case isType(n, exclusionTarget):
		group := jsonval.TextOf(n.Get("groupId"))
		r.excluded["assignment "+folded(n.Get("groupId"))] = "the group " + quoted(group)
	case isType(n, allUsersTarget):
		r.all["all users"] = max(r.all["all users"], extentOf(n))
	case isType(n, allDevicesTarget):
		r.all["all devices"] = max(r.all["all devices"], extentOf(n))
	}
}

// extentOf says what the filter of an assignment's target leaves of all.
func extentOf(target *jsonval.Node) extent {
	switch {
	case strings.EqualFold(jsonval.TextOf(target.Get(filterType)), "include"):
		return filteredIn
	case strings.EqualFold(jsonval.TextOf(target.Get(filterType)), "exclude"):
		return filteredOut
	}
	return unfiltered
}

// exclude takes in what a value at or below an exclusion says. The members of an
// array are told apart by their id, or else whole. Elsewhere each word of a text
// counts for itself: so are enumerations of several values written.
func (r *reach) exclude(path []string, n *jsonval.Node) {
	member := path[len(path)-1] == "-"
	put := func(key, shown *jsonval.Node) {
		at := jsonval.JoinPointer(slices.DeleteFunc(slices.Clone(path), func(s string) bool { return s == "-" }))
		text := hiddenText
		if !r.item.sensitiveNear(at) {
			text = new(shortener).value(showWhole(shown))
		}
		r.excluded[at+" "+folded(key)] = text + " (" + quoted(at) + ")"
	}
	switch {
	case n.IsNull() || jsonval.TextOf(n) == noID:
	case n.IsArray():
		for _, kid := range n.Kids {
			r.exclude(append(path, "-"), kid)
		}
	case n.IsObject() && member:
		if id := n.Get("id"); id.IsString() {
			put(id, id)
		} else {
			put(n, n)
		}
	case n.IsObject():
		for i, name := range n.Names {
			if !strings.HasPrefix(name, "@") {
				r.exclude(append(path, name), n.Kids[i])
			}
		}
	case n.IsString() && !member && !strings.HasPrefix(n.Text, "${"):
		for word := range strings.SplitSeq(n.Text, ",") {
			if one := jsonval.StringNode(strings.TrimSpace(word)); one.Text != "" {
				put(one, one)
			}
		}
	default:
		put(n, n)
	}
}

// sensitiveNear reports whether a sensitive pointer is at, above or below the
// given one, in which the places of members in arrays are left out.
func (it *Item) sensitiveNear(pointer string) bool {
	return slices.ContainsFunc(it.Sensitive, func(s string) bool {
		return pointer == s || strings.HasPrefix(pointer, s+"/") || strings.HasPrefix(s, pointer+"/")
	})
}

// lastName returns the last name in a path, past the members of arrays.
func lastName(path []string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] != "-" {
			return path[i]
		}
	}
	return ""
}
