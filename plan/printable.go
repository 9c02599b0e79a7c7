package plan

// Printable returns s on one line with every character that does not show, or
// that would move the cursor or turn the direction of writing, as an escape. A
// host that shows names from a tenant on a terminal passes them through it.
func Printable(s string) string { return oneLine(s) }
