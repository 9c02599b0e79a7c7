package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// sentRequest is a write as it reached the service.
type sentRequest struct {
	method, path string // without the query
	header       http.Header
	body         []byte
}

// sentRecorder keeps the writes that a client sends.
type sentRecorder struct {
	http.RoundTripper
	mu   sync.Mutex
	sent []sentRequest // since they were taken
	all  []sentRequest
}

func (r *sentRecorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet || strings.HasSuffix(req.URL.Path, "/$batch") {
		return r.RoundTripper.RoundTrip(req)
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.mu.Lock()
	one := sentRequest{req.Method, req.URL.Path, req.Header.Clone(), body}
	r.sent, r.all = append(r.sent, one), append(r.all, one)
	r.mu.Unlock()
	return r.RoundTripper.RoundTrip(req)
}

func (r *sentRecorder) take() []sentRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.sent
	r.sent = nil
	return taken
}

// heldClient holds the requests of each operation against the operation, which is what
// was approved: the engine's own laws say that.
type heldClient struct {
	*graph.Client
	recorder *sentRecorder
	kinds    *catalogue.Catalogue
	root     string // the service's address
	report   func(problem string)
	turn     chan struct{} // one operation at a time; a mutex would stop a bubble's clock
}

func newHeldClient(client *graph.Client, recorder *sentRecorder, kinds *catalogue.Catalogue, root string, report func(problem string)) heldClient {
	return heldClient{client, recorder, kinds, root, report, make(chan struct{}, 1)}
}

func (c heldClient) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.recorder.take()
	applied, err := c.Client.Apply(ctx, op)
	e, _ := c.kinds.Entry(op.Kind)
	for _, problem := range (sentLaw{e, c.root, op}).problems(c.recorder.take(), err == nil) {
		c.report(fmt.Sprintf("%s of %s %s: %s", op.Verb, op.Kind, op.Part, problem))
	}
	return applied, err
}

// sentLaw says what the requests of an operation may hold, and what they must: the
// values of the operation, at their places, and what the catalogue says that such a
// request always has. It reads the operation and the catalogue only.
type sentLaw struct {
	entry catalogue.Entry
	root  string
	op    tenant.Operation
}

// leaves has the values in a body, by path: "/conditions/users/*" is an array's.
type leaves map[string]bool

// add adds the values at and below a path. Empty arrays and objects are values.
func (l leaves) add(path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, below := range v {
			l.add(path+"/"+name, below)
		}
		if len(v) == 0 {
			l[path+" {}"] = true
		}
	case []any:
		for _, below := range v {
			l.add(path+"/*", below)
		}
		if len(v) == 0 {
			l[path+" []"] = true
		}
	default:
		l[path+" "+mustJSON(v)] = true
	}
}

func decodeAny(raw []byte) (v any) {
	if len(raw) > 0 && json.Unmarshal(raw, &v) != nil {
		panic("no JSON: " + string(raw)) // the fake reads all bodies
	}
	return v
}

// problems returns what is wrong with the requests of an operation. Those of one that
// failed may be incomplete.
func (l sentLaw) problems(sent []sentRequest, whole bool) []string {
	var out []string
	found := leaves{}
	for _, r := range sent {
		out = append(out, l.address(r)...)
		for name, want := range l.entry.Headers {
			if got := r.header.Values(name); len(got) != 1 || got[0] != want {
				out = append(out, fmt.Sprintf("the header %s is %q, want %q", name, got, want))
			}
		}
		for name := range r.header {
			if _, known := l.entry.Headers[name]; !known && !slices.Contains(usualHeaders, name) {
				out = append(out, fmt.Sprintf("the header %s is sent", name))
			}
		}
		if len(r.body) > 0 {
			found.add("", l.unwrapped(decodeAny(r.body)))
		}
	}
	allowed, needed := l.allowed(), l.needed()
	for _, leaf := range slices.Sorted(maps.Keys(found)) {
		if !allowed[leaf] {
			out = append(out, "not approved: "+leaf)
		}
	}
	for _, leaf := range slices.Sorted(maps.Keys(needed)) {
		if whole && !found[leaf] && !l.addressed(sent, leaf) {
			out = append(out, "not sent: "+leaf)
		}
	}
	return out
}

// usualHeaders are headers that tell nothing of an object.
var usualHeaders = []string{"Authorization", "Content-Type", "Accept", "Accept-Encoding", "User-Agent", "Client-Request-Id", "Return-Client-Request-Id", "Content-Length", "Prefer"}

// address checks that a request leads to the operation's object.
func (l sentLaw) address(r sentRequest) []string {
	collection := "/" + l.entry.Version + strings.ReplaceAll(l.entry.Endpoint, "{directory}", "")
	path := r.path
	if i := strings.Index(l.entry.Endpoint, "{directory}"); i >= 0 { // "/organization/d/branding"
		before, after, _ := strings.Cut(path[min(len(path), len("/"+l.entry.Version)+i):], "/")
		path = path[:min(len(path), len("/"+l.entry.Version)+i)] + "/" + after
		if before == "" {
			return []string{"no directory in " + r.path}
		}
	}
	p := l.entry.PartRequests[l.op.Part]
	if l.op.Part != "" && p.Each != nil && (p.Each.Root != "" || p.Each.Add != "") {
		collection = "/" + l.entry.Version
	}
	rest, ok := strings.CutPrefix(path, collection)
	if !ok {
		return []string{"the address is " + r.path}
	}
	if l.op.ID == "" || l.entry.Singleton || strings.Contains(rest, "/"+l.op.ID) || strings.Contains(string(r.body), `"`+l.op.ID+`"`) {
		return nil
	}
	return []string{"the address " + r.path + " is not the object's"}
}

// addressed reports whether a value stands in the address of a request: that of a
// member which is added by an action of its own.
func (l sentLaw) addressed(sent []sentRequest, leaf string) bool {
	p := l.entry.PartRequests[l.op.Part]
	if l.op.Part == "" || p.Each == nil || p.Each.Add == "" {
		return false
	}
	_, value, _ := strings.Cut(leaf, " ")
	id := decodeAny([]byte(value))
	return slices.ContainsFunc(sent, func(r sentRequest) bool {
		path, err := url.PathUnescape(r.path)
		return err == nil && strings.Contains(path+"/", fmt.Sprintf("/%v/", id))
	})
}

// part is the part's path, "" for an operation about the object itself.
func (l sentLaw) part() string {
	for _, p := range l.entry.Parts {
		if p.Name == l.op.Part {
			return p.Path
		}
	}
	return ""
}

// unwrapped is a body at its place in the object.
func (l sentLaw) unwrapped(body any) any {
	o, _ := body.(map[string]any)
	if l.op.Part == "" {
		wrap := l.entry.Requests.Update.Wrap
		if l.op.Verb == tenant.Create {
			wrap = l.entry.Requests.Create.Wrap
		}
		if inner, there := o[wrap]; wrap != "" && there && len(o) == 1 {
			return inner
		}
		return body
	}
	p := l.entry.PartRequests[l.op.Part]
	var v any
	switch {
	case p.Changes != nil:
		members := []any{}
		for _, name := range []string{p.Changes.Added, p.Changes.Updated} {
			all, _ := o[name].([]any)
			members = append(members, all...)
		}
		ids, _ := o[p.Changes.Deleted].([]any)
		out := nest(l.part(), members)
		out["deleted"] = l.gone(ids)
		for name := range o {
			if name != p.Changes.Added && name != p.Changes.Updated && name != p.Changes.Deleted {
				out[name] = o[name]
			}
		}
		return out
	case p.Action == "" && p.Each != nil:
		v = []any{body}
	case p.Wrap != "":
		if len(o) != 1 {
			return body
		}
		v = o[p.Wrap]
	default:
		v = body
	}
	return nest(l.part(), v)
}

// nest returns an object that has a value at a path.
func nest(path string, v any) map[string]any {
	segs := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := len(segs) - 1; i >= 0; i-- {
		v = map[string]any{segs[i]: v}
	}
	return v.(map[string]any)
}

// gone returns those ids of members that are not of such as may be removed: members
// whose value is no longer the same.
func (l sentLaw) gone(ids []any) []any {
	out := []any{}
	for _, id := range ids {
		is := func(m any) bool { o, _ := m.(map[string]any); return o["id"] == id }
		if !slices.ContainsFunc(l.members(l.op.Before), is) || slices.ContainsFunc(l.members(l.op.Patch), func(m any) bool {
			i := slices.IndexFunc(l.members(l.op.Before), is)
			return i >= 0 && mustJSON(m) == mustJSON(l.members(l.op.Before)[i])
		}) {
			out = append(out, id)
		}
	}
	return out
}

// members are the members of the part in a body.
func (l sentLaw) members(raw json.RawMessage) []any {
	v := decodeAny(raw)
	for name := range strings.SplitSeq(strings.TrimPrefix(l.part(), "/"), "/") {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	all, _ := v.([]any)
	return all
}

// source is the body that the operation is about.
func (l sentLaw) source() json.RawMessage {
	switch {
	case l.op.Verb == tenant.Create, len(l.op.Patch) == 0, l.op.Part == "" && l.entry.Requests.Update.Whole:
		return l.op.After
	}
	return l.op.Patch
}

// allowed are the values that requests may have.
func (l sentLaw) allowed() leaves {
	all := leaves{}
	if l.op.Verb != tenant.Delete {
		all.add("", decodeAny(l.source()))
	}
	all.addOf(l.op.After, "@odata.type")
	all.addOf(l.op.Before, "@odata.type")
	fixed := func(at string, set map[string]json.RawMessage) {
		for name, value := range set {
			if string(value) == `"{id}"` {
				value = json.RawMessage(mustJSON(l.op.ID))
			}
			all.add(at+"/"+name, decodeAny(value))
		}
	}
	r := l.entry.Requests
	switch {
	case l.op.Part != "":
		l.allowPart(all, fixed)
	case l.op.Verb == tenant.Create:
		fixed("", r.Create.Set)
		l.links(all, "", decodeAny(l.op.After), r.Create.Bind)
	case l.op.Verb == tenant.Update:
		fixed("", r.Update.Set)
		l.links(all, "", decodeAny(l.source()), r.Update.Bind)
		for _, path := range l.entry.DisableFirst { // as they are, and disabled
			l.disabled(all, path)
		}
	case r.Delete.First != nil:
		all.add("", decodeAny(r.Delete.First.Set))
	}
	return all
}

// addOf adds the values of a name anywhere in a body.
func (l leaves) addOf(raw json.RawMessage, name string) {
	every := leaves{}
	every.add("", decodeAny(raw))
	for leaf := range every {
		if path, _, _ := strings.Cut(leaf, " "); strings.HasSuffix(path, "/"+name) {
			l[leaf] = true
		}
	}
}

// allowPart allows what the requests of a part add to its value.
func (l sentLaw) allowPart(all leaves, fixed func(at string, set map[string]json.RawMessage)) {
	p := l.entry.PartRequests[l.op.Part]
	at := l.part()
	all.addOf(l.op.Before, "id") // members keep their ids
	all[at+" []"] = true
	switch {
	case p.Changes != nil:
		all["/deleted []"] = true
		for _, m := range l.members(l.op.Patch) {
			l.links(all, at+"/*", m, p.Changes.Bind)
		}
	case p.Action == "" && p.Each != nil:
		fixed(at+"/*", p.Each.Set)
		all[at+"/* {}"] = true
		if p.Each.Ref != "" {
			for _, m := range l.members(l.op.Patch) {
				all.add(at+"/*/@odata.id", l.root+"/"+l.entry.Version+strings.ReplaceAll(p.Each.Ref, "{id}", fmt.Sprint(m)))
			}
		}
	}
}

// disabled allows the members of an array as they are, and disabled.
func (l sentLaw) disabled(all leaves, path string) {
	v := decodeAny(l.op.Before)
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	if v != nil {
		all.add(path, v)
	}
	all[path+"/*/isEnabled false"] = true
}

// links allows a link in the place of each bound object within a value.
func (l sentLaw) links(all leaves, at string, value any, binds []catalogue.Bind) {
	for _, b := range binds {
		var walk func(path string, v any, segs []string)
		walk = func(path string, v any, segs []string) {
			switch v := v.(type) {
			case []any:
				if segs[0] == "*" {
					for _, m := range v {
						walk(path+"/*", m, segs[1:])
					}
				}
			case map[string]any:
				if len(segs) > 1 {
					walk(path+"/"+segs[0], v[segs[0]], segs[1:])
				} else if o, ok := v[segs[0]].(map[string]any); ok {
					all.add(path+"/"+segs[0]+"@odata.bind", l.root+"/"+l.entry.Version+linked(b.To, o, value))
				}
			}
		}
		walk(at, value, strings.Split(strings.TrimPrefix(b.Path, "/"), "/"))
	}
}

// linked is the address that a link names.
func linked(to string, o map[string]any, whole any) string {
	to = strings.ReplaceAll(to, "{id}", fmt.Sprint(o["id"]))
	for {
		before, rest, found := strings.Cut(to, "{/")
		if !found {
			return to
		}
		pointer, after, _ := strings.Cut(rest, "}")
		v := whole
		for name := range strings.SplitSeq(pointer, "/") {
			inner, _ := v.(map[string]any)
			v = inner[name]
		}
		to = before + fmt.Sprint(v) + after
	}
}

// needed are the values that the requests of a whole operation must have.
func (l sentLaw) needed() leaves {
	need := leaves{}
	if l.op.Verb == tenant.Delete {
		return need
	}
	need.add("", decodeAny(l.source()))
	had := leaves{}
	p := l.entry.PartRequests[l.op.Part]
	if l.op.Part != "" && (p.Changes != nil || p.Action == "" && p.Each != nil) {
		had.add("", decodeAny(l.op.Before)) // only what is new is sent
	}
	for leaf := range need {
		path, value, _ := strings.Cut(leaf, " ")
		if had[leaf] || l.dropped(path) || l.isBound(path) || strings.HasSuffix(path, "/@odata.type") || l.op.Part != "" && value == "[]" || l.op.Part != "" && value == "null" {
			delete(need, leaf)
		}
	}
	if p.Each != nil && p.Each.Ref != "" && p.Action == "" { // members are links
		ids := need
		need = leaves{}
		for leaf := range ids {
			path, id, _ := strings.Cut(leaf, " ")
			need.add(path+"/@odata.id", l.root+"/"+l.entry.Version+strings.ReplaceAll(p.Each.Ref, "{id}", fmt.Sprint(decodeAny([]byte(id)))))
		}
	}
	all := leaves{}
	l.allowLinks(all)
	maps.Copy(need, all)
	for leaf := range l.kept() {
		delete(need, leaf)
	}
	return need
}

// kept are links of members that do not change.
func (l sentLaw) kept() leaves {
	all := leaves{}
	if p := l.entry.PartRequests[l.op.Part]; p.Changes != nil {
		for _, m := range l.members(l.op.Before) {
			l.links(all, l.part()+"/*", m, p.Changes.Bind)
		}
	}
	return all
}

// allowLinks are the links that the operation's requests have.
func (l sentLaw) allowLinks(all leaves) {
	switch p := l.entry.PartRequests[l.op.Part]; {
	case l.op.Part != "" && p.Changes != nil:
		for _, m := range l.members(l.op.Patch) {
			l.links(all, l.part()+"/*", m, p.Changes.Bind)
		}
	case l.op.Part == "" && l.op.Verb == tenant.Create:
		l.links(all, "", decodeAny(l.op.After), l.entry.Requests.Create.Bind)
	case l.op.Part == "" && l.op.Verb == tenant.Update:
		l.links(all, "", decodeAny(l.source()), l.entry.Requests.Update.Bind)
	}
}

// isBound reports whether a value lies in an object that a link stands for.
func (l sentLaw) isBound(path string) bool {
	var patterns []string
	r := l.entry.Requests.Update
	if l.op.Verb == tenant.Create {
		r = l.entry.Requests.Create
	}
	binds, at := r.Bind, ""
	if p := l.entry.PartRequests[l.op.Part]; l.op.Part != "" {
		binds, at = nil, l.part()+"/*"
		if p.Changes != nil {
			binds = p.Changes.Bind
		}
	}
	for _, b := range binds {
		patterns = append(patterns, at+b.Path)
	}
	return atOrBelow(patterns, strings.Split(strings.TrimPrefix(path, "/"), "/"))
}

// dropped reports whether the catalogue says that a request lacks what is at a path.
func (l sentLaw) dropped(path string) bool {
	e := l.entry
	patterns := slices.Clone(e.ReadOnly)
	r := e.Requests.Update
	if l.op.Verb == tenant.Create {
		r = e.Requests.Create
	}
	if l.op.Part == "" {
		if l.op.Verb == tenant.Update && !r.Whole {
			patterns = append(patterns, e.CreateOnly...)
		}
		for _, p := range e.Parts {
			if l.op.Verb != tenant.Create || !p.WithCreate {
				patterns = append(patterns, p.Path)
			}
		}
		for _, name := range r.Drop {
			patterns = append(patterns, "/"+name)
		}
	} else {
		p := e.PartRequests[l.op.Part]
		names := p.Drop
		if p.Each != nil {
			names = append(slices.Clone(names), p.Each.UpdateDrop...)
		}
		for _, name := range names {
			patterns = append(patterns, l.part()+"/*/"+name, l.part()+"/"+name)
		}
		if !strings.HasPrefix(path+"/", l.part()+"/") {
			return true
		}
	}
	for _, name := range r.Keep {
		patterns = slices.DeleteFunc(patterns, func(p string) bool { return p == "/"+name })
	}
	return atOrBelow(patterns, strings.Split(strings.TrimPrefix(path, "/"), "/"))
}
