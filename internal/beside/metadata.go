package beside

import (
	"slices"
	"strings"
	"testing"
)

// Metadata is the part of Microsoft's $metadata of one version of Graph that
// the catalogue's tests look at. Names are without "microsoft.graph.".
type Metadata struct {
	// Kinds are the entity types of kinds.
	Kinds map[string]string
	// bases and derived have the base and the derived types of a type.
	bases   map[string]string
	derived map[string][]string
	// properties are the properties that a type itself declares.
	properties map[string]map[string]Property
	// Flags reports, for each enumeration, whether a text can have several
	// members.
	Flags map[string]bool
	// looked, if not nil, receives each declaration that is found.
	looked func(typ, name string)
}

// Property is a property of a type.
type Property struct {
	// Type is the type of the value, without "Collection()".
	Type string
	// Nullable: the property may be null.
	Nullable bool
}

// ReadMetadata reads the table of a version, "v1.0" or "beta".
func ReadMetadata(tb testing.TB, version string) *Metadata {
	tb.Helper()
	return metadataOf(string(read(tb, "metadata-"+version+".tsv")))
}

func metadataOf(table string) *Metadata {
	m := &Metadata{Kinds: map[string]string{}, bases: map[string]string{}, derived: map[string][]string{},
		properties: map[string]map[string]Property{}, Flags: map[string]bool{}}
	for line := range strings.Lines(table) {
		switch f := strings.Split(strings.TrimSpace(line), "\t"); f[0] {
		case "kind":
			m.Kinds[f[1]] = f[2]
		case "type":
			m.bases[f[1]] = f[3]
			m.derived[f[3]] = append(m.derived[f[3]], f[1])
		case "prop":
			if m.properties[f[1]] == nil {
				m.properties[f[1]] = map[string]Property{}
			}
			m.properties[f[1]][f[2]] = Property{strings.TrimSuffix(strings.TrimPrefix(f[3], "Collection("), ")"), f[4] == "yes"}
		case "enum":
			m.Flags[f[1]] = f[2] == "yes"
		}
	}
	return m
}

// Properties returns the declarations of a property for values of a type: those
// of the type, of its base types and of its derived types.
func (m *Metadata) Properties(typ, name string) []Property {
	var out []Property
	for above := typ; above != "" && above != "-"; above = m.bases[above] {
		out = append(out, m.own(above, name)...)
	}
	for _, below := range m.derived[typ] {
		out = append(out, m.below(below, name)...)
	}
	return out
}

// own returns the declaration of a property in a type itself, if there is one.
func (m *Metadata) own(typ, name string) []Property {
	p, ok := m.properties[typ][name]
	if !ok {
		return nil
	}
	if m.looked != nil {
		m.looked(typ, name)
	}
	return []Property{p}
}

func (m *Metadata) below(typ, name string) []Property {
	out := m.own(typ, name)
	for _, below := range m.derived[typ] {
		out = append(out, m.below(below, name)...)
	}
	return out
}

// Values returns the types that the values at a path may have, in objects of a
// kind. "*" stands for an element. typ, if not empty, is the type of the object
// that holds the last segment.
func (m *Metadata) Values(kind, path, typ string) []string {
	types := []string{m.Kinds[kind]}
	segs := strings.Split(path, "/")[1:]
	last := len(segs) - 1
	for last > 0 && segs[last] == "*" {
		last--
	}
	for i, name := range segs {
		if name == "*" {
			continue
		}
		if i == last && typ != "" {
			types = []string{typ}
		}
		var next []string
		for _, t := range types {
			for _, p := range m.Properties(t, name) {
				if !slices.Contains(next, p.Type) {
					next = append(next, p.Type)
				}
			}
		}
		types = next
	}
	return types
}
