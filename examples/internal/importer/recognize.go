package importer

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// recognizer determines the kind of an exported object by the catalogue, whose
// endpoints each lead to one type of Graph's metadata.
type recognizer struct {
	byType     map[string]string // type of Graph → kind
	byEndpoint map[string]string // endpoint in lower case → kind
	byFolder   map[string][]string
	entries    map[string]catalogue.Entry
	additions  map[string]map[string]bool // by kind, see the function
}

// models returns the versions of the metadata, beta first because it has more types.
func models() []*graphmeta.Model { return []*graphmeta.Model{graphmeta.Beta(), graphmeta.V1()} }

// newRecognizer makes the indexes.
func newRecognizer(c *catalogue.Catalogue) *recognizer {
	r := &recognizer{
		byType: make(map[string]string), byEndpoint: make(map[string]string),
		byFolder: make(map[string][]string), entries: make(map[string]catalogue.Entry),
		additions: make(map[string]map[string]bool),
	}
	for _, e := range c.Entries {
		r.entries[e.Name] = e
		r.additions[e.Name] = additions(e)
		if len(e.List.Only) > 0 { // some types of an endpoint that another kind has
			for _, c := range e.List.Only {
				if typ, ok := strings.CutPrefix(string(c.Equals), `"#microsoft.graph.`); ok && c.Path == "/@odata.type" {
					r.byType[strings.TrimSuffix(typ, `"`)] = e.Name
				}
			}
			continue
		}
		r.byEndpoint[strings.ToLower(e.Endpoint)] = e.Name
		for _, m := range models() {
			if at, ok := m.Endpoint(e.Endpoint); ok {
				r.byType[at.Type] = e.Name
			}
		}
		r.addFolder(e.Name, e.Endpoint)
	}
	for typ, kind := range moreTypes {
		if _, known := r.entries[kind]; known {
			r.byType[typ] = kind
		}
	}
	for _, l := range layouts {
		for _, f := range l.folders {
			r.addFolder(f.path, f.endpoint)
		}
	}
	return r
}

// moreTypes maps types that the bundled metadata lacks to their kinds.
var moreTypes = map[string]string{
	// https://learn.microsoft.com/graph/api/resources/compliantnetworknamedlocation
	"compliantNetworkNamedLocation": "namedLocations",
}

func (r *recognizer) addFolder(folder, endpoint string) {
	name := plainPath(folder)
	if !slices.Contains(r.byFolder[name], endpoint) {
		r.byFolder[name] = append(r.byFolder[name], endpoint)
	}
}

// found is an exported object as its file contains it.
type found struct {
	body map[string]any
	// context is the "@odata.context" of the list around the object.
	context string
	// endpoint is the Graph path from which the tool read the object, if another
	// tool's form says it.
	endpoint string
	// property is the name of the list that contains the object.
	property string
	// byName is true if the object's references hold names instead of ids.
	byName bool
	// problem is the reason why the object is unusable.
	problem error
	// unread is true if the object's content, and so its kind, is unknown.
	unread bool
}

// kindOf determines the kind of an object by its type, else by its context, else by
// the endpoint that a link or the layout names. If the type or the context is unknown,
// kindOf returns an error and does not look further.
func (r *recognizer) kindOf(o found, file string) (string, error) {
	if v, has := o.body["@odata.type"]; has {
		typ, _ := v.(string)
		kind, err := r.kindOfType(typ)
		if err == nil {
			_, err = r.ownFolders(file)
		}
		return kind, err
	}
	for _, context := range []any{o.body["@odata.context"], o.context} {
		if text, ok := context.(string); ok && text != "" {
			return r.kindOfContext(text)
		}
	}
	for _, name := range []string{"@odata.id", "@odata.editLink"} {
		if link, ok := o.body[name].(string); ok && link != "" {
			return r.kindOfPath(pathOfLink(link), link)
		}
	}
	if o.endpoint != "" {
		return r.kindOfPath(o.endpoint, o.endpoint)
	}
	return r.kindOfPlace(o, file)
}

// kindOfType returns the kind of the type or of its nearest base that has one.
func (r *recognizer) kindOfType(typ string) (string, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(typ, "#"), "microsoft.graph.")
	if kind, ok := r.byType[name]; ok {
		return kind, nil
	}
	for _, m := range models() {
		t, ok := m.Type(name)
		if !ok {
			continue
		}
		for _, base := range t.Bases() {
			if kind, ok := r.byType[base]; ok {
				return kind, nil
			}
		}
	}
	for _, e := range exclusions {
		if e.typ != "" && matchesName(e.typ, name) {
			return "", e.error("it is of the type " + typ)
		}
	}
	return "", fmt.Errorf("no kind of the catalogue has the type %q", typ)
}

// plainPath returns a path of folders in lower case, without spaces and punctuation.
func plainPath(folders string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.", r) {
			return -1
		}
		return r
	}, strings.ToLower(folders))
}

// matchesName reports whether a name is the pattern, whose "*" stands for any text.
func matchesName(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
