package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Limits of what is shown. What is cut says how much there is.
const (
	valueShown = 300 // characters of one value
	linesShown = 100 // lines of one list or text
	inlineList = 60  // characters of a list that is shown on one line
)

// What stands in place of a value.
const (
	absentText = "(none)"
	hiddenText = "(hidden)"
)

// diffLine is a member of a list, or a line of a text, that goes ('-') or
// comes ('+').
type diffLine struct {
	sign byte
	text string
}

// readValue parses a value for showing: nil if it is absent. Text that is no
// JSON becomes a string, so that it is shown at least.
func readValue(raw json.RawMessage) *jsonval.Node {
	if len(raw) == 0 {
		return nil
	}
	n, err := jsonval.Parse(raw)
	if err != nil {
		return jsonval.StringNode(string(raw))
	}
	return n
}

// showWhole returns the whole value on one line.
func showWhole(n *jsonval.Node) string {
	switch {
	case n == nil:
		return absentText
	case n.IsString():
		return quoted(n.Text)
	case n.IsArray():
		return "[" + strings.Join(showMembers(n), ", ") + "]"
	case n.IsObject():
		parts := showMembers(n)
		for i, name := range n.Names {
			parts[i] = quoted(name) + ": " + parts[i]
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return string(n.JSON())
}

// showMembers returns an array's elements or an object's values.
func showMembers(n *jsonval.Node) []string {
	if n == nil {
		return nil
	}
	shown := make([]string, 0, len(n.Kids))
	for _, kid := range n.Kids {
		shown = append(shown, showWhole(kid))
	}
	return shown
}

// showOne returns a value, cut if it is long.
func showOne(n *jsonval.Node) string { return cutAt(showWhole(n), 0) }

// showPair returns two values. If they are long, both are cut to the part
// where they begin to differ.
func showPair(a, b *jsonval.Node) (string, string) {
	if a == nil || b == nil {
		return showOne(a), showOne(b)
	}
	return cutPair(showWhole(a), showWhole(b))
}

func cutPair(a, b string) (string, string) {
	if utf8.RuneCountInString(a) <= valueShown && utf8.RuneCountInString(b) <= valueShown {
		return a, b
	}
	const lead = 30 // characters of context
	from := max(commonPrefix(a, b)-lead, 0)
	return cutAt(a, from), cutAt(b, from)
}

// commonPrefix returns how many characters are the same at the beginning.
func commonPrefix(a, b string) int {
	n := 0
	for len(a) > 0 && len(b) > 0 {
		r, size := utf8.DecodeRuneInString(a)
		s, _ := utf8.DecodeRuneInString(b)
		if r != s {
			break
		}
		a, b, n = a[size:], b[size:], n+1
	}
	return n
}

// cutAt returns the part of a long text that begins at a character, with how
// long the whole is.
func cutAt(s string, from int) string {
	runes := []rune(s)
	if len(runes) <= valueShown {
		return s
	}
	to := min(from+valueShown, len(runes))
	part := string(runes[from:to])
	if from > 0 {
		part = "…" + part
	}
	if to < len(runes) {
		part += "…"
	}
	return fmt.Sprintf("%s (%d characters)", part, len(runes))
}

// showList compares two lists, or shows one, member by member. There are no
// lines if the values are no lists or short enough for one line.
func showList(before, after *jsonval.Node) (summary string, lines []diffLine) {
	if !isOrAbsent(before, after, (*jsonval.Node).IsArray) {
		return "", nil
	}
	was, will := showMembers(before), showMembers(after)
	if listWidth(was) <= inlineList && listWidth(will) <= inlineList {
		return "", nil
	}
	gone, come := onlyIn(was, will), onlyIn(will, was)
	switch {
	case before == nil || after == nil:
		return count(max(len(was), len(will)), "member"), diffLines(was, will)
	case len(gone) == 0 && len(come) == 0:
		return "the same " + count(len(will), "member") + " in another order", diffLines(nil, will)
	}
	return count(len(was), "member") + " → " + count(len(will), "member"), diffLines(gone, come)
}

// isOrAbsent reports whether both values are of a type, or one is and the
// other is absent.
func isOrAbsent(a, b *jsonval.Node, is func(*jsonval.Node) bool) bool {
	return (a == nil || is(a)) && (b == nil || is(b)) && (a != nil || b != nil)
}

func listWidth(members []string) int {
	width := 0
	for _, m := range members {
		width += utf8.RuneCountInString(m) + len(", ")
	}
	return width
}

// onlyIn returns what a has more of than b, in the order of a.
func onlyIn(a, b []string) []string {
	count := make(map[string]int, len(b))
	for _, s := range b {
		count[s]++
	}
	var only []string
	for _, s := range a {
		if count[s]--; count[s] < 0 {
			only = append(only, s)
		}
	}
	return only
}

// showText compares two texts, or shows one, line by line. There are no lines
// if the values are no texts or have one line each.
func showText(before, after *jsonval.Node) (summary string, lines []diffLine) {
	if !isOrAbsent(before, after, (*jsonval.Node).IsString) {
		return "", nil
	}
	a, b := linesOf(before), linesOf(after)
	if len(a) < 2 && len(b) < 2 {
		return "", nil
	}
	if before == nil || after == nil {
		return count(max(len(a), len(b)), "line"), diffLines(a, b)
	}
	summary = count(len(a), "line") + " → " + count(len(b), "line")
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	a, b = a[same:], b[same:]
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return fmt.Sprintf("%s, from line %d", summary, same+1), diffLines(a, b)
}

// linesOf returns a string's lines, quoted; an absent value has none.
func linesOf(n *jsonval.Node) []string {
	if n == nil {
		return nil
	}
	lines := strings.Split(n.Text, "\n")
	for i, line := range lines {
		lines[i] = quoted(line)
	}
	return lines
}

// diffLines makes lines of what goes and what comes, and counts those that
// are too many to show. Long ones that stand at the same place are cut to
// where they differ.
func diffLines(gone, come []string) []diffLine {
	lines := make([]diffLine, 0, min(len(gone), linesShown)+min(len(come), linesShown)+2)
	add := func(sign byte, texts, others []string) {
		for i, s := range texts[:min(len(texts), linesShown)] {
			if i < len(others) {
				s, _ = cutPair(s, others[i])
			} else {
				s = cutAt(s, 0)
			}
			lines = append(lines, diffLine{sign, s})
		}
		if more := len(texts) - linesShown; more > 0 {
			lines = append(lines, diffLine{sign, fmt.Sprintf("(%d more; the JSON form has them)", more)})
		}
	}
	add('-', gone, come)
	add('+', come, gone)
	return lines
}

// count returns a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
