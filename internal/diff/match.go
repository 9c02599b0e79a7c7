package diff

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// object is one object on up to three sides, under one key.
type object struct {
	kind    *schema.Schema
	key     string
	base    *BaseObject
	desired *tenant.Resource
	current *tenant.Resource
	// gone: the base's object is not in the tenant, and that is certain.
	gone bool
	// missing: it was not among what was read, and that is not certain.
	missing bool
	// renamedFrom is the base's key, if the repository has renamed it.
	renamedFrom string
	// keep: nothing is concluded, the base stays as it is.
	keep bool
	// nameOnly: it was read so that references to it can be named.
	nameOnly bool
	// parsed is the repository's body once somebody has asked for it.
	parsed *jsonval.Node

	outcome
}

// file returns the repository's body.
func (o *object) file() (*jsonval.Node, error) {
	var err error
	if o.parsed == nil {
		o.parsed, err = jsonval.ParseObject(o.desired.Body)
	}
	return o.parsed, err
}

func (o *object) id() string { return reference.ItemID(o.kind.Name, o.key) }

// held reports whether the base held the object, not only its binding.
func (o *object) held() bool { return o.base != nil && o.base.Body != nil }

// currentID returns the id that the key is bound to now.
func (o *object) currentID() string {
	if o.current != nil {
		return o.current.ID
	}
	return ""
}

// sides are the objects of one kind on the three sides.
type sides struct {
	kind    *schema.Schema
	base    []*BaseObject
	desired []*tenant.Resource
	current []*tenant.Resource
}

// matching finds out which object is which within one kind.
type matching struct {
	*comparison
	kind    *schema.Schema
	scope   tenant.Scope
	objects map[string]*object
	// free are the tenant's objects that no id has bound, names their natural keys.
	free  []*tenant.Resource
	names map[*tenant.Resource]string
	// undecided are those of them that nothing is concluded about.
	undecided map[*tenant.Resource]bool
}

// match makes the kind's objects: by bound id first, by natural key only for
// what is new on a side.
func (c *comparison) match(k *schema.Schema, s *sides) {
	m := &matching{
		comparison: c, kind: k, scope: c.scope(k),
		objects:   make(map[string]*object, max(len(s.base), len(s.desired))),
		names:     map[*tenant.Resource]string{},
		undecided: map[*tenant.Resource]bool{},
	}
	if k.Singleton {
		m.single(s)
	} else {
		m.bind(s)
		m.nameless()
		m.renames()
		m.letGo()
		m.matchByName()
		m.nameTheRest()
		for _, o := range m.objects {
			o.nameOnly = m.scope != tenant.All && o.current != nil && o.desired == nil && !o.held()
		}
	}
	c.objects[k.Name] = m.objects
}

func (m *matching) object(key string) *object {
	o := m.objects[key]
	if o == nil {
		o = &object{kind: m.kind, key: key}
		m.objects[key] = o
	}
	return o
}

// single matches a singleton: its key is the kind's name.
func (m *matching) single(s *sides) {
	for _, b := range s.base {
		m.object(b.Key).base = b
	}
	for _, d := range s.desired {
		if d.Key != m.kind.Name {
			m.note(plan.Note{Class: plan.BadFile, Kind: m.kind.Name, Key: d.Key, Message: fmt.Sprintf(
				"%s has one object only, with the key %q; rename %s", m.kind.Name, m.kind.Name, schema.FileOf(d))})
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
		m.leave(o, plan.Ambiguous, "the tenant returned %d objects of a kind that has one", len(s.current))
	}
}

// bind pairs base, repository and tenant by key and bound id.
func (m *matching) bind(s *sides) {
	byID := make(map[string]*tenant.Resource, len(s.current))
	for _, r := range s.current {
		byID[r.ID] = r
	}
	taken := make(map[string]bool, len(s.current))
	attach := func(o *object, id string) {
		if r := byID[id]; r != nil && id != "" && !taken[id] {
			o.current, taken[id] = r, true
		}
	}
	for _, b := range s.base {
		o := m.object(b.Key)
		o.base = b
		attach(o, b.ID)
		if o.current == nil {
			o.gone = b.ID == "" || m.gone[Object{m.kind.Name, b.ID}]
			o.missing = !o.gone
		}
	}
	for _, d := range s.desired {
		o := m.object(d.Key)
		o.desired = d
		if o.current == nil {
			attach(o, m.in.Bound[m.kind.Name][d.Key])
		}
	}
	for _, r := range s.current {
		if byID[r.ID] == r && !taken[r.ID] {
			m.free = append(m.free, r)
		}
	}
}

// nameless finds new files of which nobody can tell what their object is called,
// for a template in its name cannot be read. As long as that is so, any new
// object may be theirs, and any that has lost its file.
func (m *matching) nameless() {
	for _, o := range m.objects {
		if o.desired == nil || o.base != nil || o.current != nil || !bytes.Contains(o.desired.Body, []byte("${")) {
			continue
		}
		body, err := o.file()
		o.parsed = nil // trees are large, and it may not be needed again
		if err != nil {
			continue
		}
		for _, segs := range m.kind.NaturalKey {
			if name := body.At(segs); name.IsString() {
				if _, _, bad := reference.Expand(name.Text, m.in.Variables); bad != nil {
					m.badKinds[m.kind.Name] = true
					m.noteOn(o, plan.ClassOf(bad), jsonval.JoinPointer(segs), "%s: what the object is called cannot be read%s", schema.FileOf(o.desired), untilRepaired)
				}
			}
		}
	}
}

// letGo drops what the base alone still has, so that a new object may have its
// key: it is no successor of an object that the repository has dropped too.
func (m *matching) letGo() {
	if !m.compared(m.kind) {
		return
	}
	for key, o := range m.objects {
		switch {
		case o.desired != nil || o.current != nil || o.keep || !m.in.targeted(m.kind.Name, key) || m.badFile(m.kind.Name, key):
		case o.gone, o.missing && !o.held():
			// Where only a binding is lost, nothing is concluded from it.
			delete(m.objects, key)
		}
	}
}

// matchByName binds what is new in the repository, or gone from the tenant, to
// what is new in the tenant, by natural key: one to one, or not at all.
func (m *matching) matchByName() {
	if len(m.free) == 0 && !m.hasNew() {
		return
	}
	takers := map[string][]*object{}
	waiting := map[string]bool{} // names of objects that may still be there
	for _, o := range m.objects {
		switch {
		case o.current != nil || o.keep:
		case o.missing:
			waiting[m.nameOf(o)] = true
		case o.desired != nil:
			name := m.nameOf(o)
			takers[name] = append(takers[name], o)
		}
	}
	for key := range m.badKeys[m.kind.Name] {
		// The file may name it or not; either way it is left alone.
		if o := m.object(key); o.current == nil && !o.missing {
			o.keep = true
			takers[key] = append(takers[key], o)
		}
	}
	byName := map[string][]*tenant.Resource{}
	for _, r := range m.free {
		name := m.nameInTenant(r)
		byName[name] = append(byName[name], r)
		m.undecided[r] = waiting[name]
	}
	bound, fresh := map[*tenant.Resource]bool{}, map[string][]*object{}
	for name, objects := range takers {
		found := byName[name]
		switch {
		case waiting[name]:
			for _, o := range objects {
				m.leave(o, plan.NotRead, "an object with the name %q may still be in the tenant: it was not found, and that is not confirmed", name)
			}
		case len(objects) > 1 || len(found) > 1:
			m.ambiguous(name, objects, found)
		case len(found) == 1:
			objects[0].current, objects[0].gone = found[0], false
			bound[found[0]] = true
		case objects[0].desired != nil && !objects[0].keep && !objects[0].held():
			fresh[name] = objects
		}
	}
	if len(fresh) > 0 && m.compared(m.kind) {
		m.refuseTwins(fresh)
	}
	m.free = slices.DeleteFunc(m.free, func(r *tenant.Resource) bool { return bound[r] })
}

func (m *matching) hasNew() bool {
	for _, o := range m.objects {
		if o.current == nil && o.desired != nil && !o.missing {
			return true
		}
	}
	return false
}

// ambiguous leaves alone all that share a name.
func (m *matching) ambiguous(name string, objects []*object, found []*tenant.Resource) {
	keys := make([]string, 0, len(objects))
	for _, o := range objects {
		if o.desired != nil || o.held() {
			keys = append(keys, o.key)
		}
	}
	slices.Sort(keys)
	for _, o := range objects {
		if o.desired == nil && !o.held() {
			continue
		}
		if len(found) > 1 {
			m.leave(o, plan.Ambiguous, "the tenant has %d objects with the name %q, and nothing tells which one is meant; rename or delete the others", len(found), name)
		} else {
			m.leave(o, plan.Ambiguous, "several files (%s) have the name %q; change or remove all but one", strings.Join(keys, ", "), name)
		}
	}
	for _, r := range found {
		m.undecided[r] = true
	}
}
