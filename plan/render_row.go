package plan

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// row is one changed property as shown.
type row struct {
	pointer string
	clash   bool
	remark  string
	// member is what stays the same of the member of a set that changes: it
	// tells which one it is.
	member              string
	base, before, after string
	// summary and lines replace before and after where those are lists or texts.
	summary string
	lines   []diffLine
}

// rows returns the item's changes, ordered by pointer, down to the properties
// that differ: a whole object is never shown as one value.
func (it *Item) rows() []row {
	changes := slices.Clone(it.Changes)
	if it.Verb == tenant.Create && len(changes) == 0 {
		changes = []PropertyChange{{Origin: it.Origin}}
	}
	slices.SortStableFunc(changes, func(a, b PropertyChange) int { return strings.Compare(a.Pointer, b.Pointer) })
	var rows []row
	for _, c := range changes {
		if it.Verb == tenant.Create && c.Pointer == "" && len(c.After) == 0 {
			c.After = it.After
		}
		like := row{pointer: c.Pointer, clash: c.Origin == Clash}
		if c.Origin == Enforce && it.Origin != Enforce {
			like.remark = undoes
		}
		if c.NotKept && !it.notKept() {
			like.remark = strings.TrimPrefix(like.remark+", "+notKept, ", ")
		}
		base, before, after := readValue(c.Base), readValue(c.Before), readValue(c.After)
		shown := it.appendRows(nil, like, c.Redacted, base, before, after)
		if len(shown) == 0 {
			// Both sides look the same, as where the difference is a secret.
			shown = []row{like.hide(base, before, after)}
		}
		rows = append(rows, shown...)
	}
	return rows
}

// appendRows shows one change by rows like the given one, property by property
// where it is an object. A redacted value has no secret in it any more; what is
// left of it is shown, if it is more than the mark in the secret's place.
func (it *Item) appendRows(rows []row, like row, redacted bool, base, before, after *jsonval.Node) []row {
	if it.sensitive(like.pointer) || redacted && !hasMembers(before) && !hasMembers(after) {
		return append(rows, like.hide(base, before, after))
	}
	inSet := strings.HasSuffix(like.pointer, "/-")
	if inSet {
		like.member = commonMembers(before, after)
	}
	// A member that is added or removed stays in one piece, to be told from the next.
	inPieces := isOrAbsent(before, after, (*jsonval.Node).IsObject) && (!inSet || like.member != "")
	if names := memberNames(before, after); inPieces && len(names) > 0 {
		for _, name := range names {
			was, will := before.Get(name), after.Get(name)
			if !jsonval.Equal(was, will) {
				below := like
				below.pointer += jsonval.JoinPointer([]string{name})
				rows = it.appendRows(rows, below, false, base.Get(name), was, will)
			}
		}
		return rows
	}
	if jsonval.Equal(before, after) {
		return rows
	}
	like.base = showOne(base)
	like.before, like.after = showPair(before, after)
	like.summary, like.lines = showList(before, after)
	if like.lines == nil {
		like.summary, like.lines = showText(before, after)
	}
	return append(rows, like)
}

// hasMembers reports whether a value is an object or array that is not empty.
func hasMembers(n *jsonval.Node) bool { return n != nil && len(n.Kids) > 0 }

// hide shows of secrets only which sides have one.
func (r row) hide(base, before, after *jsonval.Node) row {
	show := func(n *jsonval.Node) string {
		if n == nil {
			return absentText
		}
		return hiddenText
	}
	r.base, r.before, r.after = show(base), show(before), show(after)
	return r
}

// commonMembers shows the members that two objects have in common; "" if they
// have none, or one is no object.
func commonMembers(a, b *jsonval.Node) string {
	if !a.IsObject() || !b.IsObject() {
		return ""
	}
	var common jsonval.ObjectBuilder
	for i, name := range a.Names {
		if jsonval.Equal(a.Kids[i], b.Get(name)) {
			common.Add(name, a.Kids[i])
		}
	}
	if len(common.Names) == 0 {
		return ""
	}
	return showOne(common.Node())
}

// memberNames returns the names that either object has, sorted.
func memberNames(a, b *jsonval.Node) []string {
	var names []string
	for _, n := range []*jsonval.Node{a, b} {
		if n.IsObject() {
			names = append(names, n.Names...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sensitive reports whether the pointer is at or below one of the item's
// sensitive ones.
func (it *Item) sensitive(pointer string) bool {
	return slices.ContainsFunc(it.Sensitive, func(s string) bool {
		return pointer == s || strings.HasPrefix(pointer, s+"/")
	})
}
