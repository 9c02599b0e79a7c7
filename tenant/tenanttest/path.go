package tenanttest

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// place is where a value stands in a decoded JSON object.
type place struct {
	parent  any // map[string]any or []any
	name    string
	index   int
	pointer string
}

func (p place) value() any {
	switch parent := p.parent.(type) {
	case map[string]any:
		return parent[p.name]
	case []any:
		return parent[p.index]
	}
	return p.parent // the whole
}

func (p place) replace(v any) {
	switch parent := p.parent.(type) {
	case map[string]any:
		parent[p.name] = v
	case []any:
		parent[p.index] = v
	}
}

// walk visits every value at a path of [tenant.Kind]: "*" is every member or
// element. Members that are not there are not visited.
func walk(body map[string]any, path string, visit func(place)) {
	if path == "" {
		visit(place{parent: map[string]any{"": body}})
		return
	}
	walkBelow(body, "", strings.Split(path[1:], "/"), visit)
}

func walkBelow(v any, pointer string, segments []string, visit func(place)) {
	step := func(p place) {
		if len(segments) == 1 {
			visit(p)
			return
		}
		walkBelow(p.value(), p.pointer, segments[1:], visit)
	}
	name := unescapePointer.Replace(segments[0])
	switch v := v.(type) {
	case map[string]any:
		for member := range v {
			if segments[0] == "*" || member == name {
				step(place{parent: v, name: member, pointer: pointer + "/" + escapePointer.Replace(member)})
			}
		}
	case []any:
		for i := range v {
			if at := strconv.Itoa(i); segments[0] == "*" || name == at {
				step(place{parent: v, index: i, pointer: pointer + "/" + at})
			}
		}
	}
}

var (
	escapePointer   = strings.NewReplacer("~", "~0", "/", "~1")
	unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")
)

func lastSegment(path string) string {
	return unescapePointer.Replace(path[strings.LastIndexByte(path, '/')+1:])
}

// lookup returns the value at a path without "*", or nil.
func lookup(body map[string]any, path string) any {
	var found any
	walk(body, path, func(p place) { found = p.value() })
	return found
}

// matches reports whether the object has the strings of a match.
func matches(body map[string]any, m tenant.Match) bool {
	for path, want := range m {
		if got, ok := lookup(body, path).(string); !ok || got != want {
			return false
		}
	}
	return len(m) > 0
}

// meets reports whether the object meets a condition.
func meets(body map[string]any, c tenant.Condition) bool {
	if c.Path == "" && c.Prefix == "" && len(c.Equals) == 0 {
		return true
	}
	got := lookup(body, c.Path)
	if c.Prefix != "" {
		s, ok := got.(string)
		return ok && strings.HasPrefix(s, c.Prefix)
	}
	var want any
	if len(c.Equals) > 0 {
		dec := json.NewDecoder(strings.NewReader(string(c.Equals)))
		dec.UseNumber()
		if dec.Decode(&want) != nil {
			return false
		}
	}
	return reflect.DeepEqual(got, want)
}
