package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Impact is an effect of a plan that the verbs and properties of its items do not
// show at a glance. It is not a broken rule, so an approval need not name it. It
// is computed from the items, so [Plan].Digest covers it.
type Impact struct {
	// Kind is one of:
	//
	//	enabled            a disabled or new object is enabled
	//	exclusion-removed  a user, group or other target is no longer excluded
	//	assigned-to-all    an object is newly assigned to all users or all devices
	Kind string `json:"kind"`
	// Message describes the effect of each item in Items. Names and values from
	// the tenant and the repository are quoted in it.
	Message string `json:"message"`
	// Items are the IDs of the items with this effect, sorted.
	Items []string `json:"items"`
}

// impactKinds are the kinds of impact, in the order in which Impact returns them.
var impactKinds = []string{"enabled", "exclusion-removed", "assigned-to-all"}

// Impact returns the effects that a person should review first. It merges equal
// effects of several items. It interprets properties by the conventions of
// Microsoft Graph:
//
//   - "state": "enabled" or "isEnabled": true enables an object.
//   - A property whose name begins with "exclude" excludes its values. An
//     assignment to "#microsoft.graph.exclusionGroupAssignmentTarget" excludes its
//     group.
//   - An assignment to "#microsoft.graph.allLicensedUsersAssignmentTarget" or
//     "#microsoft.graph.allDevicesAssignmentTarget" assigns an object to all. So
//     do "All" in "includeUsers" and "all_users" in "includeTargets". An
//     assignment that loses its filter is a new assignment to all.
//
// Impact ignores the case of letters in values. A delete has no impact, because
// its verb shows the effect.
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
			effects[effect{impactKinds[0], "it is enabled and takes effect"}] = true
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

// reach is the set of users and devices that one side of an item's changes
// applies to.
type reach struct {
	item    *Item
	enabled bool
	// excluded has the exclusions as shown to people. The keys are equal for equal
	// exclusions.
	excluded map[string]string
	// all has the extent for "all users" and "all devices".
	all map[string]extent
}

// extent says how many of all users or devices an assignment reaches. A higher
// value means more.
type extent int

const (
	filteredIn  extent = 1 + iota // only those that match a filter
	filteredOut                   // all but those that match a filter
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

// reaches returns the reach of the item's changes before and after. Unchanged
// properties are in neither.
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
			continue // the renderers show such a pointer unchanged
		}
		was, will := readValue(c.Before), readValue(c.After)
		if c.Redacted && !hasMembers(was) && !hasMembers(will) {
			continue // a hidden secret has no impact
		}
		excluded := slices.ContainsFunc(segs, isExclusion)
		before.add(segs, was, excluded)
		after.add(segs, will, excluded)
	}
	return before, after
}

func isExclusion(name string) bool { return strings.HasPrefix(name, "exclude") }

// add adds a value at a path. In the path, "-" is a member of an array. excluded
// reports that the path is within an exclusion. The calls share the memory of
// the path.
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

// addTarget adds the target of an assignment, if n is one.
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

// extentOf returns the extent of an assignment to all, by the target's filter.
func extentOf(target *jsonval.Node) extent {
	switch {
	case strings.EqualFold(jsonval.TextOf(target.Get(filterType)), "include"):
		return filteredIn
	case strings.EqualFold(jsonval.TextOf(target.Get(filterType)), "exclude"):
		return filteredOut
	}
	return unfiltered
}

// exclude adds the exclusions in a value. It identifies members of an array by
// their id, or else by their whole value. In a text outside an array, each word
// is one exclusion, because Graph writes flags as words with commas between them.
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

// sensitiveNear reports whether a sensitive pointer is at, above or below
// pointer, which has no indexes of array members.
func (it *Item) sensitiveNear(pointer string) bool {
	return slices.ContainsFunc(it.Sensitive, func(s string) bool {
		return pointer == s || strings.HasPrefix(pointer, s+"/") || strings.HasPrefix(s, pointer+"/")
	})
}

// lastName returns the last property name in a path. It skips members of arrays.
func lastName(path []string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] != "-" {
			return path[i]
		}
	}
	return ""
}
