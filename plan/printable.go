package plan

import (
	"fmt"
)

// Printable returns s on one line with every character that does not show, or
// that would move the cursor or turn the direction of writing, as an escape. A
// host that shows names from a tenant on a terminal passes them through it.
func Printable(s string) string { return oneLine(s) }

// String returns the change on one line, as a person would read it:
// `/state: "off" → "on"`. Long values are shortened, hidden ones say so, and
// what could pass for something else is escaped.
func (c PropertyChange) String() string {
	name := pointerName(c.Pointer)
	if c.Redacted {
		return name + ": " + hiddenText
	}
	before, after := showPair(readValue(c.Before), readValue(c.After))
	text := fmt.Sprintf("%s: %s → %s", name, before, after)
	if c.Origin == Clash {
		text += fmt.Sprintf(" (conflict: agreed on %s)", showOne(readValue(c.Base)))
	}
	if c.NotKept {
		text += " (" + notKept + ")"
	}
	return text
}
