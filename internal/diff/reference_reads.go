package diff

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// reads returns the requests of [Comparison.ReferenceReads].
func (f *referenceFinder) reads() ([]tenant.ReadRequest, error) {
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

// search calls find for each text of the resources that may be a reference, on
// several goroutines, each with its own finder. It collects their requests, which
// do not depend on the number of goroutines, and the error of the first resource
// that cannot be read.
func (f *referenceFinder) search(k *schema.Schema, resources []*tenant.Resource, find func(w *referenceFinder, refs []*tenant.Reference, text []byte)) *unreadableResource {
	var workers []*referenceFinder
	worker := func() *referenceFinder {
		w := *f
		w.requests, w.texts = map[string]*requestBuilder{}, schema.Texts{}
		workers = append(workers, &w)
		return &w
	}
	failed := make([]*unreadableResource, chunks(len(resources)))
	inChunks(len(resources), worker, func(w *referenceFinder, number, from, to int) bool {
		each := func(refs []*tenant.Reference, text []byte) { find(w, refs, text) }
		for _, r := range resources[from:to] {
			if err := w.texts.Each(k, r.Body, each); err != nil && failed[number] == nil {
				failed[number] = &unreadableResource{r, err}
			}
		}
		return true
	})
	for _, w := range workers {
		for kind, found := range w.requests {
			f.request(kind).add(found)
		}
	}
	return cmp.Or(failed...)
}

// unreadableResource is a resource whose body is no JSON object.
type unreadableResource struct {
	*tenant.Resource
	err error
}

// inTenant requests the ids that the tenant's objects refer to.
func (f *referenceFinder) inTenant(k *schema.Schema, resources []*tenant.Resource) {
	if len(k.References) == 0 {
		return
	}
	failed := f.search(k, resources, func(w *referenceFinder, refs []*tenant.Reference, text []byte) {
		if len(refs) == 0 {
			return
		}
		if value := string(text); !schema.IsLiteral(refs, value) {
			w.askFor(refs, value)
		}
	})
	if failed != nil {
		f.ix.fail(unreadable(k, failed.Resource, failed.err))
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
	if len(k.References) == 0 {
		resources = slices.DeleteFunc(slices.Clone(resources), func(r *tenant.Resource) bool { return !reference.MayHaveTemplates(r.Body) })
	}
	// A file that cannot be read gets a note when it is compared. Its references
	// before the error are read too, which does no harm.
	_ = f.search(k, resources, func(w *referenceFinder, refs []*tenant.Reference, text []byte) {
		if len(refs) == 0 && !bytes.Contains(text, []byte("${")) {
			return
		}
		value, ref, bad := reference.Expand(string(text), w.ix.values)
		switch {
		case bad != nil:
		case ref != nil:
			w.askForName(*ref)
		case !schema.IsLiteral(refs, value):
			w.askFor(refs, value)
		}
	})
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
