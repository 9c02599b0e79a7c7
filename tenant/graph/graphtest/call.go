package graphtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/odata"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// call is one request, from outside or within a batch.
type call struct {
	exchange
	server *Server
	ctx    context.Context
	method string
	path   string // escaped
	query  string // as it was sent
	header http.Header
	body   []byte
	token  string
	isPart bool // of a batch
	inner  []Request
}

// beta reports whether the request is for the version beta.
func (c *call) beta() bool { return c.version == "beta" }

// eventual reports whether the request takes answers that are consistent later.
// See https://learn.microsoft.com/graph/aad-advanced-queries.
func (c *call) eventual() bool {
	return strings.EqualFold(c.header.Get("ConsistencyLevel"), "eventual")
}

// wait takes time, or until the caller gives up.
func (c *call) wait(d time.Duration) {
	if d > 0 && retry.Pause(c.ctx, d) != nil {
		panic(http.ErrAbortHandler)
	}
}

// answer carries the request out.
func (c *call) answer() answer {
	version, rest, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	c.version = version
	checked, refusal := c.check(c.method, c.header, c.body, c.server.cfg.Accepts)
	if refusal != nil {
		return *refusal
	}
	c.token, c.body = checked.token, checked.body
	if version != "v1.0" && version != "beta" {
		return c.fail(http.StatusBadRequest, odata.BadRequest, "Invalid version: "+version)
	}
	if rest == "$batch" {
		return c.batch()
	}
	if c.method != http.MethodGet && c.query != "" { // query-parameters: "supported in only GET operations"
		return c.fail(http.StatusBadRequest, odata.BadRequest, "The query specified in the URI is not valid: query options are supported in GET operations only.")
	}
	if rest == whatIfPath && c.method == http.MethodPost {
		groups := c.server.groupBodies()
		applied, ok := whatIf(c.body, c.server.Fake.Objects("conditionalAccessPolicies"), func(user string) []string { return c.server.groupsOf(user, true, groups) })
		if !ok {
			return c.fail(http.StatusBadRequest, odata.BadRequest, "signInIdentity, signInContext and signInConditions are required.")
		}
		return c.ok(http.StatusOK, object{"@odata.context": c.host + "/" + c.version + "/$metadata#Collection(microsoft.graph.whatIfAnalysisResult)", "value": applied})
	}
	if m, ok := membershipsOf(rest); ok && c.method == http.MethodGet {
		return c.groupsOf(m)
	}
	if c.method == http.MethodGet {
		if a, ok := c.account(rest); ok {
			return a
		}
	}
	e, below := c.server.route(version, usual("/"+rest))
	bin, deleted := c.server.binned("/" + rest)
	if deleted {
		e = bin.entry
	}
	if e == nil {
		return c.noResource(rest)
	}
	if refusal, refused := c.throttled(e); refused {
		return refusal
	}
	scopes := []catalogue.Scopes{scopesOf(e.Read, e.Write, c.method)}
	for _, o := range e.OptIns {
		if len(below) > 1 && slices.Contains(o.Properties(), below[1]) {
			scopes = append(scopes, scopesOf(o.Read, o.Write, c.method))
		}
	}
	if slices.ContainsFunc(scopes, func(s catalogue.Scopes) bool { return len(missing(c.token, s)) > 0 }) {
		return c.fail(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	struck := c.server.take(c.method, e.Name)
	if struck.before() {
		return c.strike(struck)
	}
	t := &target{call: c, entry: e}
	var a answer
	if deleted {
		a = t.onDeleted(bin)
	} else {
		a = t.carryOut(below)
	}
	if struck != nil {
		return c.strikeAfter(struck, a)
	}
	return a
}

// batch carries out the requests of a batch one by one, and answers them in another
// order. The status of the outer answer does not tell of theirs.
// https://learn.microsoft.com/graph/json-batching
func (c *call) batch() answer {
	if c.isPart || c.method != http.MethodPost {
		return c.notAllowed()
	}
	var req struct {
		Requests []step `json:"requests"`
	}
	if err := json.Unmarshal(c.body, &req); err != nil {
		return c.fail(http.StatusBadRequest, odata.BadRequest, "Invalid batch payload format.")
	}
	if problem := checkSteps(req.Requests); problem != "" {
		return c.fail(http.StatusBadRequest, odata.BadRequest, problem)
	}
	failed := map[string]bool{}
	responses := []map[string]any{}
	for _, s := range req.Requests {
		path, query, _ := strings.Cut(s.URL, "?")
		inner := &call{exchange: exchange{id: c.server.newID(), clientID: c.clientID, host: c.host, version: c.version}, server: c.server, ctx: c.ctx,
			method: strings.ToUpper(s.Method), path: "/" + c.version + "/" + strings.TrimPrefix(path, "/"), query: query,
			header: http.Header{"Authorization": c.header["Authorization"]}, body: s.Body, isPart: true}
		for name, value := range s.Headers {
			inner.header.Set(name, value)
		}
		var a answer
		if slices.ContainsFunc(s.DependsOn, func(id string) bool { return failed[strings.ToLower(id)] }) {
			// "any request that depends on that request fails with status code 424".
			a = inner.fail(http.StatusFailedDependency, "FailedDependency", "A request that this one depends on has failed.")
		} else {
			a = inner.answer()
		}
		failed[strings.ToLower(s.ID)] = a.status >= http.StatusBadRequest
		c.inner = append(c.inner, Request{Time: time.Now(), Method: s.Method, Path: "/" + c.version + "/" + strings.TrimPrefix(s.URL, "/"), Inner: true, Status: a.status, ID: inner.id})
		headers := map[string]string{"request-id": inner.id}
		if a.body != nil {
			headers["Content-Type"] = "application/json"
		}
		for name := range a.header {
			headers[name] = a.header.Get(name)
		}
		one := map[string]any{"id": s.ID, "status": a.status, "headers": headers}
		if a.body != nil {
			one["body"] = json.RawMessage(a.body)
		}
		responses = append(responses, one)
	}
	slices.Reverse(responses)
	return c.ok(http.StatusOK, map[string]any{"responses": responses})
}

// route finds the kind that a path leads to, the one with the longest endpoint,
// and what comes below it. Of kinds that share an endpoint it finds the first.
func (s *Server) route(version, path string) (found *catalogue.Entry, below []string) {
	longest := -1
	for i := range s.cfg.Catalogue.Entries {
		e := &s.cfg.Catalogue.Entries[i]
		if e.Version == "beta" && version != "beta" && !inV1(e) {
			continue
		}
		segs, ok := under(e.Endpoint, path)
		n := strings.Count(e.Endpoint, "/")
		switch {
		case !ok || n <= longest:
		case e.Singleton && len(segs) > 0 && !hasSub(e, segs[0]):
		default:
			found, below, longest = e, segs, n
		}
	}
	return found, below
}

// sharing are the kinds at the endpoint of a kind, itself among them.
func (s *Server) sharing(e *catalogue.Entry) []*catalogue.Entry {
	var out []*catalogue.Entry
	for i := range s.cfg.Catalogue.Entries {
		if other := &s.cfg.Catalogue.Entries[i]; other.Endpoint == e.Endpoint {
			out = append(out, other)
		}
	}
	return out
}

// owner is the kind at the endpoint of a kind to which an object belongs.
func (s *Server) owner(e *catalogue.Entry, body []byte) *catalogue.Entry {
	meets := func(c tenant.Condition) bool { return holds(body, c) }
	for _, other := range s.sharing(e) {
		list := other.List
		if !slices.ContainsFunc(list.Skip, meets) && (len(list.Only) == 0 || slices.ContainsFunc(list.Only, meets)) {
			return other
		}
	}
	return e
}

// hasSub reports whether a segment below an object is one that the kind knows.
func hasSub(e *catalogue.Entry, seg string) bool {
	for _, sub := range e.Subs {
		if strings.HasPrefix(sub.Path, "/"+seg) {
			return true
		}
	}
	for _, p := range e.PartRequests {
		if p.Action == "/"+seg || p.Each != nil && strings.HasPrefix(p.Each.Collection, "/"+seg) {
			return true
		}
	}
	return false
}

// under matches a path with an endpoint, whose segments in braces stand for
// any, and returns the unescaped segments below.
func under(endpoint, path string) ([]string, bool) {
	want := strings.Split(strings.Trim(endpoint, "/"), "/")
	got := strings.Split(strings.Trim(path, "/"), "/")
	if len(got) < len(want) {
		return nil, false
	}
	for i, w := range want {
		if w != got[i] && !strings.HasPrefix(w, "{") {
			return nil, false
		}
	}
	below := got[len(want):]
	for i := range below {
		if s, err := url.PathUnescape(below[i]); err == nil {
			below[i] = s
		}
	}
	return below, true
}

// scopesOf returns the permissions for a request.
func scopesOf(read, write catalogue.Scopes, method string) catalogue.Scopes {
	if method == http.MethodGet {
		return read
	}
	return write
}

// missing returns the permissions that a token lacks.
func missing(token string, scopes catalogue.Scopes) []string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	var claims struct {
		Scopes string   `json:"scp"`
		Roles  []string `json:"roles"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return nil
	}
	granted := append(strings.Fields(claims.Scopes), claims.Roles...)
	needed := scopes.Delegated
	if claims.Scopes == "" {
		if scopes.DelegatedOnly {
			return []string{"a signed-in person"}
		}
		if len(scopes.Application) > 0 {
			needed = scopes.Application
		}
	}
	var missing []string
	for _, anyOf := range needed {
		if !slices.ContainsFunc(anyOf, func(p string) bool { return slices.Contains(granted, p) }) {
			missing = append(missing, anyOf...)
		}
	}
	return missing
}
