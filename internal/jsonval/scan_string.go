package jsonval

import (
	"bytes"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The same byte eight times.
const (
	eachByte    = 0x0101010101010101
	eachHighBit = 0x80 * eachByte
)

// specialBytes marks the first of eight bytes, in little-endian order, that is not
// plain string content: a quote, a backslash, a control character or a byte of a
// rune beyond ASCII. It returns 0 if all eight are plain.
//
// A byte b is below 0x20 if b-0x20 borrows, and equal to q if (b^q)-1 borrows.
// Both set the high bit, as does a byte beyond ASCII itself. A borrow may also
// mark the bytes above the one that caused it, but never one below: the lowest
// mark is exact, and the others are not used.
func specialBytes(eight uint64) uint64 {
	quote := eight ^ '"'*eachByte
	backslash := eight ^ '\\'*eachByte
	return (eight | (eight - ' '*eachByte) | (quote - eachByte) | (backslash - eachByte)) & eachHighBit
}

// stringEnd validates a string from its first byte after the quote. It returns
// the offset after the closing quote, and whether the string has an escape. For an
// invalid string it returns ^offset of the invalid byte or escape.
//
// It reads eight bytes at a time. Most strings are plain, and for these it needs
// no call of anyStringEnd.
func stringEnd(text []byte, i int) (end int, escaped bool) {
	for i+8 <= len(text) {
		mark := specialBytes(eightAt(text, i))
		if mark == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(mark) / 8
		if i < len(text) && text[i] == '"' {
			return i + 1, false
		}
		break
	}
	return anyStringEnd(text, i)
}

// eightAt is binary.LittleEndian.Uint64(b[i:]), also for a string. The compiler
// turns it into one load with one check of the bounds: with b[i] to b[i+7] in
// place of the slice it would check each.
func eightAt[T ~string | ~[]byte](b T, i int) uint64 {
	b = b[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// fourAt is eightAt for four bytes.
func fourAt[T ~string | ~[]byte](b T, i int) uint64 {
	b = b[i : i+4]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24
}

// anyStringEnd is stringEnd for strings that are not plain, or are near the
// end of the text.
func anyStringEnd(text []byte, i int) (end int, escaped bool) {
	for {
		for i+8 <= len(text) {
			mark := specialBytes(eightAt(text, i))
			if mark != 0 {
				i += bits.TrailingZeros64(mark) / 8
				break
			}
			i += 8
		}
		for i < len(text) && isPlain(text[i]) {
			i++
		}
		switch {
		case i == len(text):
			return ^i, escaped
		case text[i] == '"':
			return i + 1, escaped
		case text[i] == '\\':
			n := escapeLength(text[i:])
			if n == 0 {
				return ^i, escaped
			}
			i += n
			escaped = true
		case text[i] < utf8.RuneSelf:
			return ^i, escaped
		}
		for i < len(text) && text[i] >= utf8.RuneSelf {
			_, n := utf8.DecodeRune(text[i:])
			if n == 1 {
				return ^i, escaped
			}
			i += n
		}
	}
}

// isPlain reports whether c is an ASCII byte that a string may contain without an
// escape.
func isPlain(c byte) bool {
	return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\'
}

// escapeLength returns the length of the escape at the start of b, or 0 if the
// escape is invalid. A pair of surrogates is one escape.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	}
	_, n := escapedRune(b)
	return n
}

// escapedRune decodes the "\u" escape at the start of b. It returns the rune and
// the length of the escape, or 0 if the escape is invalid. A pair of surrogates is
// one escape.
func escapedRune(b []byte) (rune, int) {
	r := codeUnit(b)
	switch {
	case r < 0:
		return 0, 0
	case !utf16.IsSurrogate(r):
		return r, 6
	}
	low := codeUnit(b[6:])
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// codeUnit decodes `\u` and four hexadecimal digits. It returns -1 if b does not
// begin with them.
func codeUnit(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// appendUnescaped appends the content of a valid string, given without quotes.
func appendUnescaped(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return append(dst, b...)
		}
		dst, b = append(dst, b[:i]...), b[i:]
		n := 2
		switch c := b[1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			var r rune
			r, n = escapedRune(b)
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
		b = b[n:]
	}
}
