package plan

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Limits of lists and of texts with several lines.
const (
	linesShown   = 100  // lines of a text, or long members of a list
	membersShown = 1000 // short members of a list
	lastShown    = 20   // how many of membersShown are from the end of the list
	shortMember  = 80   // characters of a short member
	inlineList   = 60   // characters of a list that is shown on one line
	linesAround  = 2    // unchanged lines that are shown around a change
)

// diffLine is a member of a list, or a line of a text, that is removed ('-'),
// added ('+') or unchanged (' ').
type diffLine struct {
	sign byte
	text string
}

// list compares two lists, or shows one, member by member. It returns no lines if
// a value is not a list, or if the lists fit on one line.
func (s *shortener) list(before, after *jsonval.Node, width int) (summary string, lines []diffLine) {
	if !isOrAbsent(before, after, (*jsonval.Node).IsArray) {
		return "", nil
	}
	was, will := showMembers(before), showMembers(after)
	if listWidth(was) <= inlineList && listWidth(will) <= inlineList {
		return "", nil
	}
	removed, added := onlyIn(was, will), onlyIn(will, was)
	switch {
	case before == nil || after == nil:
		return count(max(len(was), len(will)), "member"), s.members(was, will, width)
	case len(removed) == 0 && len(added) == 0:
		return "the same " + count(len(will), "member") + " in another order", s.members(nil, will, width)
	}
	summary = count(len(was), "member") + " → " + count(len(will), "member")
	return summary, s.members(removed, added, width)
}

func listWidth(members []string) int {
	width := 0
	for _, m := range members {
		width += utf8.RuneCountInString(m) + len(", ")
	}
	return width
}

// onlyIn returns the members of a that b lacks, in the order of a. A duplicate
// counts as often as it occurs.
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

// members returns lines with the removed and the added members. Short members
// share lines. Long members at the same index are cut to the places where they
// differ.
func (s *shortener) members(removed, added []string, width int) []diffLine {
	long := func(m string) bool { return utf8.RuneCountInString(m) > shortMember }
	if !slices.ContainsFunc(removed, long) && !slices.ContainsFunc(added, long) {
		return append(s.shortMembers('-', removed, width), s.shortMembers('+', added, width)...)
	}
	return s.linePairs(nil, removed, added, linesShown)
}

// shortMembers packs members into lines. If the list is too long, it shows the
// first members, the last ones, and all members that mean a whole class of
// objects.
func (s *shortener) shortMembers(sign byte, members []string, width int) []diffLine {
	members = counted(members)
	var more string
	if n := len(members); n > membersShown {
		s.cut = true
		shown := slices.Clone(members[:membersShown-lastShown])
		between := members[len(shown) : n-lastShown]
		more = fmt.Sprintf("(%d more; the JSON form has them)", len(between))
		for _, m := range between {
			if isWide(m) {
				shown = append(shown, m)
			}
		}
		members = append(shown, members[n-lastShown:]...)
	}
	var lines []diffLine
	for _, text := range packed(members, width) {
		lines = append(lines, diffLine{sign, text})
	}
	if more != "" {
		lines = append(lines, diffLine{sign, more})
	}
	return lines
}

// isWide reports whether a member of a list, as shown, is one of Graph's words for
// a whole class of objects: in conditions and assignments of users, apps and
// locations (conditionalAccessUsers, conditionalAccessApplications,
// conditionalAccessLocations).
func isWide(member string) bool {
	switch strings.ToLower(strings.Trim(member, `"`)) {
	case "all", "none", "allusers", "alldevices", "alltrusted", "guestsorexternalusers", "office365", "microsoftadminportals", "*":
		return true
	}
	return false
}

// counted merges duplicate members into one text with their number, in the order
// of their first occurrences.
func counted(members []string) []string {
	times := make(map[string]int, len(members))
	for _, m := range members {
		times[m]++
	}
	if len(times) == len(members) {
		return members
	}
	out := make([]string, 0, len(times))
	for _, m := range members {
		switch n := times[m]; {
		case n == 1:
			out = append(out, m)
		case n > 1:
			out = append(out, fmt.Sprintf("%s (%d times)", m, n))
		}
		delete(times, m)
	}
	return out
}

// packed joins texts with commas into lines of a width. A longer text has a line
// of its own. So has a text with right-to-left letters, because a display may
// change its order with other texts on the line.
func packed(texts []string, width int) []string {
	var lines []string
	var line strings.Builder
	used, alone := 0, false
	for i, text := range texts {
		if i < len(texts)-1 {
			text += ","
		}
		n := utf8.RuneCountInString(text)
		before := alone
		alone = rightToLeft(text)
		if used > 0 && (used+1+n > width || alone || before) {
			lines = append(lines, line.String())
			line.Reset()
			used = 0
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		line.WriteString(text)
		used += n
	}
	if used > 0 {
		lines = append(lines, line.String())
	}
	return lines
}

// text compares two texts, or shows one, line by line. It returns no lines if a
// value is not a string, or if each text has only one line.
func (s *shortener) text(before, after *jsonval.Node) (summary string, lines []diffLine) {
	if !isOrAbsent(before, after, (*jsonval.Node).IsString) {
		return "", nil
	}
	a, b := linesOf(before), linesOf(after)
	if len(a) < 2 && len(b) < 2 {
		return "", nil
	}
	if before == nil || after == nil {
		return count(max(len(a), len(b)), "line"), s.linePairs(nil, quotedAll(a), quotedAll(b), linesShown)
	}
	summary = count(len(a), "line") + " → " + count(len(b), "line")
	return summary, s.hunks(a, b, differences(numbered(a, b)))
}

// hunks returns the lines of each difference with the lines around it, and the
// number of unchanged lines between two differences.
func (s *shortener) hunks(a, b []string, spans []span) []diffLine {
	var lines []diffLine
	end := 0 // the end of the lines of a that are already in lines
	changed := 0
	for i, at := range spans {
		if changed >= linesShown {
			s.cut = true
			return append(lines, diffLine{' ', fmt.Sprintf("(%s more; the JSON form has them)", count(len(spans)-i, "difference"))})
		}
		from := max(end, at.a0-linesAround)
		if from > end {
			lines = append(lines, unchangedLines(from-end))
		}
		lines = appendUnchanged(lines, a[from:at.a0])
		lines = s.linePairs(lines, quotedAll(a[at.a0:at.a1]), quotedAll(b[at.b0:at.b1]), linesShown-changed)
		changed += at.a1 - at.a0 + at.b1 - at.b0
		end = min(at.a1+linesAround, len(a))
		if i+1 < len(spans) {
			end = min(end, spans[i+1].a0)
		}
		lines = appendUnchanged(lines, a[at.a1:end])
	}
	if end < len(a) {
		lines = append(lines, unchangedLines(len(a)-end))
	}
	return lines
}

func unchangedLines(n int) diffLine {
	return diffLine{' ', fmt.Sprintf("(%s the same)", count(n, "line"))}
}

// appendUnchanged appends lines that both sides have. It may cut them without
// marking the item as truncated, because they do not change.
func appendUnchanged(lines []diffLine, texts []string) []diffLine {
	var unchanged shortener
	for _, text := range texts {
		lines = append(lines, diffLine{' ', unchanged.value(quoted(text))})
	}
	return lines
}

// linePairs appends the removed and the added texts, each up to a limit of lines.
// Long texts at the same index are cut to the places where they differ.
func (s *shortener) linePairs(lines []diffLine, removed, added []string, limit int) []diffLine {
	was, will := make([]string, min(len(removed), limit)), make([]string, min(len(added), limit))
	for i := range max(len(was), len(will)) {
		switch {
		case i < len(was) && i < len(will):
			was[i], will[i] = s.pair(removed[i], added[i])
		case i < len(was):
			was[i] = s.value(removed[i])
		default:
			will[i] = s.value(added[i])
		}
	}
	add := func(sign byte, texts []string, all int) {
		for _, text := range texts {
			lines = append(lines, diffLine{sign, text})
		}
		if more := all - len(texts); more > 0 {
			s.cut = true
			lines = append(lines, diffLine{sign, fmt.Sprintf("(%d more; the JSON form has them)", more)})
		}
	}
	add('-', was, len(removed))
	add('+', will, len(added))
	return lines
}

// linesOf returns the lines of a string, or nil for an absent value.
func linesOf(n *jsonval.Node) []string {
	if n == nil {
		return nil
	}
	return strings.Split(n.Text, "\n")
}

func quotedAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = quoted(text)
	}
	return out
}
