package odata

import (
	"regexp"
	"strings"
	"time"
)

// tokenKind is the kind of a token.
type tokenKind string

const (
	endToken     tokenKind = "the end"
	nameToken    tokenKind = "a name"
	markToken    tokenKind = "a mark" // ( ) , : /
	literalToken tokenKind = "a literal"
)

// token is a piece of a filter.
type token struct {
	kind  tokenKind
	text  string // of a name or a mark
	value literal
	at    int
	// joined: no blank is between this token and the one before it.
	joined bool
}

// literalType is the type of a literal, as messages name it.
type literalType string

const (
	nullType     literalType = "null"
	stringType   literalType = "Edm.String"
	numberType   literalType = "Edm.Int32"
	boolType     literalType = "Edm.Boolean"
	guidType     literalType = "Edm.Guid"
	timeType     literalType = "Edm.DateTimeOffset"
	durationType literalType = "Edm.Duration"
	enumType     literalType = "an enumeration"
)

// literal is a value that stands in a filter.
type literal struct {
	typ  literalType
	text string
	time time.Time
}

// bare are the literals without quotes. filter-query-parameter: "GUID and
// DateTimeOffset values aren't enclosed in quotes in $filter expressions."
var bare = []struct {
	typ literalType
	is  *regexp.Regexp
}{
	{guidType, regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)},
	{timeType, regexp.MustCompile(`^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|z|[+-]\d\d:\d\d))?`)},
	{numberType, regexp.MustCompile(`^-?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?`)},
}

var (
	isName = regexp.MustCompile(`^[\p{L}_$][\p{L}\p{N}_.$]*`)
	isGUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
)

// tokens splits a filter. It ends with a token of the kind endToken.
func tokens(text string) ([]token, error) {
	var all []token
	for at := 0; ; {
		rest := strings.TrimLeft(text[at:], " \t")
		joined := len(rest) == len(text)-at
		at = len(text) - len(rest)
		if rest == "" {
			return append(all, token{kind: endToken, at: at}), nil
		}
		t, n, err := next(rest)
		if err != nil {
			return nil, err
		}
		t.at, t.joined = at, joined && at > 0
		all = append(all, t)
		at += n
	}
}

// next reads the token at the beginning of a text, and returns how long it is.
func next(text string) (token, int, error) {
	if strings.IndexByte("(),:/", text[0]) >= 0 {
		return token{kind: markToken, text: text[:1]}, 1, nil
	}
	if text[0] == '\'' {
		s, n, err := quoted(text)
		return token{kind: literalToken, value: literal{typ: stringType, text: s}}, n, err
	}
	for _, b := range bare {
		s := b.is.FindString(text)
		if s == "" || len(s) < len(text) && strings.IndexByte(" \t),", text[len(s)]) < 0 {
			continue
		}
		value := literal{typ: b.typ, text: s}
		if b.typ == timeType {
			var ok bool
			if value.time, ok = parseTime(s); !ok {
				return token{}, 0, badRequest("Invalid filter clause: '%s' is no date.", s)
			}
		}
		return token{kind: literalToken, value: value}, len(s), nil
	}
	name := isName.FindString(text)
	if name == "" {
		return token{}, 0, badRequest("Syntax error: character '%c' is not valid at position 0 in '%s'.", []rune(text)[0], text)
	}
	if strings.HasPrefix(text[len(name):], "'") { // duration'P1D', microsoft.graph.x'member'
		s, n, err := quoted(text[len(name):])
		typ := enumType
		if name == "duration" {
			typ = durationType
		}
		return token{kind: literalToken, value: literal{typ: typ, text: s}}, len(name) + n, err
	}
	switch strings.ToLower(name) {
	case "true", "false":
		return token{kind: literalToken, value: literal{typ: boolType, text: strings.ToLower(name)}}, len(name), nil
	case "null":
		return token{kind: literalToken, value: literal{typ: nullType}}, len(name), nil
	}
	return token{kind: nameToken, text: name}, len(name), nil
}

// quoted reads a text in quotes. query-parameters, "Escaping single quotes": a
// quote within it is doubled.
func quoted(text string) (value string, n int, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '\'':
			b.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == '\'':
			b.WriteByte('\'')
			i++
		default:
			return b.String(), i + 1, nil
		}
	}
	return "", 0, badRequest("There is an unterminated string literal at position %d in '%s'.", len(text), text)
}

// parseTime reads a date, or a date with a time.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, strings.ToUpper(text)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
