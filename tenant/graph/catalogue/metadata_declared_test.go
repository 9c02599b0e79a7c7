package catalogue_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// declaration is something in the catalogue that names a path in the objects of
// a kind.
type declaration struct {
	field string // of the entry: "sets", "sets.by"
	path  string
	// holder, if not empty, is the type that the object which holds the last
	// segment must have, without "#microsoft.graph.".
	holder string
	// value is what the catalogue expects there or sends, if it names a value.
	value json.RawMessage
	// kind is whose objects the path is in. Defaults to the entry's.
	kind string
}

func (d declaration) String() string {
	if d.holder != "" {
		return fmt.Sprintf("%s %s of %s", d.field, d.path, d.holder)
	}
	return d.field + " " + d.path
}

// shortType returns a type as metadata names it.
func shortType(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "#"), "microsoft.graph.")
}

// declarations returns everything in an entry that names a path.
func declarations(e catalogue.Entry) []declaration {
	var all []declaration
	add := func(field string, d declaration) {
		d.field = field
		all = append(all, d)
	}
	paths := func(field string, paths ...string) {
		for _, path := range paths {
			add(field, declaration{path: path})
		}
	}
	condition := func(field, kind string, c tenant.Condition) {
		if c.Path != "" {
			add(field, declaration{path: c.Path, value: c.Equals, kind: kind})
		}
	}
	names := func(field, prefix string, names ...string) {
		for _, name := range names {
			paths(field, prefix+"/"+name)
		}
	}

	paths("naturalKey", e.NaturalKey...)
	for _, l := range e.Limits {
		condition("limits", "", l.When)
	}
	paths("readOnly", e.ReadOnly...)
	paths("createOnly", e.CreateOnly...)
	paths("emptyIsAbsent", e.EmptyIsAbsent...)
	for _, d := range e.Defaults {
		add("defaults", declaration{path: d.Path, holder: shortType(d.Type), value: d.Value})
	}
	for _, f := range e.Forms {
		add("forms", declaration{path: f.Path, holder: shortType(f.Type)})
	}
	for _, s := range e.Sets {
		paths("sets", s.Path)
		for _, by := range s.By {
			paths("sets.by", s.Path+"/*"+by)
		}
	}
	for _, r := range e.References {
		add("references", declaration{path: r.Path, holder: shortType(r.Type)})
		for _, kind := range r.Kinds {
			if r.Property != "" {
				add("references.property", declaration{path: "/" + r.Property, kind: kind})
			}
		}
	}
	paths("sensitive", e.Sensitive...)
	for _, s := range e.SensitiveTypes {
		add("sensitiveTypes", declaration{path: s.Path, holder: shortType(s.Type)})
		if s.Token.Property != "" {
			value, _ := json.Marshal(s.Token.Value)
			add("sensitiveTypes.token", declaration{path: sibling(s.Path, s.Token.Property), holder: shortType(s.Type), value: value})
		}
	}
	for _, m := range e.Masked {
		paths("masked", m.Path)
		if m.Token != "" {
			paths("masked.token", sibling(m.Path, m.Token))
		}
	}
	paths("whole", slices.DeleteFunc(slices.Clone(e.Whole), func(path string) bool { return path == "" })...)
	for _, a := range e.After {
		condition("after.when", "", a.When)
		condition("after.then", a.Kind, a.Then)
	}
	if e.ID != "" {
		names("id", "", e.ID)
	}
	names("list.filter", "", e.List.Filter...)
	names("list.query", "", queried(e.List.Query)...)
	names("list.query", "", queried(e.List.SingleQuery)...)
	for _, c := range e.List.Skip {
		condition("list.skip", "", c)
	}
	for _, c := range e.List.Only {
		condition("list.only", "", c)
	}
	for _, s := range e.Subs {
		path, query, _ := strings.Cut(s.Path, "?")
		for _, h := range []*catalogue.Holding{s.When, s.Unless} {
			if h != nil {
				paths("subs.when", h.Path)
			}
		}
		if s.Property == "" {
			names("subs.take", "", s.Take...)
			names("subs.query", "", queried(query)...)
			continue
		}
		paths("subs", path)
		names("subs", "", s.Property)
		below := path + "/*"
		if s.Object {
			below = path
		}
		names("subs.query", below, queried(query)...)
		for _, inner := range s.Subs {
			innerPath, innerQuery, _ := strings.Cut(inner.Path, "?")
			paths("subs", path+"/*"+innerPath)
			names("subs", path+"/*", inner.Property)
			names("subs.query", path+"/*"+innerPath+"/*", queried(innerQuery)...)
		}
	}
	names("apart", "", e.Apart...)
	for _, path := range e.DisableFirst {
		paths("disableFirst", path+"/*/id", path+"/*/isEnabled")
	}
	for verb, r := range map[string]catalogue.Request{"create": e.Requests.Create, "update": e.Requests.Update, "delete": e.Requests.Delete} {
		names("requests."+verb+".drop", "", r.Drop...)
		names("requests."+verb+".keep", "", r.Keep...)
		for _, b := range r.Bind {
			paths("requests."+verb+".bind", b.Path)
		}
		for _, name := range slices.Sorted(maps.Keys(r.Set)) {
			add("requests."+verb+".set", declaration{path: "/" + name, value: r.Set[name]})
		}
		if r.First != nil {
			condition("requests."+verb+".first", "", r.First.When)
			var set map[string]json.RawMessage
			if err := json.Unmarshal(r.First.Set, &set); err == nil {
				for _, name := range slices.Sorted(maps.Keys(set)) {
					add("requests."+verb+".first", declaration{path: "/" + name, value: set[name]})
				}
			}
		}
	}
	for _, p := range e.Parts {
		paths("parts", p.Path)
		r := e.PartRequests[p.Name]
		names("partRequests.drop", p.Path+"/*", r.Drop...)
		if r.Changes != nil {
			for _, by := range r.Changes.By {
				paths("partRequests.changes.by", p.Path+"/*"+by)
			}
			for _, in := range r.Changes.Within {
				paths("partRequests.changes.within", p.Path+"/*"+in.Path)
				for _, by := range in.By {
					paths("partRequests.changes.within", p.Path+"/*"+in.Path+"/*"+by)
				}
			}
			for _, b := range r.Changes.Bind {
				paths("partRequests.changes.bind", p.Path+"/*"+b.Path)
			}
		}
		if r.Each != nil {
			if collection, _, _ := strings.Cut(r.Each.Collection, "/$ref"); r.Each.Add == "" {
				paths("partRequests.each", collection)
			}
			names("partRequests.each.by", p.Path+"/*", r.Each.By...)
			names("partRequests.each.updateDrop", p.Path+"/*", r.Each.UpdateDrop...)
			if r.Each.Add == "" { // the actions have a body of their own
				names("partRequests.each.set", p.Path+"/*", slices.Sorted(maps.Keys(r.Each.Set))...)
			}
		}
	}
	return all
}

// sibling returns the path of another property of the object that holds a path.
func sibling(path, name string) string { return path[:strings.LastIndexByte(path, '/')+1] + name }

var (
	compared = regexp.MustCompile(`(\w+)(?:/\w+)* (?:eq|ne|gt|ge|lt|le|in)\b|\b(?:startswith|endswith|contains)\((\w+)`)
	listed   = regexp.MustCompile(`\$(?:expand|select|orderby)=([\w,]+)`)
)

// queried returns the properties that a query names.
func queried(query string) []string {
	var names []string
	for _, m := range compared.FindAllStringSubmatch(query, -1) {
		names = append(names, m[1]+m[2])
	}
	for _, m := range listed.FindAllStringSubmatch(query, -1) {
		names = append(names, strings.Split(m[1], ",")...)
	}
	return names
}
