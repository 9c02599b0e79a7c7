package diff

import (
	"bytes"
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// ReferenceReads returns the requests that resolve references: for objects that
// the tenant's objects refer to by id, and for names that the repository refers
// to, in kinds that were not completely read. Objects that are read only for
// references need no requests for their own references, so one round is enough.
// A later call returns requests for the objects that were added since. No
// request is repeated.
func (c *Comparison) ReferenceReads() ([]tenant.ReadRequest, error) {
	if c.finder == nil {
		c.finder = newReferenceFinder(c.ix)
	}
	f := c.finder
	f.readNew()
	for _, name := range f.ix.kindNames {
		if k := f.ix.kinds[name]; f.ix.targetsKind(name) && (f.ix.scope(k) == tenant.All || f.ix.scope(k) == tenant.Listed) {
			s := f.ix.sides[name]
			f.inTenant(k, s.current[f.looked[name]:])
			if f.looked[name] = len(s.current); !f.filesRead {
				f.inRepository(k, s.desired)
			}
		}
	}
	f.filesRead = true
	if f.ix.failed != nil {
		return nil, f.ix.failed
	}
	return f.result(), nil
}

// referenceFinder collects the targets of references.
type referenceFinder struct {
	ix     *index
	read   map[Object]bool
	listed map[reference.Ref]bool // the files of the repository
	// known and looked count, by kind, the tenant's objects that are in read,
	// and those whose references were searched.
	known, looked map[string]int
	filesRead     bool
	requests      map[string]*requestBuilder
	texts         schema.Texts
}

func newReferenceFinder(ix *index) *referenceFinder {
	f := &referenceFinder{
		ix: ix, read: map[Object]bool{}, listed: map[reference.Ref]bool{},
		known: map[string]int{}, looked: map[string]int{}, requests: map[string]*requestBuilder{},
	}
	for name, s := range ix.sides {
		for _, r := range s.desired {
			f.listed[reference.Ref{Kind: name, Key: r.Key}] = true
		}
	}
	return f
}

// readNew adds the objects that were added since the last round.
func (f *referenceFinder) readNew() {
	for name, s := range f.ix.sides {
		for _, r := range s.current[f.known[name]:] {
			f.read[Object{name, r.ID}] = true
		}
		f.known[name] = len(s.current)
	}
}

// request returns the request of a kind, or nil if the kind was read completely
// or is not to be read.
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

// inTenant requests the ids that the tenant's objects refer to.
func (f *referenceFinder) inTenant(k *schema.Schema, resources []*tenant.Resource) {
	if len(k.References) == 0 {
		return
	}
	ask := func(refs []*tenant.Reference, text []byte) {
		if len(refs) == 0 {
			return
		}
		if value := string(text); !schema.IsLiteral(refs, value) {
			f.askFor(refs, value)
		}
	}
	for _, r := range resources {
		if err := f.texts.Each(k, r.Body, ask); err != nil {
			f.ix.fail(unreadable(k, r, err))
		}
	}
}

// askFor requests an id from all kinds that it may belong to.
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

// inRepository requests the names that the repository's files refer to.
func (f *referenceFinder) inRepository(k *schema.Schema, resources []*tenant.Resource) {
	ask := func(refs []*tenant.Reference, text []byte) {
		if len(refs) == 0 && !bytes.Contains(text, []byte("${")) {
			return
		}
		value, ref, bad := reference.Expand(string(text), f.ix.values)
		switch {
		case bad != nil:
		case ref != nil:
			f.askForName(*ref)
		case !schema.IsLiteral(refs, value):
			f.askFor(refs, value)
		}
	}
	for _, r := range resources {
		if len(k.References) == 0 && !reference.MayHaveTemplates(r.Body) {
			continue
		}
		// A file that cannot be read gets a note when it is compared. Its
		// references before the error are read too, which does no harm.
		_ = f.texts.Each(k, r.Body, ask)
	}
}

func (f *referenceFinder) askForName(ref reference.Ref) {
	k := f.ix.kinds[ref.Kind]
	if k == nil {
		return
	}
	if f.ix.scope(k) == tenant.Listed && f.listed[reference.Ref{Kind: ref.Kind, Key: ref.Key}] && f.ix.states[ref.Kind].Completeness != "" {
		return // [Comparison.Reads] has requested it
	}
	r := f.request(ref.Kind)
	if r == nil {
		return
	}
	id := f.ix.boundID(ref.Kind, ref.Key)
	if id != "" && f.read[Object{ref.Kind, id}] {
		return
	}
	r.id(id)
	r.match(k.MatchOfKey(ref.Key))
}

// result returns the requests that were not returned before.
func (f *referenceFinder) result() []tenant.ReadRequest {
	var out []tenant.ReadRequest
	for _, kind := range slices.Sorted(maps.Keys(f.requests)) {
		if req, ok := f.requests[kind].take(); ok {
			out = append(out, req)
		}
	}
	return out
}
