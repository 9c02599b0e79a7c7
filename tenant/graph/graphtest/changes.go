package graphtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// change are the parameters of an action that takes what changes.
type change struct{ added, updated, deleted string }

// changing are the actions that take what changes, by the collection that they
// change. api/intune-grouppolicy-groupPolicyConfiguration-updateDefinitionValues;
// api/intune-policyset-policyset-update.
var changing = map[string]change{
	"groupPolicyConfigurations definitionValues": {"added", "updated", "deletedIds"},
	"policySets items":                           {"addedPolicySetItems", "updatedPolicySetItems", "deletedPolicySetItems"},
}

// parameters are the names of the body that a part's action takes.
func parameters(e *catalogue.Entry, at string, req catalogue.PartRequest) []string {
	if req.Changes == nil {
		return []string{req.Wrap}
	}
	c := changing[e.Name+" "+at]
	return []string{c.added, c.updated, c.deleted}
}

// merging is an action that takes what changes in a collection.
type merging struct {
	entry  *catalogue.Entry
	at     string // the property
	parent string // the id of the object
	within []catalogue.Within
	// check and bind return the problem of members, or "".
	check func(members any) string
	bind  func(member object, isNew bool) string
}

// merge returns the members after a request. A member that is updated keeps the
// properties that the request lacks; so do the members within it, by their ids.
func (g merging) merge(members []any, body object) (merged []any, problem string) {
	c := changing[g.entry.Name+" "+g.at]
	for _, list := range []string{c.added, c.updated} {
		if body[list] == nil {
			continue
		}
		if problem := g.check(body[list]); problem != "" {
			return nil, problem
		}
	}
	members = slices.Clone(members)
	index := func(id any) int {
		return slices.IndexFunc(members, func(m any) bool { return strings.EqualFold(memberID(g.entry, g.at, g.parent, m), fmt.Sprint(id)) })
	}
	gone, _ := body[c.deleted].([]any)
	for _, id := range gone {
		i := index(id)
		if i < 0 {
			return nil, fmt.Sprintf("There is no member with the id '%v'.", id)
		}
		members = slices.Delete(members, i, i+1)
	}
	changed, _ := body[c.updated].([]any)
	for _, v := range changed {
		o, _ := v.(object)
		i := index(o["id"])
		if i < 0 {
			return nil, fmt.Sprintf("There is no member with the id '%v'.", o["id"])
		}
		if problem := g.bind(o, false); problem != "" {
			return nil, problem
		}
		old, _ := members[i].(object)
		members[i] = g.merged(old, o)
	}
	fresh, _ := body[c.added].([]any)
	for _, v := range fresh {
		o, _ := v.(object)
		if problem := g.bind(o, true); problem != "" {
			return nil, problem
		}
		if o["id"] != nil || index(memberID(g.entry, g.at, g.parent, o)) >= 0 {
			return nil, "The member is there already."
		}
		members = append(members, o)
	}
	return members, ""
}

// merged returns a member with the changes of an update.
func (g merging) merged(old, update object) object {
	out := maps.Clone(old)
	parent := memberID(g.entry, g.at, g.parent, old)
	for name, v := range update {
		i := slices.IndexFunc(g.within, func(w catalogue.Within) bool { return w.Path == "/"+name })
		list, isList := v.([]any)
		if i < 0 || !isList {
			out[name] = v
			continue
		}
		inner, _ := old[name].([]any)
		inner = slices.Clone(inner)
		for _, m := range list {
			o, _ := m.(object)
			j := slices.IndexFunc(inner, func(was any) bool {
				old, _ := was.(object)
				return o["id"] != nil && strings.EqualFold(innerID(g.within[i].By, parent+"/"+name, old), fmt.Sprint(o["id"]))
			})
			delete(o, "id")
			if j >= 0 {
				inner[j] = o
			} else {
				inner = append(inner, o)
			}
		}
		out[name] = inner
	}
	delete(out, "id")
	return out
}
