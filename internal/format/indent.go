package format

import (
	"bytes"
	"encoding/json"
)

// MaxIndented is the greatest depth of the JSON that [Indent] indents. The size of
// indented JSON grows with the square of its depth.
const MaxIndented = 100

// Indent returns JSON for people, indented by two spaces. It returns JSON that
// is nested deeper than MaxIndented unchanged. It returns an error for invalid
// JSON.
func Indent(raw []byte) ([]byte, error) {
	if depth(raw) > MaxIndented {
		return raw, nil
	}
	var out bytes.Buffer
	err := json.Indent(&out, raw, "", "  ")
	return out.Bytes(), err
}

// depth returns the greatest number of objects and arrays of a JSON text that
// are open at once.
func depth(raw []byte) int {
	open, deepest := 0, 0
	inText := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inText && c == '\\':
			i++ // skip the escaped byte, which may be a quote
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			open++
			deepest = max(deepest, open)
		case c == '}' || c == ']':
			open--
		}
	}
	return deepest
}
