package odatajson

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxID is the longest id in bytes. Graph's own ids have less than 200.
const MaxID = 1000

// Segment returns an id as one segment of a path, escaped. It refuses an id that a server
// on the way could take for something else: the collection itself, the folder
// above it ("."), several segments, or a resource of the service ("$ref"). A
// server may undo escapes more than once, so all of this also goes for the
// escaped forms ("%2f", "%252e").
func Segment(id string) (string, error) {
	if len(id) > MaxID {
		return "", fmt.Errorf("the id has %d bytes, more than the limit of %d", len(id), MaxID)
	}
	for s := id; ; {
		if problem := unsafe(s); problem != "" {
			return "", fmt.Errorf("the id %.100q %s", id, problem)
		}
		plain := unescape(s)
		if plain == s {
			return url.PathEscape(id), nil
		}
		s = plain
	}
}

// unsafe says why a text cannot be a segment; "" if it can.
func unsafe(s string) string {
	switch {
	case s == "":
		return "is empty"
	case strings.Trim(s, ". ") == "":
		return "has nothing but dots and blanks"
	case strings.HasPrefix(s, "$"):
		return "begins with $"
	case strings.ContainsAny(s, `/\`):
		return "holds a slash"
	case !utf8.ValidString(s):
		return "is no valid UTF-8"
	case strings.ContainsFunc(s, unicode.IsControl):
		return "holds a control character"
	}
	return ""
}

// unescape undoes "%2f" and "%u002f" once, wherever they stand.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		digits, width := 2, 3
		if strings.HasPrefix(s[i:], "%u") || strings.HasPrefix(s[i:], "%U") {
			digits, width = 4, 6
		}
		if s[i] == '%' && i+width <= len(s) {
			if n, err := strconv.ParseUint(s[i+width-digits:i+width], 16, 32); err == nil {
				if digits == 4 {
					b.WriteRune(rune(n))
				} else {
					b.WriteByte(byte(n))
				}
				i += width - 1
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
