// Package redact takes secrets out of texts and errors. A service that refuses
// a request may repeat it, and the answer goes into history, report and log.
//
// [New] makes a [Redactor] of known secrets; [Error] applies one to an error
// and keeps the parts that the caller acts by. [SecretsOf] and [SecretsIn] find
// the secrets that a request holds.
package redact

import (
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/internal/reference"
)

// piece is the length in bytes from which a part of a secret counts as one.
const piece = 8

// Redactor finds secrets in texts: in plain form, in the escapes of JSON, Go,
// HTML and URLs, in one escape within another, and in pieces of eight bytes, as
// a text holds them that was cut off.
type Redactor struct {
	whole  []string // forms that are shorter than a piece
	pieces map[string]bool
}

// New returns a Redactor of the secrets.
func New(secrets []string) *Redactor {
	r := &Redactor{pieces: map[string]bool{}}
	for _, secret := range secrets {
		for _, form := range spellings(secret) {
			if len(form) < piece {
				r.whole = append(r.whole, form)
			}
			for i := 0; i+piece <= len(form); i++ {
				r.pieces[form[i:i+piece]] = true
			}
		}
	}
	return r
}

// spellings are the ways in which a text repeats a secret.
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
	var out []string
	for _, inner := range escapes {
		for _, outer := range escapes {
			if form := outer(inner(secret)); form != "" && !slices.Contains(out, form) {
				out = append(out, form)
			}
		}
	}
	return out
}

// Text returns a text with reference.Redacted in place of the secrets.
func (r *Redactor) Text(text string) string {
	hidden := make([]bool, len(text))
	found := false
	hide := func(from, to int) {
		found = true
		for i := from; i < to; i++ {
			hidden[i] = true
		}
	}
	for i := 0; i+piece <= len(text); i++ {
		if r.pieces[text[i:i+piece]] {
			hide(i, i+piece)
		}
	}
	for _, short := range r.whole {
		for from := 0; ; {
			i := strings.Index(text[from:], short)
			if i < 0 {
				break
			}
			from += i
			if to := from + len(short); isWord(text, from, to) {
				hide(from, to)
			}
			from++
		}
	}
	if !found {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(reference.Redacted)
		}
	}
	return strings.ToValidUTF8(b.String(), "")
}

// isWord reports whether no letter or digit joins the part of a text to what is
// around it: a short secret, such as a digit, is in most words.
func isWord(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	joins := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !joins(before) && !joins(after)
}
