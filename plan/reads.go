package plan

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// Reads returns what must be read from the tenant for a comparison: one
// request per kind in scope, by id and by match for kinds that are Listed, and
// none for kinds that are Referenced (see [ReferenceReads]). It uses Kinds,
// Scopes, Base, Desired, Variables and Targets of in. A Listed kind of which
// nothing is listed has an empty request, so that its state is known.
func Reads(in Input) ([]tenant.ReadRequest, error) {
	c, err := newComparison(in)
	if err != nil {
		return nil, err
	}
	var out []tenant.ReadRequest
	for _, name := range slices.Sorted(maps.Keys(c.kinds)) {
		k := c.kinds[name]
		if !in.targetsKind(name) {
			continue
		}
		switch c.scope(k) {
		case tenant.All:
			out = append(out, tenant.ReadRequest{Kind: name, All: true})
		case tenant.Listed:
			out = append(out, c.listedRead(k, c.sides[name]))
		}
	}
	return out, nil
}

func (in *Input) targetsKind(kind string) bool {
	return len(in.Targets) == 0 || slices.ContainsFunc(in.Targets, func(t Target) bool { return t.Kind == kind })
}

// listedRead asks for what the base and the repository name. Even with targets
// all of the kind is asked for: a new name may be a former one's.
func (c *comparison) listedRead(k *kindRules, s *sides) tenant.ReadRequest {
	if k.Singleton {
		return tenant.ReadRequest{Kind: k.Name, All: true}
	}
	r := newRequest(k.Name)
	known := map[string]bool{}
	for _, b := range s.base {
		r.id(b.ID)
		known[b.Key] = b.ID != ""
	}
	for _, d := range s.desired {
		if !known[d.Key] {
			r.match(c.desiredMatch(k, d))
		}
		r.id(c.in.Bound[k.Name][d.Key])
	}
	// An object that was deleted and made again has a new id.
	for _, b := range s.base {
		if b.Body != nil {
			if body, err := parseObject(b.Body); err == nil {
				r.match(k.matchOf(body, func(s string) (string, bool) { return literal(s), stringNode(s).referenceIn() == nil }))
			}
		}
	}
	return r.request()
}

// desiredMatch returns how to find a resource of the repository by its name.
func (c *comparison) desiredMatch(k *kindRules, r *tenant.Resource) (tenant.Match, bool) {
	body, err := parseObject(r.Body)
	if err == nil {
		m, ok := k.matchOf(body, func(s string) (string, bool) {
			text, ref, bad := expand(s, c.in.Variables)
			return text, ref == nil && bad == nil
		})
		if ok {
			return m, true
		}
	}
	return k.matchOfKey(r.Key)
}

// matchOfKey returns how to find an object by its key alone.
func (k *kindRules) matchOfKey(key string) (tenant.Match, bool) {
	if len(k.naturalKey) != 1 || k.Singleton {
		return nil, false
	}
	return tenant.Match{joinPointer(k.naturalKey[0]): key}, true
}

// requestBuilder collects ids and matches without repetition.
type requestBuilder struct {
	kind    string
	ids     map[string]bool
	matches map[string]tenant.Match
}

func newRequest(kind string) *requestBuilder {
	return &requestBuilder{kind, map[string]bool{}, map[string]tenant.Match{}}
}

func (b *requestBuilder) id(id string) {
	if id != "" {
		b.ids[id] = true
	}
}

func (b *requestBuilder) match(m tenant.Match, ok bool) {
	if ok {
		b.matches[matchText(m)] = m
	}
}

func matchText(m tenant.Match) string {
	var text strings.Builder
	for _, p := range slices.Sorted(maps.Keys(m)) {
		text.Write(appendString(appendString(nil, p), m[p]))
	}
	return text.String()
}

func (b *requestBuilder) request() tenant.ReadRequest {
	r := tenant.ReadRequest{Kind: b.kind, IDs: slices.Sorted(maps.Keys(b.ids))}
	for _, text := range slices.Sorted(maps.Keys(b.matches)) {
		r.Matches = append(r.Matches, b.matches[text])
	}
	return r
}

// ReferenceReads returns what else must be read so that references can be
// named: objects that the resources in in.Current refer to by id, and names
// that in.Desired refers to, of kinds that were not read whole. One round is
// enough, since what is read only for its name needs no names itself; what
// in.Asked has is not asked again, and neither is what in.Current has.
func ReferenceReads(in Input) ([]tenant.ReadRequest, error) {
	c, err := newComparison(in)
	if err != nil {
		return nil, err
	}
	f := &referenceFinder{comparison: c, requests: map[string]*requestBuilder{}}
	f.index()
	for _, name := range slices.Sorted(maps.Keys(c.kinds)) {
		if k := c.kinds[name]; in.targetsKind(name) && (c.scope(k) == tenant.All || c.scope(k) == tenant.Listed) {
			f.inTenant(k, c.sides[name].current)
			f.inRepository(k, c.sides[name].desired)
		}
	}
	if c.failed != nil {
		return nil, c.failed
	}
	return f.result(), nil
}

// referenceFinder collects what references lead to.
type referenceFinder struct {
	*comparison
	read     map[Object]bool
	listed   map[string]bool // "kind/key" that the repository has
	baseIDs  map[string]string
	requests map[string]*requestBuilder
}

func (f *referenceFinder) index() {
	f.read, f.listed, f.baseIDs = map[Object]bool{}, map[string]bool{}, map[string]string{}
	for name, s := range f.sides {
		for _, r := range s.current {
			f.read[Object{name, r.ID}] = true
		}
		for _, r := range s.desired {
			f.listed[itemID(name, r.Key)] = true
		}
		for _, b := range s.base {
			f.baseIDs[itemID(name, b.Key)] = b.ID
		}
	}
}

// request returns the request of a kind, or nil if the kind was read whole, or
// is not to be read.
func (f *referenceFinder) request(kind string) *requestBuilder {
	k := f.kinds[kind]
	if k == nil || f.scope(k) == tenant.OutOfScope || k.Singleton {
		return nil
	}
	if f.scope(k) == tenant.All && f.states[kind].Completeness != "" && f.states[kind].Completeness != tenant.NotInScope {
		return nil
	}
	if f.requests[kind] == nil {
		f.requests[kind] = newRequest(kind)
	}
	return f.requests[kind]
}

// inTenant finds ids that the tenant's objects refer to.
func (f *referenceFinder) inTenant(k *kindRules, resources []*tenant.Resource) {
	form := shape{text: func(n *node, at place) *node {
		if refs := applicable(at); !isLiteral(refs, n.text) {
			f.askFor(refs, n.text)
		}
		return n
	}}
	if len(k.References) == 0 {
		return
	}
	for _, r := range resources {
		form.apply(k, f.tenantBody(k, r))
	}
}

// askFor asks all kinds that an id may belong to.
func (f *referenceFinder) askFor(refs []*tenant.Reference, value string) {
	for _, ref := range refs {
		if slices.ContainsFunc(ref.Kinds, func(kind string) bool { return ref.Property == "" && f.read[Object{kind, value}] }) {
			return
		}
	}
	for _, ref := range refs {
		for _, kind := range ref.Kinds {
			r := f.request(kind)
			switch {
			case r == nil:
			case ref.Property == "":
				r.id(value)
			default:
				r.match(tenant.Match{joinPointer(propertyPath(ref.Property)): value}, true)
			}
		}
	}
}

// inRepository finds names that the repository's files refer to.
func (f *referenceFinder) inRepository(k *kindRules, resources []*tenant.Resource) {
	form := shape{repository: true, text: func(n *node, at place) *node {
		text, ref, bad := expand(n.text, f.in.Variables)
		switch {
		case bad != nil:
		case ref != nil:
			f.askForName(*ref)
		case !isLiteral(applicable(at), text):
			f.askFor(applicable(at), text)
		}
		return n
	}}
	for _, r := range resources {
		if !strings.Contains(string(r.Body), "${") && len(k.References) == 0 {
			continue
		}
		if body, err := parseObject(r.Body); err == nil {
			form.apply(k, body)
		}
	}
}

func (f *referenceFinder) askForName(ref reference) {
	k := f.kinds[ref.kind]
	if k == nil {
		return
	}
	if f.scope(k) == tenant.Listed && f.listed[ref.object()] && f.states[ref.kind].Completeness != "" {
		return // [Reads] has asked for it
	}
	r := f.request(ref.kind)
	if r == nil {
		return
	}
	id := f.baseIDs[ref.object()]
	if id != "" && f.read[Object{ref.kind, id}] {
		return
	}
	r.id(id)
	r.match(k.matchOfKey(ref.key))
}

// result returns the requests without what was asked before.
func (f *referenceFinder) result() []tenant.ReadRequest {
	for _, asked := range f.in.Asked {
		r := f.requests[asked.Kind]
		if r == nil {
			continue
		}
		for _, id := range asked.IDs {
			delete(r.ids, id)
		}
		for _, m := range asked.Matches {
			delete(r.matches, matchText(m))
		}
	}
	var out []tenant.ReadRequest
	for _, kind := range slices.Sorted(maps.Keys(f.requests)) {
		if r := f.requests[kind]; len(r.ids)+len(r.matches) > 0 {
			out = append(out, r.request())
		}
	}
	return out
}

// Missing returns the objects that the base knows, in completely read kinds of
// in.Current, that were not among what was read. Read each by id, twice,
// before naming it in [Input.Gone].
func Missing(in Input) []Object {
	c, err := newComparison(in)
	if err != nil {
		return nil
	}
	var out []Object
	for name, s := range c.sides {
		k := c.kinds[name]
		if !c.compared(k) || k.Singleton {
			continue
		}
		read := make(map[string]bool, len(s.current))
		for _, r := range s.current {
			read[r.ID] = true
		}
		for _, b := range s.base {
			if b.ID != "" && !read[b.ID] && in.targeted(name, b.Key) {
				out = append(out, Object{name, b.ID})
			}
		}
	}
	slices.SortFunc(out, func(a, b Object) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
	})
	return out
}
