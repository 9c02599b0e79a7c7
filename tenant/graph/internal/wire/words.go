package wire

import (
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// maxMessage is the most bytes that are kept of a message of the service, and maxWord
// those of a code or an id.
const (
	maxMessage = 500
	maxWord    = 100
)

// Word returns a short text of the service, such as an id, in a form that can be
// shown.
func Word(s string) string { return Cut(plain(s), maxWord) }

// Cut shortens a text to some bytes and a mark.
func Cut(s string, size int) string {
	if len(s) <= size {
		return s
	}
	return strings.ToValidUTF8(s[:size], "") + "…"
}

// plain takes line breaks and control characters out of a message, and the
// JSON that Intune puts around its own.
func plain(s string) string {
	if inner, err := odatajson.Parse([]byte(s)); err == nil && inner.Text("Message") != "" {
		s = inner.Text("Message")
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}
