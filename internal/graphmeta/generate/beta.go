package main

import (
	"bytes"
	_ "embed" // what the documentation says
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

//go:embed documented.tsv
var documentedTable string

// models reads the sources.
func (s sources) models() (v1, beta *model, err error) {
	schemas := filepath.Join(s.metadata, "schemas")
	if v1, err = readCSDL(filepath.Join(schemas, "v1.0-Prod.csdl"), graphmeta.V1Name); err != nil {
		return nil, nil, err
	}
	types, err := readTypings(filepath.Join(s.types, "microsoft-graph.d.ts"))
	if err != nil {
		return nil, nil, err
	}
	v1.describe(types)
	b := betaSources{v1: v1}
	for _, cloud := range []string{"USSec", "USNat", "GovSG", "Review"} {
		m, err := readCSDL(filepath.Join(schemas, "beta-"+cloud+".csdl"), graphmeta.BetaName)
		if err != nil {
			return nil, nil, err
		}
		b.clouds = append(b.clouds, m)
	}
	if b.typings, err = readTypings(filepath.Join(s.typesBeta, "microsoft-graph.d.ts")); err != nil {
		return nil, nil, err
	}
	if b.sdk, err = readSDK(filepath.Join(s.sdkBeta, "models")); err != nil {
		return nil, nil, err
	}
	if b.entities, err = readMapping[mapped](filepath.Join(schemas, "type-mappings", "beta-entity-types.json")); err != nil {
		return nil, nil, err
	}
	if b.complexes, err = readMapping[mapped](filepath.Join(schemas, "type-mappings", "beta-complex-types.json")); err != nil {
		return nil, nil, err
	}
	if b.enums, err = readMapping[[]string](filepath.Join(schemas, "type-mappings", "beta-enum-types.json")); err != nil {
		return nil, nil, err
	}
	beta, err = b.model()
	return v1, beta, err
}

// mapped are the names of the properties of a type.
type mapped struct {
	Properties           []string `json:"properties"`
	NavigationProperties []string `json:"navigationProperties"`
}

// readMapping reads a file of type mappings: by namespace and name.
func readMapping[T any](path string) (map[string]map[string]T, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all map[string]map[string]T
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// describe marks what the typings of v1.0 call read-only: their descriptions are
// those of the documentation.
func (m *model) describe(t *typings) {
	names := map[string]string{}
	for name := range m.types {
		names[strings.ToLower(name)] = name
	}
	for n, described := range t.types {
		space := ""
		if n.space != "" {
			space = strings.TrimSuffix(strings.ToLower(n.space), "namespace") + "."
		}
		mine := m.types[names[space+strings.ToLower(n.name)]]
		for name, p := range described.props {
			if mine != nil && p.saidReadOnly && mine.props[name] != nil {
				mine.props[name].marks |= graphmeta.SaidReadOnly
			}
		}
	}
}

// betaSources are what beta's model is put together from.
type betaSources struct {
	v1        *model
	clouds    []*model
	typings   *typings
	sdk       *sdk
	entities  map[string]map[string]mapped
	complexes map[string]map[string]mapped
	enums     map[string]map[string][]string

	// The names of all types and enumerations, by their name in lower case: the
	// sources write them in different cases.
	typeNames, enumNames map[named]string
	spaces               map[string]bool

	typed map[string]*sourced[*typedType]
	coded map[string]*sourced[*sdkType]
}

// sourced is a type of a source, with the namespace in which its names stand.
type sourced[T any] struct {
	space string
	own   T
}

// documentedRoots are roots of beta that no CSDL document here has, from the
// documentation.
var documentedRoots = map[string]value{"networkAccess": {typ: "networkaccess.networkAccessRoot"}}

// responses are types of the SDK that are no types of Graph.
var responses = regexp.MustCompile(`CollectionResponse$|^Base\w+Response$|^ODataError`)

// model puts beta's model together.
func (b *betaSources) model() (*model, error) {
	m := newModel(graphmeta.BetaName)
	maps.Copy(m.roots, b.v1.roots)
	for _, cloud := range slices.Backward(b.clouds) {
		maps.Copy(m.roots, cloud.roots)
	}
	maps.Copy(m.roots, documentedRoots)
	newer := b.index()
	b.match()
	for entity, all := range map[bool]map[string]map[string]mapped{true: b.entities, false: b.complexes} {
		for space, types := range all {
			for name, own := range types {
				full := short(space + "." + name)
				t := b.newType(full, entity)
				m.types[full] = t
				for _, p := range own.Properties {
					t.props[p] = b.prop(full, p, false)
				}
				for _, p := range own.NavigationProperties {
					t.props[p] = b.prop(full, p, true)
				}
			}
		}
	}
	for _, full := range newer { // only the SDK has them
		m.types[full] = newType(false, b.baseOf(full))
		m.types[full].abstract, m.types[full].open = graphmeta.Unknown, graphmeta.Unknown
	}
	for _, full := range newer {
		m.types[full].entity = slices.ContainsFunc(m.bases(full), func(base string) bool { return m.types[base].entity })
	}
	b.addProperties(m)
	b.addEnums(m)
	b.addFlags(m)
	b.addActions(m)
	return m, b.addDocumented(m)
}

// index collects the names of all types and enumerations. It returns the types
// of the main namespace that only the SDK has: it is newer than the mappings.
func (b *betaSources) index() (newer []string) {
	b.typeNames, b.enumNames, b.spaces = map[named]string{}, map[named]string{}, map[string]bool{}
	key := func(space, name string) named {
		return named{strings.ToLower(strings.TrimSuffix(short(space+"."), ".")), strings.ToLower(name)}
	}
	for _, all := range []map[string]map[string]mapped{b.entities, b.complexes} {
		for space, types := range all {
			for name := range types {
				k := key(space, name)
				b.typeNames[k] = short(space + "." + name)
				b.spaces[k.space] = true
			}
		}
	}
	for space, enums := range b.enums {
		for name := range enums {
			b.enumNames[key(space, name)] = short(space + "." + name)
		}
	}
	lower := func(name string) string { return strings.ToLower(name[:1]) + name[1:] }
	for n := range b.sdk.types {
		k := key("microsoft.graph", n.name)
		if _, known := b.typeNames[k]; n.space == "" && !known && !responses.MatchString(n.name) {
			b.typeNames[k] = lower(n.name)
			newer = append(newer, lower(n.name))
		}
	}
	for n := range b.sdk.members {
		k := key("microsoft.graph", n.name)
		if _, known := b.enumNames[k]; n.space == "" && !known {
			b.enumNames[k] = lower(n.name)
		}
	}
	slices.Sort(newer)
	return newer
}

// resolve returns the type or enumeration that a source calls so. It returns ""
// if there is none.
func (b *betaSources) resolve(space, name string) string {
	if name == "any" || name == "unknown" {
		return ""
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		space, name = name[:i], name[i+1:]
	}
	space, name = strings.ToLower(space), strings.ToLower(name)
	if space == "microsoftgraphbeta" || space == "microsoftgraph" {
		space = ""
	}
	if rest, ok := strings.CutSuffix(space, "namespace"); ok && !b.spaces[space] {
		space = rest
	}
	for _, in := range []string{space, ""} {
		for _, names := range []map[named]string{b.typeNames, b.enumNames} {
			for _, n := range []string{name, strings.TrimSuffix(name, "escaped")} { // the SDK escapes words of its language
				if full, ok := names[named{in, n}]; ok {
					return full
				}
			}
		}
	}
	return ""
}

// match finds the types of the typings and the SDK for our names.
func (b *betaSources) match() {
	b.typed, b.coded = map[string]*sourced[*typedType]{}, map[string]*sourced[*sdkType]{}
	for n, t := range b.typings.types {
		if full := b.resolve(n.space, n.name); full != "" && b.prefers(full, n) {
			b.typed[full] = &sourced[*typedType]{n.space, t}
		}
	}
	for n, t := range b.sdk.types {
		if full := b.resolve(n.space, n.name); full != "" && b.prefers(full, n) {
			b.coded[full] = &sourced[*sdkType]{n.space, t}
		}
	}
}

// prefers reports whether a name of a source is the exact one of a type: a name
// of an unknown namespace falls back on the main one.
func (b *betaSources) prefers(full string, n named) bool {
	own := n.name
	if i := strings.LastIndexByte(full, '.'); i >= 0 {
		full = full[i+1:]
	} else if n.space != "" {
		return false
	}
	return strings.EqualFold(full, own) || strings.EqualFold(full+"escaped", own)
}

// cloud returns the type of a name in the CSDL documents of national clouds.
func (b *betaSources) cloud(full string) *typ {
	for _, c := range b.clouds {
		if t := c.types[full]; t != nil {
			return t
		}
	}
	return nil
}

// declared are the types of a name in CSDL documents: a cloud's, then v1.0's.
func (b *betaSources) declared(full string) []*typ {
	return slices.DeleteFunc([]*typ{b.cloud(full), b.v1.types[full]}, func(t *typ) bool { return t == nil })
}

func (b *betaSources) baseOf(full string) string {
	if full == "entity" {
		return ""
	}
	if k := b.coded[full]; k != nil {
		if k.own.base == nil {
			return ""
		}
		if base := b.resolve(k.own.base.space, k.own.base.name); base != "" {
			return base
		}
	} else if t := b.typed[full]; t != nil {
		if t.own.base == "" {
			return ""
		}
		if base := b.resolve(t.space, t.own.base); base != "" {
			return base
		}
	}
	for _, t := range b.declared(full) {
		return t.base
	}
	return ""
}

func (b *betaSources) newType(full string, entity bool) *typ {
	t := newType(entity, b.baseOf(full))
	for _, d := range b.declared(full) {
		t.abstract, t.open = d.abstract, d.open
		break
	}
	return t
}

// addProperties adds the properties that only the SDK has.
func (b *betaSources) addProperties(m *model) {
	added := map[string]map[string]*prop{}
	for full, k := range b.coded {
		for name, own := range k.own.props {
			if m.types[full] == nil || m.property(full, name) != nil {
				continue
			}
			nav := false
			if own.typ != nil {
				target := m.types[b.resolve(own.typ.space, own.typ.name)]
				nav = target != nil && target.entity
			}
			if added[full] == nil {
				added[full] = map[string]*prop{}
			}
			added[full][name] = b.prop(full, name, nav)
		}
	}
	for full, props := range added {
		maps.Copy(m.types[full].props, props)
	}
}

// addEnums adds the enumerations, with their members in order where a document
// has it.
func (b *betaSources) addEnums(m *model) {
	members := map[string][]string{}
	for space, enums := range b.enums {
		for name, own := range enums {
			members[short(space+"."+name)] = own
		}
	}
	for n, own := range b.sdk.members {
		if full := b.enumNames[named{"", strings.ToLower(n.name)}]; n.space == "" && members[full] == nil {
			members[full] = own
		}
	}
	for full, own := range members {
		e := &enum{}
		var order []string
		for _, from := range append(slices.Clone(b.clouds), b.v1) {
			if x := from.enums[full]; x != nil {
				e.flags, order = x.flags, x.members
				break
			}
		}
		if order == nil {
			order = b.typings.orders[named{"", strings.ToUpper(full[:1]) + full[1:]}]
		}
		place := func(member string) int {
			if i := slices.Index(order, member); i >= 0 {
				return i
			}
			return len(order)
		}
		e.members = slices.SortedFunc(slices.Values(own), func(x, y string) int {
			if px, py := place(x), place(y); px != py {
				return px - py
			}
			return strings.Compare(x, y)
		})
		m.enums[full] = e
	}
}

// addFlags finds the enumerations with flags that no document has: the SDK reads
// them as a collection where the typings have one value. A property that only
// the SDK has is then one value, too.
func (b *betaSources) addFlags(m *model) {
	one, many := map[string]bool{}, map[string]bool{}
	for full, k := range b.coded {
		for name, p := range k.own.props {
			t := b.typed[full]
			if !p.enum || t == nil {
				continue
			}
			if typed, ok := t.own.props[name]; ok && !typed.collection {
				e := b.resolve(p.typ.space, p.typ.name)
				one[e], many[e] = one[e] || !p.collection, many[e] || p.collection
			}
		}
	}
	for name, e := range m.enums {
		if e.flags == graphmeta.Unknown && one[name] != many[name] {
			e.flags = answer(many[name])
		}
	}
	for full, t := range m.types {
		for name, p := range t.props {
			if e := m.enums[p.typ]; e != nil && e.flags == graphmeta.Yes && p.collection && b.onlySDK(full, name) {
				p.collection = false
			}
		}
	}
}

// onlySDK reports whether the typings lack a property.
func (b *betaSources) onlySDK(full, name string) bool {
	t := b.typed[full]
	if t == nil {
		return true
	}
	_, ok := t.own.props[name]
	return !ok
}

// addActions adds the actions of the documents: those of clouds, and else v1.0's.
func (b *betaSources) addActions(m *model) {
	for full, t := range m.types {
		for _, from := range b.clouds {
			if d := from.types[full]; d != nil {
				for name, a := range d.actions {
					if t.actions[name] == nil {
						t.actions[name] = a
					}
				}
			}
		}
		if d := b.v1.types[full]; d != nil {
			for name, a := range d.actions {
				if t.actions[name] == nil {
					t.actions[name] = &action{params: a.params, v1: true}
				}
			}
		}
	}
}

// addDocumented adds what the documentation says of abstract types, to those
// that no document has, and what descriptions say. Descriptions are copied to
// the types below, so one counts only for a type with types below it.
func (b *betaSources) addDocumented(m *model) error {
	documented := map[string]graphmeta.Answer{}
	for line := range strings.Lines(documentedTable) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 2 || f[1] != "abstract" && f[1] != "concrete" {
			return fmt.Errorf("documented.tsv: %q", line)
		}
		documented[f[0]] = answer(f[1] == "abstract")
	}
	for full, t := range m.types {
		switch say, ok := documented[full]; {
		case len(b.declared(full)) > 0:
		case ok:
			t.abstract = say
		case b.sdk.saidAbstract[strings.ToLower(full)] && len(m.derived(full)) > 0:
			t.abstract = graphmeta.Probably
		}
	}
	return nil
}
