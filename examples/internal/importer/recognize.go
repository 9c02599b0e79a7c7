package importer

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// recognizer tells the kind of an exported object. The catalogue decides: each of
// its endpoints leads to one type of Graph's metadata.
type recognizer struct {
	byType     map[string]string // type of Graph → kind
	byEndpoint map[string]string // endpoint in lower case → kind
	byFolder   map[string][]string
	entries    map[string]graph.Entry
	additions  map[string]map[string]bool // by kind, see the function
}

// models are the versions of the metadata, beta first: it knows more types.
func models() []*graphmeta.Model { return []*graphmeta.Model{graphmeta.Beta(), graphmeta.V1()} }

// newRecognizer makes the indexes.
func newRecognizer(c *graph.Catalogue) *recognizer {
	r := &recognizer{
		byType: make(map[string]string), byEndpoint: make(map[string]string),
		byFolder: make(map[string][]string), entries: make(map[string]graph.Entry),
		additions: make(map[string]map[string]bool),
	}
	for _, e := range c.Entries {
		r.entries[e.Name] = e
		r.additions[e.Name] = additions(e)
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

// moreTypes are types that the metadata at hand lacks.
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

// found is an exported object as it stood in its file.
type found struct {
	body map[string]any
	// context is the "@odata.context" of the list around the object.
	context string
	// endpoint is what the layout says the object was read from.
	endpoint string
	// property is the name of the list that the object stood in.
	property string
	// byName: references hold names and not ids.
	byName bool
	// problem is why the object cannot be used.
	problem error
	// unread: what the object is cannot be told.
	unread bool
}

// kindOf tells the kind of an object: by its type, else by its context, else by
// the endpoint that a link or the layout names. A type or a context that is
// unknown decides too: nothing else is asked then.
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

// kindOfContext returns the kind of a context URL.
func (r *recognizer) kindOfContext(context string) (string, error) {
	_, fragment, ok := strings.Cut(context, "$metadata#")
	if !ok {
		return "", fmt.Errorf("its context %q names no collection", context)
	}
	if typ, ok := typeOfFragment(fragment); ok {
		return r.kindOfType(typ)
	}
	return r.kindOfPath(pathOfLink(fragment), "the context #"+fragment)
}

// typeOfFragment returns the type that a context names instead of a collection:
// "microsoft.graph.group", "Collection(microsoft.graph.directoryObject)".
func typeOfFragment(fragment string) (typ string, ok bool) {
	fragment = strings.TrimSuffix(fragment, "/$entity")
	if inner, is := strings.CutPrefix(fragment, "Collection("); is {
		fragment = strings.TrimSuffix(inner, ")")
	}
	return fragment, strings.HasPrefix(fragment, "microsoft.graph.") && !strings.Contains(fragment, "/")
}

// pathOfLink returns the path of a link or of the fragment of a context, with
// "{id}" for each key: "/groups/{id}/members". It leaves out the version, what
// was selected or expanded, and "$entity".
func pathOfLink(link string) string {
	if at := strings.Index(link, "://"); at >= 0 {
		_, link, _ = strings.Cut(link[at+3:], "/")
	}
	for _, version := range []string{graphmeta.V1Name, graphmeta.BetaName} {
		link = strings.TrimPrefix(strings.TrimPrefix(link, "/"), version+"/")
	}
	link, _, _ = strings.Cut(link, "?")
	var out strings.Builder
	for rest := link; rest != ""; {
		end := strings.IndexAny(rest, "/(")
		if end < 0 {
			end = len(rest)
		}
		if segment := rest[:end]; isGUID(segment) {
			out.WriteString("/{id}")
		} else if segment != "" && !strings.HasPrefix(segment, "$") {
			out.WriteString("/" + segment)
		}
		if end == len(rest) {
			break
		}
		if rest[end] == '/' {
			rest = rest[end+1:]
			continue
		}
		inner, after := parentheses(rest[end:])
		if strings.HasPrefix(inner, "'") || isGUID(inner) {
			out.WriteString("/{id}")
		}
		rest = after
	}
	return out.String()
}

// parentheses splits a text that begins with "(" at the parenthesis that closes it.
func parentheses(text string) (inner, after string) {
	depth, quoted := 0, false
	for i, c := range text {
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return text[1:i], text[i+1:]
			}
		}
	}
	return text[1:], ""
}

// kindOfPath returns the kind whose objects are at a path of Graph.
func (r *recognizer) kindOfPath(at, named string) (string, error) {
	at = "/" + strings.Trim(at, "/")
	if before, last := path.Split(at); strings.HasPrefix(last, "microsoft.graph.") {
		at = strings.TrimSuffix(before, "/") // a cast to a type
	}
	if endpoint, ok := otherAddresses[at]; ok {
		at = endpoint
	}
	if kind, ok := r.byEndpoint[strings.ToLower(at)]; ok {
		return kind, nil
	}
	segments := strings.Split(strings.TrimSuffix(at, "/{id}"), "/")
	for endpoint, kind := range r.byEndpoint {
		if slices.EqualFunc(strings.Split(endpoint, "/"), segments, func(e, s string) bool { return strings.HasPrefix(e, "{") && s == "{id}" || strings.EqualFold(e, s) }) {
			return kind, nil
		}
	}
	if slices.Contains(segments, "{id}") {
		return "", fmt.Errorf("%s leads to pieces of another object, which are no objects of their own", named)
	}
	if segments[1] == "roleManagement" {
		return "", fmt.Errorf("no kind of the catalogue is read from %s", named) // roles of several services have one type
	}
	for _, m := range models() {
		if target, ok := m.Endpoint(at); ok {
			if kind, err := r.kindOfType(target.Type); err == nil {
				return kind, nil
			}
		}
	}
	return "", fmt.Errorf("no kind of the catalogue is read from %s", named)
}

// otherAddresses are paths that contexts name and that are no paths of the metadata,
// as in the examples of Microsoft's documentation: github.com/microsoftgraph/microsoft-graph-docs.
var otherAddresses = map[string]string{
	"/conditionalAccess/policies":                             policies,
	"/conditionalAccess/namedLocations":                       locations,
	"/namedLocations":                                         locations,
	"/conditionalAccess/authenticationContextClassReferences": contexts,
	"/authenticationMethodConfigurations":                     methods,
	"/authenticationMethodsPolicy":                            "/policies/authenticationMethodsPolicy",
	"/administrativeUnits":                                    "/directory/administrativeUnits",
	"/branding":                                               "/organization/{directory}/branding",
}

// kindOfPlace tells the kind of an object by the list's name, else by the nearest
// folder with a known name. Several tools have one name for different things, so
// the object must also be one that the endpoint can have.
func (r *recognizer) kindOfPlace(o found, file string) (string, error) {
	name, endpoints := o.property, r.byFolder[plainPath(o.property)]
	if len(endpoints) == 0 {
		var err error
		if name, endpoints, err = r.folderOf(file); err != nil {
			return "", err
		}
	}
	var kinds, misfits []string
	var why error
	for _, endpoint := range endpoints {
		kind, err := r.kindOfPath(endpoint, endpoint)
		if err != nil {
			why = cmpError(why, fmt.Errorf("it lies in %q: %w", name, err))
			continue
		}
		if odd := r.undeclared(kind, o.body, false); odd != "" {
			misfits = append(misfits, kind)
			why = &misfitError{fmt.Sprintf("it lies in %q, but has %q, which %s lack", name, odd, strings.Join(misfits, " and "))}
			continue
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) > 1 {
		kinds = slices.DeleteFunc(kinds, func(kind string) bool { return r.undeclared(kind, o.body, true) != "" })
	}
	switch {
	case len(kinds) == 1:
		return kinds[0], nil
	case len(kinds) > 1:
		return "", &misfitError{fmt.Sprintf("it lies in %q and can be of the kinds %s: give it an \"@odata.type\"", name, strings.Join(kinds, " or "))}
	case why != nil:
		return "", why
	}
	return "", errors.New("it has no type and no context, and no folder with a known name")
}

// misfitError is why an object is refused that may be one of a kind all the same.
type misfitError struct{ text string }

func (e *misfitError) Error() string { return e.text }

// cmpError returns the first error that is not nil.
func cmpError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// folderOf returns the nearest folder with a known name, and the endpoints that it
// stands for.
func (r *recognizer) folderOf(file string) (name string, endpoints []string, err error) {
	segments, err := r.ownFolders(file)
	if err != nil {
		return "", nil, err
	}
	name, endpoints, err = r.nearestFolder(segments)
	if name == "" && err == nil { // the folder is no object's own: Groups/Groups.json
		name, endpoints, err = r.nearestFolder(strings.Split(path.Dir(file), "/"))
	}
	return name, endpoints, err
}

func (r *recognizer) nearestFolder(segments []string) (name string, endpoints []string, err error) {
	for end := len(segments); end > 0; end-- {
		for start := max(0, end-maxFolders); start < end; start++ {
			folders := strings.Join(segments[start:end], "/")
			plain := plainPath(folders)
			if e := excludedFolders[plain]; e != nil && (name == "" || e.below) {
				return folders, nil, e.error(fmt.Sprintf("it lies in %q", folders))
			}
			if known := r.byFolder[plain]; len(known) > 0 && name == "" {
				name, endpoints = folders, known
			}
		}
	}
	return name, endpoints, nil
}

// maxFolders is how many folders a name of a layout has at most.
const maxFolders = 4

// ownFolders returns the folders of an object's file without the folder that has
// the object's name or id: Groups for Groups/ID/ID.json. If a layout has objects in
// such a file, its name is the last folder: Organization/Branding/Localizations.json.
// The error is for a file deeper below the folder of an object: a group among the
// members of another group is no second group.
func (r *recognizer) ownFolders(file string) ([]string, error) {
	base, _, _ := strings.Cut(path.Base(file), ".json") // a list in a file is file.json[0]
	segments := strings.Split(path.Dir(file), "/")
	last := len(segments) - 1
	if strings.EqualFold(segments[last], base) && last > 0 {
		segments = segments[:last]
	} else if r.knowsFolder(append(slices.Clone(segments), base)) && !r.knowsFolder([]string{base}) {
		segments = append(segments, base)
	}
	for i := 1; i < len(segments); i++ {
		if isGUID(segments[i]) && r.knowsFolder(segments[:i]) {
			return nil, fmt.Errorf("it lies below %q, the folder of one object: it is a piece of that object", strings.Join(segments[:i+1], "/"))
		}
	}
	return segments, nil
}

// knowsFolder reports whether the last folders have a name of a layout.
func (r *recognizer) knowsFolder(segments []string) bool {
	for start := max(0, len(segments)-maxFolders); start < len(segments); start++ {
		plain := plainPath(strings.Join(segments[start:], "/"))
		if len(r.byFolder[plain]) > 0 || excludedFolders[plain] != nil {
			return true
		}
	}
	return false
}

func isGUID(s string) bool { return len(s) == 36 && guid.MatchString(s) }

// declaredAt returns the types of a kind's objects, one for each version of Graph
// that has them.
func (r *recognizer) declaredAt(kind string) (types []*graphmeta.Type) {
	for _, m := range models() {
		if at, ok := m.Endpoint(r.entries[kind].Endpoint); ok {
			if t, ok := m.Type(at.Type); ok {
				types = append(types, t)
			}
		}
	}
	return types
}

// typesOf returns the types that are declared for a property of a value, whose own
// type may be more than the declared one.
func (r *recognizer) typesOf(declared []*graphmeta.Type, typ, property string) (types []*graphmeta.Type) {
	for _, m := range models() {
		holders := declared
		if t, ok := m.Type(typ); ok {
			holders = []*graphmeta.Type{t}
		}
		for _, holder := range holders {
			for _, p := range holder.Declared(property) {
				if t, ok := m.Type(p.Type); ok && !slices.Contains(types, t) {
					types = append(types, t)
				}
			}
		}
	}
	return types
}

// undeclared returns a property that objects of the kind have in no version of
// Graph, or "". With deep it looks into the values too.
func (r *recognizer) undeclared(kind string, body map[string]any, deep bool) (odd string) {
	known := r.additions[kind]
	for _, m := range models() {
		at, ok := m.Endpoint(r.entries[kind].Endpoint)
		if !ok {
			continue
		}
		if t, ok := m.Type(at.Type); ok {
			if odd = undeclaredIn(m, t, body, deep, known); odd == "" {
				return ""
			}
		}
	}
	return odd
}

// additions are properties of a kind's objects that are no properties of its type.
func additions(e graph.Entry) map[string]bool {
	known := map[string]bool{"id": true, "displayName": true, "name": true, "description": true}
	for _, s := range e.Subs {
		known[s.Property] = true
	}
	for _, p := range e.Parts {
		known[bodies.Segments(p.Path)[0]] = true
	}
	for _, p := range e.ReadOnly {
		known[bodies.Segments(p)[0]] = true
	}
	return known
}

func undeclaredIn(m *graphmeta.Model, t *graphmeta.Type, body map[string]any, deep bool, known map[string]bool) string {
	for _, name := range sortedKeys(body) {
		if t.Open == graphmeta.Yes && strings.Contains(name, "_") {
			continue // an extension, extension_APPID_name or domain_name
		}
		if isAnnotation(name) || strings.HasPrefix(name, "$") || known[name] {
			continue
		}
		declared := t.Declared(name)
		if len(declared) == 0 {
			return name
		}
		below, ok := m.Type(declared[0].Type)
		if !deep || !ok {
			continue
		}
		for _, value := range asList(body[name]) {
			if object, ok := value.(map[string]any); ok {
				if odd := undeclaredIn(m, below, object, deep, nil); odd != "" {
					return name + "/" + odd
				}
			}
		}
	}
	return ""
}

func asList(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// plainPath is a path of folders in lower case without spaces and punctuation.
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
