package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// row is one changed property as shown.
type row struct {
	name                string
	clash               bool
	remark              string
	base, before, after string
	// summary and lines replace before and after where those are lists or texts.
	summary string
	lines   []diffLine
	times   int // how often the row is there; 0 for once
}

// title is the row's name with its remarks.
func (r row) title() string {
	title := r.name
	if r.remark != "" {
		title += " (" + r.remark + ")"
	}
	if r.times > 1 {
		title += " (" + strconv.Itoa(r.times) + " times)"
	}
	return title
}

// sides are a value when both sides last agreed, the tenant's, and the
// proposed one. An absent one is nil.
type sides struct{ base, before, after *jsonval.Node }

// each returns what f returns of each side.
func (s sides) each(f func(*jsonval.Node) *jsonval.Node) sides {
	return sides{f(s.base), f(s.before), f(s.after)}
}

// rowWriter shows one change by rows.
type rowWriter struct {
	*shortener
	width    int
	like     row // what all rows of the change have in common
	redacted bool
	rows     []row
}

// change shows a change from the given path on.
func (w *rowWriter) change(at path, secret *secretTree, v sides) {
	if secret.here() || w.redacted && !hasMembers(v.before) && !hasMembers(v.after) {
		w.hide(at, v)
		return
	}
	// A member of a set that stays is shown by what changes in it, if it has a
	// name. Others stay in one piece, if that is short.
	var last segment
	if len(at) > 0 {
		last = at[len(at)-1]
	}
	switch {
	case last.member && v.before != nil && v.after != nil:
		w.value(at, secret, v)
	case last.member || last.text == "-" && (v.before == nil || v.after == nil):
		w.member(at, secret, v)
	case last.text == "-":
		w.leaf(at, v)
	default:
		w.value(at, secret, v)
	}
	if len(w.rows) == 0 {
		// Both sides look the same, as where the difference is a secret.
		w.hide(at, v)
	}
}

// value shows what differs at a path and below it: property by property in
// objects, and member by member in lists whose members have names.
func (w *rowWriter) value(at path, secret *secretTree, v sides) {
	switch {
	case secret.here():
		if !jsonval.Equal(v.before, v.after) {
			w.hide(at, v)
		}
	case isOrAbsent(v.before, v.after, (*jsonval.Node).IsObject) && (hasMembers(v.before) || hasMembers(v.after)):
		w.object(at, secret, v)
	case jsonval.Equal(v.before, v.after):
	case isOrAbsent(v.before, v.after, (*jsonval.Node).IsArray) &&
		(v.before != nil && v.after != nil || isCatalog(v.before) || isCatalog(v.after)) && w.namedMembers(at, secret, v):
	default:
		w.leaf(at, v)
	}
}

func (w *rowWriter) object(at path, secret *secretTree, v sides) {
	oneSided := v.before == nil || v.after == nil
	for _, name := range memberNames(v.before, v.after) {
		kid := v.each(func(n *jsonval.Node) *jsonval.Node { return n.Get(name) })
		if oneSided && implied(at, name, v.before, v.after) {
			continue
		}
		w.value(at.below(segment{text: name}), secret.below(name), kid)
	}
}

// isCatalog reports whether a value is a list of settings of a settings catalog
// policy, or of a setting's children.
func isCatalog(n *jsonval.Node) bool {
	return n.IsArray() && len(n.Kids) > 0 && !slices.ContainsFunc(n.Kids, func(kid *jsonval.Node) bool { return definitionOf(kid) == "" })
}

// namedMembers shows two lists of objects member by member. It reports false
// if the members have no names. Members with equal names count as one list
// without names.
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
	var order []int // in after, of the members that stay, as they stand in before
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

// repeatedSettings shows lists of settings of which two have one definition, as
// rules of a firewall have. Equal ones are left out, and the others are paired
// by definition, in their order. It reports false if a member is no setting.
func (w *rowWriter) repeatedSettings(at path, was, will []*jsonval.Node) bool {
	gone, come := unpaired(was, will), unpaired(will, was)
	waiting := make(map[string][]*jsonval.Node)
	for _, n := range slices.Concat(gone, come) {
		if definitionOf(n) == "" {
			return false
		}
	}
	for _, n := range come {
		waiting[definitionOf(n)] = append(waiting[definitionOf(n)], n)
	}
	rows := len(w.rows)
	show := func(name string, m sides) {
		if at := at.below(memberSegment(name, m.before, m.after)); m.before != nil && m.after != nil {
			w.value(at, nil, m)
		} else {
			w.member(at, nil, m)
		}
	}
	for _, n := range gone {
		name := definitionOf(n)
		m := sides{before: n}
		if next := waiting[name]; len(next) > 0 {
			m.after, waiting[name] = next[0], next[1:]
		}
		show(name, m)
	}
	for _, n := range come {
		if name := definitionOf(n); len(waiting[name]) > 0 && waiting[name][0] == n {
			waiting[name] = waiting[name][1:]
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

// unpaired returns what a has more of than b, in the order of a.
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

// member shows a member that is added or removed: by one value if that is
// short, by its properties if it is long or a setting.
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

// row returns a row without a value.
func (w *rowWriter) row(at path) row {
	r := w.like
	r.name = w.path(at)
	return r
}

// leaf shows one value as a whole.
func (w *rowWriter) leaf(at path, v sides) {
	if jsonval.Equal(v.before, v.after) {
		return
	}
	r := w.row(at)
	r.summary, r.lines = w.list(v.before, v.after, w.width)
	if r.lines == nil {
		r.summary, r.lines = w.text(v.before, v.after)
	}
	r.remark = joinRemarks(r.remark, alikeValues(v.before, v.after))
	if r.lines == nil || r.clash {
		show := func(n *jsonval.Node) string { return showSetting(at.definition(), n) }
		if v.before == nil || v.after == nil {
			r.before, r.after = w.shortener.value(show(v.before)), w.shortener.value(show(v.after))
		} else {
			r.before, r.after = w.pair(show(v.before), show(v.after))
		}
		if r.clash {
			r.base = w.shortener.value(show(v.base))
		}
	}
	w.rows = append(w.rows, r)
}

// alikeValues returns the remark about two texts that may look alike, or about
// the first two such members of two lists.
func alikeValues(before, after *jsonval.Node) string {
	if before.IsString() && after.IsString() {
		return alike(before.Text, after.Text)
	}
	if !before.IsArray() || !after.IsArray() {
		return ""
	}
	gone, come := unpaired(before.Kids, after.Kids), unpaired(after.Kids, before.Kids)
	for i := range min(len(gone), len(come)) {
		if gone[i].IsString() && come[i].IsString() {
			if remark := alike(gone[i].Text, come[i].Text); remark != "" {
				return remark
			}
		}
	}
	return ""
}

// hide shows of secrets only which sides have one.
func (w *rowWriter) hide(at path, v sides) {
	show := func(n *jsonval.Node) string {
		if n == nil {
			return absentText
		}
		return hiddenText
	}
	r := w.row(at)
	r.base, r.before, r.after = show(v.base), show(v.before), show(v.after)
	w.rows = append(w.rows, r)
}

func joinRemarks(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}

// secretTree has the pointers of an item's sensitive values, step by step.
type secretTree struct {
	ends bool
	kids map[string]*secretTree
}

func secretTreeOf(pointers []string) *secretTree {
	root := new(secretTree)
	for _, pointer := range pointers {
		segs, err := jsonval.SplitPointer(pointer)
		if err != nil {
			continue
		}
		t := root
		for _, seg := range segs {
			if t.kids == nil {
				t.kids = make(map[string]*secretTree)
			}
			if t.kids[seg] == nil {
				t.kids[seg] = new(secretTree)
			}
			t = t.kids[seg]
		}
		t.ends = true
	}
	return root
}

// here reports whether the value at this step is sensitive.
func (t *secretTree) here() bool { return t != nil && t.ends }

// below returns the tree of a step below t. All below a sensitive value is
// sensitive.
func (t *secretTree) below(seg string) *secretTree {
	if t == nil || t.ends {
		return t
	}
	return t.kids[seg]
}

// at returns the tree of the value that a pointer leads to.
func (t *secretTree) at(pointer string) *secretTree {
	segs, err := jsonval.SplitPointer(pointer)
	if err != nil {
		return nil
	}
	for _, seg := range segs {
		t = t.below(seg)
	}
	return t
}

// showSetting shows a value whole. A choice of a setting, whose text begins
// with the setting's definition, is shown by what follows the definition.
func showSetting(definition string, n *jsonval.Node) string {
	if definition != "" && n.IsString() {
		if choice, ok := strings.CutPrefix(n.Text, definition+"_"); ok && isPlain(choice) {
			return "…_" + choice
		}
	}
	return showWhole(n)
}
