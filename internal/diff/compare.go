package diff

import (
	"cmp"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Compare compares base, repository and tenant. It returns an error only for
// input that no tenant and no person can be blamed for: a kind's path that is
// no JSON pointer, an object of the tenant or the base that is no JSON object.
// Everything else that is wrong is in the plan's notes.
//
// Its answer depends on nothing but its input, and not on the input's order.
func Compare(in Input) (*Result, error) {
	c, err := newComparison(in)
	if err != nil {
		return nil, err
	}
	c.matchAll()
	c.collectBindings()
	for _, o := range c.sorted {
		c.compare(o)
	}
	if c.failed != nil {
		return nil, c.failed
	}
	c.bindAliases()
	c.withdraw()
	return c.finish()
}

// comparison is one run of [Compare].
type comparison struct {
	in     Input
	kinds  map[string]*schema.Schema
	states map[string]tenant.KindState
	gone   map[Object]bool
	// unclear are the tenant's objects of which nobody knows which file's they are.
	unclear map[Object]bool
	// badKeys are the keys of files that cannot be used, badKinds the kinds of
	// which an unknown file cannot.
	badKeys  map[string]map[string]bool
	badKinds map[string]bool
	sides    map[string]*sides

	objects map[string]map[string]*object
	sorted  []*object
	// renamed are the new keys of objects that were renamed since the base, by
	// their former "kind/key"; aliases those that files tell themselves.
	renamed, aliases map[string]string
	naming
	// variables are the names of GUID variables by their value.
	variables map[string]string
	// seeds go into the sums of unchanged objects, by kind.
	seeds map[string][]byte
	salt  string
	// written are the secrets that this run has written, as approved.
	written map[string]bool
	hash    hash.Hash
	scratch []byte

	notes  []plan.Note
	failed error
}

func newComparison(in Input) (*comparison, error) {
	c := &comparison{
		in:       in,
		kinds:    make(map[string]*schema.Schema, len(in.Kinds)),
		states:   make(map[string]tenant.KindState, len(in.Current.Kinds)),
		gone:     make(map[Object]bool, len(in.Gone)),
		unclear:  map[Object]bool{},
		badKeys:  map[string]map[string]bool{},
		badKinds: map[string]bool{},
		sides:    make(map[string]*sides, len(in.Kinds)),
		objects:  make(map[string]map[string]*object, len(in.Kinds)),
		renamed:  map[string]string{},
		salt:     in.Salt,
		written:  map[string]bool{},
	}
	if in.Base != nil && in.Base.Salt != "" {
		c.salt = in.Base.Salt
	}
	for _, k := range in.Kinds {
		rules, err := schema.Compile(k)
		if err != nil {
			return nil, err
		}
		c.kinds[k.Name], c.sides[k.Name] = rules, &sides{kind: rules}
	}
	for _, s := range in.Current.Kinds {
		c.states[s.Kind] = s
	}
	for _, o := range in.Gone {
		c.gone[o] = true
	}
	for _, ig := range in.Rules.Ignore {
		if _, err := jsonval.SplitPointer(ig.Pointer); err != nil {
			return nil, fmt.Errorf("plan: ignore rule: %w", err)
		}
	}
	for _, it := range in.Written {
		for _, change := range it.Changes {
			for _, sum := range change.Secrets {
				c.written[sum] = true
			}
		}
	}
	c.variables = variableNames(in.Variables)
	c.sort()
	c.findAliases()
	c.sowSeeds()
	return c, nil
}

// fail keeps the first error.
func (c *comparison) fail(err error) {
	if c.failed == nil {
		c.failed = err
	}
}

// sort puts what each side has into its kind.
func (c *comparison) sort() {
	if c.in.Base != nil {
		for i := range c.in.Base.Objects {
			b := &c.in.Base.Objects[i]
			if s := c.sides[b.Kind]; s != nil {
				s.base = append(s.base, b)
			}
		}
	}
	for i := range c.in.Current.Resources {
		r := &c.in.Current.Resources[i]
		if s := c.sides[r.Kind]; s != nil {
			s.current = append(s.current, r)
		}
	}
	c.sortProblems()
	c.sortDesired()
}

func (c *comparison) sortProblems() {
	for _, p := range c.in.Desired.Problems {
		note := plan.Note{Class: plan.BadFile, Kind: p.Kind, Key: p.Key, Message: p.Error()}
		switch {
		case p.Kind != "" && p.Key != "":
			note.Message += c.bad(p.Kind, p.Key)
		case p.Kind != "":
			c.badKinds[p.Kind] = true
			note.Message += untilRepaired
		default:
			c.badKinds[""] = true
			note.Message += "; until it is repaired, nothing is deleted or taken over as new"
		}
		c.note(note)
	}
}

const untilRepaired = "; until it is repaired, nothing of this kind is deleted or taken over as new"

// bad notes that a file cannot be used. One that the base does not know may be
// any new object's, or a former one's under another name: it is not known what
// its object is called. It returns what a message has to add.
func (c *comparison) bad(kind, key string) string {
	if c.badKeys[kind] == nil {
		c.badKeys[kind] = map[string]bool{}
	}
	c.badKeys[kind][key] = true
	s := c.sides[kind]
	if s == nil || s.kind.Singleton || slices.ContainsFunc(s.base, func(b *BaseObject) bool { return b.Key == key }) {
		return ""
	}
	c.badKinds[kind] = true
	return untilRepaired
}

// badFile reports whether the absence of a file means nothing.
func (c *comparison) badFile(kind, key string) bool {
	return c.badKinds[""] || c.badKinds[kind] || c.badKeys[kind][key]
}

func (c *comparison) sortDesired() {
	unknown := map[string]int{}
	seen := make(map[string]map[string]*tenant.Resource, len(c.sides))
	for i := range c.in.Desired.Resources {
		r := &c.in.Desired.Resources[i]
		s := c.sides[r.Kind]
		if s == nil {
			unknown[r.Kind]++
			continue
		}
		if seen[r.Kind] == nil {
			seen[r.Kind] = map[string]*tenant.Resource{}
		}
		if first := seen[r.Kind][r.Key]; first != nil {
			more := c.bad(r.Kind, r.Key)
			c.note(plan.Note{Class: plan.BadFile, Kind: r.Kind, Key: r.Key, Message: fmt.Sprintf(
				"two files are for this object: %s", strings.Join(slices.Sorted(slices.Values([]string{schema.FileOf(first), schema.FileOf(r)})), " and ")) + more})
		}
		seen[r.Kind][r.Key] = r
		s.desired = append(s.desired, r)
	}
	for kind, bad := range c.badKeys {
		if s := c.sides[kind]; s != nil {
			s.desired = slices.DeleteFunc(s.desired, func(r *tenant.Resource) bool { return bad[r.Key] })
		}
	}
	for kind, n := range unknown {
		c.note(plan.Note{Class: plan.Unsupported, Kind: kind, Message: fmt.Sprintf(
			"no kind is called %q, so its files (%d) are left alone; check the folder's name", kind, n)})
	}
}

func (c *comparison) scope(k *schema.Schema) tenant.Scope {
	return cmp.Or(c.in.Scopes[k.Name], k.Scope, tenant.All)
}

// complete reports whether absence means anything in the kind.
func (c *comparison) complete(k *schema.Schema) bool {
	return c.states[k.Name].Completeness == tenant.Complete
}

// compared reports whether the kind's objects are compared at all.
func (c *comparison) compared(k *schema.Schema) bool {
	scope := c.scope(k)
	return c.complete(k) && (scope == tenant.All || scope == tenant.Listed)
}

// targeted reports whether the object is among the targets.
func (in *Input) targeted(kind, key string) bool {
	return len(in.Targets) == 0 || slices.ContainsFunc(in.Targets, func(t plan.Target) bool {
		return t.Kind == kind && (t.Key == "" || t.Key == key)
	})
}

func (c *comparison) note(n plan.Note) { c.notes = append(c.notes, n) }

// leave notes why nothing is done about an object, and keeps its base.
func (c *comparison) leave(o *object, class plan.NoteClass, format string, args ...any) {
	o.keep = true
	o.withheld = true
	c.noteOn(o, class, "", format, args...)
}

func (c *comparison) noteOn(o *object, class plan.NoteClass, pointer, format string, args ...any) {
	// Files of what is not compared are no one's concern now.
	if c.compared(o.kind) && c.in.targeted(o.kind.Name, o.key) {
		c.note(plan.Note{Class: class, Kind: o.kind.Name, Key: o.key, Pointer: pointer, Message: fmt.Sprintf(format, args...)})
	}
}

// matchAll finds out which object is which, in all kinds.
func (c *comparison) matchAll() {
	for _, name := range slices.Sorted(maps.Keys(c.kinds)) {
		k, s := c.kinds[name], c.sides[name]
		c.match(k, s)
		c.noteKind(k, s)
		objects := slices.SortedFunc(maps.Values(c.objects[name]), func(a, b *object) int { return strings.Compare(a.key, b.key) })
		for _, o := range objects {
			if !c.compared(k) || !c.in.targeted(name, o.key) && !c.in.targeted(name, cmp.Or(o.renamedFrom, o.key)) ||
				c.badKeys[name][o.key] {
				o.keep = true
			}
		}
		c.sorted = append(c.sorted, objects...)
	}
}

// noteKind says why a whole kind is left alone.
func (c *comparison) noteKind(k *schema.Schema, s *sides) {
	state := c.states[k.Name]
	concerned := len(s.base)+len(s.desired) > 0
	switch scope := c.scope(k); {
	case !concerned || len(c.in.Targets) > 0 && !slices.ContainsFunc(c.in.Targets, func(t plan.Target) bool { return t.Kind == k.Name }):
	case scope == tenant.OutOfScope || state.Completeness == tenant.NotInScope:
	case scope == tenant.Referenced:
		if len(s.desired) > 0 {
			c.note(plan.Note{Class: plan.Unsupported, Kind: k.Name, Message: fmt.Sprintf(
				"this kind is only read where others refer to it, so its files (%d) are left alone; change its scope to manage them", len(s.desired))})
		}
	case state.Completeness != tenant.Complete:
		why := cmp.Or(string(state.Completeness), "not read")
		if state.Reason != "" {
			why += ": " + state.Reason
		}
		c.note(plan.Note{Class: plan.NotRead, Kind: k.Name, Message: "nothing is concluded about this kind, and nothing of it is changed (" + why + ")"})
	}
}

// tenantBody parses what the tenant has.
func (c *comparison) tenantBody(k *schema.Schema, r *tenant.Resource) *jsonval.Node {
	n, err := jsonval.ParseObject(r.Body)
	if err != nil {
		c.fail(fmt.Errorf("plan: the tenant's object %s/%s: %w", k.Name, r.ID, err))
		return &jsonval.Node{Kind: '{'}
	}
	return n
}

// baseBody parses what both sides agreed on. Former keys become the new ones.
func (c *comparison) baseBody(b *BaseObject) *jsonval.Node {
	n, err := jsonval.ParseObject(b.Body)
	if err != nil {
		c.fail(fmt.Errorf("plan: the base's object %s/%s: %w", b.Kind, b.Key, err))
		return &jsonval.Node{Kind: '{'}
	}
	if len(c.renamed)+len(c.aliases) > 0 {
		n = c.renameReferences(n)
	}
	return n
}
