package odatajson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Object is a JSON object. Its members keep their text.
type Object map[string]json.RawMessage

// Parse returns a JSON object. Any other text is an error, and so is an object that
// has a name twice, at any depth.
func Parse(raw json.RawMessage) (Object, error) {
	var o Object
	if err := Decode(raw, &o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, fmt.Errorf("not a JSON object")
	}
	return o, nil
}

// Text returns a member that is a string, or "".
func (o Object) Text(name string) string {
	var s string
	if Decode(o[name], &s) != nil {
		return ""
	}
	return s
}

// JSON returns the object with its members in the order of their names.
func (o Object) JSON() json.RawMessage {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // members are JSON that was parsed
	}
	return raw
}

// Names returns the names of the members, sorted.
func (o Object) Names() []string { return slices.Sorted(maps.Keys(o)) }

// At returns the value at a path without "*", or nil.
func At(raw json.RawMessage, path string) json.RawMessage {
	for _, seg := range Segments(path) {
		o, err := Parse(raw)
		if err != nil {
			return nil
		}
		raw = o[seg]
	}
	return raw
}

// Without returns a value without the members at a path. The segment "*" stands for
// every member of an object or element of an array. Elements of arrays stay. A text
// that cannot be read is returned unchanged.
func Without(raw json.RawMessage, segs []string) json.RawMessage {
	if len(segs) == 0 || len(raw) == 0 {
		return raw
	}
	switch bytes.TrimSpace(raw)[0] {
	case '{':
		o, err := Parse(raw)
		if err != nil {
			return raw
		}
		for name := range o {
			if segs[0] != "*" && segs[0] != name {
				continue
			}
			if len(segs) == 1 {
				delete(o, name)
			} else {
				o[name] = Without(o[name], segs[1:])
			}
		}
		return o.JSON()
	case '[':
		var list []json.RawMessage
		if segs[0] != "*" || json.Unmarshal(raw, &list) != nil || len(segs) == 1 {
			return raw
		}
		for i := range list {
			list[i] = Without(list[i], segs[1:])
		}
		out, err := json.Marshal(list)
		if err != nil {
			return raw
		}
		return out
	}
	return raw
}

// WithoutTyped returns a value without the members at a path, and without the type
// that stands beside each of them.
func WithoutTyped(raw json.RawMessage, segs []string) json.RawMessage {
	raw = Without(raw, segs)
	if n := len(segs) - 1; n >= 0 && segs[n] != "*" && bytes.Contains(raw, []byte(TypeSuffix)) {
		raw = Without(raw, append(slices.Clone(segs[:n]), segs[n]+TypeSuffix))
	}
	return raw
}

// TypeSuffix ends the name of a member that has the type of the property beside it.
const TypeSuffix = "@odata.type"

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// Segments splits a JSON pointer (RFC 6901) and undoes its escapes. The pointer ""
// has no segments.
func Segments(path string) []string {
	if path == "" {
		return nil
	}
	segs := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range segs {
		segs[i] = unescapePointer.Replace(segs[i])
	}
	return segs
}
