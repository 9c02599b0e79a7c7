package plan

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// itemGroup has the items of one kind with the same verb and the same change, so
// that a reader reviews the change once. Most groups have one item.
type itemGroup struct {
	views []*itemView
	// rename says how the names change, if every item is renamed in the same way.
	rename string
	rows   []row
}

// ownName and formerName are the placeholders of an item's name and former name
// in the rows of a group.
const (
	ownName    = "{name}"
	formerName = "{former name}"
)

// groupItems groups items with the same change. The groups are in the order of
// their first items.
func groupItems(views []*itemView) []*itemGroup {
	byID := make(map[string]*itemGroup)
	var groups []*itemGroup
	for _, v := range views {
		rename := renameOf(v.item)
		rows, ok := withoutNames(v)
		if !ok || v.size != "" || v.cut || v.item.Origin == Clash || v.item.RenamedFrom != "" && rename == "" || len(rows) == 0 && rename == "" {
			groups = append(groups, &itemGroup{views: []*itemView{v}})
			continue
		}
		id := fmt.Sprintf("%s\x00%s\x00%v\x00%s\x00%s\x00%q\x00%s", v.item.Verb, v.item.Origin, v.item.notKept(), v.part, rename, v.waits, signature(rows))
		g := byID[id]
		if g == nil {
			g = &itemGroup{rename: rename, rows: rows}
			byID[id] = g
			groups = append(groups, g)
		}
		g.views = append(g.views, v)
	}
	return groups
}

// renameOf says how an item's name changes, if only its end or only its beginning
// changes, such as a version number. Otherwise it returns "".
func renameOf(it *Item) string {
	a, b := it.RenamedFrom, it.Key
	if a == "" || len(a)+len(b) > 2*nameShown || alike(a, b) != "" {
		return ""
	}
	switch prefix, suffix := commonPrefix(a, b), commonSuffix(a, b); {
	case prefix > 0:
		return fmt.Sprintf("at the end %s → %s", quoted(a[prefix:]), quoted(b[prefix:]))
	case suffix > 0:
		return fmt.Sprintf("at the beginning %s → %s", quoted(a[:len(a)-suffix]), quoted(b[:len(b)-suffix]))
	}
	return ""
}

// commonPrefix returns the length of the common prefix of two names, shortened to
// whole words.
func commonPrefix(a, b string) int {
	n, word := 0, 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
		if a[n-1] == ' ' {
			word = n
		}
	}
	return word
}

// commonSuffix returns the length of the common suffix of two names, shortened to
// whole words.
func commonSuffix(a, b string) int {
	n, word := 0, 0
	for n < min(len(a), len(b)) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
		if a[len(a)-n] == ' ' {
			word = n
		}
	}
	return word
}

// withoutNames returns an item's rows with placeholders for the item's names. It
// reports false if a row already contains a placeholder, which would then be
// ambiguous.
func withoutNames(v *itemView) ([]row, bool) {
	ok := true
	replace := nameReplacer(v.item)
	text := func(s string) string {
		if strings.Contains(s, ownName) || strings.Contains(s, formerName) {
			ok = false
		}
		return replace(s)
	}
	rows := make([]row, len(v.rows))
	for i, r := range v.rows {
		r.name, r.base, r.before, r.after = text(r.name), text(r.base), text(r.before), text(r.after)
		lines := make([]diffLine, len(r.lines))
		for j, l := range r.lines {
			lines[j] = diffLine{l.sign, text(l.text)}
		}
		if r.lines != nil {
			r.lines = lines
		}
		rows[i] = r
	}
	return rows, ok
}

// nameReplacer returns a function that replaces an item's names in shown texts by
// placeholders. It replaces the longer name first, because it may contain the
// other. It does not replace very short names, which are parts of other words, and
// long names, which the texts truncate.
func nameReplacer(it *Item) func(string) string {
	const shortest = 4
	inner := func(name string) string {
		var b strings.Builder
		escape(&b, name, true)
		return b.String()
	}
	var pairs []string
	add := func(name, word string) {
		if utf8.RuneCountInString(name) >= shortest && len(name) <= 4*nameShown {
			pairs = append(pairs, inner(name), word)
		}
	}
	if len(it.RenamedFrom) > len(it.Key) {
		add(it.RenamedFrom, formerName)
		add(it.Key, ownName)
	} else {
		add(it.Key, ownName)
		add(it.RenamedFrom, formerName)
	}
	return strings.NewReplacer(pairs...).Replace
}

// signature returns a text that is equal for equal rows.
func signature(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s\x00%s\x00%s\x00%s\x00%s\x00%d\x00%s\x00", r.title(), r.base, r.before, r.after, r.summary, r.times, r.remark)
		for _, l := range r.lines {
			fmt.Fprintf(&b, "%c%s\x00", l.sign, l.text)
		}
	}
	return b.String()
}

// keys returns the quoted keys of a group's items.
func (g *itemGroup) keys() []string {
	keys := make([]string, len(g.views))
	for i, v := range g.views {
		keys[i] = v.key
	}
	return keys
}

// namesShortened is the smallest number of items in a group whose keys are
// shortened.
const namesShortened = 10

// shortKeys returns the keys of a large group without their common prefix and
// suffix, and a line that shows the prefix and suffix. The line is empty if the
// keys have too little in common.
func (g *itemGroup) shortKeys() (common string, keys []string) {
	const worthwhile = 8
	first := g.views[0].item.Key
	prefix, suffix := len(first), len(first)
	for _, v := range g.views {
		key := v.item.Key
		if len(key) > nameShown {
			return "", g.keys()
		}
		prefix, suffix = min(prefix, commonPrefix(first, key)), min(suffix, commonSuffix(first, key))
	}
	if len(g.views) < namesShortened || prefix+suffix < worthwhile {
		return "", g.keys()
	}
	keys = make([]string, len(g.views))
	for i, v := range g.views {
		if len(v.item.Key) < prefix+suffix {
			return "", g.keys()
		}
		keys[i] = quoted(v.item.Key[prefix : len(v.item.Key)-suffix])
	}
	return fmt.Sprintf("each %s, then one of these, then %s:", quoted(first[:prefix]), quoted(first[len(first)-suffix:])), keys
}

// head describes the change of a group with several items.
func (g *itemGroup) head() string {
	parts := []string{fmt.Sprintf("%s %d, all in the same way", g.views[0].verb, len(g.views))}
	if g.rename != "" {
		parts = append(parts, "renamed: "+g.rename)
	}
	if g.views[0].item.Origin == Enforce {
		parts = append(parts, undoes)
	}
	if g.views[0].item.notKept() {
		parts = append(parts, notKept)
	}
	return strings.Join(parts, ", ")
}

// legend explains the placeholders in the rows, or returns "" if they have none.
func (g *itemGroup) legend() string {
	var words []string
	rows := signature(g.rows)
	for _, word := range []string{ownName, formerName} {
		if strings.Contains(rows, word) {
			words = append(words, word)
		}
	}
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0] + " is the item's own name"
	}
	return strings.Join(words, " and ") + " are the item's own names"
}

// noteGroup has the notes of one class with the same message about several objects
// of a kind.
type noteGroup struct {
	kind, pointer string
	keys          []string // quoted
	message       string
}

// groupNotes groups the notes of one class. The groups are in the order of their
// first notes.
func groupNotes(notes []Note, s *shortener) []*noteGroup {
	byID := make(map[[3]string]*noteGroup)
	var groups []*noteGroup
	for _, n := range notes {
		message := n.Message
		if n.Key != "" && strings.IndexFunc(n.Key, unicode.IsLetter) >= 0 {
			message = strings.ReplaceAll(message, n.Key, "\x00")
		}
		id := [3]string{n.Kind, n.Pointer, message}
		g := byID[id]
		if g == nil {
			g = &noteGroup{message: s.message(n.Message)}
			if n.Kind != "" {
				g.kind = s.word(n.Kind)
			}
			if n.Pointer != "" {
				g.pointer = s.word(n.Pointer)
			}
			byID[id] = g
			groups = append(groups, g)
		} else if strings.Contains(message, "\x00") {
			g.message = s.message(strings.ReplaceAll(message, "\x00", ownName))
		}
		if n.Key != "" {
			g.keys = append(g.keys, s.name(n.Key))
		}
	}
	for _, g := range groups {
		g.keys = counted(g.keys)
	}
	return groups
}

// subject names the kind, the objects and the place that the notes are about.
func (g *noteGroup) subject() string {
	var parts []string
	for _, part := range []string{g.kind, strings.Join(g.keys, ", "), g.pointer} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// values returns the lines with the values of references. If the items have
// different values, each line names its item.
func (g *itemGroup) values() []string {
	first := g.views[0].values
	if !slices.ContainsFunc(g.views, func(v *itemView) bool { return !slices.Equal(v.values, first) }) {
		return first
	}
	var lines []string
	for _, v := range g.views {
		for _, line := range v.values {
			lines = append(lines, v.key+": "+line)
		}
	}
	return lines
}
