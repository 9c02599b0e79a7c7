package diff

import (
	"encoding/json"
	"slices"

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
	// renamedFrom is the base's key, if the repository has renamed it.
	renamedFrom string
	// mayBe is what the object may have been renamed to, or its file from.
	mayBe *guess
	// parsed is the repository's body once somebody has asked for it.
	parsed *jsonval.Node
	outcome

	// gone: the base's object is not in the tenant, and that is certain.
	gone bool
	// missing: it was not among what was read, and that is not certain.
	missing bool
	// keep: nothing is concluded, the base stays as it is.
	keep bool
	// nameOnly: it was read so that references to it can be named.
	nameOnly bool
	// asBefore is what decider.asBefore has found; it has not looked if !hashed.
	hashed, asBefore bool
}

// outcome is what the comparison of one object has led to.
type outcome struct {
	item    *plan.Item
	newBase *BaseObject
	backup  backedUp
	// oldRefs and newRefs are the "kind/key" that the object refers to now and
	// once the plan is carried out.
	oldRefs, newRefs []string
	// withheld: what the repository wants of it is not done, so whatever
	// waits for it cannot be done either.
	withheld  bool
	unchanged bool
	*details
}

// details are the rest of an outcome; nil for an object that is as before, of
// which a tenant has many.
type details struct {
	// after is the item's After, until it is split into parts.
	after   *jsonval.Node
	adopt   []tenant.Change
	adopted *plan.AdoptedChange
	revert  []tenant.Change
	// accepted are the deviations that hold.
	accepted []deviation
	// partsBefore are the fingerprints of the kind's parts, for an update.
	partsBefore []string
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

// leave notes why nothing is done about an object, and keeps its base.
func leave(ix *index, o *object, class plan.NoteClass, format string, args ...any) {
	o.keep = true
	o.withheld = true
	noteOn(ix, o, class, "", format, args...)
}

// noteOn notes something about an object.
func noteOn(ix *index, o *object, class plan.NoteClass, pointer, format string, args ...any) {
	ix.noteAt(o.kind, o.key, class, pointer, format, args...)
}

// withhold notes why the repository's wish is not proposed.
func withhold(ix *index, o *object, class plan.NoteClass, format string, args ...any) {
	o.item, o.withheld = nil, true
	noteOn(ix, o, class, "", format, args...)
}

// readsCurrent reports whether anyone looks at the tenant's body: not where it
// was read for its name alone.
func readsCurrent(ix *index, o *object) bool {
	return o.current != nil && ix.scope(o.kind) != tenant.Referenced && !o.nameOnly
}

// graver returns the graver of two origins: conflict, enforce, deploy.
func graver(a, b plan.Origin) plan.Origin {
	rank := func(o plan.Origin) int { return slices.Index([]plan.Origin{plan.Deploy, plan.Enforce, plan.Clash}, o) }
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// backedUp is what the backup has of an object.
type backedUp struct {
	text json.RawMessage // nil: as the parent has it
	sum  string          // of the text; empty for an object that is not backed up
}

// guess is a rename that nothing proves: of a vanished object the files that may
// be its new ones, of a new file the objects that it may have been.
type guess struct {
	others []*object
	why    string
}
