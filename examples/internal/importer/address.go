package importer

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

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

// otherAddresses maps paths that appear in contexts, but not in the metadata, to
// endpoints. Examples in Microsoft's documentation have such paths:
// github.com/microsoftgraph/microsoft-graph-docs.
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
