package plan

import (
	"fmt"
)

// Printable returns s on one line with every character that does not show, or
// that would move the cursor or turn the direction of writing, as an escape. A
// host that shows names from a tenant on a terminal passes them through it.
func Printable(s string) string { return oneLine(s) }

// String returns the change on one line, as a person would read it:
// `/state: "off" → "on"`. Long values are cut to where they differ, hidden ones
// say so, and what could pass for something else is escaped.
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
		text += " [" + notWhole + "]"
	}
	if c.NotKept {
		text += " (" + notKept + ")"
	}
	return text
}
