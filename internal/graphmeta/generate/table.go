package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

// table writes what the endpoints can reach, in the form that
// [graphmeta.Decode] reads, and a summary.
func (m *model) table(wanted []endpoint) (table, summary string, err error) {
	types, enums, lacking, err := m.reach(wanted)
	if err != nil {
		return "", "", err
	}
	for _, edm := range graphmeta.EdmTypes {
		if types[edm] || enums[edm] {
			return "", "", fmt.Errorf("the type %s is called like one of OData", edm)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "graphmeta 1 %s\n#Facts of Microsoft's metadata. Made by internal/graphmeta/generate; do not edit. Licence: see LICENSE.md.\n", m.version)
	for _, p := range pinned {
		fmt.Fprintf(&b, "#%s\n", p)
	}
	for _, name := range m.usedRoots(wanted) {
		fmt.Fprintf(&b, "/%s %s\n", name, text(m.roots[name]))
	}
	var props, actions, written int
	for _, name := range slices.Sorted(maps.Keys(types)) {
		t := m.types[name]
		fmt.Fprintf(&b, "+%s %s %s\n", name, orDash(t.base), t.letters())
		for _, p := range slices.Sorted(maps.Keys(t.props)) {
			b.WriteString(t.props[p].line(p))
			props++
		}
		for _, a := range slices.Sorted(maps.Keys(t.actions)) {
			b.WriteString(t.actions[a].line(a))
			actions++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(enums)) {
		if enums[name] {
			b.WriteString(m.enums[name].line(name))
			written++
		}
	}
	summary = fmt.Sprintf("%s: %d types, %d properties, %d actions, %d enumerations, %d bytes; endpoints that it lacks: %s",
		m.version, len(types), props, actions, written, b.Len(), strings.Join(lacking, " "))
	return b.String(), summary, nil
}

// usedRoots returns the roots that endpoints begin with.
func (m *model) usedRoots(wanted []endpoint) []string {
	var roots []string
	for _, e := range wanted {
		if _, _, ok := m.endpoint(e.path); ok {
			roots = append(roots, strings.Split(e.path, "/")[1])
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

func orDash(name string) string {
	if name == "" {
		return "-"
	}
	return name
}

// text writes a value.
func text(v value) string {
	name := cmp.Or(strings.TrimPrefix(v.typ, "Edm."), "unknown")
	if v.collection {
		return "*" + name
	}
	return name
}

func nullable(a graphmeta.Answer) string {
	switch a {
	case graphmeta.Yes:
		return "?"
	case graphmeta.No:
		return ""
	}
	return "~"
}

func (t *typ) letters() string {
	letters := "c"
	if t.entity {
		letters = "e"
	}
	switch t.abstract {
	case graphmeta.Yes:
		letters += "a"
	case graphmeta.Probably:
		letters += "p"
	case graphmeta.Unknown:
		letters += "u"
	}
	switch t.open {
	case graphmeta.Yes:
		letters += "o"
	case graphmeta.Unknown:
		letters += "q"
	}
	return letters
}

// markLetters are the letters of the marks, from the lowest bit.
const markLetters = "crixoksd"

func (p *prop) line(name string) string {
	line := " " + name + " "
	if p.nav {
		line += ">"
	}
	line += text(p.value) + nullable(p.nullable)
	var letters string
	for i, letter := range markLetters {
		if p.marks&(1<<i) != 0 {
			letters += string(letter)
		}
	}
	for i, letter := range strings.ToUpper(markLetters) {
		if p.v1only&(1<<i) != 0 {
			letters += string(letter)
		}
	}
	if letters != "" {
		line += " " + letters
	}
	return line + "\n"
}

func (a *action) line(name string) string {
	line := "!" + name
	if a.v1 {
		line = "!" + line
	}
	for _, p := range a.params {
		line += " " + p.name + " " + text(p.value) + nullable(p.nullable)
	}
	return line + "\n"
}

func (e *enum) line(name string) string {
	flags := map[graphmeta.Answer]string{graphmeta.Yes: "y", graphmeta.No: "n"}[e.flags]
	if flags == "" {
		flags = "u"
	}
	return strings.Join(append([]string{"=" + name, flags}, e.members...), " ") + "\n"
}
