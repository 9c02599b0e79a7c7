package diff

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

func newIndex(in Input) (*index, error) {
	ix := &index{
		in:    in,
		kinds: make(map[string]*schema.Schema, len(in.Kinds.All())),
		sides: make(map[string]*sides, len(in.Kinds.All())),
		key:   in.Keys.Tenant,
		keyID: schema.KeyID(in.Keys.Tenant),
		rules: in.Rules, values: in.Variables, unwritable: in.Unwritable,
	}
	for _, k := range in.Kinds.All() {
		ix.kinds[k.Name], ix.sides[k.Name] = k, &sides{kind: k}
		if k.MayHaveSecrets() && (in.Keys.Tenant == "" || in.Keys.Fleet == "") {
			return nil, fmt.Errorf("plan: kind %s has secrets, but there are no keys for their hashes", k.Name)
		}
	}
	ix.kindNames = slices.Sorted(maps.Keys(ix.kinds))
	for _, ig := range in.Rules.Ignore {
		if _, err := jsonval.SplitPointer(ig.Pointer); err != nil {
			return nil, fmt.Errorf("plan: ignore rule: %w", err)
		}
	}
	if len(in.Targets) > 0 {
		ix.targets, ix.targetKinds = map[plan.Target]bool{}, map[string]bool{}
		for _, t := range in.Targets {
			ix.targets[t], ix.targetKinds[t.Kind] = true, true
		}
	}
	var err error
	if ix.deviations, err = deviationsOf(in.Rules.Deviations, in.Now); err != nil {
		return nil, err
	}
	ix.written, ix.notKept = writtenSecrets(in.Written), byObject(in.NotKept)
	ix.variables = variableNames(in.Variables)
	ix.sortBase()
	ix.in.Current.Resources = nil
	ix.addCurrent(in.Current.Resources)
	ix.setStates(in.Current.Kinds)
	ix.setGone(in.Gone)
	ix.setDesired(in.Desired)
	return ix, nil
}

// fresh returns an index for one comparison, with its own notes and errors.
func (ix *index) fresh(ctx context.Context) *index {
	out := *ix
	out.watch, out.notes, out.files = &contextWatch{ctx: ctx}, slices.Clone(ix.notes), ix.files.clone()
	return &out
}

// withDesired returns an index with another desired configuration.
func (ix *index) withDesired(d tenant.Desired) *index {
	out := *ix
	out.sides = make(map[string]*sides, len(ix.sides))
	for name, s := range ix.sides {
		out.sides[name] = &sides{kind: s.kind, base: s.base, current: slices.Clip(s.current)}
	}
	out.setDesired(d)
	return &out
}

func (ix *index) sortBase() {
	if ix.in.Base == nil {
		return
	}
	ix.base = newBaseObjects(ix.in.Base.Objects)
	for rest := ix.base; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Kind == rest[0].Kind {
			n++
		}
		if s := ix.sides[rest[0].Kind]; s != nil {
			s.base = rest[:n:n]
		}
		rest = rest[n:]
	}
}

// addCurrent adds objects of the tenant.
func (ix *index) addCurrent(resources []tenant.Resource) {
	if len(ix.in.Current.Resources) == 0 {
		ix.in.Current.Resources = slices.Clip(resources)
	} else {
		ix.in.Current.Resources = append(ix.in.Current.Resources, resources...)
	}
	for rest := resources; len(rest) > 0; {
		n := 1 // lists have the objects of one kind together
		for n < len(rest) && rest[n].Kind == rest[0].Kind {
			n++
		}
		if s := ix.sides[rest[0].Kind]; s != nil {
			s.current = slices.Grow(s.current, n)
			for i := range rest[:n] {
				s.current = append(s.current, &rest[i])
			}
		}
		rest = rest[n:]
	}
}

func (ix *index) setStates(states []tenant.KindState) {
	ix.in.Current.Kinds = states
	ix.states = make(map[string]tenant.KindState, len(states))
	for _, s := range states {
		ix.states[s.Kind] = s
	}
}

func (ix *index) setGone(gone []Object) {
	ix.in.Gone, ix.gone = gone, make(map[Object]bool, len(gone))
	for _, o := range gone {
		ix.gone[o] = true
	}
}

// setDesired sorts the repository's files, and notes problems with them.
func (ix *index) setDesired(d tenant.Desired) {
	ix.in.Desired, ix.notes, ix.files = d, nil, newUnusableFiles()
	ix.sortProblems()
	ix.sortDesired()
	ix.aliases = ix.findAliases(d)
}

// sortProblems notes the files that the repository could not read.
func (ix *index) sortProblems() {
	for _, p := range ix.in.Desired.Problems {
		note := plan.Note{Class: plan.BadFile, Kind: p.Kind, Key: p.Key, Message: p.Error()}
		switch {
		case p.Kind != "" && p.Key != "":
			note.Message += ix.bad(p.Kind, p.Key)
		case p.Kind != "":
			ix.files.kinds[p.Kind] = true
			note.Message += untilRepaired
		default:
			ix.files.kinds[""] = true
			note.Message += "; until it is repaired, nothing is deleted or adopted as new"
		}
		ix.note(note)
	}
}

// bad marks a file as unusable. If the base does not have the file's key, the
// file may belong to a new object, or to a known object under another key. bad
// then marks the whole kind as well. It returns the text to append to the
// message.
func (ix *index) bad(kind, key string) string {
	ix.files.keys[plan.Target{Kind: kind, Key: key}] = true
	s := ix.sides[kind]
	if s == nil || s.kind.Singleton || ix.base.at(kind, key) != nil {
		return ""
	}
	ix.files.kinds[kind] = true
	return untilRepaired
}

// sortDesired adds the repository's files to their kinds.
func (ix *index) sortDesired() {
	unknown, count := map[string]int{}, map[string]int{}
	for i := range ix.in.Desired.Resources {
		count[ix.in.Desired.Resources[i].Kind]++
	}
	for i := range ix.in.Desired.Resources {
		r := &ix.in.Desired.Resources[i]
		s := ix.sides[r.Kind]
		if s == nil {
			unknown[r.Kind]++
			continue
		}
		if s.desired == nil {
			s.desired = make([]*tenant.Resource, 0, count[r.Kind])
		}
		s.desired = append(s.desired, r)
	}
	for _, s := range ix.sides {
		refuseSameKeys(ix, s)
	}
	if len(ix.files.keys) > 0 {
		for kind, s := range ix.sides {
			s.desired = slices.DeleteFunc(s.desired, func(r *tenant.Resource) bool { return ix.files.hasKey(kind, r.Key) })
		}
	}
	for kind, n := range unknown {
		ix.note(plan.Note{Class: plan.Unsupported, Kind: kind, Message: fmt.Sprintf(
			"there is no kind %q, so its files (%d) are ignored; check the folder's name", kind, n)})
	}
}

// refuseSameKeys notes files of one kind with the same key.
func refuseSameKeys(ix *index, s *sides) {
	byKey := func(a, b *tenant.Resource) int { return strings.Compare(a.Key, b.Key) }
	order := s.desired
	if !slices.IsSortedFunc(order, byKey) {
		order = slices.Clone(order)
		slices.SortStableFunc(order, byKey)
	}
	for i := 1; i < len(order); i++ {
		first, r := order[i-1], order[i]
		if first.Key != r.Key {
			continue
		}
		more := ix.bad(r.Kind, r.Key)
		ix.note(plan.Note{Class: plan.BadFile, Kind: r.Kind, Key: r.Key, Message: fmt.Sprintf(
			"two files are for this object: %s", strings.Join(slices.Sorted(slices.Values([]string{schema.FileOf(first), schema.FileOf(r)})), " and ")) + more})
	}
}

// writtenSecrets returns the hashes of the secrets that the items have written.
func writtenSecrets(items []*plan.Item) map[string]bool {
	written := map[string]bool{}
	for _, it := range items {
		for _, change := range it.Changes {
			for _, sum := range change.Secrets {
				written[sum] = true
			}
		}
	}
	return written
}
