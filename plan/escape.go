package plan

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text in a plan comes from tenants and repositories, where anybody may have
// written it. Three things keep it from passing for something else: characters
// that do not show, or that move the cursor, are written as escapes; names and
// values are quoted, so that their ends show; and each stays on its line.

// quoted returns s in quotes, on one line, with everything that does not show
// as an escape.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			writeShown(&b, r, s[:size])
		}
		s = s[size:]
	}
	b.WriteByte('"')
	return b.String()
}

// oneLine returns a message on one line, with everything that does not show as
// an escape.
func oneLine(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		writeShown(&b, r, s[:size])
		s = s[size:]
	}
	return b.String()
}

// writeShown writes one character, or an escape where it would not show.
func writeShown(b *strings.Builder, r rune, raw string) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r == utf8.RuneError && len(raw) == 1:
		fmt.Fprintf(b, `\x%02x`, raw[0])
	case shows(r):
		b.WriteRune(r)
	case r > 0xffff:
		fmt.Fprintf(b, `\U%08x`, r)
	default:
		fmt.Fprintf(b, `\u%04x`, r)
	}
}

// shows reports whether a character is visible and stays in its place.
// IsPrint rules out control and format characters, such as those that turn the
// direction of writing; the rest are letters and marks that have no glyph.
func shows(r rune) bool {
	return unicode.IsPrint(r) && r != brailleBlank &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// brailleBlank is a symbol that looks like a space.
const brailleBlank = '\u2800'

// word returns s as it is if it can pass for nothing but a word or a path, and
// quoted otherwise.
func word(s string) string {
	plain := func(r rune) bool {
		return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/_.@$-~", r))
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return quoted(s)
}

// rightToLeft reports whether s has letters that are written from right to
// left: what stands beside them on a line may be shown in another order.
func rightToLeft(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r >= 0x590 && r <= 0x8ff || r >= 0xfb1d && r <= 0xfdff || r >= 0xfe70 && r <= 0xfeff ||
			r >= 0x10800 && r <= 0x10fff || r >= 0x1e800 && r <= 0x1efff
	})
}
