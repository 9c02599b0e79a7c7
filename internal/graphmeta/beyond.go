package graphmeta

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Beyond are the versions of Graph beside the paths of one kind of object: what
// beta declares there and v1.0 does not.
type Beyond struct {
	v1, beta *Model
	at, to   string // the types at v1.0 and at beta
}

// BeyondV1 compares the versions for the objects of an endpoint. ok is false if
// one of them does not have the endpoint.
func BeyondV1(endpoint string) (b *Beyond, ok bool) {
	b = &Beyond{v1: V1(), beta: Beta()}
	at, ok := b.v1.Endpoint(endpoint)
	if !ok {
		return nil, false
	}
	to, ok := b.beta.Endpoint(endpoint)
	b.at, b.to = at.Type, to.Type
	return b, ok
}

// Hit is a member of a body that v1.0 does not declare and beta does. If its name
// is "@odata.type", it is the type that v1.0 does not declare.
type Hit struct {
	// Path is a JSON pointer.
	Path   string
	Holder map[string]any
	Name   string
}

// In returns the hits in an object, in the order of their paths. A member that no
// version declares is no hit. In does not look below a hit.
func (b *Beyond) In(object map[string]any) []Hit {
	var hits []Hit
	b.object("", object, b.at, b.to, &hits)
	return hits
}

func (b *Beyond) value(path string, v any, at, to string, hits *[]Hit) {
	switch v := v.(type) {
	case map[string]any:
		b.object(path, v, at, to, hits)
	case []any:
		for i, element := range v {
			b.value(path+"/"+strconv.Itoa(i), element, at, to, hits)
		}
	}
}

func (b *Beyond) object(path string, o map[string]any, at, to string, hits *[]Hit) {
	if name, ok := o["@odata.type"].(string); ok {
		name = strings.TrimPrefix(strings.TrimPrefix(name, "#"), "microsoft.graph.")
		if _, known := b.beta.types[name]; known {
			if _, known := b.v1.types[name]; !known {
				*hits = append(*hits, Hit{path + "/@odata.type", o, "@odata.type"})
				return
			}
			at, to = name, name
		}
	}
	v1, beta := b.v1.types[at], b.beta.types[to]
	if v1 == nil || beta == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		here, there := v1.Declared(name), beta.Declared(name)
		switch {
		case len(there) == 0:
		case len(here) == 0:
			*hits = append(*hits, Hit{path + "/" + name, o, name})
		case oneType(here) && oneType(there):
			b.value(path+"/"+name, o[name], here[0].Type, there[0].Type, hits)
		}
	}
}

// oneType reports whether all declarations have the same type: below others a
// value does not tell what it is.
func oneType(all []Property) bool {
	return !slices.ContainsFunc(all, func(p Property) bool { return p.Type != all[0].Type })
}

// Below returns the path of a value that beta declares somewhere at or below a
// property of the objects, and v1.0 does not, or "".
// Other objects than the property's own are not looked at, and neither are paths
// that skip reports.
func (b *Beyond) Below(property string, skip func(path string) bool) string {
	v1, beta := b.v1.types[b.at], b.beta.types[b.to]
	if v1 == nil || beta == nil {
		return ""
	}
	here, there := v1.Declared(property), beta.Declared(property)
	if len(there) == 0 {
		return ""
	}
	if len(here) == 0 {
		return "/" + property
	}
	return b.below("/"+property, here[0], there[0], skip, map[string]bool{})
}

func (b *Beyond) below(path string, here, there Property, skip func(path string) bool, seen map[string]bool) string {
	v1, beta := b.v1.types[here.Type], b.beta.types[there.Type]
	if v1 == nil || beta == nil || seen[there.Type] {
		return ""
	}
	seen[there.Type] = true
	if there.Collection {
		path += "/*"
	}
	for _, p := range b.beta.members(beta) {
		if p.Navigation || skip(path+"/"+p.Name) {
			continue
		}
		declared := v1.Declared(p.Name)
		if len(declared) == 0 {
			return path + "/" + p.Name
		}
		if found := b.below(path+"/"+p.Name, declared[0], p, skip, seen); found != "" {
			return found
		}
	}
	return ""
}
