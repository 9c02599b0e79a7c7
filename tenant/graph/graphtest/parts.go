package graphtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/internal/odata"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// part is a request about a part below an object.
type part struct {
	*target
	parent tenant.Resource
	whole  object // the parent's body
	path   string // below the object
	below  []string
}

// onPart reads or changes a part below an object.
func (t *target) onPart(res tenant.Resource, below []string) answer {
	whole, err := decode(res.Body)
	if err != nil {
		return t.failed(err)
	}
	count := t.method == http.MethodGet && below[len(below)-1] == countSegment
	if count {
		below = below[:len(below)-1]
	}
	p := &part{target: t, parent: res, whole: whole, path: "/" + strings.Join(below, "/"), below: below}
	if t.method == http.MethodGet {
		for _, sub := range t.entry.Subs {
			name, _, _ := strings.Cut(sub.Path, "?")
			if name == p.path {
				return p.sub(sub, count)
			}
			for _, inner := range sub.Subs {
				if below, _, _ := strings.Cut(inner.Path, "?"); len(p.below) == 3 && p.path == name+"/"+p.below[1]+below {
					return p.innerSub(sub, inner, p.below[1], count)
				}
			}
		}
	}
	if t.entry.Name == "groupLifecyclePolicies" && t.method == http.MethodPost {
		return p.lifecycle()
	}
	if a, ok := p.actions(); ok {
		return a
	}
	for name, req := range t.entry.PartRequests {
		at := partPath(t.entry, name)
		switch {
		case req.Action != "" && req.Action == p.path && t.method == http.MethodDelete && methodOf(req) == http.MethodPut:
			return p.store(name, at, nil) // a piece with a PUT has a DELETE
		case req.Each != nil && req.Action == "":
			if a, ok := p.member(name, at, req); ok {
				return a
			}
		}
	}
	return t.noResource(p.path)
}

func methodOf(p catalogue.PartRequest) string {
	if p.Method != "" {
		return p.Method
	}
	return http.MethodPost
}

// sub answers with a sub-resource, whose members show the ids that the service
// gives them.
func (p *part) sub(sub catalogue.Sub, count bool) answer {
	hide(p.entry, p.beta(), p.whole)
	value := p.whole[sub.Property]
	if sub.Object {
		o, ok := value.(object)
		if !ok && !count && !p.isNavigation(sub.Property) {
			return p.empty() // "If the property has the null value, the service responds with 204 No Content"
		}
		if !ok || count {
			return p.fail(http.StatusNotFound, "ResourceNotFound", "There is none.")
		}
		options, err := p.options(false, nil)
		if err != nil {
			return p.failed(err)
		}
		p.server.forms().respell(p.entry, "/"+sub.Property, o)
		return p.ok(http.StatusOK, odata.Shown(o, options.Select))
	}
	members, _ := value.([]any)
	var all []object
	for _, m := range members {
		o, ok := m.(object)
		if !ok { // of a collection of references
			o = p.referred(fmt.Sprint(m))
		} else if slices.Contains(p.entry.ReadOnly, "/"+sub.Property+"/*/id") {
			o["id"] = memberID(p.entry, sub.Property, p.parent.ID, o)
		}
		nameParent(sub.Property, p.parent.ID, o)
		for _, nested := range sub.Subs {
			delete(o, nested.Property)
		}
		all = append(all, o)
	}
	return p.collection(sub, "/"+sub.Property, all, count)
}

// isNavigation reports whether a property leads to another object.
func (t *target) isNavigation(property string) bool {
	at, ok := t.schema().model.Endpoint(t.entry.Endpoint)
	typ, known := t.schema().model.Type(at.Type)
	if !ok || !known {
		return true
	}
	return slices.ContainsFunc(typ.Declared(property), func(d graphmeta.Property) bool { return d.Navigation })
}

// collection answers with a collection below an object.
func (p *part) collection(sub catalogue.Sub, at string, all []object, count bool) answer {
	_, query, _ := strings.Cut(sub.Path, "?")
	inner := expandedBy(query)
	options, err := p.options(true, inner)
	if err == nil {
		err = checkPaths(options, inner)
	}
	if err != nil {
		return p.failed(err)
	}
	for _, o := range all {
		for _, name := range inner {
			if !slices.ContainsFunc(options.Expand, func(x odata.Expansion) bool { return x.Name == name }) {
				delete(o, name)
			}
		}
	}
	all = p.server.forms().respellAll(p.entry, at, all)
	return p.plain(all, p.context(p.entry, "('"+p.parent.ID+"')"+p.path), options, count, false)
}

// actions carries out the actions of a path. Several parts can share one, each with
// parameters of its own.
func (p *part) actions() (answer, bool) {
	var takes []string
	type action struct {
		name, at string
		req      catalogue.PartRequest
	}
	var all []action
	for name, req := range p.entry.PartRequests {
		if req.Action != "" && req.Action == p.path && p.method == methodOf(req) {
			at := partPath(p.entry, name)
			all = append(all, action{name, at, req})
			takes = append(takes, parameters(p.entry, at, req)...)
		}
	}
	switch {
	case len(all) == 0:
		return answer{}, false
	case len(all) == 1 && all[0].req.Changes == nil:
		return p.action(all[0].name, all[0].at, all[0].req), true
	}
	slices.Sort(takes)
	body, refusal := p.payload(p.body)
	if refusal != nil {
		return *refusal, true
	}
	for name := range body {
		if !slices.Contains(takes, name) {
			return p.fail(http.StatusBadRequest, odata.BadRequest, "The parameters of the action are "+strings.Join(takes, ", ")+"."), true
		}
	}
	a := p.empty()
	for _, one := range all {
		if !slices.ContainsFunc(parameters(p.entry, one.at, one.req), func(name string) bool { return body[name] != nil }) {
			continue
		}
		if one.req.Changes != nil {
			a = p.merge(one.name, one.at, one.req.Changes.Within, body)
		} else {
			a = p.store(one.name, one.at, body[one.req.Wrap])
		}
		if a.status >= http.StatusBadRequest {
			return a, true
		}
	}
	return a, true
}

// action replaces a part whole, as /assign does: members that are not sent are lost.
func (p *part) action(name, at string, req catalogue.PartRequest) answer {
	body, refusal := p.payload(p.body)
	if refusal != nil {
		return *refusal
	}
	value, there := any(body), true
	if req.Wrap != "" {
		value, there = body[req.Wrap]
	}
	if !there || req.Wrap != "" && len(body) > 1 {
		return p.fail(http.StatusBadRequest, odata.BadRequest, "The parameters of the action are "+req.Wrap+".")
	}
	return p.store(name, at, value)
}

// store stores a part.
func (p *part) store(name, at string, value any) answer {
	if path := unknown(p.entry, p.beta(), object{at: value}); path != "" {
		return p.unknownProperty(path)
	}
	if problem := p.schema().checkPart(p.entry, at, value); problem != "" {
		return p.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	return p.put(name, at, value)
}

// put stores a part that was checked.
func (p *part) put(name, at string, value any) answer {
	if _, err := p.server.client.Apply(p.ctx, tenant.Operation{Verb: tenant.Update, Kind: p.entry.Name, ID: p.parent.ID, Part: name, Patch: encode(object{at: value})}); err != nil {
		return p.failed(err)
	}
	return p.empty()
}

// member carries out a request for a part's collection or one of its members.
func (p *part) member(name, at string, req catalogue.PartRequest) (answer, bool) {
	members, _ := p.whole[at].([]any)
	if p.path == req.Each.Collection && p.method == http.MethodPost {
		body, refusal := p.payload(p.body)
		if refusal != nil {
			return *refusal, true
		}
		added := any(body)
		if req.Each.Ref != "" {
			id, problem := p.reference(body, members)
			if problem != nil {
				return *problem, true
			}
			added = id
		} else if lacking := memberLacks(p.entry, at, p.parent.ID, body); lacking != "" {
			return p.fail(http.StatusBadRequest, odata.BadRequest, lacking), true
		} else {
			forgetParent(at, body)
		}
		return p.store(name, at, append(slices.Clone(members), added)), true
	}
	id, ok := memberOfPath(req.Each.Item, p.below)
	if !ok {
		return answer{}, false
	}
	i := slices.IndexFunc(members, func(m any) bool { return strings.EqualFold(memberID(p.entry, at, p.parent.ID, m), id) })
	if i < 0 {
		return p.fail(http.StatusNotFound, "ResourceNotFound", "There is no such member."), true
	}
	members = slices.Clone(members)
	switch {
	case p.method == http.MethodDelete && stays(p.entry, at):
		return p.notAllowed(), true
	case p.method == http.MethodDelete:
		return p.store(name, at, slices.Delete(members, i, i+1)), true
	case p.method == http.MethodPatch && req.Each.Update:
		patch, refusal := p.payload(p.body)
		if refusal != nil {
			return *refusal, true
		}
		if problem := fixedIn(p.elementType(at), patch); problem != "" {
			return p.fail(http.StatusBadRequest, odata.BadRequest, problem), true
		}
		changed := object{}
		if old, ok := members[i].(object); ok {
			for k, v := range old {
				changed[k] = v
			}
		}
		for k, v := range patch {
			changed[k] = v
		}
		members[i] = changed
		return p.store(name, at, members), true
	}
	return p.notAllowed(), true
}

// fixed are properties that a change of an object must not have, by type: public
// tools leave them out (terraform-provider-microsoft365 7e46123, IntuneCD f07da7d).
var fixed = map[string][]string{"localizedNotificationMessage": {"locale"}}

// fixedIn returns the problem of a change, or "".
func fixedIn(typ string, patch object) string {
	for _, name := range fixed[typ] {
		if patch[name] != nil {
			return "The property '" + name + "' cannot be changed."
		}
	}
	return ""
}

// memberOfPath returns the id in a path that leads to a member.
func memberOfPath(item string, below []string) (id string, ok bool) {
	want := strings.Split(strings.Trim(item, "/"), "/")
	if len(want) != len(below) {
		return "", false
	}
	for i, w := range want {
		if w == "{member}" {
			id = below[i]
		} else if w != below[i] {
			return "", false
		}
	}
	return id, true
}

// merge carries out an action that takes what changes in a collection.
func (p *part) merge(name, at string, within []catalogue.Within, body object) answer {
	g := merging{p.entry, at, p.parent.ID, within, func(members any) string { return p.schema().checkPart(p.entry, at, members) },
		func(member object, isNew bool) string { return p.binder().bind(member, p.elementType(at), isNew) }}
	members, _ := p.whole[at].([]any)
	members, problem := g.merge(members, body)
	if problem != "" {
		return p.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	return p.put(name, at, members)
}

// elementType is the type of the members of a collection.
func (t *target) elementType(property string) string {
	at, ok := t.schema().model.Endpoint(t.entry.Endpoint + "/id/" + property)
	if !ok {
		return ""
	}
	return at.Type
}

// innerSub answers with the collection within a member of another.
func (p *part) innerSub(sub catalogue.Sub, inner catalogue.Sub, member string, count bool) answer {
	members, _ := p.whole[sub.Property].([]any)
	i := slices.IndexFunc(members, func(m any) bool { return strings.EqualFold(memberID(p.entry, sub.Property, p.parent.ID, m), member) })
	if i < 0 {
		return p.fail(http.StatusNotFound, "ResourceNotFound", "There is no such member.")
	}
	holder, _ := members[i].(object)
	list, _ := holder[inner.Property].([]any)
	var by []string
	for name, req := range p.entry.PartRequests {
		if req.Changes == nil || partPath(p.entry, name) != sub.Property {
			continue
		}
		for _, w := range req.Changes.Within {
			if w.Path == "/"+inner.Property {
				by = w.By
			}
		}
	}
	var all []object
	for _, m := range list {
		o, _ := m.(object)
		o = maps.Clone(o)
		o["id"] = innerID(by, memberID(p.entry, sub.Property, p.parent.ID, holder)+"/"+inner.Property, o)
		all = append(all, o)
	}
	return p.collection(inner, "/"+sub.Property+"/*/"+inner.Property, all, count)
}

// reference is the id in a reference that a request adds to a collection.
// api/group-post-members: 400 where the object is a member already, and where the
// membership is by a rule.
func (p *part) reference(body object, members []any) (id string, refusal *answer) {
	refuse := func(message string) (string, *answer) {
		a := p.fail(http.StatusBadRequest, odata.DirectoryRequest, message)
		return "", &a
	}
	address, _ := body["@odata.id"].(string)
	place, id, found := cutLast(address, "/")
	switch {
	case !found || id == "" || len(body) > 1:
		return refuse("A reference is given as \"@odata.id\".")
	case !slices.ContainsFunc([]string{"/directoryObjects", "/users", "/groups", "/mobileAppCategories"}, func(of string) bool { return strings.HasSuffix(place, of) }):
		return refuse("Invalid URL format specified in payload.")
	case p.entry.Name == "groups" && p.below[0] == "members" && holdsText(p.whole["groupTypes"], "DynamicMembership"):
		return refuse("Insufficient permission to update the members of a group whose membership is by a rule.")
	case slices.ContainsFunc(members, func(m any) bool { return strings.EqualFold(fmt.Sprint(m), id) }):
		return refuse("One or more added object references already exist for the following modified properties: 'members'.")
	}
	return id, nil
}

// lifecycle adds a group to a policy or removes it. api/grouplifecyclepolicy-addgroup:
// of a policy for selected groups, and the answer says whether it was done.
func (p *part) lifecycle() answer {
	body, refusal := p.payload(p.body)
	if refusal != nil {
		return *refusal
	}
	add := p.path == "/addGroup"
	groups := p.server.entries["groups"]
	if groups == nil || !add && p.path != "/removeGroup" {
		return p.noResource(p.path)
	}
	if p.whole["managedGroupTypes"] != "Selected" {
		return p.fail(http.StatusBadRequest, odata.DirectoryRequest, "The policy is not one for selected groups.")
	}
	t := &target{call: p.call, entry: groups}
	res, err := t.find(fmt.Sprint(body["groupId"]))
	if err != nil {
		return p.failed(err)
	}
	whole, err := decode(res.Body)
	if err != nil {
		return p.failed(err)
	}
	const at = "groupLifecyclePolicies"
	members, _ := whole[at].([]any)
	i := slices.IndexFunc(members, func(m any) bool { return strings.EqualFold(fmt.Sprint(m), p.parent.ID) })
	if done := add == (i < 0); !done {
		return p.ok(http.StatusOK, object{"value": false})
	}
	if add {
		members = append(slices.Clone(members), p.parent.ID)
	} else {
		members = slices.Delete(slices.Clone(members), i, i+1)
	}
	group := &part{target: t, parent: res, whole: whole}
	if a := group.store(at, at, members); a.status >= http.StatusBadRequest {
		return a
	}
	return p.ok(http.StatusOK, object{"value": true})
}
