package diff

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// index holds the three sides of a comparison by kind, and the answers that
// every later step asks for. Only its notes and its first error grow after it
// is built.
type index struct {
	in     Input
	kinds  map[string]*schema.Schema
	sides  map[string]*sides
	states map[string]tenant.KindState
	gone   map[Object]bool
	held   heldObjects
	files  *unusableFiles
	// keysByID are the keys that the base binds, made when needed.
	keysByID map[Object]string
	// targets and targetKinds are nil where everything is compared.
	targets     map[plan.Target]bool
	targetKinds map[string]bool
	// aliases are the present keys of former "kind/key" names that files tell.
	aliases map[string]string
	// variables are the names of GUID variables by their value.
	variables map[string]string
	// key is the tenant's, of all hashes over what may hold a secret.
	key   string
	rules plan.Rules
	// values are the tenant's variables.
	values     map[string]string
	unwritable map[string]string
	// written are the secrets that this run has written, as approved.
	written map[string]bool
	// notKept are the items that this run has applied and the tenant does not
	// have as written.
	notKept map[plan.Target][]*plan.Item
	// deviations are those of the rules that have not expired.
	deviations map[plan.Target][]deviation

	notes  []plan.Note
	failed error
	watch  *contextWatch
}

// lookEvery is how many objects go by between two looks at the context: a look
// takes a lock, and the steps between the decisions about the objects are short.
const lookEvery = 256

// contextWatch ends a comparison with its context. A nil one never ends. It is
// used by one goroutine at a time.
type contextWatch struct {
	ctx   context.Context
	asked int
	// cause is the context's, once the watch has seen that it has ended.
	cause error
}

// ended reports whether the context has ended, so that nothing more is to be
// done. The loops over objects ask it once for each of them. It looks at the
// context the first time, and then now and then.
func (w *contextWatch) ended() bool {
	if w == nil {
		return false
	}
	if w.cause == nil && w.asked%lookEvery == 0 {
		w.cause = context.Cause(w.ctx)
	}
	w.asked++
	return w.cause != nil
}

// sides are the objects of one kind on the three sides.
type sides struct {
	kind    *schema.Schema
	base    []*BaseObject
	desired []*tenant.Resource
	current []*tenant.Resource
}

// kindNames returns the names of the kinds, sorted.
func (ix *index) kindNames() []string { return slices.Sorted(maps.Keys(ix.kinds)) }

// referredFirst returns the names of the kinds, each after those that it refers
// to where they make no circle: whether two files have the same content depends
// on which of the objects that they refer to were renamed.
func (ix *index) referredFirst() []string {
	var names []string
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if seen[name] || ix.kinds[name] == nil {
			return
		}
		seen[name] = true
		for _, r := range ix.kinds[name].References {
			for _, kind := range r.Kinds {
				visit(kind)
			}
		}
		names = append(names, name)
	}
	for _, name := range ix.kindNames() {
		visit(name)
	}
	return names
}

func (ix *index) scope(k *schema.Schema) tenant.Scope {
	return cmp.Or(ix.in.Scopes[k.Name], k.Scope, tenant.All)
}

// boundID returns the id that the base binds a key to, or an empty text.
func (ix *index) boundID(kind, key string) string {
	if b := ix.held.at(kind, key); b != nil {
		return b.ID
	}
	return ""
}

// boundKey returns the key that the base binds to an id.
func (ix *index) boundKey(kind, id string) (string, bool) {
	if ix.keysByID == nil {
		ix.keysByID = make(map[Object]string, len(ix.held))
		for _, b := range ix.held {
			if b.ID != "" {
				ix.keysByID[Object{b.Kind, b.ID}] = b.Key
			}
		}
	}
	key, ok := ix.keysByID[Object{kind, id}]
	return key, ok
}

// complete reports whether absence means anything in the kind.
func (ix *index) complete(k *schema.Schema) bool {
	return ix.states[k.Name].Completeness == tenant.Complete
}

// compared reports whether the kind's objects are compared at all.
func (ix *index) compared(k *schema.Schema) bool {
	scope := ix.scope(k)
	return ix.complete(k) && (scope == tenant.All || scope == tenant.Listed)
}

// targeted reports whether the object is among the targets.
func (ix *index) targeted(kind, key string) bool {
	return ix.targets == nil || ix.targets[plan.Target{Kind: kind}] || ix.targets[plan.Target{Kind: kind, Key: key}]
}

// targetsKind reports whether an object of the kind can be among the targets.
func (ix *index) targetsKind(kind string) bool { return ix.targets == nil || ix.targetKinds[kind] }

// enforces reports whether drift of a kind is undone and not adopted.
func (ix *index) enforces(k *schema.Schema) bool {
	if enforce, ok := ix.rules.EnforceByKind[k.Name]; ok {
		return enforce
	}
	return ix.rules.Enforce
}

// kindStates returns the states of the kinds, ordered by name.
func (ix *index) kindStates() []tenant.KindState {
	return slices.SortedFunc(slices.Values(ix.in.Current.Kinds), func(a, b tenant.KindState) int { return strings.Compare(a.Kind, b.Kind) })
}

// fail keeps the first error.
func (ix *index) fail(err error) {
	if ix.failed == nil {
		ix.failed = err
	}
}

func (ix *index) note(n plan.Note) { ix.notes = append(ix.notes, n) }

// noteAt notes something about an object or a place in it. Files of kinds and
// objects that this run does not compare get no notes.
func (ix *index) noteAt(k *schema.Schema, key string, class plan.NoteClass, pointer, format string, args ...any) {
	if ix.compared(k) && ix.targeted(k.Name, key) {
		ix.note(plan.Note{Class: class, Kind: k.Name, Key: key, Pointer: pointer, Message: fmt.Sprintf(format, args...)})
	}
}

// tenantBody parses an object of the tenant.
func (ix *index) tenantBody(k *schema.Schema, r *tenant.Resource) *jsonval.Node {
	n, err := jsonval.ParseObject(r.Body)
	if err != nil {
		ix.fail(unreadable(k, r, err))
		return jsonval.EmptyObject
	}
	return n
}

// tenantValues returns an object of the tenant with the values at some paths
// alone.
func tenantValues(ix *index, k *schema.Schema, r *tenant.Resource, paths ...[]string) *jsonval.Node {
	n, err := jsonval.Pick(r.Body, paths...)
	if err != nil {
		ix.fail(unreadable(k, r, err))
	}
	return n
}

func unreadable(k *schema.Schema, r *tenant.Resource, err error) error {
	return fmt.Errorf("plan: the tenant's object %s/%s: %w", k.Name, r.ID, err)
}

// hasher returns what stands for a secret in name form and in the base: a keyed
// hash that is bound to the kind. The plan has not even that.
func hasher(ix *index, k *schema.Schema) func(*jsonval.Node) *jsonval.Node {
	return func(n *jsonval.Node) *jsonval.Node { return schema.SecretNode(ix.key, k, n) }
}

// deviation is a parsed [plan.Deviation] that has not expired.
type deviation struct {
	segs     []string
	accepted *jsonval.Node
	why      string
}

// normalise follows a former name, and puts in the property that the kind declares.
func (ix *index) normalise(ref *reference.Ref, declared []*tenant.Reference) {
	if key, ok := ix.aliases[ref.Object()]; ok {
		ref.Key = key
	}
	schema.SetProperty(ref, declared)
}

// orNone returns a reason as people see it.
func orNone(reason string) string { return cmp.Or(reason, "no reason is given") }

func (b *BaseObject) target() plan.Target { return plan.Target{Kind: b.Kind, Key: b.Key} }

func compareTargets(a, b plan.Target) int {
	if by := strings.Compare(a.Kind, b.Kind); by != 0 {
		return by
	}
	return strings.Compare(a.Key, b.Key)
}

// heldObjects are a base's objects, ordered by kind and key: a map of them takes
// ten times the memory.
type heldObjects []*BaseObject

// newHeldObjects puts the objects into order. Those of a base that was stored
// are in order.
func newHeldObjects(objects []BaseObject) heldObjects {
	held := make(heldObjects, len(objects))
	for i := range objects {
		held[i] = &objects[i]
	}
	inOrder := func(a, b *BaseObject) int { return compareTargets(a.target(), b.target()) }
	if !slices.IsSortedFunc(held, inOrder) {
		slices.SortStableFunc(held, inOrder)
	}
	return held
}

// at returns the object with the key, or nil.
func (held heldObjects) at(kind, key string) *BaseObject {
	at := plan.Target{Kind: kind, Key: key}
	if i, ok := slices.BinarySearchFunc(held, at, func(b *BaseObject, at plan.Target) int { return compareTargets(b.target(), at) }); ok {
		return held[i]
	}
	return nil
}
