package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// itemView is one item as shown to people.
type itemView struct {
	item    *Item
	mark    string
	verb    string
	key     string // quoted
	part    string // quoted, or "" for an item without a part
	remarks string
	// size replaces the rows of a large object that is created or deleted. It
	// counts the settings or values of the object.
	size  string
	rows  []row
	waits []string // the quoted IDs of the items that it waits for
	// values has lines with the values of references ([Item.shownValues]).
	values []string
	// cut reports that the view leaves out a part of the item.
	cut bool
	// partly reports that the view leaves out unchanged parts of long values.
	partly bool
}

// wholeRows is the largest number of rows for a created or deleted object. A
// larger object is one line.
const wholeRows = 100

const (
	undoes    = "undoes a change made in the tenant"
	truncated = "TRUNCATED"
	conflicts = "conflict: both sides changed it since they agreed"
)

// viewItem returns the view of an item. Lines of lists are about width characters
// wide.
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
	if it.Restored {
		remarks = append(remarks, restoredRemark(it, &s))
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
		if size := sizeOfObject(it, len(v.rows)); size != "" {
			v.size, v.rows, s.cut = size, nil, true
		}
	}
	v.waits, v.values = waitsOf(it, &s), it.shownValues(&s)
	v.cut, v.partly = s.cut, s.partly
	return v
}

// restoredRemark says that the item restores a deleted object, and in which form.
func restoredRemark(it *Item, s *shortener) string {
	text := "restored with its id " + s.name(it.TenantID)
	if it.Preview {
		text += ", by a preview of the service"
	}
	if len(it.Changes) > 1 {
		return text + ", in its former form, and then changed"
	}
	return text + ", in its former form"
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

// sizeOfObject counts the content of a created or deleted object that is too large
// to show: the settings and other properties of a settings catalog policy, or the
// values of another object. It returns "" for an object that can be shown.
func sizeOfObject(it *Item, rows int) string {
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

// rowsOf returns the rows of the item's changes, ordered by pointer. It has one
// row for each property that differs, and never one for a whole object.
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
		var removed, added []string
		if !secret.here() {
			removed, added = setMembers(changes)
		}
		if len(removed)+len(added) >= membersJoined {
			n := len(removed) + len(added)
			r := w.row(pathOf(c.Pointer, nil, nil))
			r.summary = fmt.Sprintf("%d members removed, %d added", len(removed), len(added))
			r.lines = s.members(removed, added, width)
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

// isRename reports whether a change is the change of the item's name, which the
// item's head already shows.
func isRename(it *Item, c PropertyChange, v sides) bool {
	return it.RenamedFrom != "" && !c.Redacted && c.Origin != Clash && c.Origin != Enforce &&
		(c.Pointer == "/displayName" || c.Pointer == "/name") &&
		v.before.IsString() && v.after.IsString() && v.before.Text == it.RenamedFrom && v.after.Text == it.Key
}

// membersJoined is the smallest number of changed members of one set that share
// one row.
const membersJoined = 4

// setMembers returns the removed and added members of the leading changes that are
// about simple members of one set, as shown to people. Many such changes are
// easier to read in one row.
func setMembers(changes []PropertyChange) (removed, added []string) {
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
			removed = append(removed, showWhole(v))
		} else {
			added = append(added, showWhole(v))
		}
	}
	return removed, added
}

// foldedRows merges equal consecutive rows into one row with their number.
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

// waitsOf returns the quoted IDs of the items that the item waits for. It leaves
// out the objects that the item refers to, because the references show that these
// come first.
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
