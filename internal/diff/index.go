package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
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
	held   map[plan.Target]*BaseObject
	files  *unusableFiles
	// targets and targetKinds are nil where everything is compared.
	targets     map[plan.Target]bool
	targetKinds map[string]bool
	// aliases are the present keys of former "kind/key" names that files tell.
	aliases map[string]string
	// variables are the names of GUID variables by their value.
	variables map[string]string
	salt      string
	// written are the secrets that this run has written, as approved.
	written map[string]bool
	// notKept are the items that this run has applied and the tenant does not
	// have as written.
	notKept map[plan.Target][]*plan.Item
	// deviations are those of the rules that have not expired.
	deviations map[plan.Target][]deviation

	notes  []plan.Note
	failed error
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

func (ix *index) scope(k *schema.Schema) tenant.Scope {
	return cmp.Or(ix.in.Scopes[k.Name], k.Scope, tenant.All)
}

// boundID returns the id that the base binds a key to, or an empty text.
func (ix *index) boundID(kind, key string) string {
	if b := ix.held[plan.Target{Kind: kind, Key: key}]; b != nil {
		return b.ID
	}
	return ""
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

// drift returns the policy of a kind.
func (ix *index) drift(k *schema.Schema) plan.DriftPolicy {
	return cmp.Or(ix.in.Rules.DriftByKind[k.Name], ix.in.Rules.Drift, plan.AdoptDrift)
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
		ix.fail(fmt.Errorf("plan: the tenant's object %s/%s: %w", k.Name, r.ID, err))
		return jsonval.EmptyObject
	}
	return n
}
