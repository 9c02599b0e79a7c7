package plan

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// itemGroup is items of one kind and verb that are changed in the same way: a
// reader looks at the change once. Most groups have one item.
type itemGroup struct {
	views []*itemView
	// rename says how the names change, where every item is renamed alike.
	rename string
	rows   []row
}

// ownName stands for the item's own name, and formerName for the former one,
// in rows of a group.
const (
	ownName    = "{name}"
	formerName = "{former name}"
)

// groupItems groups items that are changed in the same way, in the order of
// the first ones.
func groupItems(views []*itemView) []*itemGroup {
	places := make(map[string]*itemGroup)
	var groups []*itemGroup
	for _, v := range views {
		rename := renameOf(v.item)
		rows, ok := withoutNames(v)
		if !ok || v.left != "" || v.cut || v.item.Origin == Clash || v.item.RenamedFrom != "" && rename == "" || len(rows) == 0 && rename == "" {
			groups = append(groups, &itemGroup{views: []*itemView{v}})
			continue
		}
		sign := fmt.Sprintf("%s\x00%s\x00%v\x00%s\x00%s\x00%q\x00%s", v.item.Verb, v.item.Origin, v.item.notKept(), v.part, rename, v.waits, signature(rows))
		g := places[sign]
		if g == nil {
			g = &itemGroup{rename: rename, rows: rows}
			places[sign] = g
			groups = append(groups, g)
		}
		g.views = append(g.views, v)
	}
	return groups
}

// renameOf says how an item's name changes, if it changes only at its end or
// only at its beginning, such as by a version; otherwise it returns "".
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

// commonPrefix returns how long the common beginning of two names is, up to
// the beginning of a word.
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

// commonSuffix returns how long the common end of two names is, from the end
// of a word on.
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

// withoutNames returns an item's rows with the item's own names replaced by
// words that stand for them. It reports false if a row has such a word itself,
// which would then mean two things.
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

// nameReplacer returns a function that replaces the item's names in shown
// texts. The longer name comes first, because it may contain the other. Very
// short names are left, because they are parts of too many words, and so are
// long ones, because they are cut in what is shown.
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

// namesShortened is from how many items on a group's keys are shown without what
// they have in common.
const namesShortened = 10

// shortKeys returns the keys of a large group without the words that all of
// them begin and end with, and a line that tells those words. The line is empty
// if the keys have too little in common.
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

// head says what happens to all items of a group of several.
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

// legend explains the words for the items' own names, if a row has them.
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
		return "where " + words[0] + " is the item's own"
	}
	return "where " + strings.Join(words, " and ") + " are the item's own"
}

// noteGroup is notes of one class that say the same of several objects of a
// kind.
type noteGroup struct {
	kind, pointer string
	keys          []string // quoted
	message       string
}

// groupNotes groups notes of one class, in the order of the first ones.
func groupNotes(notes []Note, s *shortener) []*noteGroup {
	places := make(map[[3]string]*noteGroup)
	var groups []*noteGroup
	for _, n := range notes {
		message := n.Message
		if n.Key != "" && strings.IndexFunc(n.Key, unicode.IsLetter) >= 0 {
			message = strings.ReplaceAll(message, n.Key, "\x00")
		}
		id := [3]string{n.Kind, n.Pointer, message}
		g := places[id]
		if g == nil {
			g = &noteGroup{message: s.message(n.Message)}
			if n.Kind != "" {
				g.kind = s.word(n.Kind)
			}
			if n.Pointer != "" {
				g.pointer = s.word(n.Pointer)
			}
			places[id] = g
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

// subject names what the notes are about.
func (g *noteGroup) subject() string {
	var parts []string
	for _, part := range []string{g.kind, strings.Join(g.keys, ", "), g.pointer} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// values says what is written in place of references, of each item for itself
// where that differs.
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
