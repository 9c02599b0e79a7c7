package graphtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// object is a decoded JSON object; numbers keep their spelling.
type object = map[string]any

func decode(raw []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, fmt.Errorf("not an object")
	}
	return o, nil
}

// carryOut does what a request asks for.
func (c *call) carryOut(e *graph.Entry, below []string) answer {
	switch {
	case e.Singleton:
		return c.onObject(e, "", below)
	case len(below) == 0:
		return c.onCollection(e)
	}
	return c.onObject(e, below[0], below[1:])
}

// onCollection lists or creates.
func (c *call) onCollection(e *graph.Entry) answer {
	switch c.method {
	case http.MethodGet:
		return c.list(e)
	case http.MethodPost:
		body, err := decode(c.body)
		if err != nil {
			return c.fail(http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload.")
		}
		if path := c.unknown(e, body); path != "" {
			return c.unknownProperty(path)
		}
		c.server.identify(e, body)
		created, err := c.server.client.Apply(c.ctx, tenant.Operation{Verb: tenant.Create, Kind: e.Name, After: encode(body)})
		if err != nil {
			return c.failed(err)
		}
		shown, err := c.shown(e, created.Resource)
		if err != nil {
			return c.failed(err)
		}
		return c.entity(http.StatusCreated, e, shown)
	}
	return c.notAllowed()
}

func (c *call) notAllowed() answer {
	return c.fail(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
}

func encode(body object) json.RawMessage {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("graphtest: encode: %v", err)) // made of decoded JSON
	}
	return raw
}

// onObject reads or changes one object, or what is below it.
func (c *call) onObject(e *graph.Entry, id string, below []string) answer {
	if c.method == http.MethodGet && c.server.cutOff(e.Name) {
		return c.fail(http.StatusServiceUnavailable, "ServiceUnavailable", "cut off by the test")
	}
	res, err := c.find(e, id)
	if err != nil {
		return c.failed(err)
	}
	if len(below) > 0 {
		return c.onPart(e, res, below)
	}
	switch c.method {
	case http.MethodGet:
		shown, err := c.shown(e, res)
		if err != nil {
			return c.failed(err)
		}
		return c.entity(http.StatusOK, e, c.expanded(e, shown, res))
	case http.MethodPatch, http.MethodPut:
		body, err := decode(c.body)
		if err != nil {
			return c.fail(http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload.")
		}
		if c.method == http.MethodPut && !strings.EqualFold(e.Requests.Update.Method, http.MethodPut) {
			return c.notAllowed()
		}
		if path := c.unknown(e, body); path != "" {
			return c.unknownProperty(path)
		}
		if body["@odata.type"] != nil && !declares(e, "@odata.type") {
			delete(body, "@odata.type") // an annotation
		}
		applied, err := c.server.client.Apply(c.ctx, tenant.Operation{Verb: tenant.Update, Kind: e.Name, ID: res.ID, Patch: encode(body)})
		if err != nil {
			return c.failed(err)
		}
		return c.changed(e, applied.Resource)
	case http.MethodDelete:
		if f := e.Requests.Delete.First; f != nil && holds(res.Body, f.When) {
			return c.fail(http.StatusBadRequest, "BadRequest", "The object cannot be deleted as it is.")
		}
		if _, err := c.server.client.Apply(c.ctx, tenant.Operation{Verb: tenant.Delete, Kind: e.Name, ID: res.ID}); err != nil {
			return c.failed(err)
		}
		return c.empty()
	}
	return c.notAllowed()
}

// beyond returns what a body holds that the request's version does not know.
func (c *call) beyond(e *graph.Entry, body object) []graphmeta.Hit {
	if c.beta {
		return nil
	}
	b, ok := graphmeta.BeyondV1(e.Endpoint)
	if !ok {
		return nil
	}
	return b.In(body)
}

// hide takes out what the request's version does not show.
func (c *call) hide(e *graph.Entry, body object) {
	for _, hit := range c.beyond(e, body) {
		if hit.Name != "@odata.type" {
			delete(hit.Holder, hit.Name)
		}
	}
}

// unknown returns the first of what the request's version does not know.
func (c *call) unknown(e *graph.Entry, body object) string {
	for _, hit := range c.beyond(e, body) {
		return hit.Path
	}
	return ""
}

func (c *call) unknownProperty(path string) answer {
	return c.fail(http.StatusBadRequest, "BadRequest", "The property '"+path[strings.LastIndexByte(path, '/')+1:]+"' does not exist on the type.")
}

// showChanged are the kinds outside Intune whose objects a change answers with,
// as examples in the documentation have it.
var showChanged = []string{"authenticationMethodsPolicy", "organization", "roleManagementPolicies", "sharepointSettings"}

// changed answers a change of an object: nothing, or, in Intune and of some
// other kinds, what it has become.
func (c *call) changed(e *graph.Entry, res tenant.Resource) answer {
	if !isIntune(e) && !slices.Contains(showChanged, e.Name) {
		return c.empty()
	}
	shown, err := c.shown(e, res)
	if err != nil {
		return c.failed(err)
	}
	return c.entity(http.StatusOK, e, shown)
}

// isIntune reports whether a kind is Intune's, which answers in its own ways.
func isIntune(e *graph.Entry) bool { return strings.HasPrefix(e.Endpoint, "/device") }

// holds reports whether an object's own property has a value.
func holds(body json.RawMessage, when tenant.Condition) bool {
	o, err := decode(body)
	return err == nil && string(encode(object{"v": o[strings.TrimPrefix(when.Path, "/")]})) == `{"v":`+string(when.Equals)+`}`
}

// declares reports whether the kind has the property for its own.
func declares(e *graph.Entry, name string) bool {
	return slices.Contains(e.CreateOnly, "/"+name)
}

// find reads the object that an id in an address leads to: the tenant's own id,
// or, where people choose it, the property that names the object.
func (c *call) find(e *graph.Entry, id string) (tenant.Resource, error) {
	res, err := c.server.client.Get(c.ctx, tenant.GetRequest{Kind: e.Name, ID: id})
	if err == nil || tenant.ClassOf(err) != tenant.NotFound || slices.Contains(e.ReadOnly, "/"+idProperty(e)) {
		return res, err
	}
	found := res
	_, readErr := c.server.client.Read(c.ctx, tenant.ReadRequest{Kind: e.Name, Matches: []tenant.Match{{"/" + idProperty(e): id}}}, func(r tenant.Resource) error {
		found, err = r, nil
		return nil
	})
	if readErr != nil {
		return found, readErr
	}
	return found, err
}

func idProperty(e *graph.Entry) string {
	if e.ID != "" {
		return e.ID
	}
	return "id"
}

// identify gives a new object the id that its address needs, where the kind
// shows one that its maker did not choose.
func (s *Server) identify(e *graph.Entry, body object) {
	name := idProperty(e)
	if slices.Contains(e.ReadOnly, "/"+name) || body[name] != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members++
	body[name] = fmt.Sprintf("made-%d", s.members)
}

// shown is an object as an answer has it: without what is read by itself.
func (c *call) shown(e *graph.Entry, res tenant.Resource) (object, error) {
	body, err := decode(res.Body)
	if err != nil {
		return nil, err
	}
	for _, sub := range e.Subs {
		delete(body, sub.Property)
	}
	c.hide(e, body)
	if name := idProperty(e); body[name] == nil && !e.Singleton {
		body[name] = res.ID
	}
	return body, nil
}

// expanded adds what $expand asks for.
func (c *call) expanded(e *graph.Entry, shown object, res tenant.Resource) object {
	whole, err := decode(res.Body)
	if err != nil {
		return shown
	}
	c.hide(e, whole)
	for _, want := range strings.Split(c.query.Get("$expand"), ",") {
		name, _, _ := strings.Cut(want, "(")
		if v, ok := whole[name]; ok && name != "" {
			shown[name] = v
		}
	}
	return shown
}

// list answers with a page.
func (c *call) list(e *graph.Entry) answer {
	filter, err := parseFilter(c.query.Get("$filter"))
	if err != nil {
		return c.fail(http.StatusBadRequest, "BadRequest", err.Error())
	}
	from, err := strconv.Atoi(c.query.Get("$skiptoken"))
	if err != nil && c.query.Has("$skiptoken") || from < 0 {
		return c.fail(http.StatusBadRequest, "BadRequest", "Invalid skip token.")
	}
	size := c.server.cfg.PageSize
	if top, err := strconv.Atoi(c.query.Get("$top")); err == nil && top > 0 {
		size = min(size, top)
	}
	page, more, err := c.page(e, filter, from, size)
	if err != nil {
		return c.failed(err)
	}
	body := map[string]any{"@odata.context": c.context(e, ""), "value": page}
	if more {
		next := url.Values{}
		for name, values := range c.query {
			next[name] = values
		}
		next.Set("$skiptoken", strconv.Itoa(from+size))
		body["@odata.nextLink"] = c.host + c.path + "?" + next.Encode()
	}
	return c.ok(http.StatusOK, body)
}

// page returns the objects of a page, and whether there are more.
func (c *call) page(e *graph.Entry, filter map[string]string, from, size int) ([]any, bool, error) {
	page := []any{}
	if g, ok := c.server.generated(e.Name); ok {
		for i := from; i < min(g.n, from+size); i++ {
			page = append(page, json.RawMessage(g.body(i)))
		}
		return page, from+size < g.n, nil
	}
	var all []object
	res, err := c.server.client.Read(c.ctx, tenant.ReadRequest{Kind: e.Name, All: true}, func(r tenant.Resource) error {
		shown, err := c.shown(e, r)
		if err == nil && matches(shown, filter) {
			all = append(all, c.expanded(e, shown, r))
		}
		return err
	})
	if err == nil && len(all) == 0 || res.Completeness == tenant.Forbidden || res.Completeness == tenant.Unlicensed || res.Completeness == tenant.Failed {
		err = incomplete(res, err)
	}
	if err != nil {
		return nil, false, err
	}
	more := from+size < len(all)
	for i := from; i < min(len(all), from+size); i++ {
		page = append(page, all[i])
	}
	switch {
	case res.Completeness != tenant.Partial || more:
		return page, more, nil
	case len(page) == 0:
		return nil, false, &tenant.Error{Class: tenant.Transient, Message: "cut off"}
	}
	return page, true, nil // the next page fails
}

// incomplete is the error of a read that the tenant refused.
func incomplete(res tenant.ReadResult, err error) error {
	if err != nil {
		return err
	}
	switch res.Completeness {
	case tenant.Forbidden:
		return &tenant.Error{Class: tenant.AccessDenied, Message: res.Reason}
	case tenant.Unlicensed:
		return &tenant.Error{Class: tenant.NotLicensed, Message: res.Reason}
	case tenant.Failed:
		return &tenant.Error{Class: res.Class, Message: res.Reason}
	}
	return nil
}

// parseFilter reads "property eq 'value'" joined by "and".
func parseFilter(text string) (map[string]string, error) {
	out := map[string]string{}
	if text == "" {
		return out, nil
	}
	for _, term := range strings.Split(text, " and ") {
		name, value, ok := strings.Cut(term, " eq ")
		value, quoted := strings.CutPrefix(value, "'")
		value, end := strings.CutSuffix(value, "'")
		if !ok || !quoted || !end {
			return nil, fmt.Errorf("invalid filter clause: %s", term)
		}
		out[strings.TrimSpace(name)] = strings.ReplaceAll(value, "''", "'")
	}
	return out, nil
}

// matches compares as Graph does: without regard to case.
func matches(o object, filter map[string]string) bool {
	for name, want := range filter {
		if got, ok := o[name].(string); ok && !strings.EqualFold(got, want) || !ok && o[name] != nil {
			return false
		} else if !ok {
			return false
		}
	}
	return true
}

// relink puts another nextLink into a page.
func (c *call) relink(a answer, link string) answer {
	body, err := decode(a.body)
	if err != nil {
		return a
	}
	body["@odata.nextLink"] = link
	return c.ok(a.status, body)
}

// generator makes objects that are not stored.
type generator struct {
	n    int
	body func(i int) string
}

// Generate makes a kind's list show n objects that are made as they are read
// and held nowhere: for benchmarks of many.
func (s *Server) Generate(kind string, n int, body func(i int) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[kind] = generator{n, body}
}

func (s *Server) generated(kind string) (generator, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.made[kind]
	return g, ok
}
