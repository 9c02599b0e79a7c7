package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// object is a JSON object whose members stay as they are written.
type object map[string]json.RawMessage

func parseObject(raw json.RawMessage) (object, error) {
	var o object
	if err := decode(raw, &o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, fmt.Errorf("not a JSON object")
	}
	return o, nil
}

// text returns a member that is a string, else "".
func (o object) text(name string) string {
	var s string
	if decode(o[name], &s) != nil {
		return ""
	}
	return s
}

func (o object) json() json.RawMessage {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // members are JSON that was parsed
	}
	return raw
}

// at returns the value at a path without "*", or nil.
func at(raw json.RawMessage, path string) json.RawMessage {
	for _, seg := range segments(path) {
		o, err := parseObject(raw)
		if err != nil {
			return nil
		}
		raw = o[seg]
	}
	return raw
}

// without returns the object without the value at a path: its segments may be
// "*", and objects and arrays on the way are walked through.
func without(raw json.RawMessage, segs []string) json.RawMessage {
	if len(segs) == 0 || len(raw) == 0 {
		return raw
	}
	switch bytes.TrimSpace(raw)[0] {
	case '{':
		o, err := parseObject(raw)
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
				o[name] = without(o[name], segs[1:])
			}
		}
		return o.json()
	case '[':
		var list []json.RawMessage
		if segs[0] != "*" || json.Unmarshal(raw, &list) != nil || len(segs) == 1 {
			return raw
		}
		for i := range list {
			list[i] = without(list[i], segs[1:])
		}
		out, err := json.Marshal(list)
		if err != nil {
			return raw
		}
		return out
	}
	return raw
}

// withoutTyped returns the object without the value at a path, and without the
// type beside it, which has nothing to say then.
func withoutTyped(raw json.RawMessage, segs []string) json.RawMessage {
	raw = without(raw, segs)
	if n := len(segs) - 1; n >= 0 && segs[n] != "*" && bytes.Contains(raw, []byte(typeSuffix)) {
		raw = without(raw, append(slices.Clone(segs[:n]), segs[n]+typeSuffix))
	}
	return raw
}

// typeSuffix ends the name of the member that tells the type of the property
// beside it.
const typeSuffix = "@odata.type"

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// segments splits a JSON pointer (RFC 6901).
func segments(path string) []string {
	if path == "" {
		return nil
	}
	segs := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range segs {
		segs[i] = unescapePointer.Replace(segs[i])
	}
	return segs
}

// matches reports whether an object has these strings at these pointers.
func matches(body json.RawMessage, m tenant.Match) bool {
	for path, want := range m {
		var got string
		if json.Unmarshal(at(body, path), &got) != nil || got != want {
			return false
		}
	}
	return true
}

// meets reports whether a condition holds of an object.
func meets(body json.RawMessage, c tenant.Condition) bool {
	value := at(body, c.Path)
	if c.Prefix != "" {
		var s string
		return json.Unmarshal(value, &s) == nil && strings.HasPrefix(s, c.Prefix)
	}
	if c.Path == "" && len(c.Equals) == 0 {
		return true
	}
	return sameValue(value, c.Equals)
}

// sameValue compares two JSON values; absent is null.
func sameValue(a, b json.RawMessage) bool {
	return bytes.Equal(compact(a), compact(b))
}

func compact(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return []byte("null")
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return raw
	}
	out, err := json.Marshal(v) // members sorted
	if err != nil {
		return raw
	}
	return out
}

// resource makes a resource of a body that the service returned.
func (e *Entry) resource(body json.RawMessage) (tenant.Resource, error) {
	o, err := parseObject(body)
	if err != nil {
		return tenant.Resource{}, err
	}
	for name := range o {
		if strings.HasPrefix(name, "@odata.") && name != "@odata.type" {
			delete(o, name) // of the answer, not of the object
		}
	}
	return tenant.Resource{Kind: e.Name, ID: o.text(e.idProperty()), Body: o.json()}, nil
}

// checkID says that an answer has another object than the one that was asked
// for by its id.
func (e *Entry) checkID(res tenant.Resource, id string) error {
	if e.Singleton || strings.EqualFold(res.ID, id) {
		return nil
	}
	return fmt.Errorf("the object has the %s %.100q", e.idProperty(), res.ID)
}

func (e *Entry) idProperty() string {
	if e.ID != "" {
		return e.ID
	}
	return "id"
}

// skipped reports whether an item of the list is left out.
func (e *Entry) skipped(body json.RawMessage) bool {
	return slices.ContainsFunc(e.List.Skip, func(c tenant.Condition) bool { return meets(body, c) })
}
