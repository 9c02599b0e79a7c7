package plan

import (
	"slices"
	"strconv"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// isCatalog reports whether a value is the list of settings of a settings catalog
// policy, or the list of a setting's children.
func isCatalog(n *jsonval.Node) bool {
	return n.IsArray() && len(n.Kids) > 0 && !slices.ContainsFunc(n.Kids, func(kid *jsonval.Node) bool { return definitionOf(kid) == "" })
}

// namedMembers adds rows for two lists of objects, member by member. It reports
// false, and adds nothing, if the members have no unique names and are not
// settings.
func (w *rowWriter) namedMembers(at path, secret *secretTree, v sides) bool {
	var was, will []*jsonval.Node
	if v.before.IsArray() {
		was = v.before.Kids
	}
	if v.after.IsArray() {
		will = v.after.Kids
	}
	isNoObject := func(n *jsonval.Node) bool { return !n.IsObject() }
	if slices.ContainsFunc(was, isNoObject) || slices.ContainsFunc(will, isNoObject) || len(was)+len(will) == 0 {
		return false
	}
	name := namingOf(was, will)
	if name == nil {
		return (isCatalog(v.before) || isCatalog(v.after)) && w.repeatedSettings(at, was, will)
	}
	before, _ := byName(name, was)
	after, _ := byName(name, will)
	var agreed map[string]int
	if v.base.IsArray() {
		agreed, _ = byName(name, v.base.Kids)
	}
	member := func(text string, n *jsonval.Node, index int) {
		var m sides
		if i, ok := agreed[text]; ok {
			m.base = v.base.Kids[i]
		}
		if i, ok := before[text]; ok {
			m.before = was[i]
		}
		if i, ok := after[text]; ok {
			m.after = will[i]
		}
		seg := memberSegment(text, m.before, m.after)
		if m.before == nil || m.after == nil {
			w.member(at.below(seg), secret.below(strconv.Itoa(index)), m)
		} else {
			w.value(at.below(seg), secret.below(strconv.Itoa(index)), m)
		}
	}
	for i, n := range was {
		text := name(n)
		if j, stays := after[text]; stays {
			i = j
		}
		member(text, n, i)
	}
	var order []int // the indexes in before of the remaining members, in the order of after
	for i, n := range will {
		if j, stays := before[name(n)]; stays {
			order = append(order, j)
		} else {
			member(name(n), n, i)
		}
	}
	if !slices.IsSorted(order) {
		r := w.row(at)
		r.summary = "in another order"
		w.rows = append(w.rows, r)
	}
	return true
}

// repeatedSettings adds rows for two lists of settings that have several settings
// with one definition, such as firewall rules. It leaves out equal settings, and
// pairs the others by definition, in their order. It reports false if a member is
// not a setting.
func (w *rowWriter) repeatedSettings(at path, was, will []*jsonval.Node) bool {
	removed, added := unpaired(was, will), unpaired(will, was)
	unmatched := make(map[string][]*jsonval.Node) // of added, by definition
	for _, n := range slices.Concat(removed, added) {
		if definitionOf(n) == "" {
			return false
		}
	}
	for _, n := range added {
		unmatched[definitionOf(n)] = append(unmatched[definitionOf(n)], n)
	}
	rows := len(w.rows)
	show := func(name string, m sides) {
		if at := at.below(memberSegment(name, m.before, m.after)); m.before != nil && m.after != nil {
			w.value(at, nil, m)
		} else {
			w.member(at, nil, m)
		}
	}
	for _, n := range removed {
		name := definitionOf(n)
		m := sides{before: n}
		if next := unmatched[name]; len(next) > 0 {
			m.after, unmatched[name] = next[0], next[1:]
		}
		show(name, m)
	}
	for _, n := range added {
		if name := definitionOf(n); len(unmatched[name]) > 0 && unmatched[name][0] == n {
			unmatched[name] = unmatched[name][1:]
			show(name, sides{after: n})
		}
	}
	if len(w.rows) == rows {
		r := w.row(at)
		r.summary = "in another order"
		w.rows = append(w.rows, r)
	}
	return true
}

// unpaired returns the values of a that b lacks, in the order of a. A duplicate
// counts as often as it occurs.
func unpaired(a, b []*jsonval.Node) []*jsonval.Node {
	count := make(map[string]int, len(b))
	for _, n := range b {
		count[string(n.JSON())]++
	}
	var only []*jsonval.Node
	for _, n := range a {
		text := string(n.JSON())
		if count[text]--; count[text] < 0 {
			only = append(only, n)
		}
	}
	return only
}

// member adds rows for an added or removed member: one row with the whole value if
// it is short, or one for each property if it is long or a setting.
func (w *rowWriter) member(at path, secret *secretTree, v sides) {
	whole := v.before
	if whole == nil {
		whole = v.after
	}
	if secret.here() {
		w.hide(at, v)
		return
	}
	if whole.IsObject() && (at[len(at)-1].catalog || len(showWhole(whole)) > valueShown) {
		rows := len(w.rows)
		w.object(at, secret, v)
		if len(w.rows) > rows {
			return
		}
	}
	w.leaf(at, v)
}
