package plan

import (
	"strconv"

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
