package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// ReferenceReads returns what else must be read so that references can be
// named: objects that the resources in in.Current refer to by id, and names
// that in.Desired refers to, of kinds that were not read whole. One round is
// enough, since what is read only for its name needs no names itself; what
// in.Asked has is not asked again, and neither is what in.Current has.
func ReferenceReads(in Input) ([]tenant.ReadRequest, error) {
	ix, err := newIndex(in)
	if err != nil {
		return nil, err
	}
	f := &referenceFinder{ix: ix, requests: map[string]*requestBuilder{}}
	f.index()
	for _, name := range ix.kindNames() {
		if k := ix.kinds[name]; ix.targetsKind(name) && (ix.scope(k) == tenant.All || ix.scope(k) == tenant.Listed) {
			f.inTenant(k, ix.sides[name].current)
			f.inRepository(k, ix.sides[name].desired)
		}
	}
	if ix.failed != nil {
		return nil, ix.failed
	}
	return f.result(), nil
}

// referenceFinder collects what references lead to.
type referenceFinder struct {
	ix       *index
	read     map[Object]bool
	listed   map[string]bool // "kind/key" that the repository has
	baseIDs  map[string]string
	requests map[string]*requestBuilder
}

func (f *referenceFinder) index() {
	f.read, f.listed, f.baseIDs = map[Object]bool{}, map[string]bool{}, map[string]string{}
	for name, s := range f.ix.sides {
		for _, r := range s.current {
			f.read[Object{name, r.ID}] = true
		}
		for _, r := range s.desired {
			f.listed[reference.ItemID(name, r.Key)] = true
		}
		for _, b := range s.base {
			f.baseIDs[reference.ItemID(name, b.Key)] = b.ID
		}
	}
}

// request returns the request of a kind, or nil if the kind was read whole, or
// is not to be read.
func (f *referenceFinder) request(kind string) *requestBuilder {
	k := f.ix.kinds[kind]
	if k == nil || f.ix.scope(k) == tenant.OutOfScope || k.Singleton {
		return nil
	}
	if f.ix.scope(k) == tenant.All && f.ix.states[kind].Completeness != "" && f.ix.states[kind].Completeness != tenant.NotInScope {
		return nil
	}
	if f.requests[kind] == nil {
		f.requests[kind] = newRequest(kind)
	}
	return f.requests[kind]
}

// inTenant finds ids that the tenant's objects refer to.
func (f *referenceFinder) inTenant(k *schema.Schema, resources []*tenant.Resource) {
	form := schema.Form{Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
		if refs := schema.Applicable(at); !schema.IsLiteral(refs, n.Text) {
			f.askFor(refs, n.Text)
		}
		return n
	}}
	if len(k.References) == 0 {
		return
	}
	for _, r := range resources {
		form.Apply(k, f.ix.tenantBody(k, r))
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
				r.match(tenant.Match{jsonval.JoinPointer(reference.PropertyPath(ref.Property)): value}, true)
			}
		}
	}
}

// inRepository finds names that the repository's files refer to.
func (f *referenceFinder) inRepository(k *schema.Schema, resources []*tenant.Resource) {
	form := schema.Form{Repository: true, Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
		text, ref, bad := reference.Expand(n.Text, f.ix.in.Variables)
		switch {
		case bad != nil:
		case ref != nil:
			f.askForName(*ref)
		case !schema.IsLiteral(schema.Applicable(at), text):
			f.askFor(schema.Applicable(at), text)
		}
		return n
	}}
	for _, r := range resources {
		if !strings.Contains(string(r.Body), "${") && len(k.References) == 0 {
			continue
		}
		if body, err := jsonval.ParseObject(r.Body); err == nil {
			form.Apply(k, body)
		}
	}
}

func (f *referenceFinder) askForName(ref reference.Ref) {
	k := f.ix.kinds[ref.Kind]
	if k == nil {
		return
	}
	if f.ix.scope(k) == tenant.Listed && f.listed[ref.Object()] && f.ix.states[ref.Kind].Completeness != "" {
		return // [Reads] has asked for it
	}
	r := f.request(ref.Kind)
	if r == nil {
		return
	}
	id := f.baseIDs[ref.Object()]
	if id != "" && f.read[Object{ref.Kind, id}] {
		return
	}
	r.id(id)
	r.match(k.MatchOfKey(ref.Key))
}

// result returns the requests without what was asked before.
func (f *referenceFinder) result() []tenant.ReadRequest {
	for _, asked := range f.ix.in.Asked {
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
