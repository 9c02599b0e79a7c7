package plan

import (
	"encoding/json"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// The texts that replace an absent value and a secret.
const (
	absentText = "(none)"
	hiddenText = "(hidden)"
)

// readValue parses a value to show it. It returns nil for an absent value. A text
// that is not valid JSON becomes a string, so that the renderers can show it.
func readValue(raw json.RawMessage) *jsonval.Node {
	if len(raw) == 0 {
		return nil
	}
	n, err := jsonval.Parse(raw)
	if err != nil {
		return jsonval.StringNode(string(raw))
	}
	return n
}

// showWhole returns the whole value on one line.
func showWhole(n *jsonval.Node) string {
	switch {
	case n == nil:
		return absentText
	case n.IsString():
		return quoted(n.Text)
	case n.IsArray() || n.IsObject():
		var b strings.Builder
		writeWhole(&b, n)
		return b.String()
	}
	return string(n.JSON())
}

func writeWhole(b *strings.Builder, n *jsonval.Node) {
	ends := "[]"
	switch {
	case n.IsObject():
		ends = "{}"
	case !n.IsArray():
		b.WriteString(showWhole(n))
		return
	}
	b.WriteByte(ends[0])
	for i, kid := range n.Kids {
		if i > 0 {
			b.WriteString(", ")
		}
		if n.IsObject() {
			b.WriteString(quoted(n.Names[i]) + ": ")
		}
		writeWhole(b, kid)
	}
	b.WriteByte(ends[1])
}

// showMembers returns an array's elements.
func showMembers(n *jsonval.Node) []string {
	if n == nil {
		return nil
	}
	shown := make([]string, 0, len(n.Kids))
	for _, kid := range n.Kids {
		shown = append(shown, showWhole(kid))
	}
	return shown
}

// hasMembers reports whether a value is an object or array that is not empty.
func hasMembers(n *jsonval.Node) bool { return n != nil && len(n.Kids) > 0 }

// isOrAbsent reports whether both values are of a type, or one is and the other is
// absent. is checks the type.
func isOrAbsent(a, b *jsonval.Node, is func(*jsonval.Node) bool) bool {
	return (a == nil || is(a)) && (b == nil || is(b)) && (a != nil || b != nil)
}

// memberNames returns the names of the members of both objects, sorted.
func memberNames(a, b *jsonval.Node) []string {
	var x, y []string
	if a.IsObject() {
		x = a.Names
	}
	if b.IsObject() {
		y = b.Names
	}
	names := make([]string, 0, len(x)+len(y))
	for len(x) > 0 || len(y) > 0 {
		switch {
		case len(y) == 0 || len(x) > 0 && x[0] < y[0]:
			names, x = append(names, x[0]), x[1:]
		case len(x) == 0 || y[0] < x[0]:
			names, y = append(names, y[0]), y[1:]
		default:
			names, x, y = append(names, x[0]), x[1:], y[1:]
		}
	}
	return names
}
