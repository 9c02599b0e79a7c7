package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// names maps ids to keys and keys to ids, for all objects that were read.
type names struct {
	ix *index
	ms *matches
	// more are the bindings of properties and former keys. ids are the others.
	more reference.Bindings
	// keys has the keys by kind and id, of the kinds that others refer to.
	keys map[string]map[string]string
	// values are the values of properties that references were resolved to.
	values reference.Bindings
	// byProperty is shared by all workers.
	byProperty *propertyKeys
	// These remember what was found, because most objects refer to the same few
	// objects: nodes has the nodes of references in name form, found the
	// references for ids, expanded the nodes for texts of files that refer to a
	// bound object and not to a property, and read the parsed texts of
	// references.
	nodes    map[reference.Ref]*jsonval.Node
	found    map[declaredID]*namedRef
	expanded map[string]*jsonval.Node
	read     map[string]readRef
}

// declaredID is an id at a place of a declared reference.
type declaredID struct {
	reference *tenant.Reference
	id        string
}

// namedRef is a reference and its node in name form.
type namedRef struct {
	node *jsonval.Node
	readRef
}

// propertyKeys has the keys by kind, property and value. It is filled on first
// use.
type propertyKeys struct {
	mu   sync.Mutex
	keys map[string]map[string]string
}

// readRef is a parsed reference.
type readRef struct {
	object     string // "kind/key"; empty for a text that is not a reference
	byProperty bool
}

// newNames collects the keys by id.
func newNames(ix *index, ms *matches) *names {
	ns := &names{
		ix: ix, ms: ms,
		more:       reference.Bindings{},
		keys:       make(map[string]map[string]string, len(ix.kinds)),
		byProperty: &propertyKeys{keys: map[string]map[string]string{}},
	}
	ns.reset()
	for _, k := range ix.kinds {
		for _, r := range k.References {
			for _, kind := range r.Kinds {
				if ns.keys[kind] == nil {
					ns.keys[kind] = make(map[string]string, len(ms.objects[kind]))
				}
			}
		}
	}
	for name, keys := range ns.keys {
		for key, o := range ms.objects[name] {
			if ix.watch.ended() {
				return ns
			}
			if id := ns.idOf(o); id != "" && !ms.unclear[Object{name, id}] { // the key of an unclear object may change
				keys[schema.FoldGUID(id)] = key
			}
		}
	}
	// The former keys are bound too. [Operation] reads secrets from the file, which
	// may use them.
	for old, now := range ix.aliases {
		kind, key := reference.SplitItemID(old)
		ns.more.Put(kind+reference.Formerly, key, now)
	}
	return ns
}

// reset gives the names memory of their own.
func (ns *names) reset() {
	ns.values = reference.Bindings{}
	ns.nodes, ns.found = map[reference.Ref]*jsonval.Node{}, map[declaredID]*namedRef{}
	ns.expanded, ns.read = map[string]*jsonval.Node{}, map[string]readRef{}
}

// forWorker returns names that can be used at the same time as ns, until
// [names.merge].
func (ns *names) forWorker(ix *index) *names {
	out := *ns
	out.ix = ix
	out.reset()
	return &out
}

// merge adds the values that a worker has found.
func (ns *names) merge(worker *names) {
	for entry, values := range worker.values {
		for key, value := range values {
			ns.more.Put(entry, key, value)
		}
	}
}

// idOf returns the id of an object. An object that is left alone, or may still
// exist, has the base's id.
func (ns *names) idOf(o *object) string {
	switch {
	case o == nil:
		return ""
	case o.current != nil:
		return o.current.ID
	case o.base != nil && (o.missing || !ns.ix.complete(o.kind)):
		return o.base.ID
	}
	return ""
}

// id returns the id of the object with a key, or an empty string.
func (ns *names) id(kind, key string) string { return ns.idOf(ns.ms.objects[kind][key]) }

// ids returns the ids of all known keys, by kind.
func (ns *names) ids() map[string]map[string]string {
	all := make(map[string]map[string]string, len(ns.ms.objects))
	for kind, objects := range ns.ms.objects {
		ids := make(map[string]string, len(objects))
		for key, o := range objects {
			if id := ns.idOf(o); id != "" {
				ids[key] = id
			}
		}
		all[kind] = ids
	}
	return all
}

// bindings returns the bindings of all known keys.
func (ns *names) bindings() reference.Bindings {
	all := reference.Bindings(ns.ids())
	for name, values := range ns.more {
		all[name] = maps.Clone(values)
	}
	return all
}

// known is the state of a reference.
type known int

const (
	unknown known = iota
	// bound: the value is known.
	bound
	// pending: the plan may create the object.
	pending
)

// resolve returns the value of a reference. It is empty for the id of an object
// that does not exist yet.
func (ns *names) resolve(ref reference.Ref) (string, known) {
	o := ns.ms.objects[ref.Kind][ref.Key]
	id := ns.idOf(o)
	switch {
	case o == nil:
		return "", unknown
	case id == "":
		if o.desired == nil || o.keep || o.current != nil {
			return "", unknown
		}
		if ref.Property == "" {
			return "", pending
		}
		// Before the object is created, only the properties in its file are
		// known.
		v, ok := ns.desiredProperty(o, ref.Property)
		if !ok {
			return "", unknown
		}
		ns.bindProperty(ref, v)
		return v, pending
	case ref.Property == "":
		return id, bound
	}
	if o.current == nil {
		return "", unknown
	}
	path := reference.PropertyPath(ref.Property)
	v := tenantValues(ns.ix, o.kind, o.current, path).At(path)
	if !v.IsString() {
		return "", unknown
	}
	ns.bindProperty(ref, v.Text)
	return v.Text, bound
}

// bindProperty stores a property's value for the bindings, which [Operation]
// needs.
func (ns *names) bindProperty(ref reference.Ref, value string) {
	ns.values.Put(ref.Bindings(), ref.Key, value)
}

// valueOf returns the value of a reference to a property that was resolved. The key
// of ref may be a former one.
func (ns *names) valueOf(ref reference.Ref) string {
	return cmp.Or(ns.values[ref.Bindings()][ref.Key], ns.more.Of(ref))
}

func (ns *names) desiredProperty(o *object, property string) (string, bool) {
	path := reference.PropertyPath(property)
	body, err := jsonval.Pick(o.desired.Body, path)
	if err != nil {
		return "", false
	}
	v := body.At(path)
	if !v.IsString() {
		return "", false
	}
	text, ref, bad := reference.Expand(v.Text, ns.ix.values)
	return text, ref == nil && bad == nil
}

// lookup returns the key of the object with an id or with a property's value.
func (ns *names) lookup(kind, property, value string) (string, bool) {
	if property == "" {
		key, ok := ns.keys[kind][schema.FoldGUID(value)]
		return key, ok
	}
	key := ns.byProperty.of(ns, kind, property)[schema.FoldGUID(value)]
	return key, key != ""
}

// of returns the keys of a kind's objects by the values of a property.
func (all *propertyKeys) of(ns *names, kind, property string) map[string]string {
	all.mu.Lock()
	defer all.mu.Unlock()
	index := all.keys[kind+"#"+property]
	if index != nil {
		return index
	}
	index = map[string]string{}
	segs := reference.PropertyPath(property)
	for _, key := range slices.Sorted(maps.Keys(ns.ms.objects[kind])) {
		o := ns.ms.objects[kind][key]
		if o.current == nil || ns.ms.unclear[Object{kind, o.current.ID}] {
			continue
		}
		if v := schema.FoldGUID(jsonval.TextOf(tenantValues(ns.ix, o.kind, o.current, segs).At(segs))); v != "" {
			if _, duplicate := index[v]; duplicate {
				key = "" // two objects have the value, so it is ambiguous
			}
			index[v] = key
		}
	}
	all.keys[kind+"#"+property] = index
	return index
}

// baseBody parses the base's body into a slab. Former keys become present keys.
func (ns *names) baseBody(b *BaseObject, slab *jsonval.Slab) *jsonval.Node {
	n, err := slab.ParseObject(b.Body)
	if err != nil {
		ns.ix.fail(fmt.Errorf("plan: the base's object %s/%s: %w", b.Kind, b.Key, err))
		return &jsonval.Node{Kind: '{'}
	}
	if len(ns.ms.renamed)+len(ns.ix.aliases) > 0 {
		n = presentReferences(n, ns.ms.renamed, ns.ix.aliases)
	}
	return n
}

// node returns the node of a reference in name form.
func (ns *names) node(ref reference.Ref) *jsonval.Node {
	n := ns.nodes[ref]
	if n == nil {
		n = jsonval.StringNode(ref.String())
		ns.nodes[ref] = n
	}
	return n
}

// refsOf is [reference.RefsOf]. It also reports whether one of the references
// is to a property.
func (ns *names) refsOf(n *jsonval.Node) (refs []string, byProperty bool) {
	jsonval.EachText(n, func(text string) {
		if !strings.HasPrefix(text, "${") {
			return
		}
		ref := ns.readReference(text)
		byProperty = byProperty || ref.byProperty
		if ref.object != "" {
			refs = append(refs, ref.object)
		}
	})
	return unique(refs), byProperty
}

// readReference parses the text of a reference in name form.
func (ns *names) readReference(text string) readRef {
	ref, ok := ns.read[text]
	if !ok {
		if r := reference.ReferenceIn(jsonval.StringNode(text)); r != nil {
			ref = readRef{r.Object(), r.Property != ""}
		}
		ns.read[text] = ref
	}
	return ref
}

// unique removes the duplicates of texts.
func unique(texts []string) []string {
	if len(texts) > 16 {
		seen := make(map[string]bool, len(texts))
		return slices.DeleteFunc(texts, func(s string) bool {
			again := seen[s]
			seen[s] = true
			return again
		})
	}
	out := texts[:0]
	for _, s := range texts {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// isUnclear reports whether an id belongs to an object that may belong to one
// of several files.
func (ns *names) isUnclear(kind, id string) bool { return ns.ms.unclear[Object{kind, id}] }
