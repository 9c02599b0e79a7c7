package graphtest

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// onPart reads or changes what is below an object.
func (c *call) onPart(e *graph.Entry, res tenant.Resource, below []string) answer {
	path := "/" + strings.Join(below, "/")
	whole, err := decode(res.Body)
	if err != nil {
		return c.failed(err)
	}
	if c.method == http.MethodGet {
		for _, sub := range e.Subs {
			if name, _, _ := strings.Cut(sub.Path, "?"); name == path {
				return c.sub(e, res.ID, sub, whole)
			}
		}
	}
	for name, p := range e.PartRequests {
		at := partPath(e, name)
		switch {
		case p.Action != "" && p.Action == path && c.method == methodOf(p):
			return c.action(e, res, name, at, p)
		case p.Each != nil && p.Action == "":
			if a, ok := c.member(e, res, whole, name, at, p, path, below); ok {
				return a
			}
		}
	}
	return c.fail(http.StatusNotFound, "ResourceNotFound", "Resource not found for the segment '"+path+"'.")
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
func (c *call) sub(e *graph.Entry, parent string, sub graph.Sub, whole object) answer {
	c.hide(e, whole)
	value := whole[sub.Property]
	if sub.Object {
		if value == nil {
			return c.fail(http.StatusNotFound, "ResourceNotFound", "There is none.")
		}
		return c.ok(http.StatusOK, value)
	}
	members := []any{}
	list, _ := value.([]any)
	for _, m := range list {
		if o, ok := m.(object); ok && slices.Contains(e.ReadOnly, "/"+sub.Property+"/*/id") {
			o["id"] = memberID(e, sub.Property, parent, o)
		}
		members = append(members, m)
	}
	return c.ok(http.StatusOK, map[string]any{"value": members})
}

// action replaces a part whole, as /assign does.
func (c *call) action(e *graph.Entry, res tenant.Resource, name, at string, p graph.PartRequest) answer {
	body, err := decode(c.body)
	value, there := any(body), true
	if p.Wrap != "" {
		value, there = body[p.Wrap]
	}
	if err != nil || !there {
		return c.fail(http.StatusBadRequest, "BadRequest", "The request lacks "+p.Wrap+".")
	}
	if path := c.unknown(e, object{at: value}); path != "" {
		return c.unknownProperty(path)
	}
	return c.setPart(e, res, name, at, value)
}

// setPart stores a part.
func (c *call) setPart(e *graph.Entry, res tenant.Resource, name, at string, value any) answer {
	if _, err := c.server.client.Apply(c.ctx, tenant.Operation{Verb: tenant.Update, Kind: e.Name, ID: res.ID, Part: name, Patch: encode(object{at: value})}); err != nil {
		return c.failed(err)
	}
	return c.empty()
}

// member carries out a request for a part's collection or one of its members.
func (c *call) member(e *graph.Entry, res tenant.Resource, whole object, name, at string, p graph.PartRequest, path string, below []string) (answer, bool) {
	members, _ := whole[at].([]any)
	if path == p.Each.Collection && c.method == http.MethodPost {
		body, err := decode(c.body)
		if err != nil {
			return c.fail(http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload."), true
		}
		added := any(body)
		if p.Each.Ref != "" {
			address, _ := body["@odata.id"].(string)
			added = object{"id": address[strings.LastIndexByte(address, '/')+1:]}
		}
		return c.setPart(e, res, name, at, append(slices.Clone(members), added)), true
	}
	want := strings.Split(strings.Trim(p.Each.Item, "/"), "/")
	if len(want) != len(below) {
		return answer{}, false
	}
	id := ""
	for i, w := range want {
		if w == "{member}" {
			id = below[i]
		} else if w != below[i] {
			return answer{}, false
		}
	}
	i := slices.IndexFunc(members, func(m any) bool { return memberID(e, at, res.ID, m) == id })
	if i < 0 {
		return c.fail(http.StatusNotFound, "ResourceNotFound", "There is no such member."), true
	}
	members = slices.Clone(members)
	switch {
	case c.method == http.MethodDelete:
		return c.setPart(e, res, name, at, slices.Delete(members, i, i+1)), true
	case c.method == http.MethodPatch && p.Each.Update:
		patch, err := decode(c.body)
		if err != nil {
			return c.fail(http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload."), true
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
		return c.setPart(e, res, name, at, members), true
	}
	return c.notAllowed(), true
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
