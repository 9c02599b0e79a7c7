package plan

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of shown texts, in characters. They apply to every text from a tenant or
// a repository, so that no text fills the screen.
const (
	nameShown    = 200  // of a name, a key, a kind or a path
	messageShown = 1000 // of a message
	valueShown   = 300  // of one value, or of one difference within a long value
	pairShown    = 1500 // of all differences within a long value
	contextShown = 30   // on each side of a difference within a long value
)

// shortener shows texts within the limits.
type shortener struct {
	// cut reports that the shortener has cut a text, so that a person does not see
	// the whole change.
	cut bool
	// partly reports that it has left out the common parts of two long values.
	// These do not change.
	partly bool
}

// name returns a quoted name.
func (s *shortener) name(text string) string { return s.middle(text, nameShown, quoted) }

// word returns a name, quoted unless it is plainly one word or path.
func (s *shortener) word(text string) string { return s.middle(text, nameShown, word) }

// message returns a message on one line.
func (s *shortener) message(text string) string {
	return s.middle(text, messageShown, func(text string) string {
		if remark := mixedScripts(text); remark != "" {
			return oneLine(text) + " (" + remark + ")"
		}
		return oneLine(text)
	})
}

// middle returns the shown text. If the text is longer than the limit, it leaves
// out the middle, because long names often have the same beginning.
func (s *shortener) middle(text string, limit int, show func(string) string) string {
	n := utf8.RuneCountInString(text)
	if n <= limit {
		return show(text)
	}
	s.cut = true
	head, tail := text[:offset(text, limit*2/3)], text[offsetFromEnd(text, limit/3):]
	return fmt.Sprintf("%s…%s (%d characters)", show(head), show(tail), n)
}

// offset returns the byte offset of the character with this index.
func offset(s string, number int) int {
	for i := range s {
		if number == 0 {
			return i
		}
		number--
	}
	return len(s)
}

// offsetFromEnd returns the byte offset of the last number characters.
func offsetFromEnd(s string, number int) int {
	i := len(s)
	for range number {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return i
}

// value returns a shown value, cut if it is long.
func (s *shortener) value(shown string) string {
	if len(shown) <= valueShown {
		return shown
	}
	parts := pieces(shown)
	if len(parts) <= valueShown {
		return shown
	}
	s.cut = true
	return fmt.Sprintf("%s…%s (%d characters)", strings.Join(parts[:valueShown*2/3], ""),
		strings.Join(parts[len(parts)-valueShown/3:], ""), utf8.RuneCountInString(shown))
}

// pair returns two shown values. If one is long, both are cut to the places where
// they differ, with some context.
func (s *shortener) pair(a, b string) (string, string) {
	if len(a) <= valueShown && len(b) <= valueShown {
		return a, b
	}
	x, y := pieces(a), pieces(b)
	if len(x) <= valueShown && len(y) <= valueShown {
		return a, b
	}
	spans := near(differences(numbered(x, y)))
	was, will := make([][2]int, 0, len(spans)), make([][2]int, 0, len(spans))
	for _, at := range spans {
		was = append(was, [2]int{at.a0, at.a1})
		will = append(will, [2]int{at.b0, at.b1})
	}
	return s.places(x, was, a), s.places(y, will, b)
}

// near joins spans that are so close that their contexts overlap.
func near(spans []span) []span {
	var joined []span
	for _, s := range spans {
		if n := len(joined); n > 0 && s.a0-joined[n-1].a1 <= 2*contextShown {
			joined[n-1].a1, joined[n-1].b1 = s.a1, s.b1
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// places returns the given places of a text with their context.
func (s *shortener) places(parts []string, places [][2]int, whole string) string {
	var b strings.Builder
	end, budget := 0, pairShown
	for i, at := range places {
		from, to := max(at[0]-contextShown, 0), min(at[1]+contextShown, len(parts))
		if budget <= 0 {
			s.cut = true
			fmt.Fprintf(&b, "… and %s more", count(len(places)-i, "difference"))
			end = len(parts)
			break
		}
		if from > end {
			b.WriteString("…")
		}
		if to-from > valueShown {
			s.cut = true
			head, tail := parts[from:from+valueShown*2/3], parts[to-valueShown/3:to]
			fmt.Fprintf(&b, "%s… %d characters …%s", strings.Join(head, ""), to-from-len(head)-len(tail), strings.Join(tail, ""))
		} else {
			b.WriteString(strings.Join(parts[max(from, end):to], ""))
		}
		budget -= min(to-from, valueShown)
		end = to
	}
	if end < len(parts) {
		b.WriteString("…")
	}
	if b.Len() < len(whole) {
		s.partly = true
		fmt.Fprintf(&b, " (%d characters)", utf8.RuneCountInString(whole))
	}
	return b.String()
}

// pieces splits a shown value into characters. An escape is one piece, so that it
// is never cut.
func pieces(shown string) []string {
	parts := make([]string, 0, len(shown))
	for len(shown) > 0 {
		_, n := utf8.DecodeRuneInString(shown)
		if shown[0] == '\\' && len(shown) > 1 {
			switch shown[1] {
			case 'x':
				n = 4
			case 'u':
				n = 6
			case 'U':
				n = 10
			default:
				n = 2
			}
			n = min(n, len(shown))
		}
		parts = append(parts, shown[:n])
		shown = shown[n:]
	}
	return parts
}

// count returns a number with the singular or plural of a noun.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
