package catalogue_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// cause says in which way metadata contradicts the catalogue.
type cause string

const (
	notDeclared  cause = "declared by no version"
	otherVersion cause = "declared by the other version only"
	openType     cause = "not declared, by an open type"
	abstractType cause = "an abstract value"
	noMember     cause = "no member of the enumeration"
	missingMark  cause = "computed, and not readOnly"
	missingOnce  cause = "immutable, and not createOnly"
	missingType  cause = "of several types, and /@odata.type is not createOnly"
	computed     cause = "computed, and written"
	unfounded    cause = "readOnly, and nothing says so"
	otherBody    cause = "not the body of the action"
	noReference  cause = "ids of other objects, and not declared so"
)

// problem is something in an entry that metadata contradicts.
type problem struct {
	kind  string
	what  string // the declaration
	cause cause
	text  string // more about it
}

// key identifies a problem.
func (p problem) key() string { return p.kind + " " + p.what }

func (p problem) String() string {
	return fmt.Sprintf("%s %s: %s (%s)", p.kind, p.what, p.cause, p.text)
}

// checked is an entry beside the metadata of its version.
type checked struct {
	entry     catalogue.Entry
	catalogue *catalogue.Catalogue
	// m is the metadata of the entry's version, and other that of the other one.
	m, other       *graphmeta.Model
	typ, otherType string
	documented     []string // what the documentation calls read-only
	problems       []problem
}

// problems returns what metadata says against a catalogue.
func problems(c *catalogue.Catalogue, documented map[string][]string) []problem {
	var all []problem
	for _, e := range c.Entries {
		all = append(all, problemsOf(c, e, documented[e.Name])...)
	}
	return all
}

func problemsOf(c *catalogue.Catalogue, e catalogue.Entry, documented []string) []problem {
	x := &checked{entry: e, catalogue: c, documented: documented}
	x.m, x.other = graphmeta.V1(), graphmeta.Beta()
	if e.Version == graphmeta.BetaName {
		x.m, x.other = x.other, x.m
	}
	x.otherType = kindType(x.other, e)
	at, ok := x.m.Endpoint(e.Endpoint)
	if !ok {
		x.add("endpoint "+e.Endpoint, x.versionCause(x.otherType != ""), "at %s", e.Version)
		return x.problems
	}
	x.typ = at.Type
	for _, d := range declarations(e) {
		x.declared(d)
	}
	x.types()
	x.marks()
	x.references()
	x.links()
	x.actions()
	return x.problems
}

func (x *checked) add(what string, cause cause, format string, args ...any) {
	x.problems = append(x.problems, problem{x.entry.Name, what, cause, fmt.Sprintf(format, args...)})
}

func (x *checked) versionCause(elsewhere bool) cause {
	if elsewhere {
		return otherVersion
	}
	return notDeclared
}

// declared checks one declaration: its path, its type and its value.
func (x *checked) declared(d declaration) {
	m, typ, otherType := x.m, x.typ, x.otherType
	if d.kind != "" {
		e, _ := x.catalogue.Entry(d.kind)
		m, _ = graphmeta.Of(e.Version)
		typ, otherType = kindType(m, e), ""
	}
	values, err := m.Values(typ, d.path, d.holder)
	if err != nil {
		x.add(d.String(), x.whyNot(typ, otherType, d), "%v", err)
		return
	}
	if t, ok := m.Type(d.holder); ok && t.HasAbstract() {
		x.add(d.String(), abstractType, "no value has the type %s", d.holder)
	}
	if len(d.value) > 0 && string(d.value) != "null" {
		x.value(d, m, typ, values)
	}
}

// whyNot returns the cause of a path that leads to nothing.
func (x *checked) whyNot(typ, otherType string, d declaration) cause {
	if otherType != "" {
		if _, err := x.other.Values(otherType, d.path, d.holder); err == nil {
			return otherVersion
		}
	}
	if t, ok := x.m.Type(typ); ok && t.Open == graphmeta.Yes && strings.Count(d.path, "/") == 1 {
		return openType
	}
	return notDeclared
}

// value checks a value that the catalogue names: a member of an enumeration, or a
// type that is there, fits and is not abstract.
func (x *checked) value(d declaration, m *graphmeta.Model, typ string, values []graphmeta.Property) {
	var text string
	if json.Unmarshal(d.value, &text) != nil {
		x.object(d, m, values)
		return
	}
	if strings.HasSuffix(d.path, "/@odata.type") {
		name := shortType(text)
		fits := func(m *graphmeta.Model) (t *graphmeta.Type, ok bool) {
			t, ok = m.Type(name)
			return t, ok && slices.ContainsFunc(values, func(p graphmeta.Property) bool { return t.IsA(p.Of) })
		}
		t, ok := fits(m)
		switch _, elsewhere := fits(x.other); {
		case !ok:
			x.add(d.String()+" "+name, x.versionCause(elsewhere), "it is no type of %s", typ)
		case t.HasAbstract():
			x.add(d.String()+" "+name, abstractType, "no value has the type")
		}
		return
	}
	for _, p := range values {
		enum, ok := m.Enum(p.Type)
		if !ok || slices.ContainsFunc(enum.Members, func(member string) bool { return strings.EqualFold(member, text) }) {
			return // a text of its own, or a member of one of the enumerations
		}
	}
	x.add(fmt.Sprintf("%s %q", d, text), noMember, "of %s", values[0].Type)
}

// object checks an object that the catalogue sends: one of an abstract type has to
// say which type it is.
func (x *checked) object(d declaration, m *graphmeta.Model, values []graphmeta.Property) {
	var o map[string]json.RawMessage
	if json.Unmarshal(d.value, &o) != nil || o["@odata.type"] != nil {
		return
	}
	for _, p := range values {
		if t, ok := m.Type(p.Type); ok && t.HasAbstract() && !p.Collection {
			x.add(d.String(), abstractType, "it does not say which %s it is", p.Type)
		}
	}
}

// types checks that an object whose type can be one of several keeps it.
func (x *checked) types() {
	e := x.entry
	if len(x.m.Derived(x.typ)) > 0 && e.Update && !slices.Contains(e.CreateOnly, "/@odata.type") && !slices.Contains(e.ReadOnly, "/@odata.type") {
		x.add("createOnly /@odata.type", missingType, "%s has %d derived types", x.typ, len(x.m.Derived(x.typ)))
	}
}

// marks checks the catalogue's readOnly and createOnly against metadata's marks.
func (x *checked) marks() {
	e := x.entry
	t, _ := x.m.Type(x.typ)
	if t == nil {
		return
	}
	all := t.Properties()
	for _, below := range x.m.Derived(x.typ) {
		d, _ := x.m.Type(below)
		all = append(all, d.Own...)
	}
	for _, p := range all {
		marks, path := p.Marks|p.V1Marks, "/"+p.Name
		if p.Navigation && !isSub(e, p.Name) || !e.Create && !e.Update {
			continue
		}
		if marks.ReadOnly() && !covered(e.ReadOnly, path) {
			x.add("readOnly "+path, missingMark, "%s/%s", p.Of, p.Name)
		}
		if marks&graphmeta.Immutable != 0 && e.Update && !covered(e.CreateOnly, path) && !covered(e.ReadOnly, path) {
			x.add("createOnly "+path, missingOnce, "%s/%s", p.Of, p.Name)
		}
	}
	for _, path := range e.CreateOnly {
		values, _ := x.m.Values(x.typ, path, "")
		for _, p := range values {
			if (p.Marks | p.V1Marks).ReadOnly() {
				x.add("createOnly "+path, computed, "%s/%s", p.Of, p.Name)
				break
			}
		}
	}
	for _, path := range e.ReadOnly {
		if !x.founded(path) {
			x.add("readOnly "+path, unfounded, "its name, metadata and the documentation do not say it")
		}
	}
}

func isSub(e catalogue.Entry, name string) bool {
	return slices.ContainsFunc(e.Subs, func(s catalogue.Sub) bool { return s.Property == name || slices.Contains(s.Take, name) })
}

// covered reports whether paths have a path or one above it.
func covered(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return p == path || strings.HasPrefix(path, p+"/") })
}

// documentedReadOnly returns the paths that the documentation calls read-only, by
// kind.
func documentedReadOnly(t *testing.T) map[string][]string {
	t.Helper()
	paths, entries := map[string][]string{}, catalogue.Default().Entries
	for _, row := range beside.Resources(t) {
		endpoint := strings.ReplaceAll(row["endpoint"], "{id}", "{directory}")
		for _, e := range entries {
			if e.Endpoint != endpoint && strings.TrimSuffix(e.Endpoint, "/{directory}") != endpoint {
				continue
			}
			for name := range strings.SplitSeq(row["read_only_properties"], ",") {
				paths[e.Name] = append(paths[e.Name], "/"+strings.TrimSpace(name))
			}
		}
	}
	return paths
}

// ofService are the names of properties that the service makes wherever they
// occur.
var ofService = []string{"id", "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "deletedDateTime", "version"}

// founded reports whether something says that a path is the service's own: its
// name, a mark or a description in either version, that it is another object,
// or the table of documented read-only properties.
func (x *checked) founded(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if slices.Contains(ofService, name) || strings.Contains(name, "@odata.") {
		return true
	}
	for _, in := range []struct {
		m   *graphmeta.Model
		typ string
	}{{x.m, x.typ}, {x.other, x.otherType}} {
		values, err := in.m.Values(in.typ, path, "")
		if err != nil {
			continue
		}
		for _, p := range values {
			marks := p.Marks | p.V1Marks
			if marks.ReadOnly() || marks&(graphmeta.SaidReadOnly|graphmeta.Immutable) != 0 || p.Navigation {
				return true
			}
		}
	}
	return slices.Contains(x.documented, path) || slices.Contains(serviceMade[path].kinds, x.entry.Name) || x.ofAnother(path)
}

// ofAnother reports whether a path leads through another object, which a write
// of this one does not change.
func (x *checked) ofAnother(path string) bool {
	for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		values, _ := x.m.Values(x.typ, path[:i], "")
		for _, p := range values {
			if p.Navigation && !isSub(x.entry, p.Name) {
				return true
			}
		}
	}
	return false
}

// scopeTags are the names of properties that hold ids of scope tags.
var scopeTags = []string{"roleScopeTagIds", "roleScopeTags"}

// references checks that ids of scope tags are declared as such, and as a set.
func (x *checked) references() {
	e := x.entry
	t, ok := x.m.Type(x.typ)
	for _, name := range scopeTags {
		path := "/" + name
		if !ok || covered(e.ReadOnly, path) || !slices.ContainsFunc(t.Declared(name), func(p graphmeta.Property) bool { return !p.Navigation }) {
			continue
		}
		referred := slices.ContainsFunc(e.References, func(r tenant.Reference) bool { return r.Path == path+"/*" })
		set := slices.ContainsFunc(e.Sets, func(s tenant.Set) bool { return s.Path == path })
		if !referred || !set {
			x.add("references "+path, noReference, "a reference: %v, a set: %v", referred, set)
		}
	}
}

// links checks where links and references of a write lead.
func (x *checked) links() {
	check := func(field, to string) {
		if _, ok := x.m.Endpoint(strings.NewReplacer("('", "/", "')", "").Replace(to)); to != "" && !ok {
			x.add(field+" "+to, notDeclared, "no path at %s", x.entry.Version)
		}
	}
	for _, b := range x.entry.Requests.Create.Bind {
		check("requests.create.bind", b.To)
	}
	for _, r := range x.entry.PartRequests {
		if r.Changes != nil {
			for _, b := range r.Changes.Bind {
				check("partRequests.changes.bind", strings.ReplaceAll(b.To, "/definition/id", "id"))
			}
		}
		if r.Each != nil && strings.HasPrefix(r.Each.Ref, "/deviceAppManagement") {
			check("partRequests.each.ref", r.Each.Ref)
		}
	}
}

// actions checks the bodies of actions, where metadata has the action.
func (x *checked) actions() {
	t, _ := x.m.Type(x.typ)
	for name, r := range x.entry.PartRequests {
		if r.Each != nil && r.Each.Root != "" {
			if at, ok := x.m.Endpoint(strings.TrimSuffix(r.Each.Root, "/{id}")); !ok || at.Type != x.typ {
				x.add("partRequests."+name+" "+r.Each.Root, notDeclared, "as an address of a %s", x.typ)
			}
		}
		a, ok := t.Action(strings.TrimPrefix(r.Action, "/"))
		if r.Action == "" || !ok {
			continue
		}
		if !slices.ContainsFunc(a.Parameters, func(p graphmeta.Property) bool { return p.Name == r.Wrap }) {
			x.add("partRequests."+name+" "+r.Action+" "+r.Wrap, otherBody, "%+v", a.Parameters)
		}
	}
}
