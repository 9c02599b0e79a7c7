package graphtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

const bindSuffix = "@odata.bind"

// linked are navigation properties that a write sets by a link only, by type.
// api/intune-rbac-deviceandappmanagementroleassignment-create;
// api/intune-grouppolicy-groupPolicyConfiguration-updateDefinitionValues.
var linked = map[string][]string{
	"deviceAndAppManagementRoleAssignment": {"roleDefinition"},
	"groupPolicyDefinitionValue":           {"definition"},
	"groupPolicyPresentationValue":         {"presentation"},
}

// linkRequired are those of linked that every object needs.
var linkRequired = []string{"definition", "presentation", "roleDefinition"}

// binder puts objects in the place of links, for requests of one version.
type binder struct {
	model *graphmeta.Model
	// root is the address of the service: "https://host/".
	root string
	// find returns the id of the object at a path below the version. It is an id of
	// the path where the tenant lacks the kind.
	find func(path string) (id string, found bool)
}

// bind replaces the links of a body, and of the objects in it, by the ids of their
// targets, and returns the problem, or "". A body of a new object must
// have all its links.
func (b binder) bind(body object, typ string, isNew bool) string {
	if own, ok := body["@odata.type"].(string); ok {
		typ = strings.TrimPrefix(strings.TrimPrefix(own, "#"), "microsoft.graph.")
	}
	of, ok := b.model.Type(typ)
	if !ok {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		property, isLink := strings.CutSuffix(name, bindSuffix)
		declared, known := of.Property(property)
		switch {
		case isLink && (!known || !declared.Navigation || declared.Collection):
			return fmt.Sprintf("The property '%s' does not exist on type 'microsoft.graph.%s', or cannot be bound.", property, of.Name)
		case isLink:
			address, _ := body[name].(string)
			id, problem := b.target(address)
			if problem != "" {
				return problem
			}
			delete(body, name)
			body[property] = object{"id": id}
		case known && slices.Contains(linksOf(of), name):
			return fmt.Sprintf("The navigation property '%s' is set by a link.", name)
		case known:
			if problem := b.within(body[name], declared, isNew); problem != "" {
				return problem
			}
		}
	}
	if isNew {
		for _, name := range linksOf(of) {
			if body[name] == nil && slices.Contains(linkRequired, name) {
				return fmt.Sprintf("The link '%s%s' is required.", name, bindSuffix)
			}
		}
	}
	return ""
}

// within is bind for the objects of a property.
func (b binder) within(v any, p graphmeta.Property, isNew bool) string {
	switch v := v.(type) {
	case object:
		return b.bind(v, p.Type, isNew)
	case []any:
		for _, element := range v {
			if o, ok := element.(object); ok {
				if problem := b.bind(o, p.Type, isNew || o["id"] == nil); problem != "" {
					return problem
				}
			}
		}
	}
	return ""
}

func linksOf(t *graphmeta.Type) []string {
	var out []string
	for _, base := range t.Bases() {
		out = append(out, linked[base]...)
	}
	return out
}

// target returns the id of the object that an address leads to. An object of a
// kind of the catalogue must exist.
func (b binder) target(address string) (id, problem string) {
	path, ok := strings.CutPrefix(address, b.root)
	if !ok {
		return "", fmt.Sprintf("'%s' is no address of this service.", address)
	}
	version, path, _ := strings.Cut(strings.NewReplacer("('", "/", "')", "").Replace(path), "/")
	if version != b.model.Version {
		return "", fmt.Sprintf("'%s' is of another version.", address)
	}
	if _, declared := b.model.Endpoint(path); !declared {
		return "", fmt.Sprintf("'%s' leads to no object.", address)
	}
	id, found := b.find("/" + path)
	if !found {
		return "", fmt.Sprintf("'%s' does not exist.", address)
	}
	return id, ""
}
