package main

import (
	"os"
	"regexp"
	"strings"
)

// named is a name of the typings or the SDK: a namespace as they write it, and
// a type.
type named struct{ space, name string }

// typings are the types of an npm package of typings.
type typings struct {
	types map[named]*typedType
	// orders are the members of enumerations, in the order of the file.
	orders map[named][]string
}

type typedType struct {
	base  string // as the file writes it, in the type's own namespace
	props map[string]typedProp
}

type typedProp struct {
	typ                                string // as the file writes it
	collection, nullable, saidReadOnly bool
}

var (
	typeAlias     = regexp.MustCompile(`^export type (\w+) =`)
	namespaceHead = regexp.MustCompile(`^export namespace ([\w.]+) \{`)
	interfaceHead = regexp.MustCompile(`^export interface (\w+)(?: extends ([\w.]+))? \{(\})?`)
	typedLine     = regexp.MustCompile(`^['"]?([\w@.]+)['"]?\??: (.*);$`)
	quoted        = regexp.MustCompile(`"([^"]*)"`)
	nullableType  = regexp.MustCompile(`^NullableOption<(.*)>$`)
	commentMarks  = regexp.MustCompile(`^(//|/\*\*?|\*/|\*)\s?`)
)

// readTypings reads the file microsoft-graph.d.ts of typings.
func readTypings(path string) (*typings, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := &typings{types: map[named]*typedType{}, orders: map[named][]string{}}
	var space, alias, comment string
	var current *typedType
	for line := range strings.Lines(string(raw)) {
		s := strings.TrimSpace(line)
		if alias != "" || typeAlias.MatchString(s) { // it can go on over several lines
			if alias += " " + s; strings.HasSuffix(s, ";") {
				name := typeAlias.FindStringSubmatch(strings.TrimSpace(alias))[1]
				for _, m := range quoted.FindAllStringSubmatch(alias, -1) {
					t.orders[named{space, name}] = append(t.orders[named{space, name}], m[1])
				}
				alias = ""
			}
			continue
		}
		if m := namespaceHead.FindStringSubmatch(s); m != nil {
			space, current = m[1], nil
			continue
		}
		if m := interfaceHead.FindStringSubmatch(s); m != nil {
			current = &typedType{base: m[2], props: map[string]typedProp{}}
			t.types[named{space, m[1]}] = current
			if comment = ""; m[3] != "" {
				current = nil
			}
			continue
		}
		switch {
		case current == nil:
		case strings.HasPrefix(s, "//"), strings.HasPrefix(s, "/*"), strings.HasPrefix(s, "*"):
			comment += strings.TrimSuffix(commentMarks.ReplaceAllString(s, ""), "*/") + " "
		case s == "}":
			current = nil
		default:
			if m := typedLine.FindStringSubmatch(s); m != nil {
				p := typeOf(m[2])
				p.saidReadOnly = saysReadOnly(strings.TrimSpace(comment))
				current.props[m[1]], comment = p, ""
			}
		}
	}
	return t, nil
}

// typeOf reads the type of a property.
func typeOf(text string) typedProp {
	var p typedProp
	if m := nullableType.FindStringSubmatch(text); m != nil {
		text, p.nullable = m[1], true
	}
	if element, ok := strings.CutSuffix(text, "[]"); ok {
		text, p.collection = strings.Trim(element, "()"), true
		if m := nullableType.FindStringSubmatch(text); m != nil {
			text = m[1]
		}
	}
	p.typ = text
	return p
}
