package plan

import (
	"strconv"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// row is one changed property as shown to people.
type row struct {
	name                string
	clash               bool
	remark              string
	base, before, after string
	// summary and lines replace before and after if these are lists or texts.
	summary string
	lines   []diffLine
	times   int // how many equal rows this row represents; 0 for one
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

// sides are the agreed value, the tenant's value and the proposed value of a
// property. An absent value is nil.
type sides struct{ base, before, after *jsonval.Node }

// each returns the results of f for the three values.
func (s sides) each(f func(*jsonval.Node) *jsonval.Node) sides {
	return sides{f(s.base), f(s.before), f(s.after)}
}

// rowWriter collects the rows of one change.
type rowWriter struct {
	*shortener
	width    int
	like     row // the fields that all rows of the change have in common
	redacted bool
	rows     []row
}

// change adds the rows of a change. The values are at the given path.
func (w *rowWriter) change(at path, secret *secretTree, v sides) {
	if secret.here() || w.redacted && !hasMembers(v.before) && !hasMembers(v.after) {
		w.hide(at, v)
		return
	}
	// A changed member of a set has rows for its changed properties if it has a
	// name. Without a name it is one value.
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
		// Both sides are equal, because the difference is a secret.
		w.hide(at, v)
	}
}

// value adds rows for the differences at a path and below it: property by property
// in objects, and member by member in lists whose members have names.
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

// row returns a row without a value.
func (w *rowWriter) row(at path) row {
	r := w.like
	r.name = w.path(at)
	return r
}

// leaf adds one row for a whole value.
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

// alikeValues returns the remark of [alike] about two texts, or about the first
// pair of members of two lists that may look alike.
func alikeValues(before, after *jsonval.Node) string {
	if before.IsString() && after.IsString() {
		return alike(before.Text, after.Text)
	}
	if !before.IsArray() || !after.IsArray() {
		return ""
	}
	removed, added := unpaired(before.Kids, after.Kids), unpaired(after.Kids, before.Kids)
	for i := range min(len(removed), len(added)) {
		if removed[i].IsString() && added[i].IsString() {
			if remark := alike(removed[i].Text, added[i].Text); remark != "" {
				return remark
			}
		}
	}
	return ""
}

// hide adds a row that shows only which sides have a secret.
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
