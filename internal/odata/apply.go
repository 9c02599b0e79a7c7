package odata

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Names are the properties that the options name, as they are written.
func (o *Options) Names() []string {
	names := slices.Clone(o.Select)
	if o.Filter != nil {
		names = append(names, o.Filter.Paths...)
	}
	if o.Search != nil {
		names = append(names, o.Search.Paths...)
	}
	for _, order := range o.OrderBy {
		names = append(names, order.path.String())
	}
	return names
}

// Keep reports whether an object belongs to the answer.
func (o *Options) Keep(object map[string]any) (bool, error) {
	if o.Search != nil && !o.Search.Match(object) {
		return false, nil
	}
	if o.Filter == nil {
		return true, nil
	}
	return o.Filter.Match(object)
}

// Sort sorts objects by $orderby. Equal objects keep their order. Null comes before
// all values, as OData has it.
func (o *Options) Sort(objects []map[string]any) error {
	var failed error
	slices.SortStableFunc(objects, func(a, b map[string]any) int {
		for _, order := range o.OrderBy {
			x, errX := scope{object: a}.value(order.path)
			y, errY := scope{object: b}.value(order.path)
			failed = cmp.Or(failed, errX, errY)
			n := compareValues(x, y)
			if order.Desc {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
	return failed
}

func compareValues(a, b any) int {
	rank := func(v any) int {
		switch v.(type) {
		case nil:
			return 0
		case bool:
			return 1
		case json.Number:
			return 2
		case string:
			return 3
		}
		return 4
	}
	if n := cmp.Compare(rank(a), rank(b)); n != 0 {
		return n
	}
	switch a := a.(type) {
	case bool:
		return cmp.Compare(strconv.FormatBool(a), strconv.FormatBool(b.(bool)))
	case json.Number:
		return compareNumbers(a.String(), b.(json.Number).String())
	case string:
		return cmp.Compare(strings.ToLower(a), strings.ToLower(b.(string)))
	}
	return 0
}

// Shown returns the selected properties of an object, and null for those that the
// object lacks. Annotations stay: a collection of several types shows "@odata.type".
func Shown(object map[string]any, selected []string) map[string]any {
	if len(selected) == 0 || slices.Contains(selected, "*") {
		return object
	}
	out := map[string]any{}
	for name, v := range object {
		if strings.Contains(name, "@odata.") {
			out[name] = v
		}
	}
	for _, name := range selected {
		own := spelled(object, name)
		out[own] = object[own]
	}
	return out
}
