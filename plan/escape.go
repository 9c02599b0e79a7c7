package plan

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text in a plan comes from tenants and repositories, so an attacker may have
// written it. The renderers keep it from imitating other text in four ways. They
// escape characters that are invisible or move the cursor. They quote names and
// values, so that a reader sees where they end. They write each on one line. And
// they add a remark to a quoted text that mixes scripts within a word.

// quoted returns s in quotes on one line, with invisible characters escaped. A
// remark follows the quotes if a word in s mixes scripts.
func quoted(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	escape(&b, s, true)
	b.WriteByte('"')
	if remark := mixedScripts(s); remark != "" {
		b.WriteString(" (" + remark + ")")
	}
	return b.String()
}

// oneLine returns a message on one line, with invisible characters escaped.
func oneLine(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	escape(&b, s, false)
	return b.String()
}

// escape writes s with invisible characters escaped. If inQuotes, it escapes
// quotes and backslashes too.
func escape(b *strings.Builder, s string, inQuotes bool) {
	var marks markCheck
	for len(s) > 0 {
		if c := s[0]; c >= ' ' && c < utf8.RuneSelf && c != '\x7f' {
			if inQuotes && (c == '"' || c == '\\') {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
			marks.next(rune(c))
			s = s[1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		switch visible := marks.next(r); {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(b, `\x%02x`, s[0])
		case visible:
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(b, `\U%08x`, r)
		default:
			fmt.Fprintf(b, `\u%04x`, r)
		}
		s = s[size:]
	}
}

// marksInARow is the largest number of marks that a letter may carry. No script
// needs more, and a longer run would cover the lines above and below.
const marksInARow = 3

// markCheck decides which characters of a text are shown and which are escaped. A
// mark is shown only on a letter of the mark's own script, as in Thai or
// Devanagari. Every other mark is escaped: it could cover a quote, and a letter
// with a separate accent looks like the precomposed letter.
type markCheck struct {
	script *unicode.RangeTable // of the preceding letter, or nil
	marks  int                 // the number of marks after that letter
}

// next reports whether the next character of the text is shown.
func (m *markCheck) next(r rune) bool {
	if r < utf8.RuneSelf {
		m.script, m.marks = nil, 0
		if isLatin(r) {
			m.script = unicode.Latin
		}
		return r >= ' ' && r != '\x7f'
	}
	if unicode.Is(unicode.M, r) {
		m.marks++
		return m.script != nil && m.marks <= marksInARow && shows(r) && unicode.Is(m.script, r)
	}
	m.script, m.marks = nil, 0
	if !shows(r) {
		return false
	}
	if unicode.IsLetter(r) {
		m.script, _ = scriptOf(r)
	}
	return true
}

// shows reports whether a single character is visible, by its category: letters,
// marks, numbers, punctuation and symbols are, apart from those that Unicode lets
// a font ignore. Symbols of the category So count only in the blocks that common
// fonts draw. In other blocks the category has blanks, such as U+2800 and
// U+1D159, and placeholders.
func shows(r rune) bool {
	switch {
	case !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return false
	case r >= utf8.RuneSelf && unicode.Is(unicode.So, r):
		return unicode.Is(drawnSymbols, r)
	}
	return true
}

// drawnSymbols are the blocks whose symbols have glyphs in common fonts.
var drawnSymbols = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00a0, Hi: 0x00ff, Stride: 1}, // Latin-1 Supplement
		{Lo: 0x2100, Hi: 0x27bf, Stride: 1}, // Letterlike Symbols to Dingbats
		{Lo: 0x2900, Hi: 0x2bff, Stride: 1}, // Supplemental Arrows-B to Miscellaneous Symbols and Arrows
		{Lo: 0x3000, Hi: 0x33ff, Stride: 1}, // CJK Symbols and Punctuation to CJK Compatibility
	},
	R32: []unicode.Range32{
		{Lo: 0x1f000, Hi: 0x1faff, Stride: 1}, // Mahjong Tiles to Symbols and Pictographs Extended-A
	},
	LatinOffset: 1,
}

// isPlain reports whether s is plainly one word or path, so that it needs no
// quotes.
func isPlain(s string) bool {
	plain := func(r rune) bool {
		return r < utf8.RuneSelf && (isLatin(r) || unicode.IsDigit(r) || strings.ContainsRune("/_.@$-~", r))
	}
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0
}

// word returns s unchanged if it is plainly one word or path, and quoted
// otherwise.
func word(s string) string {
	if isPlain(s) {
		return s
	}
	return quoted(s)
}

func isLatin(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// rightToLeft reports whether s has letters of a right-to-left script. A display
// may change the order of such letters and the text next to them.
func rightToLeft(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r >= 0x590 && r <= 0x8ff || r >= 0xfb1d && r <= 0xfdff || r >= 0xfe70 && r <= 0xfeff ||
			r >= 0x10800 && r <= 0x10fff || r >= 0x1e800 && r <= 0x1efff
	})
}
