package graphtest

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/odata"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// part is a request about what is below an object.
type part struct {
	*target
	parent tenant.Resource
	whole  object // the parent's body
	path   string // below the object
	below  []string
}

// onPart reads or changes what is below an object.
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
			if name, _, _ := strings.Cut(sub.Path, "?"); name == p.path {
				return p.sub(sub, count)
			}
		}
	}
	for name, req := range t.entry.PartRequests {
		at := partPath(t.entry, name)
		switch {
		case req.Action != "" && req.Action == p.path && t.method == methodOf(req):
			return p.action(name, at, req)
		case req.Each != nil && req.Action == "":
			if a, ok := p.member(name, at, req); ok {
				return a
			}
		}
	}
	return t.noResource(p.path)
}

func methodOf(p graph.PartRequest) string {
	if p.Method != "" {
		return p.Method
	}
	return http.MethodPost
}

// partPath is the property that holds a part; parts of the catalogue are
// properties of the object itself.
func partPath(e *graph.Entry, name string) string {
	for _, p := range e.Parts {
		if p.Name == name {
			return strings.TrimPrefix(p.Path, "/")
		}
	}
	return ""
}

// sub answers with a sub-resource, whose members show the ids that the service
// gives them.
func (p *part) sub(sub graph.Sub, count bool) answer {
	_, query, _ := strings.Cut(sub.Path, "?")
	inner := expandedBy(query)
	options, err := p.options(!sub.Object, inner)
	if err == nil {
		err = checkPaths(options, inner)
	}
	if err != nil {
		return p.failed(err)
	}
	hide(p.entry, p.beta(), p.whole)
	value := p.whole[sub.Property]
	if sub.Object {
		o, ok := value.(object)
		if !ok || count {
			return p.fail(http.StatusNotFound, "ResourceNotFound", "There is none.")
		}
		p.server.forms().respell(p.entry, "/"+sub.Property, o)
		return p.ok(http.StatusOK, odata.Shown(o, options.Select))
	}
	members, _ := value.([]any)
	var all []object
	for _, m := range members {
		o, ok := m.(object)
		if !ok { // of a collection of references
			o = object{"id": m}
		} else if slices.Contains(p.entry.ReadOnly, "/"+sub.Property+"/*/id") {
			o["id"] = memberID(p.entry, sub.Property, p.parent.ID, o)
		}
		for _, name := range inner {
			if !slices.ContainsFunc(options.Expand, func(x odata.Expansion) bool { return x.Name == name }) {
				delete(o, name)
			}
		}
		all = append(all, o)
	}
	all = p.server.forms().respellAll(p.entry, "/"+sub.Property, all)
	return p.plain(all, p.context(p.entry, "('"+p.parent.ID+"')"+p.path), options, count, false)
}

// action replaces a part whole, as /assign does: what is not sent is lost.
func (p *part) action(name, at string, req graph.PartRequest) answer {
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
	if _, err := p.server.client.Apply(p.ctx, tenant.Operation{Verb: tenant.Update, Kind: p.entry.Name, ID: p.parent.ID, Part: name, Patch: encode(object{at: value})}); err != nil {
		return p.failed(err)
	}
	return p.empty()
}

// member carries out a request for a part's collection or one of its members.
func (p *part) member(name, at string, req graph.PartRequest) (answer, bool) {
	members, _ := p.whole[at].([]any)
	if p.path == req.Each.Collection && p.method == http.MethodPost {
		body, refusal := p.payload(p.body)
		if refusal != nil {
			return *refusal, true
		}
		added := any(body)
		if req.Each.Ref != "" {
			address, _ := body["@odata.id"].(string)
			if address == "" {
				return p.fail(http.StatusBadRequest, odata.BadRequest, "A reference is given as \"@odata.id\"."), true
			}
			added = object{"id": address[strings.LastIndexByte(address, '/')+1:]}
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
	case p.method == http.MethodDelete:
		return p.store(name, at, slices.Delete(members, i, i+1)), true
	case p.method == http.MethodPatch && req.Each.Update:
		patch, refusal := p.payload(p.body)
		if refusal != nil {
			return *refusal, true
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

// memberID is the id that the service gives a member of a part: made of what
// tells it from others, so that it stays the same when the rest changes. Members
// of a part that is changed by references are known by their own ids.
func memberID(e *graph.Entry, at, parent string, m any) string {
	o, ok := m.(object)
	if !ok {
		return fmt.Sprint(m)
	}
	if id, ok := o["id"].(string); ok {
		return id
	}
	tells := o
	for name, p := range e.PartRequests {
		if partPath(e, name) == at && p.Each != nil && len(p.Each.By) > 0 {
			tells = object{}
			for _, by := range p.Each.By {
				tells[by] = o[by]
			}
		}
	}
	sum := sha256.Sum256(append([]byte(parent+"/"+at+"/"), encode(tells)...))
	return fmt.Sprintf("%x-%x-4%x-8%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
