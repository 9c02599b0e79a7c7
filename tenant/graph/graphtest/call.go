package graphtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// call is one request, from outside or within a batch.
type call struct {
	server *Server
	ctx    context.Context
	method string
	path   string // escaped
	beta   bool
	query  url.Values
	host   string
	body   []byte
	token  string
	id     string
	isPart bool // of a batch
	inner  []Request
}

// answer is what is sent back.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the connection is cut after this
}

// wait takes time, or until the caller gives up.
func (c *call) wait(d time.Duration) {
	if d > 0 && retry.Pause(c.ctx, d) != nil {
		panic(http.ErrAbortHandler)
	}
}

// answer carries the request out.
func (c *call) answer() answer {
	if c.token == "" || c.server.cfg.Accepts != nil && !c.server.cfg.Accepts(c.token) {
		return c.fail(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty, has expired or is not valid.")
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	if version != "v1.0" && version != "beta" {
		return c.fail(http.StatusBadRequest, "BadRequest", "Invalid version: "+version)
	}
	c.beta = version == "beta"
	if rest == "$batch" && c.method == http.MethodPost && !c.isPart {
		return c.batch(version)
	}
	if user, ok := memberOf(rest); ok && c.method == http.MethodGet {
		return c.groupsOf(user)
	}
	e, below := c.server.route(version, "/"+rest)
	bin, deleted := c.server.binned("/" + rest)
	if deleted {
		e = bin.entry
	}
	if e == nil {
		return c.fail(http.StatusNotFound, "ResourceNotFound", "Resource not found for the segment '"+rest+"'.")
	}
	write := c.method != http.MethodGet
	if refusal, refused := c.throttled(e); refused {
		return refusal
	}
	if missing := c.missing(e, write); len(missing) > 0 {
		return c.fail(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	struck := c.server.take(c.method, e.Name)
	if struck.before() {
		return c.strike(struck)
	}
	var a answer
	if deleted {
		a = c.onDeleted(bin)
	} else {
		a = c.carryOut(e, below)
	}
	if struck != nil {
		return c.strikeAfter(struck, a)
	}
	return a
}

// route finds the kind that a path leads to, the one with the longest endpoint,
// and what comes below it.
func (s *Server) route(version, path string) (found *graph.Entry, below []string) {
	longest := -1
	for _, e := range s.entries {
		if e.Version == "beta" && version != "beta" {
			if _, has := graphmeta.V1().Endpoint(e.Endpoint); !has {
				continue
			}
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

// hasSub reports whether a segment below an object is one that the kind knows.
func hasSub(e *graph.Entry, seg string) bool {
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

// missing returns what the token lacks.
func (c *call) missing(e *graph.Entry, write bool) []string {
	parts := strings.Split(c.token, ".")
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
	scopes := e.Read
	if write {
		scopes = e.Write
	}
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

// ok answers with a body.
func (c *call) ok(status int, body any) answer {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("graphtest: encode: %v", err)) // made of decoded JSON
	}
	return answer{status: status, header: http.Header{}, body: raw}
}

// context is the address by which an answer says what it is: of a collection
// or, with "/$entity", of one object.
func (c *call) context(e *graph.Entry, of string) string {
	version := "v1.0"
	if c.beta {
		version = "beta"
	}
	return c.host + "/" + version + "/$metadata#" + strings.TrimPrefix(e.Endpoint, "/") + of
}

// entity answers with one object.
func (c *call) entity(status int, e *graph.Entry, shown object) answer {
	of := "/$entity"
	if e.Singleton {
		of = ""
	}
	shown["@odata.context"] = c.context(e, of)
	return c.ok(status, shown)
}

func (c *call) empty() answer { return answer{status: http.StatusNoContent, header: http.Header{}} }

// fail answers with an error as Graph writes it:
// https://learn.microsoft.com/graph/errors
func (c *call) fail(status int, code, message string) answer {
	return c.ok(status, map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]any{"date": time.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": c.id, "client-request-id": c.id},
	}})
}

// failed answers with what the tenant refused.
func (c *call) failed(err error) answer {
	e, ok := errors.AsType[*tenant.Error](err)
	if !ok {
		panic(http.ErrAbortHandler) // the answer is lost
	}
	switch e.Class {
	case tenant.NotFound:
		return c.fail(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+e.ID+"' does not exist or one of its queried reference-property objects are not present.")
	case tenant.Conflict:
		return c.fail(http.StatusConflict, "Request_Conflict", e.Message)
	case tenant.Throttled:
		return c.tooMany(e.RetryAfter)
	case tenant.Unauthenticated:
		return c.fail(http.StatusUnauthorized, "InvalidAuthenticationToken", e.Message)
	case tenant.AccessDenied:
		return c.fail(http.StatusForbidden, "Forbidden", "You do not have the role for this.")
	case tenant.NotLicensed:
		return c.fail(http.StatusForbidden, "AccessDenied", "Your tenant does not have a premium license for this feature.")
	case tenant.Invalid:
		return c.fail(http.StatusBadRequest, "BadRequest", e.Message)
	case tenant.Transient:
		if e.MaybeApplied {
			panic(http.ErrAbortHandler)
		}
		return c.fail(http.StatusServiceUnavailable, "ServiceUnavailable", e.Message)
	}
	return c.fail(http.StatusNotImplemented, "NotImplemented", e.Message)
}

// tooMany refuses with 429.
func (c *call) tooMany(after time.Duration) answer {
	a := c.fail(http.StatusTooManyRequests, "TooManyRequests", "Too many requests. Please wait and try again.")
	if after > 0 {
		a.header.Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
	}
	return a
}
