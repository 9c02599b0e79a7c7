package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// renames finds objects whose file has a new key: a key that is missing in the
// repository, and a new file that is its successor. The new key takes over the
// base and the binding, so that the tenant's object keeps its id.
//
// The evidence, in this order: the file names the former key in $previousNames;
// it has the object's id; its body is the same; its body is the same apart from
// the name. Each needs exactly one candidate on each side, because a wrong
// rename writes the content of one object into another. If several files name
// the same former key, all of them are left alone. Other evidence does not
// count if it is ambiguous. Similar content is not evidence.
func (m *matching) renames() {
	r := &renaming{matching: m, vanished: map[string]*object{}, trees: map[*object]*jsonval.Node{}}
	for key, o := range m.objects {
		switch {
		case o.base != nil && o.desired == nil && !m.ix.files.hasKey(m.kind.Name, key):
			r.vanished[key] = o
		case o.base == nil && o.current == nil && o.desired != nil:
			r.fresh = append(r.fresh, o)
		}
	}
	if len(r.vanished) == 0 || len(r.fresh) == 0 {
		return
	}
	slices.SortFunc(r.fresh, byKey)
	r.byPreviousNames()
	r.drop()
	if m.ix.compared(m.kind) {
		r.byID()
		r.drop()
	}
	r.bySameBody()
	r.drop()
	if m.ix.compared(m.kind) && m.ix.states[m.kind.Name].Completeness != tenant.NamesOnly {
		r.byContent() // what is not read is content too
	}
}

// renaming finds the renames of one kind.
type renaming struct {
	*matching
	// vanished has the objects whose file is missing, by key.
	vanished map[string]*object
	// fresh are the new files, sorted by key.
	fresh []*object
	// trees are the parsed bodies in name form.
	trees map[*object]*jsonval.Node
	// text is the memory of the text that is being hashed.
	text []byte
}

func byKey(a, b *object) int { return strings.Compare(a.key, b.key) }

// drop removes decided objects and files.
func (r *renaming) drop() {
	r.fresh = slices.DeleteFunc(r.fresh, func(o *object) bool { return o.base != nil || o.keep })
	maps.DeleteFunc(r.vanished, func(key string, old *object) bool { return r.objects[key] != old || old.keep })
}

// byPreviousNames renames if exactly one new file names exactly one vanished
// key in $previousNames. It leaves all other claimed objects alone.
func (r *renaming) byPreviousNames() {
	claimants := map[string]int{}
	claimed := make([][]string, len(r.fresh))
	for i, o := range r.fresh {
		if r.ix.watch.ended() {
			return
		}
		claimed[i] = r.previousNames(o)
		for _, key := range claimed[i] {
			claimants[key]++
		}
	}
	for i, o := range r.fresh {
		keys := claimed[i]
		switch {
		case len(keys) == 0:
		case len(keys) == 1 && claimants[keys[0]] == 1:
			r.rename(o, r.objects[keys[0]])
		default:
			r.leaveClaimants([]*object{o}, keys)
		}
	}
}

// previousNames returns the vanished keys in the $previousNames of o's file.
func (r *renaming) previousNames(o *object) []string {
	body, err := o.file()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(formerKeys(body), func(key string) bool { return r.vanished[key] == nil })
}

// leaveUntilRepaired leaves new files alone that may be the successors of
// vanished objects. A file of the kind cannot be used and may be the successor
// too. If the sync created the new objects, they could not become renames
// later.
func (r *renaming) leaveUntilRepaired(fresh, old []*object) {
	for _, o := range fresh {
		leave(r.ix, o, plan.Ambiguous, "it may be the new name of %s, but so may a file that cannot be used; repair that file, or write %s into %s",
			firstFew(old, " or ", quotedKey), firstFew(old, " or ", previousNamesLineOf), schema.FileOf(o.desired))
	}
}

// leaveClaimants leaves new files alone that may each be the successor of one
// of some vanished objects. It leaves these objects alone too.
func (r *renaming) leaveClaimants(fresh []*object, keys []string) {
	for _, o := range fresh {
		leave(r.ix, o, plan.Ambiguous, "it may be the new name of %s, and it is unknown which file replaces which; name one former key in $previousNames", firstFew(keys, ", ", func(key string) string { return key }))
	}
	for _, key := range keys {
		r.objects[key].keep = true
	}
}

func (m *matching) rename(o, old *object) {
	o.base, o.current, o.gone, o.missing = old.base, old.current, old.gone, old.missing
	if old.managed() { // otherwise only a key was bound, and no file had it
		o.asCandidate().renamedFrom = old.key
	}
	delete(m.objects, old.key)
	m.all.renamed[old.id()] = o.key
}

// renameUnlessTaken renames pairs of a vanished object and a new file that the
// comparison has found. It skips a pair if another object of the tenant already
// has the new name, because two objects would have the name then.
func (r *renaming) renameUnlessTaken(pairs [][2]*object) {
	if len(pairs) == 0 {
		return
	}
	wanted := make(map[string][]*object, len(pairs))
	for _, p := range pairs {
		name := r.nameOf(p[1])
		wanted[name] = append(wanted[name], p[1])
	}
	free := make(map[string]bool, len(r.free))
	for _, f := range r.free {
		free[r.nameInTenant(f)] = true
	}
	named := r.objectsNamed(wanted)
	for _, p := range pairs {
		old, o := p[0], p[1]
		name := r.nameOf(o)
		taken := func(h *object) bool { return h != old }
		if free[name] || len(wanted[name]) > 1 || slices.ContainsFunc(named[name], taken) {
			continue
		}
		r.rename(o, old)
	}
}
