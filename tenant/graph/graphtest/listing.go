package graphtest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantsync/tenantsync/internal/odata"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// countSegment, at the end of a collection's address, asks for its size only.
const countSegment = "$count"

// directoryObjects are the kinds that derive from directoryObject, whose queries
// have rules of their own, with the properties that they are sorted by without
// advanced parameters: https://learn.microsoft.com/graph/aad-advanced-queries.
var directoryObjects = map[string][]string{
	"groups": {"displayName"}, "applications": {}, "servicePrincipals": {}, "administrativeUnits": {}, "oauth2PermissionGrants": {},
}

func isDirectoryObject(e *catalogue.Entry) bool {
	_, ok := directoryObjects[e.Name]
	return ok
}

// expandable are the properties of a kind that are shown only by $expand or by a
// request of their own: navigation properties.
func expandable(e *catalogue.Entry) []string {
	var out []string
	for _, sub := range e.Subs {
		if sub.Property != "" {
			out = append(out, sub.Property)
		}
		if _, query, ok := strings.Cut(sub.Path, "?"); ok && sub.Property == "" {
			out = append(out, expandedBy(query)...)
		}
	}
	for _, query := range []string{e.List.Query, e.List.SingleQuery} {
		out = append(out, expandedBy(query)...)
	}
	return out
}

// expandedBy are the names that a query of the catalogue expands.
func expandedBy(query string) []string {
	var out []string
	for option := range strings.SplitSeq(query, "&") {
		value, ok := strings.CutPrefix(option, "$expand=")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(value, "(")
		out = append(out, strings.Split(name, ",")...)
	}
	return out
}

// options reads the query options.
func (t *target) options(collection bool, expandable []string) (*odata.Options, error) {
	sortable, directory := directoryObjects[t.entry.Name]
	return odata.ParseOptions(t.query, odata.Dialect{Beta: t.beta(), Directory: directory, Eventual: t.eventual(),
		Collection: collection, Sortable: sortable, Expandable: expandable})
}

// list answers with a page of a kind's objects.
func (t *target) list(count bool) answer {
	options, err := t.options(true, expandable(t.entry))
	if err == nil {
		err = checkPaths(options, expandable(t.entry))
	}
	if err == nil {
		err = t.checkNames(options)
	}
	if err != nil {
		return t.failed(err)
	}
	l := &listing{call: t.call, options: options, context: t.context(t.entry, ""), directory: isDirectoryObject(t.entry)}
	l.expand = func(o object) object {
		o = withoutUnnamed(t.entry, o, options.Select)
		if len(options.Expand) == 0 {
			return odata.Shown(o, options.Select)
		}
		res, err := t.find(fmt.Sprint(o[idProperty(t.entry)]))
		if err != nil { // deleted by someone else just now
			return odata.Shown(o, options.Select)
		}
		return t.expanded(odata.Shown(o, options.Select), res, options.Expand)
	}
	if g, ok := t.server.generated(t.entry.Name); ok && !count && options.Filter == nil && options.Search == nil && len(options.OrderBy) == 0 {
		return l.generated(g)
	}
	all, partial, err := t.all()
	if err != nil {
		return t.failed(err)
	}
	return l.answer(all, partial, count)
}

// checkPaths refuses filters by properties that the answer does not show.
func checkPaths(options *odata.Options, expandable []string) error {
	if options.Filter == nil {
		return nil
	}
	for _, path := range options.Filter.Paths {
		first, _, _ := strings.Cut(path, "/")
		if slices.Contains(expandable, first) {
			return &odata.Error{Code: odata.BadRequest, Message: "Filtering by the navigation property '" + first + "' is not supported."}
		}
	}
	return nil
}

// checkNames refuses queries that name a property which the version does not have.
func (t *target) checkNames(options *odata.Options) error {
	if problem := t.schema().checkNames(t.entry, options.Names()); problem != "" {
		return &odata.Error{Code: odata.BadRequest, Message: problem}
	}
	return nil
}

// all reads the objects at a kind's endpoint, as answers have them. They are partial
// if the test cut the read off.
func (t *target) all() (all []object, partial bool, err error) {
	for _, e := range t.server.sharing(t.entry) {
		own, cut, err := allOwn(&target{call: t.call, entry: e})
		if err != nil {
			return nil, false, err
		}
		all, partial = append(all, own...), partial || cut
	}
	return all, partial, nil
}

// allOwn reads the objects of the target's kind.
func allOwn(t *target) (all []object, partial bool, err error) {
	if g, ok := t.server.generated(t.entry.Name); ok {
		for i := range g.n {
			o, err := decode([]byte(g.body(i)))
			if err != nil {
				return nil, false, err
			}
			all = append(all, o)
		}
		return all, false, nil
	}
	res, err := t.server.client.Read(t.ctx, tenant.ReadRequest{Kind: t.entry.Name, All: true}, func(r tenant.Resource) error {
		shown, err := shownNamed(t, r)
		all = append(all, shown)
		return err
	})
	if err == nil {
		err = incomplete(res)
	}
	return all, res.Completeness == tenant.Partial, err
}

// incomplete is the error of a read that the tenant refused.
func incomplete(res tenant.ReadResult) error {
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

// listing is an answer that is a collection.
type listing struct {
	*call
	options   *odata.Options
	context   string
	directory bool
	// expand returns the selected and the expanded properties of an object.
	expand func(object) object
}

// plain answers with a collection whose objects expand nothing.
func (c *call) plain(all []object, context string, options *odata.Options, count, directory bool) answer {
	l := &listing{call: c, options: options, context: context, directory: directory, expand: func(o object) object { return odata.Shown(o, options.Select) }}
	return l.answer(all, false, count)
}

// answer answers with a page of the objects that the query asks for. A partial list
// ends with a page that names a next one, which fails.
func (l *listing) answer(all []object, partial, count bool) answer {
	var kept []object
	for _, o := range all {
		keep, err := l.options.Keep(o)
		if err != nil {
			return l.failed(err)
		}
		if keep {
			kept = append(kept, o)
		}
	}
	if count {
		return l.size(len(kept))
	}
	if err := l.options.Sort(kept); err != nil {
		return l.failed(err)
	}
	from, refusal := l.from()
	if refusal != nil {
		return *refusal
	}
	page := []any{}
	size := l.pageSize()
	for _, o := range kept[min(from, len(kept)):min(from+size, len(kept))] {
		page = append(page, l.expand(o))
	}
	more := from+size < len(kept)
	if partial && !more {
		if len(page) == 0 {
			return l.failed(&tenant.Error{Class: tenant.Transient, Message: "cut off"})
		}
		more = true // the next page fails
	}
	return l.page(page, from, len(kept), more)
}

// generated answers with a page of objects that are made for the answer.
func (l *listing) generated(g generator) answer {
	from, refusal := l.from()
	if refusal != nil {
		return *refusal
	}
	page := []any{}
	for i := from; i < min(g.n, from+l.pageSize()); i++ {
		if len(l.options.Select) == 0 && len(l.options.Expand) == 0 {
			page = append(page, json.RawMessage(g.body(i)))
		} else if o, err := decode([]byte(g.body(i))); err == nil {
			page = append(page, odata.Shown(o, l.options.Select))
		}
	}
	return l.page(page, from, g.n, from+len(page) < g.n)
}

// size answers with the number of objects, as text.
func (l *listing) size(n int) answer {
	if l.directory && !l.eventual() {
		return l.fail(http.StatusBadRequest, odata.DirectoryRequest, "$count is not currently supported.")
	}
	return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"text/plain"}}, body: strconv.AppendInt(nil, int64(n), 10)}
}

func (l *listing) pageSize() int {
	if l.options.Top > 0 {
		return min(l.options.Top, l.server.cfg.PageSize)
	}
	return l.server.cfg.PageSize
}

func (l *listing) page(page []any, from, n int, more bool) answer {
	context := l.context
	if len(l.options.Select) > 0 {
		context += "(" + strings.Join(l.options.Select, ",") + ")"
	}
	body := map[string]any{"@odata.context": context, "value": page}
	// paging: of directory objects "only in the first page".
	if l.options.Count && (!l.directory || l.options.Token == "") {
		body["@odata.count"] = n
	}
	if more {
		query := l.kept()
		if query != "" {
			query += "&"
		}
		body["@odata.nextLink"] = l.host + l.path + "?" + query + "$skiptoken=" + l.token(from+len(page))
	}
	return l.ok(http.StatusOK, body)
}

// kept is the query without the position of the page: paging, "The URL also
// contains all the other query parameters present in the original request".
func (l *listing) kept() string {
	var out []string
	for pair := range strings.SplitSeq(l.query, "&") {
		name, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(pair, "%24", "$")), "=")
		if name = strings.TrimPrefix(name, "$"); pair != "" && name != "skiptoken" && name != "skip" {
			out = append(out, pair)
		}
	}
	return strings.Join(out, "&")
}

// token makes a skip token. It is of one query: paging, "Do not try to extract the
// $skiptoken … value and use it in a different request".
func (l *listing) token(from int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%s", from, sum(l.path+"?"+l.kept())))
}

// from is where the page begins.
func (l *listing) from() (int, *answer) {
	if l.options.Token == "" {
		return l.options.Skip, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(l.options.Token)
	at, _, _ := strings.Cut(string(text), ".")
	from, notNumber := strconv.Atoi(at)
	if err != nil || notNumber != nil || from < 0 || l.options.Token != l.token(from) {
		a := l.fail(http.StatusBadRequest, odata.BadRequest, "The skip token is not one of this query.")
		return 0, &a
	}
	return from, nil
}

func sum(text string) string {
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:8])
}

// generator makes objects that are not stored.
type generator struct {
	n    int
	body func(i int) string
}

// Generate makes a kind's list show n objects that are made for each answer
// and stored nowhere, for benchmarks.
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
