package diff

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// index has the three sides of a comparison by kind, and the lookups that all
// later steps use. After it is built, only its notes and its first error
// change.
type index struct {
	in    Input
	kinds map[string]*schema.Schema
	// kindNames are the names of the kinds, sorted.
	kindNames []string
	sides     map[string]*sides
	states    map[string]tenant.KindState
	gone      map[Object]bool
	base      baseObjects
	files     *unusableFiles
	// keysByID has the keys that the base binds to ids. It is built on first
	// use.
	keysByID map[Object]string
	// targets and targetKinds are nil if everything is compared.
	targets     map[plan.Target]bool
	targetKinds map[string]bool
	// aliases has the present keys by former "kind/key", from $previousNames.
	aliases map[string]string
	// variables has the names of GUID variables by their value.
	variables map[string]string
	// key is the tenant's key for all hashes of values that may have a secret,
	// and keyID its id.
	key   string
	keyID string
	rules plan.Rules
	// values has the tenant's variables.
	values     map[string]string
	unwritable map[string]string
	// written has the hashes of the secrets that this run has written.
	written map[string]bool
	// notKept has the items that this run has applied and the tenant has not
	// kept.
	notKept map[plan.Target][]*plan.Item
	// deviations has the deviations that have not expired.
	deviations map[plan.Target][]deviation

	notes  []plan.Note
	failed error
	watch  *contextWatch
}

// lookEvery is the number of objects between two checks of the context. A check
// takes a lock, and the steps before and after the decisions are short.
const lookEvery = 256

// contextWatch ends a comparison with its context. A nil one never ends. It
// must not be used concurrently.
type contextWatch struct {
	ctx   context.Context
	asked int
	// cause is the context's cause, after the watch has detected its end.
	cause error
}

// look checks the context now. It reports whether the context has ended.
func (w *contextWatch) look() bool {
	if w.cause == nil {
		w.cause = context.Cause(w.ctx)
	}
	return w.cause != nil
}

// ended reports whether the context has ended. Loops over objects call it once
// for each object. It checks the context on the first call and then on every
// lookEvery-th call.
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

// sides has the objects of one kind on the three sides.
type sides struct {
	kind    *schema.Schema
	base    []*BaseObject
	desired []*tenant.Resource
	current []*tenant.Resource
}

// referredFirst returns the names of the kinds. Each kind comes after the kinds
// that it refers to, unless they are in a cycle. The order matters because
// equal content depends on the renames of the objects that it refers to.
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
	for _, name := range ix.kindNames {
		visit(name)
	}
	return names
}

func (ix *index) scope(k *schema.Schema) tenant.Scope {
	return cmp.Or(ix.in.Scopes[k.Name], k.Scope, tenant.All)
}

// boundID returns the id that the base binds to a key, or an empty string.
func (ix *index) boundID(kind, key string) string {
	if b := ix.base.at(kind, key); b != nil {
		return b.ID
	}
	return ""
}

// boundKey returns the key that the base binds to an id.
func (ix *index) boundKey(kind, id string) (string, bool) {
	if ix.keysByID == nil {
		ix.keysByID = make(map[Object]string, len(ix.base))
		for _, b := range ix.base {
			if b.ID != "" {
				ix.keysByID[Object{b.Kind, b.ID}] = b.Key
			}
		}
	}
	key, ok := ix.keysByID[Object{kind, id}]
	return key, ok
}

// complete reports whether the kind was completely read, so that a missing
// object means that it is absent.
func (ix *index) complete(k *schema.Schema) bool {
	return ix.states[k.Name].Completeness.AbsenceCounts()
}

// compared reports whether this run compares the kind's objects.
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

// enforces reports whether the sync undoes drift of a kind and does not adopt
// it.
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

// noteAt adds a note about an object or one of its properties. There are no
// notes about kinds and objects that this run does not compare.
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

// tenantValues returns an object of the tenant with only the values at some
// paths.
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

// hasher returns a function that replaces a secret in name form and in the base
// by a keyed hash, which depends on the kind. A plan does not contain these
// hashes.
func hasher(ix *index, k *schema.Schema) func(*jsonval.Node) *jsonval.Node {
	return func(n *jsonval.Node) *jsonval.Node { return schema.SecretNode(ix.key, k, n) }
}

// deviation is a parsed [plan.Deviation] that has not expired.
type deviation struct {
	segs     []string
	accepted *jsonval.Node
	why      string
}

// normalise replaces a former key by the present one, and sets the property
// that the kind declares.
func (ix *index) normalise(ref *reference.Ref, declared []*tenant.Reference) {
	if key, ok := ix.aliases[ref.Object()]; ok {
		ref.Key = key
	}
	schema.SetProperty(ref, declared)
}

// orNone returns the reason of a rule, or a text if it has none.
func orNone(reason string) string { return cmp.Or(reason, "no reason is given") }

func (o *object) target() plan.Target { return plan.Target{Kind: o.kind.Name, Key: o.key} }

func (b *BaseObject) target() plan.Target { return plan.Target{Kind: b.Kind, Key: b.Key} }

func compareTargets(a, b plan.Target) int {
	if by := strings.Compare(a.Kind, b.Kind); by != 0 {
		return by
	}
	return strings.Compare(a.Key, b.Key)
}

// baseObjects are a base's objects, sorted by kind and key. A map would need
// ten times the memory.
type baseObjects []*BaseObject

// newBaseObjects returns the objects sorted. The objects of a stored base are
// sorted already. Others are sorted in a copy.
func newBaseObjects(objects []*BaseObject) baseObjects {
	inOrder := func(a, b *BaseObject) int { return compareTargets(a.target(), b.target()) }
	if slices.IsSortedFunc(objects, inOrder) {
		return objects
	}
	sorted := slices.Clone(objects)
	slices.SortStableFunc(sorted, inOrder)
	return sorted
}

// at returns the object with the key, or nil.
func (objects baseObjects) at(kind, key string) *BaseObject {
	at := plan.Target{Kind: kind, Key: key}
	if i, ok := slices.BinarySearchFunc(objects, at, func(b *BaseObject, at plan.Target) int { return compareTargets(b.target(), at) }); ok {
		return objects[i]
	}
	return nil
}

// restorable says how the object can be restored, and whether it is deleted.
func (ix *index) restorable(o *object) (Restorable, bool) {
	if len(ix.in.Restorable) == 0 || o.current == nil {
		return Restorable{}, false
	}
	r, ok := ix.in.Restorable[Object{o.kind.Name, o.current.ID}]
	return r, ok
}
