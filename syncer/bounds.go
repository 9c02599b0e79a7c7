package syncer

import (
	"fmt"
	"unicode/utf8"
)

// Bounds of texts, in bytes.
const (
	// maxName bounds the names that people give: of tenants, actors, rules.
	maxName = 256
)

// isName reports whether a text can be a name.
func isName(s string) bool { return s != "" && len(s) <= maxName && storable(s) }

// quoted is a text for a message, cut and with its invisible characters escaped.
func quoted(s string) string { return fmt.Sprintf("%q", cut(s, 64)) }

// cutMark ends a text that was cut.
const cutMark = " …[cut]"

// cut returns a text of at most limit bytes: the text itself, or its beginning
// up to a whole character and a mark.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := max(0, limit-len(cutMark))
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}
