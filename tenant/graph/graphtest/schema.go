package graphtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// schema holds bodies and queries against Microsoft's metadata of a version.
type schema struct {
	model *graphmeta.Model
	// previews: properties and types that the metadata does not know pass.
	previews bool
}

// check returns the problem of a body for an object of the kind, or "". A kind
// that the metadata does not have is not checked.
func (s schema) check(e *catalogue.Entry, body object) string {
	at, ok := s.model.Endpoint(e.Endpoint)
	if !ok {
		return ""
	}
	return s.object(body, at.Type)
}

// checkPart is check for the value of a property.
func (s schema) checkPart(e *catalogue.Entry, property string, value any) string {
	at, ok := s.model.Endpoint(e.Endpoint)
	if !ok {
		return ""
	}
	t, ok := s.model.Type(at.Type)
	if !ok {
		return ""
	}
	declared := t.Declared(property)
	if len(declared) == 0 {
		return ""
	}
	return s.value(value, declared[0])
}

// checkNames returns the problem of the properties that a query names, or "". A
// property of a derived type counts, and so does all that is below a property.
func (s schema) checkNames(e *catalogue.Entry, paths []string) string {
	at, ok := s.model.Endpoint(e.Endpoint)
	if !ok || s.previews {
		return ""
	}
	t, ok := s.model.Type(at.Type)
	if !ok || t.Open != graphmeta.No {
		return ""
	}
	for _, path := range paths {
		name, _, _ := strings.Cut(path, "/")
		if name == "*" || strings.Contains(name, ".") || len(t.Declared(name)) > 0 || s.isSpelled(t, name) {
			continue
		}
		return fmt.Sprintf("Could not find a property named '%s' on type 'microsoft.graph.%s'.", name, t.Name)
	}
	return ""
}

// isSpelled reports whether a type has a property of the name in another case.
func (s schema) isSpelled(t *graphmeta.Type, name string) bool {
	return slices.ContainsFunc(t.Properties(), func(p graphmeta.Property) bool { return strings.EqualFold(p.Name, name) })
}

func (s schema) object(o object, typ string) string {
	t, ok := s.model.Type(typ)
	if !ok {
		return "" // outside the table
	}
	if annotated, there := o["@odata.type"]; there {
		name, _ := annotated.(string)
		name = strings.TrimPrefix(strings.TrimPrefix(name, "#"), "microsoft.graph.")
		own, known := s.model.Type(name)
		switch {
		case !known && !s.previews:
			return fmt.Sprintf("A type named 'microsoft.graph.%s' could not be resolved by the model.", name)
		case !known:
			return ""
		case !own.IsA(typ):
			return fmt.Sprintf("A type 'microsoft.graph.%s' was found, which is not assignable to the expected type 'microsoft.graph.%s'.", name, typ)
		}
		t = own
	}
	if t.HasAbstract() {
		return fmt.Sprintf("Cannot create an abstract class: 'microsoft.graph.%s' needs an @odata.type.", t.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if strings.Contains(name, "@") || name == added {
			continue
		}
		p, declared := t.Property(name)
		if !declared {
			if s.previews || t.Open != graphmeta.No {
				continue
			}
			return fmt.Sprintf("Could not find a property named '%s' on type 'microsoft.graph.%s'.", name, t.Name)
		}
		if problem := s.value(o[name], p); problem != "" {
			return problem
		}
	}
	return ""
}

func (s schema) value(v any, p graphmeta.Property) string {
	switch v := v.(type) {
	case []any:
		if !p.Collection && p.Type != "unknown" {
			return fmt.Sprintf("The property '%s' is no collection.", p.Name)
		}
		one := p
		one.Collection = false
		for _, element := range v {
			if problem := s.value(element, one); problem != "" {
				return problem
			}
		}
	case object:
		if p.Collection || strings.HasPrefix(p.Type, "Edm.") {
			return fmt.Sprintf("An object was found where the property '%s' has the type '%s'.", p.Name, p.Type)
		}
		return s.object(v, p.Type)
	case bool:
		if p.Type != "Edm.Boolean" && strings.HasPrefix(p.Type, "Edm.") {
			return mismatched(v, p)
		}
	case json.Number:
		if slices.Contains([]string{"Edm.String", "Edm.Boolean", "Edm.Guid", "Edm.DateTimeOffset"}, p.Type) {
			return mismatched(v, p)
		}
	case string:
		if slices.Contains([]string{"Edm.Boolean", "Edm.Int32", "Edm.Int16"}, p.Type) {
			return mismatched(v, p)
		}
	}
	return ""
}

// separate are the properties that a PATCH of their own changes, by kind.
// api/group-update: "you must specify them in their own PATCH request, without
// including the other properties"; the answer is "200 OK" then.
var separate = map[string][]string{
	"groups": {"allowExternalSenders", "autoSubscribeNewMembers", "hideFromAddressLists", "hideFromOutlookClients", "isSubscribedByMail", "unseenCount"},
	// api/mobiledevicemanagementpolicies-update: "You cannot use PATCH operation for
	// appliesTo with the other properties".
	"mobileDeviceManagementPolicies": {"appliesTo"},
	"mobileAppManagementPolicies":    {"appliesTo"},
}

// goesAlone reports whether a change is of such properties, and the problem of a
// change of those and others.
func goesAlone(e *catalogue.Entry, body object) (alone bool, problem string) {
	var first, other string
	for _, name := range slices.Sorted(maps.Keys(body)) {
		switch {
		case strings.Contains(name, "@"):
		case slices.Contains(separate[e.Name], name):
			first = cmp.Or(first, name)
		default:
			other = cmp.Or(other, name)
		}
	}
	if first != "" && other != "" {
		return false, fmt.Sprintf("The property '%s' is updated by a request of its own, and not with '%s'.", first, other)
	}
	return first != "", ""
}

func mismatched(v any, p graphmeta.Property) string {
	return fmt.Sprintf("Cannot convert the literal '%v' to the expected type '%s' of '%s'.", v, p.Type, p.Name)
}
