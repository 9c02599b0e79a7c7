package plan

import (
	"fmt"
)

// Printable returns s on one line. It escapes every character that is invisible,
// moves the cursor or changes the direction of text. A host should call it for
// names from a tenant that it shows on a terminal.
func Printable(s string) string { return oneLine(s) }

// String returns the change on one line, for people: `/state: "off" → "on"`. It
// shows the differing places of long values, and "(hidden)" for secrets. It
// escapes and quotes names and values like [Plan.Text].
func (c PropertyChange) String() string {
	var s shortener
	base, before, after := readValue(c.Base), readValue(c.Before), readValue(c.After)
	name := s.path(pathOf(c.Pointer, before, after))
	if c.Redacted {
		return name + ": " + hiddenText
	}
	was, will := s.pair(showWhole(before), showWhole(after))
	text := fmt.Sprintf("%s: %s → %s", name, was, will)
	if c.Origin == Clash {
		text += fmt.Sprintf(" (conflict: agreed on %s)", s.value(showWhole(base)))
	}
	if s.cut {
		text += " [" + truncated + "]"
	}
	if c.NotKept {
		text += " (" + notKept + ")"
	}
	return text
}
