package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// matches are the matched objects of all kinds.
type matches struct {
	objects map[string]map[string]*object // by kind and key
	sorted  []*object                     // by kind and key
	// renamed has the new keys of objects that were renamed since the base, by
	// their former "kind/key".
	renamed map[string]string
	// unclear has the tenant's objects that may belong to one of several files.
	unclear map[Object]bool
	// unbound are the new files without an object of their name, by kind.
	unbound []*unbound
}

// unbound are files of one kind whose object the tenant does not have, by the natural
// key of the object.
type unbound struct {
	*matching
	// files are new. lost had an object before, which the plan may create again.
	files, lost map[string][]*object
}

// match matches the objects of all kinds.
func match(ix *index) *matches {
	all := &matches{
		objects: make(map[string]map[string]*object, len(ix.kinds)),
		renamed: map[string]string{},
		unclear: map[Object]bool{},
	}
	for _, name := range ix.referredFirst() {
		if ix.watch.ended() {
			return all
		}
		k, s := ix.kinds[name], ix.sides[name]
		all.objects[name] = matchKind(ix, all, s)
		noteKind(ix, k, s)
		for _, o := range all.objects[name] {
			if !ix.compared(k) || !ix.targeted(name, o.key) && !ix.targeted(name, cmp.Or(o.renamedFrom(), o.key)) ||
				ix.files.hasKey(name, o.key) {
				o.keep = true
			}
		}
	}
	n := 0
	for _, objects := range all.objects {
		n += len(objects)
	}
	all.sorted = make([]*object, 0, n)
	for _, name := range ix.kindNames {
		begin := len(all.sorted)
		for _, o := range all.objects[name] {
			all.sorted = append(all.sorted, o)
		}
		slices.SortFunc(all.sorted[begin:], byKey)
	}
	return all
}

// matching matches the objects of one kind.
type matching struct {
	ix      *index
	all     *matches
	kind    *schema.Schema
	objects map[string]*object
	// memory is for other objects.
	memory []object
	// free are the tenant's objects that no id has bound.
	free []*tenant.Resource
	// names has natural keys of the tenant's objects, and fileNames those in
	// files, for objects that were not bound by an id.
	names     map[*tenant.Resource]string
	fileNames map[*object]string
	// undecided has the free objects that must not be adopted or matched.
	undecided map[*tenant.Resource]bool
}

// matchKind matches the kind's objects: by bound id first, and by natural key
// only objects that are new on a side.
func matchKind(ix *index, all *matches, s *sides) map[string]*object {
	n := max(len(s.base), len(s.desired))
	m := &matching{
		ix: ix, all: all, kind: s.kind,
		objects:   make(map[string]*object, n),
		memory:    make([]object, n),
		names:     map[*tenant.Resource]string{},
		fileNames: map[*object]string{},
		undecided: map[*tenant.Resource]bool{},
	}
	if s.kind.Singleton {
		m.single(s)
		return m.objects
	}
	m.bind(s)
	m.readNames()
	m.renames()
	m.dropAbsent()
	m.matchByName()
	m.nameUnmatched()
	for _, o := range m.objects {
		o.nameOnly = ix.scope(s.kind) != tenant.All && o.current != nil && o.desired == nil && !o.managed()
	}
	return m.objects
}

func (m *matching) object(key string) *object {
	o := m.objects[key]
	if o == nil {
		if len(m.memory) == 0 {
			m.memory = make([]object, 32)
		}
		o, m.memory = &m.memory[0], m.memory[1:]
		o.kind, o.key = m.kind, key
		m.objects[key] = o
	}
	return o
}

// single matches a singleton, whose key is the kind's name.
func (m *matching) single(s *sides) {
	for _, b := range s.base {
		m.object(b.Key).base = b
	}
	for _, d := range s.desired {
		if d.Key != m.kind.Name {
			m.ix.note(plan.Note{Class: plan.BadFile, Kind: m.kind.Name, Key: d.Key, Message: fmt.Sprintf(
				"%s has exactly one object, with the key %q; rename %s", m.kind.Name, m.kind.Name, schema.FileOf(d))})
			continue
		}
		m.object(d.Key).desired = d
	}
	switch len(s.current) {
	case 0:
	case 1:
		m.object(m.kind.Name).current = s.current[0]
	default:
		o := m.object(m.kind.Name)
		leave(m.ix, o, plan.Ambiguous, "the tenant returned %d objects of a kind with one object", len(s.current))
	}
}

// bind matches base, repository and tenant by key and bound id.
func (m *matching) bind(s *sides) {
	byID := make(map[string]*tenant.Resource, len(s.current))
	for _, r := range s.current {
		byID[r.ID] = r
	}
	attach := func(o *object, id string) {
		if r := byID[id]; r != nil && id != "" {
			o.current = r
			delete(byID, id) // no other key can have it
		}
	}
	for _, b := range s.base {
		if m.ix.watch.ended() {
			return
		}
		o := m.object(b.Key)
		o.base = b
		attach(o, b.ID)
		if o.current == nil {
			o.gone = b.ID == "" || m.ix.gone[Object{m.kind.Name, b.ID}]
			o.missing = !o.gone
		}
	}
	for _, d := range s.desired {
		if m.ix.watch.ended() {
			return
		}
		o := m.object(d.Key)
		o.desired = d
		if o.current == nil {
			attach(o, m.ix.in.Bound[m.kind.Name][d.Key])
		}
	}
	for _, r := range s.current {
		if m.ix.watch.ended() {
			return
		}
		if byID[r.ID] == r {
			m.free = append(m.free, r)
		}
	}
}

// dropAbsent drops objects that only the base has, so that a new object can
// have their key. The repository has dropped them too, so the new object is not
// their successor.
func (m *matching) dropAbsent() {
	if !m.ix.compared(m.kind) {
		return
	}
	for key, o := range m.objects {
		switch {
		case o.desired != nil || o.keep || !m.ix.targeted(m.kind.Name, key) || m.ix.files.hides(m.kind.Name, key):
		case o.gone, o.missing && !o.managed():
			// Only a binding is lost, so nothing depends on whether the object exists.
			delete(m.objects, key)
		}
	}
}

// matchByName matches objects that are new in the repository or gone from the
// tenant with objects that are new in the tenant, by natural key. It matches
// one to one, or not at all.
func (m *matching) matchByName() {
	if len(m.free) == 0 && !m.hasNew() {
		return
	}
	claimants := map[string][]*object{}
	waiting := map[string]bool{} // names of objects that may still exist
	for _, o := range m.objects {
		if m.ix.watch.ended() {
			return
		}
		switch {
		case o.current != nil || o.keep:
		case o.missing:
			waiting[m.nameOf(o)] = true
		case o.desired != nil:
			name := m.nameOf(o)
			claimants[name] = append(claimants[name], o)
		}
	}
	for _, key := range m.ix.files.keysOf(m.kind.Name) {
		// The file may have this name or another one. The object is left alone
		// either way.
		if o := m.object(key); o.current == nil && !o.missing {
			o.keep = true
			claimants[key] = append(claimants[key], o)
		}
	}
	byName := map[string][]*tenant.Resource{}
	for _, r := range m.free {
		if m.ix.watch.ended() {
			return
		}
		name := m.nameInTenant(r)
		byName[name] = append(byName[name], r)
		m.undecided[r] = waiting[name]
	}
	bound, fresh, lost := map[*tenant.Resource]bool{}, map[string][]*object{}, map[string][]*object{}
	for name, objects := range claimants {
		found := byName[name]
		switch {
		case waiting[name]:
			for _, o := range objects {
				leave(m.ix, o, plan.NotRead, "an object with the name %q may still be in the tenant: it was not found, but its absence is not confirmed", name)
			}
		case len(objects) > 1 || len(found) > 1:
			m.ambiguous(name, objects, found)
		case len(found) == 1:
			objects[0].current, objects[0].gone = found[0], false
			bound[found[0]] = true
		case objects[0].desired == nil || objects[0].keep:
		case objects[0].managed():
			lost[name] = objects
		default:
			fresh[name] = objects
		}
	}
	m.free = slices.DeleteFunc(m.free, func(r *tenant.Resource) bool { return bound[r] })
	if len(fresh)+len(lost) > 0 && m.ix.compared(m.kind) {
		m.all.unbound = append(m.all.unbound, &unbound{m, fresh, lost})
	}
}

func (m *matching) hasNew() bool {
	for _, o := range m.objects {
		if o.current == nil && o.desired != nil && !o.missing {
			return true
		}
	}
	return false
}

// ambiguous leaves all objects with a shared name alone.
func (m *matching) ambiguous(name string, objects []*object, found []*tenant.Resource) {
	keys := make([]string, 0, len(objects))
	for _, o := range objects {
		if o.desired != nil || o.managed() {
			keys = append(keys, o.key)
		}
	}
	slices.Sort(keys)
	for _, o := range objects {
		if o.desired == nil && !o.managed() {
			continue
		}
		if len(found) > 1 {
			leave(m.ix, o, plan.Ambiguous, "the tenant has %d objects with the name %q, and it is unknown which one the file is for; rename or delete the others", len(found), name)
		} else {
			leave(m.ix, o, plan.Ambiguous, "several files (%s) have the name %q; change or remove all but one", strings.Join(keys, ", "), name)
		}
	}
	for _, r := range found {
		m.undecided[r] = true
	}
}

// noteKind notes why a whole kind is left alone.
func noteKind(ix *index, k *schema.Schema, s *sides) {
	state := ix.states[k.Name]
	concerned := len(s.base)+len(s.desired) > 0
	switch scope := ix.scope(k); {
	case !concerned || !ix.targetsKind(k.Name):
	case scope == tenant.OutOfScope || state.Completeness == tenant.NotInScope && state.Reason == "": // not asked for
	case scope == tenant.Referenced:
		if len(s.desired) > 0 {
			ix.note(plan.Note{Class: plan.Unsupported, Kind: k.Name, Message: fmt.Sprintf(
				"this kind is read only to resolve references, so its files (%d) are ignored; change its scope to manage them", len(s.desired))})
		}
	case len(s.desired) > 0 && (state.Completeness == tenant.NotInScope || state.Completeness == tenant.Unlicensed):
		ix.note(plan.Note{Class: plan.Unsupported, Kind: k.Name, Message: fmt.Sprintf(
			"%s, so this kind is not synced and its files (%d) are ignored", cmp.Or(state.Reason, string(state.Completeness)), len(s.desired))})
	case state.Completeness == tenant.NotInScope:
	case !state.Completeness.AbsenceCounts():
		why := cmp.Or(string(state.Completeness), "not read")
		if state.Reason != "" {
			why += ": " + state.Reason
		}
		ix.note(plan.Note{Class: plan.NotRead, Kind: k.Name, Message: "the sync draws no conclusions about this kind and changes none of its objects (" + why + ")"})
	}
}
