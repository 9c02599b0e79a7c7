package graphtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/internal/odata"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// target is a request about objects of a kind.
type target struct {
	*call
	entry *catalogue.Entry
}

// carryOut carries out a request.
func (t *target) carryOut(below []string) answer {
	if problem := lacksHeader(t.entry, t.method, t.header); problem != "" {
		return t.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	switch {
	case t.entry.Singleton:
		return t.onObject("", below)
	case len(below) == 0, len(below) == 1 && below[0] == countSegment:
		return t.onCollection(len(below) == 1)
	}
	return t.onObject(below[0], below[1:])
}

// onCollection lists or creates.
func (t *target) onCollection(count bool) answer {
	switch {
	case t.method == http.MethodGet:
		return t.list(count)
	case t.method == http.MethodPost && !count:
		return t.create()
	}
	return t.notAllowed()
}

func (t *target) create() answer {
	body, refusal := t.payload(t.body)
	if refusal != nil {
		return *refusal
	}
	if path := unknown(t.entry, t.beta(), body); path != "" {
		return t.unknownProperty(path)
	}
	if problem := t.schema().check(t.entry, body); problem != "" {
		return t.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	if problem := t.binder().bind(body, t.objectType(), true); problem != "" {
		return t.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	if problem := createNeeds(t.entry, body); problem != "" {
		return t.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	t.entry = t.server.owner(t.entry, encode(body))
	created, err := t.server.client.Apply(t.ctx, tenant.Operation{Verb: tenant.Create, Kind: t.entry.Name, After: encode(body)})
	if err != nil {
		return t.failed(err)
	}
	shown, err := t.shown(created.Resource)
	if err != nil {
		return t.failed(err)
	}
	return t.entity(http.StatusCreated, shown)
}

// objectType is the type of the kind's objects at the request's version, or "".
func (t *target) objectType() string {
	at, _ := t.schema().model.Endpoint(t.entry.Endpoint)
	return at.Type
}

// binder returns what puts objects in the place of links.
func (t *target) binder() binder {
	return binder{t.schema().model, t.host + "/", func(path string) (string, bool) {
		id := path[strings.LastIndexByte(path, '/')+1:]
		e, below := t.server.route(t.version, path)
		if e == nil || len(below) != 1 {
			return id, true
		}
		res, err := (&target{call: t.call, entry: e}).find(below[0])
		return res.ID, err == nil
	}}
}

// entity answers with one object.
func (t *target) entity(status int, shown object) answer {
	of := "/$entity"
	if t.entry.Singleton {
		of = ""
	}
	shown["@odata.context"] = t.context(t.entry, of)
	return t.ok(status, shown)
}

// onObject reads or changes one object, or a part below it.
func (t *target) onObject(id string, below []string) answer {
	if t.method == http.MethodGet && t.server.cutOff(t.entry.Name) {
		return t.fail(http.StatusServiceUnavailable, "ServiceUnavailable", "cut off by the test")
	}
	res, err := t.find(id)
	if err != nil {
		return t.failed(err)
	}
	if len(below) == 1 && t.method == http.MethodPost && newVersions[t.entry.Name] == below[0] {
		return t.newVersion(res)
	}
	if len(below) > 0 {
		return t.onPart(res, below)
	}
	switch t.method {
	case http.MethodGet:
		return t.show(res)
	case http.MethodPatch, http.MethodPut:
		if a, no := t.mismatch(res); no {
			return a
		}
		return t.update(res)
	case http.MethodDelete:
		if a, no := t.mismatch(res); no {
			return a
		}
		if f := t.entry.Requests.Delete.First; f != nil && holds(res.Body, f.When) {
			return t.fail(http.StatusBadRequest, odata.BadRequest, "The object cannot be deleted as it is.")
		}
		if _, err := t.server.client.Apply(t.ctx, tenant.Operation{Verb: tenant.Delete, Kind: t.entry.Name, ID: res.ID}); err != nil {
			return t.failed(err)
		}
		return t.empty()
	}
	return t.notAllowed()
}

// show answers with the selected and the expanded properties of an object.
func (t *target) show(res tenant.Resource) answer {
	options, err := t.options(false, expandable(t.entry))
	if err == nil {
		err = t.checkNames(options)
	}
	if err != nil {
		return t.failed(err)
	}
	shown, err := shownNamed(t, res)
	if err == nil {
		shown = withoutUnnamed(t.entry, shown, options.Select)
		err = t.addSelected(shown, res, options.Select)
	}
	if err != nil {
		return t.failed(err)
	}
	return t.entity(http.StatusOK, t.expanded(odata.Shown(shown, options.Select), res, options.Expand))
}

// update changes an object, or, by PUT, replaces it.
func (t *target) update(res tenant.Resource) answer {
	body, refusal := t.payload(t.body)
	if refusal != nil {
		return *refusal
	}
	if t.method == http.MethodPut && !strings.EqualFold(t.entry.Requests.Update.Method, http.MethodPut) {
		return t.notAllowed()
	}
	if path := unknown(t.entry, t.beta(), body); path != "" {
		return t.unknownProperty(path)
	}
	if problem := t.schema().check(t.entry, body); problem != "" {
		return t.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	was, err := decode(res.Body)
	if err != nil {
		return t.failed(err)
	}
	if problem := stillEnabled(t.entry, was, body); problem != "" {
		return t.fail(http.StatusBadRequest, odata.DirectoryRequest, problem)
	}
	if problem := t.binder().bind(body, t.objectType(), false); problem != "" {
		return t.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	alone, problem := goesAlone(t.entry, body)
	if problem != "" {
		return t.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	if body["@odata.type"] != nil && !slices.Contains(t.entry.CreateOnly, "/@odata.type") {
		delete(body, "@odata.type") // an annotation
	}
	if t.method == http.MethodPut {
		body = replacement(t.entry, res.Body, body)
	}
	applied, err := t.server.client.Apply(t.ctx, tenant.Operation{Verb: tenant.Update, Kind: t.entry.Name, ID: res.ID, Patch: encode(body)})
	if err != nil {
		return t.failed(err)
	}
	return t.changed(applied.Resource, alone)
}

// replacement is the merge patch for a PUT: properties that the request does not name
// are lost. Read-only properties stay, and so do parts, which have requests of their
// own.
// https://learn.microsoft.com/graph/use-the-api, "HTTP methods": "Replace a resource
// with a new one".
func replacement(e *catalogue.Entry, was json.RawMessage, body object) object {
	old, err := decode(was)
	if err != nil {
		return body
	}
	keep := slices.Clone(e.ReadOnly)
	for _, p := range e.Parts {
		keep = append(keep, p.Path)
	}
	if e.ID != "" || !slices.Contains(e.ReadOnly, "/id") {
		keep = append(keep, "/"+idProperty(e))
	}
	return lacking(old, body, "", keep)
}

// lacking returns a body with null for each property that only the older one has.
func lacking(old, body object, at string, keep []string) object {
	out := object{}
	for name, v := range body {
		out[name] = v
		was, wasObject := old[name].(object)
		is, isObject := v.(object)
		if wasObject && isObject {
			out[name] = lacking(was, is, at+"/"+name, keep)
		}
	}
	for name := range old {
		if _, sent := body[name]; sent || strings.Contains(name, "@odata.") || slices.Contains(keep, at+"/"+name) {
			continue
		}
		out[name] = nil
	}
	return out
}

func (t *target) schema() schema {
	m, _ := graphmeta.Of(t.version)
	return schema{model: m, previews: t.server.cfg.Previews}
}

func (t *target) unknownProperty(path string) answer {
	return t.fail(http.StatusBadRequest, odata.BadRequest, "The property '"+path[strings.LastIndexByte(path, '/')+1:]+"' does not exist on the type.")
}

// showChanged are the kinds outside Intune whose objects a change answers with,
// as examples in the documentation have it.
var showChanged = []string{"authenticationMethodsPolicy", "cloudPcOnPremisesConnections", "organization", "roleManagementPolicies", "sharepointSettings"}

// changed answers a change of an object: with nothing, or, in Intune, of some other
// kinds and after some changes, with the object.
func (t *target) changed(res tenant.Resource, shows bool) answer {
	if !shows && !isIntune(t.entry) && !slices.Contains(showChanged, t.entry.Name) {
		return t.empty()
	}
	shown, err := t.shown(res)
	if err != nil {
		return t.failed(err)
	}
	return t.entity(http.StatusOK, shown)
}

// isIntune reports whether a kind is Intune's, which answers in its own ways.
// Windows 365 is below Intune's address, and answers as others do.
func isIntune(e *catalogue.Entry) bool {
	return strings.HasPrefix(e.Endpoint, "/device") && !strings.Contains(e.Endpoint, "/virtualEndpoint/")
}

// holds reports whether an object's own property has a value.
func holds(body json.RawMessage, when tenant.Condition) bool {
	o, err := decode(body)
	return err == nil && string(encode(object{"v": o[strings.TrimPrefix(when.Path, "/")]})) == `{"v":`+string(when.Equals)+`}`
}

// find reads the object that an id in an address leads to. Ids have no case.
func (t *target) find(id string) (res tenant.Resource, err error) {
	for _, e := range t.server.sharing(t.entry) {
		if res, err = findOwn(&target{call: t.call, entry: e}, id); err == nil || tenant.ClassOf(err) != tenant.NotFound {
			t.entry = e
			return res, err
		}
	}
	return res, err
}

// findOwn finds an object of the target's kind.
func findOwn(t *target, id string) (tenant.Resource, error) {
	res, err := t.server.client.Get(t.ctx, tenant.GetRequest{Kind: t.entry.Name, ID: id})
	if err == nil || tenant.ClassOf(err) != tenant.NotFound || t.entry.Singleton {
		return res, err
	}
	found := res
	_, readErr := t.server.client.Read(t.ctx, tenant.ReadRequest{Kind: t.entry.Name, All: true}, func(r tenant.Resource) error {
		if strings.EqualFold(r.ID, id) {
			found, err = r, nil
		}
		return nil
	})
	if readErr != nil {
		return found, readErr
	}
	return found, err
}

func idProperty(e *catalogue.Entry) string {
	if e.ID != "" {
		return e.ID
	}
	return "id"
}

// chosenIDs are the kinds whose objects are made with ids that people choose.
func chosenIDs(entries map[string]*catalogue.Entry) map[string]string {
	out := map[string]string{}
	for name, e := range entries {
		if !e.Singleton && !slices.Contains(e.ReadOnly, "/"+idProperty(e)) {
			out[name] = idProperty(e)
		}
	}
	return out
}

// shown returns an object as an answer has it: without the pieces that have reads of
// their own.
func (t *target) shown(res tenant.Resource) (object, error) {
	body, err := shownNamed(t, res)
	if err != nil {
		return nil, err
	}
	return withoutUnnamed(t.entry, body, nil), nil
}

// shownNamed is shown, with what only $select shows.
func shownNamed(t *target, res tenant.Resource) (object, error) {
	body, err := decode(res.Body)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Concat(expandable(t.entry), onlySelected[t.entry.Name]) {
		delete(body, name)
	}
	t.addMemberIDs(body, res.ID)
	hide(t.entry, t.beta(), body)
	if name := idProperty(t.entry); body[name] == nil && !t.entry.Singleton {
		body[name] = res.ID
	}
	if tag, ok := t.tag(res); ok {
		body["@odata.etag"] = tag
	}
	t.server.forms().respell(t.entry, "", body)
	return body, nil
}

// expanded adds what $expand asks for.
func (t *target) expanded(shown object, res tenant.Resource, expand []odata.Expansion) object {
	whole, err := decode(res.Body)
	if err != nil {
		return shown
	}
	hide(t.entry, t.beta(), whole)
	for _, x := range expand {
		v, ok := whole[x.Name]
		if !ok {
			continue
		}
		t.server.forms().respell(t.entry, "/"+x.Name, v)
		switch v := v.(type) {
		case object:
			shown[x.Name] = odata.Shown(v, x.Select)
		case []any:
			for i := range v {
				if o, ok := v[i].(object); ok {
					v[i] = odata.Shown(o, x.Select)
				} else {
					v[i] = odata.Shown(t.referred(fmt.Sprint(v[i])), x.Select)
				}
			}
			shown[x.Name] = v
		default:
			shown[x.Name] = v
		}
	}
	return shown
}

// tag is the ETag of an object of a kind that has them.
func (t *target) tag(res tenant.Resource) (string, bool) {
	if !slices.Contains(t.server.cfg.ETags, t.entry.Name) {
		return "", false
	}
	return fmt.Sprintf(`W/"%s"`, sum(string(res.Body))), true
}

// mismatch refuses a write whose If-Match does not name the object's present state. A kind
// without ETags matches no tag but "*". errors, "HTTP status codes": 412; its code
// is in "Code property".
func (t *target) mismatch(res tenant.Resource) (answer, bool) {
	want := t.header.Get("If-Match")
	tag, has := t.tag(res)
	if want == "" || want == "*" || has && want == tag {
		return answer{}, false
	}
	return t.fail(http.StatusPreconditionFailed, "resourceModified", "The ETag in If-Match does not match the resource's current state."), true
}

// addSelected adds the properties of onlySelected that a query selects. A group without
// a mailbox lacks them, and the service answers 404.
func (t *target) addSelected(shown object, res tenant.Resource, names []string) error {
	for _, name := range names {
		if !slices.Contains(onlySelected[t.entry.Name], name) {
			continue
		}
		whole, err := decode(res.Body)
		if err != nil {
			return err
		}
		if !holdsText(whole["groupTypes"], "Unified") {
			return &tenant.Error{Class: tenant.NotFound, Code: "ResourceNotFound", Message: "Resource could not be discovered."}
		}
		if v, there := whole[name]; there {
			shown[name] = v
		} else if strings.HasSuffix(name, "Count") {
			shown[name] = 0
		} else {
			shown[name] = false
		}
	}
	return nil
}

// addMemberIDs gives the members of parts that an object shows itself the ids that the
// service gives them.
func (t *target) addMemberIDs(body object, id string) {
	for name, req := range t.entry.PartRequests {
		at := partPath(t.entry, name)
		members, _ := body[at].([]any)
		if req.Each == nil || !slices.Contains(t.entry.ReadOnly, "/"+at+"/*/id") {
			continue
		}
		for _, m := range members {
			if o, ok := m.(object); ok {
				o["id"] = memberID(t.entry, at, id, o)
			}
		}
	}
}

// referred is an object that is managed elsewhere, as a collection of references shows
// it. One that the tenant does not have is a user.
func (t *target) referred(id string) object {
	typ := "user"
	for kind, name := range map[string]string{"groups": "group", "servicePrincipals": "servicePrincipal"} {
		if t.server.entries[kind] != nil && slices.ContainsFunc(t.server.Fake.Objects(kind), func(r tenant.Resource) bool { return strings.EqualFold(r.ID, id) }) {
			typ = name
		}
	}
	return object{"@odata.type": "#microsoft.graph." + typ, "id": id}
}

// newVersion replaces an object by its new version, which the body holds under
// "workflow". What the service sets stays, and so does the category.
func (t *target) newVersion(res tenant.Resource) answer {
	body, refusal := t.payload(t.body)
	if refusal != nil {
		return *refusal
	}
	next, ok := body["workflow"].(object)
	if !ok || len(body) > 1 {
		return t.fail(http.StatusBadRequest, odata.BadRequest, "The parameter of the action is workflow.")
	}
	for _, check := range []string{t.schema().check(t.entry, next), createNeeds(t.entry, next)} {
		if check != "" {
			return t.fail(http.StatusBadRequest, odata.BadRequest, check)
		}
	}
	applied, err := t.server.client.Apply(t.ctx, tenant.Operation{Verb: tenant.Update, Kind: t.entry.Name, ID: res.ID, Patch: encode(replacement(t.entry, res.Body, next))})
	if err != nil {
		return t.failed(err)
	}
	shown, err := t.shown(applied.Resource)
	if err != nil {
		return t.failed(err)
	}
	return t.entity(http.StatusCreated, shown)
}
