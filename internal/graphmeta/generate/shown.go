package main

import (
	_ "embed" // what the documentation shows
	"fmt"
	"maps"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

//go:embed shown.tsv
var shownTable string

// addShown adds to v1.0 what its documentation shows in answers, although v1.0
// does not declare it: the lines of a table. The declarations are beta's.
func (m *model) addShown(beta *model, table string) error {
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 3 {
			return fmt.Errorf("shown.tsv: %q", line)
		}
		name, property := f[0], f[1]
		here, there := m.types[name], beta.types[name]
		if there == nil || (here == nil) != (property == "-") {
			return fmt.Errorf("shown.tsv: the type %s is not declared so", name)
		}
		if property == "-" {
			m.copyType(beta, name)
			continue
		}
		p := there.props[property]
		if p == nil || here.props[property] != nil {
			return fmt.Errorf("shown.tsv: %s/%s is not declared by beta alone", name, property)
		}
		shown := *p
		shown.marks |= graphmeta.Shown
		shown.v1only = 0
		here.props[property] = &shown
		m.copyType(beta, p.typ)
	}
	return nil
}

// copyType copies a type of beta, and the types of its values, where m lacks
// them.
func (m *model) copyType(beta *model, name string) {
	if e := beta.enums[name]; e != nil && m.enums[name] == nil {
		m.enums[name] = e
	}
	from := beta.types[name]
	if from == nil || m.types[name] != nil {
		return
	}
	t := *from
	t.props = maps.Clone(from.props)
	m.types[name], m.children = &t, nil
	for property, p := range t.props {
		shown := *p
		shown.marks |= graphmeta.Shown
		shown.v1only = 0
		t.props[property] = &shown
		if !p.nav {
			m.copyType(beta, p.typ)
		}
	}
	m.copyType(beta, t.base)
	for _, below := range beta.derived(name) {
		if !t.entity {
			m.copyType(beta, below)
		}
	}
}
