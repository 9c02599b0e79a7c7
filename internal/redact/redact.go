// Package redact keeps secrets out of errors. A service that refuses a request
// may repeat it in its answer, and the answer goes into history, report and
// log.
//
// [Error] keeps the parts of an error by which the caller decides, and no text
// that could contain a secret. [SecretsOf] and [SecretsIn] find the secrets
// that a request holds.
package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// piece is the length in bytes from which a part of a secret counts as one.
const piece = 8

// finder finds secrets in texts: in plain form, in the escapes of JSON, Go,
// HTML and URLs, in nested escapes, in hexadecimal and base 64, and in pieces
// of eight bytes, because a text may be truncated.
type finder struct {
	whole  []string // forms shorter than a piece
	pieces map[string]bool
}

// newFinder returns a finder for the secrets.
func newFinder(secrets []string) *finder {
	f := &finder{pieces: map[string]bool{}}
	for _, secret := range secrets {
		for _, form := range spellings(secret) {
			if len(form) < piece {
				f.whole = append(f.whole, form)
			}
			for i := 0; i+piece <= len(form); i++ {
				f.pieces[form[i:i+piece]] = true
			}
		}
	}
	return f
}

// spellings returns the forms in which a text may repeat a secret.
func spellings(secret string) []string {
	inQuotes := func(quoted string) string { return quoted[1 : len(quoted)-1] }
	toJSON := func(escapeHTML bool) func(string) string {
		return func(s string) string {
			var b strings.Builder
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(escapeHTML)
			if enc.Encode(s) != nil {
				return s
			}
			return inQuotes(strings.TrimSpace(b.String()))
		}
	}
	escapes := []func(string) string{
		func(s string) string { return s }, toJSON(false), toJSON(true),
		func(s string) string { return inQuotes(strconv.Quote(s)) },
		func(s string) string { return inQuotes(strconv.QuoteToASCII(s)) },
		html.EscapeString, url.QueryEscape, url.PathEscape,
	}
	coded := []func([]byte) string{hex.EncodeToString, func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) },
		base64.RawStdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString}
	var out []string
	for _, inner := range escapes {
		for _, outer := range escapes {
			if form := outer(inner(secret)); form != "" && !slices.Contains(out, form) {
				out = append(out, form)
			}
		}
	}
	for _, code := range coded { // as a word may contain them
		out = append(out, code([]byte(secret)))
	}
	return out
}

// holds reports whether a secret is in the text.
func (f *finder) holds(text string) bool {
	for i := 0; i+piece <= len(text); i++ {
		if f.pieces[text[i:i+piece]] {
			return true
		}
	}
	for _, short := range f.whole {
		for from := 0; ; from++ {
			i := strings.Index(text[from:], short)
			if i < 0 {
				break
			}
			from += i
			if isWord(text, from, from+len(short)) {
				return true
			}
		}
	}
	return false
}

// isWord reports whether a part of a text stands alone, without a letter or
// digit beside it. A short secret, such as a digit, is part of most words.
func isWord(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	joins := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !joins(before) && !joins(after)
}
