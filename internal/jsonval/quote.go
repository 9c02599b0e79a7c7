package jsonval

import "github.com/go-json-experiment/json/jsontext"

// AppendString appends s as a JSON string.
func AppendString[T ~string | ~[]byte](b []byte, s T) []byte {
	if isPlainText(s) { // most strings are
		return append(append(append(b, '"'), s...), '"')
	}
	// AppendQuote fails only for invalid UTF-8. The parser refuses such a text,
	// and AppendQuote replaces it even when it fails.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// isPlainText reports whether a text is ASCII and needs no escape in a JSON
// string.
func isPlainText[T ~string | ~[]byte](s T) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		eight := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		if specialBytes(eight) != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if !isPlain(s[i]) {
			return false
		}
	}
	return true
}
