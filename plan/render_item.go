package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// itemView is one item as shown.
type itemView struct {
	item    *Item
	mark    string
	verb    string
	key     string // quoted
	part    string // quoted; "" for none
	remarks string
	// left is what an object that is made or deleted has beyond what is shown:
	// such an object is one line if it is large.
	left  string
	rows  []row
	waits []string // quoted IDs of what it waits for
	// values says what is written in place of references to properties.
	values []string
	// cut: something of the item is not shown.
	cut bool
}

// wholeRows is how many rows an object that is made or deleted is shown in. A
// larger one is one line.
const wholeRows = 100

const (
	undoes    = "undoes a change made in the tenant"
	notWhole  = "NOT WHOLE"
	conflicts = "conflict: both sides changed it since they agreed"
)

// viewItem shows an item. Lines of lists are about as wide as width.
func viewItem(it *Item, width int) *itemView {
	var s shortener
	v := &itemView{item: it, mark: markOf(it), verb: s.word(string(it.Verb)), key: s.name(it.Key)}
	if it.Part != "" {
		v.part = s.name(it.Part)
	}
	var remarks []string
	if it.RenamedFrom != "" {
		renamed := "renamed from " + s.name(it.RenamedFrom)
		if remark := alike(it.RenamedFrom, it.Key); remark != "" {
			renamed += " (" + remark + ")"
		}
		remarks = append(remarks, renamed)
	}
	switch it.Origin {
	case Clash:
		remarks = append(remarks, conflicts)
	case Enforce:
		remarks = append(remarks, undoes)
	}
	if it.notKept() {
		remarks = append(remarks, notKept)
	}
	v.remarks = strings.Join(remarks, ", ")
	v.rows = rowsOf(it, &s, width)
	if it.Verb == tenant.Create || it.Verb == tenant.Delete {
		if left := leftOfObject(it, len(v.rows)); left != "" {
			v.left, v.rows, s.cut = left, nil, true
		}
	}
	v.waits, v.values = waitsOf(it, &s), it.shownValues(&s)
	v.cut = s.cut
	return v
}

func markOf(it *Item) string {
	if it.Origin == Clash {
		return "!"
	}
	switch it.Verb {
	case tenant.Create:
		return "+"
	case tenant.Delete:
		return "-"
	}
	return "~"
}

// leftOfObject counts what an object that is made or deleted has, if that is
// too much to show: the settings of a settings catalog policy, with the number
// of its other properties, or the values of any large object.
func leftOfObject(it *Item, rows int) string {
	whole := readValue(it.After)
	for _, c := range it.Changes {
		if c.Pointer == "" && it.Verb == tenant.Delete {
			whole = readValue(c.Before)
		}
	}
	settings := whole.Get("settings")
	switch {
	case isCatalog(settings):
		return fmt.Sprintf("%s, %d more", count(len(settings.Kids), "setting"), len(whole.Names)-1)
	case rows > wholeRows:
		return fmt.Sprintf("%d values", rows)
	}
	return ""
}

// rowsOf returns the item's changes, ordered by pointer, down to the properties
// that differ: a whole object is never shown as one value.
func rowsOf(it *Item, s *shortener, width int) []row {
	changes := slices.Clone(it.Changes)
	if it.Verb == tenant.Create && len(changes) == 0 {
		changes = []PropertyChange{{Origin: it.Origin}}
	}
	slices.SortStableFunc(changes, func(a, b PropertyChange) int { return strings.Compare(a.Pointer, b.Pointer) })
	secrets := secretTreeOf(it.Sensitive)
	var rows []row
	for len(changes) > 0 {
		c := changes[0]
		if it.Verb == tenant.Create && c.Pointer == "" && len(c.After) == 0 {
			c.After = it.After
		}
		w := rowWriter{shortener: s, width: width, redacted: c.Redacted, like: row{clash: c.Origin == Clash}}
		if c.Origin == Enforce && it.Origin != Enforce {
			w.like.remark = undoes
		}
		if c.NotKept && !it.notKept() {
			w.like.remark = strings.TrimPrefix(w.like.remark+", "+notKept, ", ")
		}
		secret := secrets.at(c.Pointer)
		var gone, come []string
		if !secret.here() {
			gone, come = setMembers(changes)
		}
		if len(gone)+len(come) >= membersJoined {
			n := len(gone) + len(come)
			r := w.row(pathOf(c.Pointer, nil, nil))
			r.summary = fmt.Sprintf("%d members go, %d come", len(gone), len(come))
			r.lines = s.members(gone, come, width)
			w.rows = []row{r}
			changes = changes[n:]
		} else {
			v := sides{readValue(c.Base), readValue(c.Before), readValue(c.After)}
			if !isRename(it, c, v) {
				w.change(pathOf(c.Pointer, v.before, v.after), secret, v)
			}
			changes = changes[1:]
		}
		rows = append(rows, w.rows...)
	}
	return foldedRows(rows)
}

// isRename reports whether a change is the name's own, which the item's head
// tells already.
func isRename(it *Item, c PropertyChange, v sides) bool {
	return it.RenamedFrom != "" && !c.Redacted && c.Origin != Clash && c.Origin != Enforce &&
		(c.Pointer == "/displayName" || c.Pointer == "/name") &&
		v.before.IsString() && v.after.IsString() && v.before.Text == it.RenamedFrom && v.after.Text == it.Key
}

// membersJoined is from how many changes on a set's members share one row.
const membersJoined = 4

// setMembers returns the members, as shown, of the changes that begin the list
// and remove simple values from one set or add them to it: one row tells of
// many of them better than a row each.
func setMembers(changes []PropertyChange) (gone, come []string) {
	first := changes[0]
	for _, c := range changes {
		if c.Pointer != first.Pointer || !strings.HasSuffix(c.Pointer, "/-") || c.Origin != first.Origin || c.Origin == Clash ||
			c.Redacted || len(c.Before) > 0 && len(c.After) > 0 {
			break
		}
		v := cmp.Or(readValue(c.Before), readValue(c.After))
		if v == nil || hasMembers(v) {
			break
		}
		if len(c.Before) > 0 {
			gone = append(gone, showWhole(v))
		} else {
			come = append(come, showWhole(v))
		}
	}
	return gone, come
}

// foldedRows returns equal rows that follow each other once, with their number.
func foldedRows(rows []row) []row {
	var out []row
	for _, r := range rows {
		if n := len(out); n > 0 && sameRow(out[n-1], r) {
			out[n-1].times = max(out[n-1].times, 1) + 1
			continue
		}
		out = append(out, r)
	}
	return out
}

func sameRow(a, b row) bool {
	return a.name == b.name && a.clash == b.clash && a.remark == b.remark && a.base == b.base && a.before == b.before &&
		a.after == b.after && a.summary == b.summary && slices.Equal(a.lines, b.lines)
}

// waitsOf returns what the item waits for and does not itself name: a
// reference in it tells by itself that the other comes first.
func waitsOf(it *Item, s *shortener) []string {
	if len(it.DependsOn) == 0 {
		return nil
	}
	named := make(map[string]bool)
	reference.EachReference(readValue(it.After), func(r reference.Ref) { named[r.Object()] = true })
	var waits []string
	for _, id := range it.DependsOn {
		if !named[id] {
			waits = append(waits, s.name(id))
		}
	}
	return waits
}
