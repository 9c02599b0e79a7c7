package sample

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A value is an object, a list, a string, an int, a bool or nil. Objects keep
// the order of their members, which maps of encoding/json lose: a
// tenant's text and a file's differ in it.
type (
	object []member
	member struct {
		name  string
		value any
	}
	list []any
)

// at returns the place of the member that path leads to. It panics if there is
// no such member: the generators name only members that they have made.
func (o object) at(path ...string) *any {
	for i := range o {
		if o[i].name != path[0] {
			continue
		}
		if len(path) == 1 {
			return &o[i].value
		}
		return o[i].value.(object).at(path[1:]...)
	}
	panic("sample: no member " + strings.Join(path, "."))
}

// without returns the object without the named members.
func (o object) without(names ...string) object {
	return slices.DeleteFunc(slices.Clone(o), func(m member) bool { return slices.Contains(names, m.name) })
}

// ordered returns a deep copy of v in which order has arranged the members of
// every object.
func ordered(v any, order func(object)) any {
	switch v := v.(type) {
	case object:
		o := make(object, len(v))
		for i, m := range v {
			o[i] = member{m.name, ordered(m.value, order)}
		}
		order(o)
		return o
	case list:
		l := make(list, len(v))
		for i := range v {
			l[i] = ordered(v[i], order)
		}
		return l
	}
	return v
}

func alphabetically(o object) {
	slices.SortFunc(o, func(a, b member) int { return strings.Compare(a.name, b.name) })
}

func backwards(o object) { slices.Reverse(o) }

// compact returns the text of v as a service sends it.
func compact(v any) json.RawMessage { return appendValue(nil, v, false, 0) }

// indented returns the text of v as files have it: two spaces a level, and a
// newline at the end.
func indented(v any) json.RawMessage { return append(appendValue(nil, v, true, 0), '\n') }

func appendValue(dst []byte, v any, indent bool, depth int) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case string:
		// Go's quoting is JSON's as long as all characters can be printed.
		return strconv.AppendQuote(dst, v)
	case list:
		return appendItems(dst, '[', ']', len(v), indent, depth, func(dst []byte, i int) []byte {
			return appendValue(dst, v[i], indent, depth+1)
		})
	case object:
		return appendItems(dst, '{', '}', len(v), indent, depth, func(dst []byte, i int) []byte {
			dst = append(strconv.AppendQuote(dst, v[i].name), ':')
			if indent {
				dst = append(dst, ' ')
			}
			return appendValue(dst, v[i].value, indent, depth+1)
		})
	}
	panic("sample: a value that JSON does not have")
}

func appendItems(dst []byte, open, end byte, n int, indent bool, depth int, item func([]byte, int) []byte) []byte {
	dst = append(dst, open)
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if indent {
			dst = appendLine(dst, depth+1)
		}
		dst = item(dst, i)
	}
	if indent && n > 0 {
		dst = appendLine(dst, depth)
	}
	return append(dst, end)
}

func appendLine(dst []byte, depth int) []byte {
	dst = append(dst, '\n')
	for range depth {
		dst = append(dst, "  "...)
	}
	return dst
}
