package odata

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// truth is true, false or null. filter-query-parameter: an object for which the
// filter is false or null is left out.
type truth string

const (
	yes     truth = "true"
	no      truth = "false"
	unknown truth = "null"
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// expression is a part of a filter.
type expression interface {
	eval(scope) (truth, error)
}

// Match reports whether an object, decoded with json.Number, meets the filter. The
// error is an [*Error]: the filter compares a value with one of another type.
func (f *Filter) Match(object map[string]any) (bool, error) {
	t, err := f.root.eval(scope{object: object})
	return t == yes, err
}

// junction joins expressions by "and" or "or".
type junction struct {
	all []expression
	or  bool
}

func (j junction) eval(s scope) (truth, error) {
	decides, out := no, yes
	if j.or {
		decides, out = yes, no
	}
	for _, e := range j.all {
		t, err := e.eval(s)
		if err != nil || t == decides {
			return t, err
		}
		if t == unknown {
			out = unknown
		}
	}
	return out, nil
}

type negation struct{ of expression }

func (n negation) eval(s scope) (truth, error) {
	t, err := n.of.eval(s)
	switch t {
	case yes:
		t = no
	case no:
		t = yes
	}
	return t, err
}

// anyOf is "collection/any(variable:each)", or "collection/any()".
type anyOf struct {
	of       path
	variable string
	each     expression
}

func (a anyOf) eval(s scope) (truth, error) {
	list, err := s.list(a.of)
	if err != nil || a.each == nil {
		return truthOf(len(list) > 0), err
	}
	below := scope{object: s.object, variables: map[string]any{}}
	for name, v := range s.variables {
		below.variables[name] = v
	}
	for _, element := range list {
		below.variables[a.variable] = element
		if t, err := a.each.eval(below); err != nil || t == yes {
			return t, err
		}
	}
	return no, nil
}

// list returns the collection at a path; absent and null are empty.
func (s scope) list(p path) ([]any, error) {
	v, err := s.value(p)
	if err != nil || v == nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, badRequest("Any/All may only be used following a collection: '%s' is none.", p)
	}
	return list, nil
}

// countIs is "collection/$count eq n".
type countIs struct {
	of      path
	n       int
	negated bool
}

func (c countIs) eval(s scope) (truth, error) {
	list, err := s.list(c.of)
	if err != nil {
		return no, err
	}
	return truthOf((len(list) == c.n) != c.negated), nil
}

// call is a function of a text.
type call struct {
	of   path
	name string
	text string
}

func (c call) eval(s scope) (truth, error) {
	v, err := s.value(c.of)
	if err != nil || v == nil {
		return unknown, err
	}
	text, ok := v.(string)
	if !ok {
		return no, badRequest("No function signature for the function with name '%s' matches the specified arguments.", c.name)
	}
	text, part := strings.ToLower(text), strings.ToLower(c.text)
	switch c.name {
	case "startswith":
		return truthOf(strings.HasPrefix(text, part)), nil
	case "endswith":
		return truthOf(strings.HasSuffix(text, part)), nil
	}
	return truthOf(strings.Contains(text, part)), nil
}

// comparison is a property and a literal.
type comparison struct {
	path     path
	operator string
	value    literal
	closed   bool // in parentheses
}

func (c comparison) eval(s scope) (truth, error) {
	v, err := s.value(c.path)
	if err != nil {
		return no, err
	}
	if v == nil || c.value.typ == nullType {
		same := v == nil && c.value.typ == nullType
		switch c.operator {
		case "eq":
			return truthOf(same), nil
		case "ne":
			return truthOf(!same), nil
		}
		return no, nil
	}
	if c.operator == "has" {
		return c.has(v)
	}
	order, err := c.compare(v)
	if err != nil {
		return no, err
	}
	switch c.operator {
	case "eq":
		return truthOf(order == 0), nil
	case "ne":
		return truthOf(order != 0), nil
	case "gt":
		return truthOf(order > 0), nil
	case "ge":
		return truthOf(order >= 0), nil
	case "lt":
		return truthOf(order < 0), nil
	}
	return truthOf(order <= 0), nil
}

// compare orders a value and the literal. It ignores the case of texts. It refuses
// values of two types, as far as the value tells its type.
func (c comparison) compare(v any) (int, error) {
	switch v := v.(type) {
	case string:
		return c.compareText(v)
	case bool:
		if c.value.typ == boolType {
			return cmp.Compare(strconv.FormatBool(v), c.value.text), nil
		}
		return 0, c.mismatch(boolType)
	case json.Number:
		if c.value.typ == numberType {
			return compareNumbers(v.String(), c.value.text), nil
		}
		return 0, c.mismatch(numberType)
	}
	return 0, badRequest("The property '%s' is no single value.", c.path)
}

func (c comparison) compareText(v string) (int, error) {
	switch c.value.typ {
	case stringType:
		// filter-query-parameter: a DateTimeOffset is not in quotes.
		if _, ok := parseTime(v); ok && strings.HasSuffix(c.path.last(), "DateTime") {
			return 0, c.mismatch(timeType)
		}
		return cmp.Compare(strings.ToLower(v), strings.ToLower(c.value.text)), nil
	case enumType, durationType:
		return cmp.Compare(strings.ToLower(v), strings.ToLower(c.value.text)), nil
	case guidType:
		if isGUID.MatchString(v) {
			return cmp.Compare(strings.ToLower(v), strings.ToLower(c.value.text)), nil
		}
	case timeType:
		if t, ok := parseTime(v); ok {
			return t.Compare(c.value.time), nil
		}
	}
	return 0, c.mismatch(stringType)
}

func (c comparison) mismatch(has literalType) error {
	return badRequest("A binary operator with incompatible types was detected. Found operand types '%s' and '%s' for operator kind '%s'.", has, c.value.typ, c.operator)
}

// has reports whether flags include all flags of the literal.
func (c comparison) has(v any) (truth, error) {
	text, ok := v.(string)
	if !ok || c.value.typ != stringType && c.value.typ != enumType {
		return no, badRequest("The operator 'has' needs an enumeration, and '%s' is none.", c.path)
	}
	flags := strings.Split(strings.ToLower(strings.ReplaceAll(text, " ", "")), ",")
	for want := range strings.SplitSeq(strings.ToLower(strings.ReplaceAll(c.value.text, " ", "")), ",") {
		if !slices.Contains(flags, want) {
			return no, nil
		}
	}
	return yes, nil
}

func compareNumbers(a, b string) int {
	if i, err := strconv.ParseInt(a, 10, 64); err == nil {
		if j, err := strconv.ParseInt(b, 10, 64); err == nil {
			return cmp.Compare(i, j)
		}
	}
	x, _ := strconv.ParseFloat(a, 64) // a number of JSON
	y, _ := strconv.ParseFloat(b, 64) // one that the tokens let through
	return cmp.Compare(x, y)
}
