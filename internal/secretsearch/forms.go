package secretsearch

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
)

// minSecret is the length of the shortest secret for a search, in bytes:
// shorter texts, and their halves, occur everywhere.
const minSecret = 6

// halfFrom is the length from which the search also looks for the halves of a
// secret, because an error may quote a truncated text.
const halfFrom = 20

// form is one form of a secret.
type form struct {
	name string
	text string
}

// formsOf returns the forms of a secret, each once.
func formsOf(secret string) []form {
	var out []form
	seen := map[string]bool{}
	add := func(name, text string) {
		if len(text) >= minSecret && !seen[text] {
			seen[text] = true
			out = append(out, form{name, text})
		}
	}
	add("plain", secret)
	escapedJSON := quotedJSON(secret, true)
	add("JSON", quotedJSON(secret, false))
	add("JSON for HTML", escapedJSON)
	add("JSON within JSON", quotedJSON(quotedJSON(secret, false), false))
	add("JSON within JSON for HTML", quotedJSON(escapedJSON, true))
	add("Go", unquoted(strconv.Quote(secret)))
	add("Go, ASCII", unquoted(strconv.QuoteToASCII(secret)))
	add("HTML", html.EscapeString(secret))
	add("Markdown", markdown(secret))
	add("query", url.QueryEscape(secret))
	add("query, lower case", lowerEscapes(url.QueryEscape(secret)))
	add("path", url.PathEscape(secret))
	add("hex", hex.EncodeToString([]byte(secret)))
	add("HEX", strings.ToUpper(hex.EncodeToString([]byte(secret))))
	add("hex, spaced", fmt.Sprintf("% x", secret))
	add("numbers", strings.Trim(fmt.Sprint([]byte(secret)), "[]"))
	add("JSON numbers", strings.Join(strings.Fields(strings.Trim(fmt.Sprint([]byte(secret)), "[]")), ","))
	add("UTF-16", wide(secret))
	for shift := range 3 {
		add(fmt.Sprintf("base64, %d off", shift), aligned(base64.StdEncoding, secret, shift))
		add(fmt.Sprintf("base64 for URLs, %d off", shift), aligned(base64.URLEncoding, secret, shift))
	}
	if len(secret) >= halfFrom {
		add("the first half", secret[:len(secret)/2])
		add("the second half", secret[len(secret)/2:])
	}
	return out
}

func quotedJSON(s string, escapeHTML bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	_ = enc.Encode(s) // a text always has a JSON form
	return unquoted(strings.TrimSuffix(b.String(), "\n"))
}

// unquoted removes the quotes around a literal, and keeps its escapes.
func unquoted(s string) string { return s[1 : len(s)-1] }

// markdown escapes punctuation as Markdown allows.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]()<>#+-.!|~&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// wide is the text in UTF-16, with the low byte first. The other order has the
// same bytes except at the ends.
func wide(s string) string {
	var b []byte
	for i, u := range utf16.Encode([]rune(s)) {
		if i > 0 {
			b = append(b, byte(u>>8))
		}
		b = append(b, byte(u))
	}
	if len(b) > 0 && strings.Count(string(b), "\x00") < len(b)/2-1 {
		return "" // not plain ASCII: the orders differ
	}
	return string(b)
}

// aligned returns the part of a text's base64 form that does not depend on the
// bytes before and after the text. The text begins shift bytes into a group of
// three.
func aligned(enc *base64.Encoding, s string, shift int) string {
	full := enc.WithPadding(base64.NoPadding).EncodeToString(append(make([]byte, shift), s...))
	first := (shift*8 + 5) / 6 // a character before it has bits of the bytes before the text
	last := (shift + len(s)) * 8 / 6
	if first >= last {
		return ""
	}
	return full[first:last]
}
