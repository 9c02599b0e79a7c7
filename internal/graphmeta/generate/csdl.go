package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

// csdl is a CSDL document, https://docs.oasis-open.org/odata/odata-csdl-xml/v4.01/.
type csdl struct {
	Schemas []struct {
		Namespace   string       `xml:",attr"`
		Enums       []csdlEnum   `xml:"EnumType"`
		Entities    []csdlType   `xml:"EntityType"`
		Complexes   []csdlType   `xml:"ComplexType"`
		Actions     []csdlAction `xml:"Action"`
		Annotations []struct {
			Target string       `xml:",attr"`
			Each   []annotation `xml:"Annotation"`
		} `xml:"Annotations"`
		Sets []struct {
			Name string `xml:",attr"`
			Type string `xml:"EntityType,attr"`
		} `xml:"EntityContainer>EntitySet"`
		Singletons []struct {
			Name string `xml:",attr"`
			Type string `xml:",attr"`
		} `xml:"EntityContainer>Singleton"`
	} `xml:"DataServices>Schema"`
}

type csdlEnum struct {
	Name    string `xml:",attr"`
	IsFlags bool   `xml:",attr"`
	Members []struct {
		Name string `xml:",attr"`
	} `xml:"Member"`
}

type csdlType struct {
	Name     string `xml:",attr"`
	BaseType string `xml:",attr"`
	Abstract bool   `xml:",attr"`
	OpenType bool   `xml:",attr"`
	Key      []struct {
		Name string `xml:",attr"`
	} `xml:"Key>PropertyRef"`
	Props []csdlProp `xml:"Property"`
	Navs  []csdlProp `xml:"NavigationProperty"`
}

type csdlProp struct {
	Name           string       `xml:",attr"`
	Type           string       `xml:",attr"`
	Nullable       string       `xml:",attr"`
	ContainsTarget bool         `xml:",attr"`
	Annotations    []annotation `xml:"Annotation"`
}

type csdlAction struct {
	Name    string     `xml:",attr"`
	IsBound bool       `xml:",attr"`
	Params  []csdlProp `xml:"Parameter"`
}

type annotation struct {
	Term       string   `xml:",attr"`
	Bool       string   `xml:",attr"`
	String     string   `xml:",attr"`
	EnumMember string   `xml:",attr"`
	Members    []string `xml:"EnumMember"`
}

// mark returns the mark that an annotation puts on a property.
func (a annotation) mark() graphmeta.Marks {
	term := a.Term[strings.LastIndexByte(a.Term, '.')+1:]
	yes := a.Bool == "" || a.Bool == "true"
	switch {
	case term == "Computed" && yes:
		return graphmeta.Computed
	case term == "Immutable" && yes:
		return graphmeta.Immutable
	case term == "AutoExpand" && yes:
		return graphmeta.AutoExpand
	case term == "Permissions":
		if text := strings.TrimSpace(strings.Join(a.Members, " ") + a.EnumMember); strings.HasSuffix(text, "Permission/Read") {
			return graphmeta.ReadPermission
		}
	case term == "Description", term == "LongDescription":
		if saysReadOnly(a.String) {
			return graphmeta.SaidReadOnly
		}
	}
	return 0
}

// readOnlySaid matches a description that calls its property read-only as a
// whole: some descriptions call one of several values so.
var readOnlySaid = regexp.MustCompile(`(?i)(^|[.;] )(This (property|value) is |It is |Property is )?read[- ]only\b`)

func saysReadOnly(description string) bool { return readOnlySaid.MatchString(description) }

// readCSDL reads a CSDL document.
func readCSDL(path, version string) (*model, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc csdl
	if err := xml.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m := newModel(version)
	for _, s := range doc.Schemas {
		full := func(name string) string { return short(s.Namespace + "." + name) }
		for _, e := range s.Enums {
			x := &enum{flags: answer(e.IsFlags)}
			for _, member := range e.Members {
				x.members = append(x.members, member.Name)
			}
			m.enums[full(e.Name)] = x
		}
		for _, t := range s.Entities {
			m.types[full(t.Name)] = t.model(true)
		}
		for _, t := range s.Complexes {
			m.types[full(t.Name)] = t.model(false)
		}
		for _, set := range s.Sets {
			m.roots[set.Name] = value{short(set.Type), true}
		}
		for _, single := range s.Singletons {
			m.roots[single.Name] = value{short(single.Type), false}
		}
	}
	for _, s := range doc.Schemas { // what refers to types
		for _, a := range s.Actions {
			m.addAction(a)
		}
		for _, notes := range s.Annotations {
			name, prop, _ := strings.Cut(short(notes.Target), "/")
			if t := m.types[name]; t != nil && t.props[prop] != nil {
				for _, a := range notes.Each {
					t.props[prop].marks |= a.mark()
				}
			}
		}
	}
	return m, nil
}

func (c csdlType) model(entity bool) *typ {
	t := newType(entity, short(c.BaseType))
	t.abstract, t.open = answer(c.Abstract), answer(c.OpenType)
	add := func(p csdlProp, nav bool) {
		own := &prop{value: valueOf(p.Type), nullable: answer(p.Nullable != "false"), nav: nav}
		if p.ContainsTarget {
			own.marks |= graphmeta.Contained
		}
		for _, a := range p.Annotations {
			own.marks |= a.mark()
		}
		t.props[p.Name] = own
	}
	for _, p := range c.Props {
		add(p, false)
	}
	for _, p := range c.Navs {
		add(p, true)
	}
	for _, k := range c.Key {
		if p := t.props[k.Name]; p != nil {
			p.marks |= graphmeta.Key
		}
	}
	return t
}

// addAction adds an action to the type that its first parameter binds it to.
// Where a type has several of one name, the one with the most parameters counts.
func (m *model) addAction(a csdlAction) {
	if !a.IsBound || len(a.Params) == 0 {
		return
	}
	t := m.types[valueOf(a.Params[0].Type).typ]
	if t == nil || valueOf(a.Params[0].Type).collection {
		return
	}
	x := &action{}
	for _, p := range a.Params[1:] {
		x.params = append(x.params, param{p.Name, valueOf(p.Type), answer(p.Nullable != "false")})
	}
	if old := t.actions[a.Name]; old == nil || len(old.params) < len(x.params) {
		t.actions[a.Name] = x
	}
}

func answer(yes bool) graphmeta.Answer {
	if yes {
		return graphmeta.Yes
	}
	return graphmeta.No
}
