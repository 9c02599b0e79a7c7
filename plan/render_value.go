package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of what is shown. What is cut says how much there is.
const (
	valueShown = 300 // characters of one value
	linesShown = 100 // lines of one list or text
	inlineList = 60  // characters of a list that is shown on one line
)

// What stands in place of a value.
const (
	absent = "(none)"
	hidden = "(hidden)"
)

// diffLine is a member of a list, or a line of a text, that goes ('-') or
// comes ('+'); or a remark (' ').
type diffLine struct {
	sign byte
	text string
}

// decodeValue returns the value with numbers as written; text that is no JSON
// becomes a string, so that it is at least shown.
func decodeValue(raw json.RawMessage) any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return string(raw)
	}
	return v
}

// showValue returns the whole value on one line.
func showValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return quoted(v)
	case []any:
		return "[" + strings.Join(showMembers(v), ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, quoted(name)+": "+showValue(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

func showMembers(list []any) []string {
	shown := make([]string, 0, len(list))
	for _, v := range list {
		shown = append(shown, showValue(v))
	}
	return shown
}

// showOne returns one value, cut if it is long; nil is an absent one.
func showOne(raw json.RawMessage) string {
	if len(raw) == 0 {
		return absent
	}
	return cutAt(showValue(decodeValue(raw)), 0)
}

// showPair returns two values. If they are long, both are cut to the part
// where they begin to differ.
func showPair(a, b json.RawMessage) (string, string) {
	if len(a) == 0 || len(b) == 0 {
		return showOne(a), showOne(b)
	}
	return cutPair(showValue(decodeValue(a)), showValue(decodeValue(b)))
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

// showList compares two lists, or shows one, member by member; nil if a line
// each is enough.
func showList(before, after json.RawMessage) (summary string, lines []diffLine) {
	a, okA := listOf(before)
	b, okB := listOf(after)
	if !okA || !okB || len(before) == 0 && len(after) == 0 {
		return "", nil
	}
	was, will := showMembers(a), showMembers(b)
	if listWidth(was) <= inlineList && listWidth(will) <= inlineList {
		return "", nil
	}
	gone, come := onlyIn(was, will), onlyIn(will, was)
	if len(gone) == 1 && len(come) == 1 {
		gone[0], come[0] = cutPair(gone[0], come[0])
	}
	lines = slices.Concat(signed('-', gone), signed('+', come))
	switch {
	case len(before) == 0 || len(after) == 0:
		return fmt.Sprintf("%d members", max(len(a), len(b))), lines
	case len(lines) == 0:
		return fmt.Sprintf("the same %d members in another order:", len(b)), signed('+', will)
	}
	return fmt.Sprintf("%d members → %d members", len(a), len(b)), lines
}

// listOf returns a JSON array's members; an absent value is an empty list.
func listOf(raw json.RawMessage) ([]any, bool) {
	if len(raw) == 0 {
		return nil, true
	}
	list, ok := decodeValue(raw).([]any)
	return list, ok
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

// showText compares two texts, or shows one, line by line; nil if neither has
// more than one line.
func showText(before, after json.RawMessage) (summary string, lines []diffLine) {
	a, okA := linesOf(before)
	b, okB := linesOf(after)
	if !okA || !okB || len(a) < 2 && len(b) < 2 {
		return "", nil
	}
	summary = fmt.Sprintf("%d lines → %d lines", len(a), len(b))
	if len(before) == 0 || len(after) == 0 {
		return fmt.Sprintf("%d lines", max(len(a), len(b))), slices.Concat(signed('-', a), signed('+', b))
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	a, b = a[same:], b[same:]
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return fmt.Sprintf("%s, from line %d", summary, same+1), slices.Concat(signed('-', a), signed('+', b))
}

// linesOf returns a JSON string's lines, quoted; an absent value has none.
func linesOf(raw json.RawMessage) ([]string, bool) {
	if len(raw) == 0 {
		return nil, true
	}
	text, ok := decodeValue(raw).(string)
	if !ok {
		return nil, false
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, quoted(line))
	}
	return lines, true
}

// signed makes diff lines, and counts those that are too many to show.
func signed(sign byte, texts []string) []diffLine {
	var lines []diffLine
	for _, s := range texts[:min(len(texts), linesShown)] {
		lines = append(lines, diffLine{sign, cutAt(s, 0)})
	}
	if more := len(texts) - linesShown; more > 0 {
		lines = append(lines, diffLine{sign, fmt.Sprintf("(%d more; the JSON form has them)", more)})
	}
	return lines
}
