package odata

import (
	"slices"
	"strings"
	"unicode"
)

// Search is a parsed $search of directory objects. See search-query-parameter,
// "Using $search on directory object collections".
type Search struct {
	root searched
	// Paths are the properties that the search names.
	Paths []string
}

// searched is a clause, or several that a word joins.
type searched struct {
	property, text string
	all            []searched
	or             bool
}

// ParseSearch reads a search: clauses "property:text" in double quotes, joined by
// AND and OR in capitals, with parentheses. The error is an [*Error].
func ParseSearch(text string) (*Search, error) {
	p := &searchParser{rest: text, search: new(Search)}
	var err error
	if p.search.root, err = p.or(0); err != nil {
		return nil, err
	}
	if p.blank(); p.rest != "" {
		return nil, p.invalid()
	}
	return p.search, nil
}

type searchParser struct {
	rest   string
	search *Search
}

func (p *searchParser) blank() { p.rest = strings.TrimLeft(p.rest, " ") }

func (p *searchParser) invalid() error {
	return &Error{Code: DirectoryRequest, Message: `Unrecognized query argument specified in $search at "` + p.rest + `": the form is "property:text", joined by AND or OR.`}
}

func (p *searchParser) cut(prefix string) (ok bool) {
	p.blank()
	p.rest, ok = strings.CutPrefix(p.rest, prefix)
	return ok
}

func (p *searchParser) or(depth int) (searched, error) { return p.series("OR", depth, p.and) }

func (p *searchParser) and(depth int) (searched, error) { return p.series("AND", depth, p.clause) }

func (p *searchParser) series(word string, depth int, each func(int) (searched, error)) (searched, error) {
	first, err := each(depth)
	out := searched{all: []searched{first}, or: word == "OR"}
	for err == nil && p.cut(word+" ") {
		var one searched
		one, err = each(depth)
		out.all = append(out.all, one)
	}
	return out, err
}

func (p *searchParser) clause(depth int) (searched, error) {
	if depth >= maxDepth {
		return searched{}, p.invalid()
	}
	if p.cut("(") {
		one, err := p.or(depth + 1)
		if err == nil && !p.cut(")") {
			err = p.invalid()
		}
		return one, err
	}
	if !p.cut(`"`) {
		return searched{}, p.invalid()
	}
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '\\' && i+1 < len(p.rest) && strings.IndexByte(`"\`, p.rest[i+1]) >= 0:
			i++
			b.WriteByte(p.rest[i])
		case c != '"':
			b.WriteByte(c)
		default:
			property, text, ok := strings.Cut(b.String(), ":")
			if !ok || isName.FindString(property) != property || property == "" || text == "" {
				return searched{}, p.invalid()
			}
			p.rest = p.rest[i+1:]
			p.search.Paths = append(p.search.Paths, property)
			return searched{property: property, text: text}, nil
		}
	}
	return searched{}, p.invalid()
}

// Match reports whether an object is found.
func (s *Search) Match(object map[string]any) bool { return s.root.match(object) }

func (s searched) match(o map[string]any) bool {
	switch {
	case s.property != "":
		text, _ := member(o, s.property).(string)
		return finds(s.property, text, s.text)
	case s.or:
		return slices.ContainsFunc(s.all, func(one searched) bool { return one.match(o) })
	}
	return !slices.ContainsFunc(s.all, func(one searched) bool { return !one.match(o) })
}

// finds reports whether a text has all words of a search, in any order. A search
// finds a word by its beginning: the page has the example "displayName:Guthr". Other
// properties than displayName and description are compared by "startswith".
func finds(property, text, want string) bool {
	if !strings.EqualFold(property, "displayName") && !strings.EqualFold(property, "description") {
		return strings.HasPrefix(strings.ToLower(text), strings.ToLower(want))
	}
	has := words(text)
	return !slices.ContainsFunc(split(want), func(w string) bool {
		return !slices.ContainsFunc(has, func(h string) bool { return strings.HasPrefix(h, w) })
	})
}

// words returns the words of a text. Words that only symbols separate are also one
// word: "hello.world" has hello, ".", world and helloworld.
func words(text string) []string {
	out := split(text)
	for field := range strings.FieldsSeq(text) {
		joined := strings.Map(func(r rune) rune {
			if class(r) == symbol {
				return -1
			}
			return unicode.ToLower(r)
		}, field)
		if joined != "" {
			out = append(out, joined)
		}
	}
	return out
}

type charClass string

const (
	blank  charClass = "blank"
	letter charClass = "letter"
	digit  charClass = "digit"
	symbol charClass = "symbol"
)

func class(r rune) charClass {
	switch {
	case unicode.IsSpace(r):
		return blank
	case unicode.IsLetter(r):
		return letter
	case unicode.IsDigit(r):
		return digit
	}
	return symbol
}

// split splits a text at blanks, between letters, digits and symbols, and between a
// lower-case and an upper-case letter.
func split(text string) []string {
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
		}
		word = word[:0]
	}
	for _, r := range text {
		c := class(r)
		if n := len(word); n > 0 && (class(word[n-1]) != c || unicode.IsLower(word[n-1]) && unicode.IsUpper(r)) {
			end()
		}
		if c != blank {
			word = append(word, r)
		}
	}
	end()
	return out
}
