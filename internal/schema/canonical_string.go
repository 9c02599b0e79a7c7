package schema

import (
	"bytes"
	"encoding/binary"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// string appends a string in its canonical notation.
func (c *Canonicalizer) string(text []byte, tok jsonval.Token, f *Facts, element bool) (_ []byte, masked bool) {
	raw := c.scan.Raw(tok)
	c.named = c.named || f.onlyTexts
	if f.Masked && onlyAsterisks(raw[1:len(raw)-1]) {
		if element {
			text = append(text, raw...)
		}
		return text, true
	}
	if tok.Escaped {
		return c.escapedString(text, tok, f), false
	}
	start := len(text)
	text = append(text, raw...)
	own := text[start+1 : len(text)-1]
	switch {
	case f.notation == asWritten:
	case f.notation == guidNotation:
		foldGUID(own)
	case bytes.HasPrefix(own, []byte("${")): // see canonicalText
	case f.notation == lowerNotation:
		lowerBytes(own)
	case f.form == typeForm:
		if len(own) > 0 && own[0] == '#' {
			text = append(append(text[:start], '"'), raw[len(`"#`):]...)
		}
	case !canonicalInPlace(f, own):
		text = jsonval.AppendString(text[:start], canonicalText(f, string(raw[1:len(raw)-1])))
	}
	return text, false
}

// escapedString is string for a string with escapes.
func (c *Canonicalizer) escapedString(text []byte, tok jsonval.Token, f *Facts) []byte {
	if (f.notation == asWritten || f.notation == guidNotation) && areCanonicalEscapes(c.scan.Text(tok)) {
		return append(text, c.scan.Raw(tok)...) // a GUID has no such escapes
	}
	c.escaped = c.scan.AppendText(c.escaped[:0], tok)
	if f.notation == asWritten || f.notation == guidNotation && len(c.escaped) != guidLength {
		return jsonval.AppendString(text, c.escaped)
	}
	return jsonval.AppendString(text, canonicalText(f, string(c.escaped)))
}

// areCanonicalEscapes reports whether a string has only escapes that
// [jsonval.AppendString] writes: of quotes, backslashes and some control
// characters. It may report false for others that it writes.
func areCanonicalEscapes(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return true
		}
		if next := text[i+1]; next == 'u' || next == '/' {
			return false
		}
		text = text[i+2:]
	}
}

// canonicalInPlace converts a string to its canonical notation in place. It
// reports false if the notation may have another length.
func canonicalInPlace(f *Facts, text []byte) bool {
	switch form := f.form; {
	case isWordBytes(f.literals, text):
		lowerBytes(text)
	case form == tenant.Flags:
		lowerBytes(text)
		return areSortedFlags(text)
	case form == tenant.ID && bytes.IndexByte(text, '@') >= 0:
		return false
	case form == "" || form == tenant.ID:
		foldGUID(text)
	default:
		return false
	}
	return true
}

// areSortedFlags reports whether a text in lower case is what [flagsText]
// returns for it.
func areSortedFlags(text []byte) bool {
	var last []byte
	for rest, more := text, true; more; {
		var flag []byte
		flag, rest, more = bytes.Cut(rest, []byte(","))
		if len(flag) == 0 || flag[0] <= ' ' || flag[len(flag)-1] <= ' ' || flag[0] >= 0x80 || flag[len(flag)-1] >= 0x80 || bytes.Compare(last, flag) >= 0 {
			return false // flagsText must trim, sort or compact it
		}
		last = flag
	}
	return true
}

// isWordBytes is isWord for bytes.
func isWordBytes(literals []string, text []byte) bool {
	for _, l := range literals {
		if len(l) == len(text) && equalFoldASCII(l, text) {
			return true
		}
	}
	return false
}

func equalFoldASCII(a string, b []byte) bool {
	for i := range len(a) {
		if lowerByte(a[i]) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}

func lowerByte(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// Letters from A to Z do not have bit 0x20, which letters from a to z, digits and
// most punctuation have. 'a'-'A' is 0x20.
const (
	eachByte = 0x0101010101010101
	caseBits = 0x20 * eachByte
)

// lowerBytes is lowerASCII in place. It reads eight bytes at a time, the last
// ones perhaps twice.
func lowerBytes(text []byte) {
	if len(text) < 8 {
		for i, b := range text {
			text[i] = lowerByte(b)
		}
		return
	}
	for i := 0; i < len(text); i += 8 {
		part := text[min(i, len(text)-8):]
		if eight := binary.LittleEndian.Uint64(part); eight&caseBits != caseBits {
			binary.LittleEndian.PutUint64(part, eight|upperMarks(eight)>>2)
		}
	}
}

// upperMarks sets the high bit of each of eight bytes that is a letter from A to
// Z. A sum has the high bit of a byte if its low bits are not below 'A', or are
// above 'Z'. The sums do not overflow into the next byte.
func upperMarks(eight uint64) uint64 {
	const highBits = 0x80 * eachByte
	low := eight &^ highBits
	notBelow, above := low+(0x80-'A')*eachByte, low+(0x7f-'Z')*eachByte
	return notBelow &^ above &^ eight & highBits
}

// foldGUID is FoldGUID in place. Most GUIDs are in lower case.
func foldGUID(text []byte) {
	if len(text) != guidLength {
		return
	}
	g, read := (*[guidLength]byte)(text), binary.LittleEndian.Uint64
	if read(g[:])&read(g[8:])&read(g[16:])&read(g[24:])&read(g[28:])&caseBits != caseBits && isGUID(text) {
		lowerBytes(text)
	}
}

func onlyAsterisks(text []byte) bool {
	return len(text) > 0 && len(bytes.Trim(text, "*")) == 0
}
