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

// object is one object on up to three sides, with one key.
type object struct {
	kind    *schema.Schema
	key     string
	base    *BaseObject
	desired *tenant.Resource
	current *tenant.Resource
	// renamedFrom is the base's key, if the repository has renamed the object.
	renamedFrom string
	// mayBe is the possible new name of the object, or the possible old one of
	// its file.
	mayBe *guess
	// parsed is the repository's body, if it was parsed before.
	parsed *jsonval.Node
	outcome

	// gone is true if the base's object is certainly not in the tenant.
	gone bool
	// missing is true if the base's object was not read, but may exist.
	missing bool
	// keep is true if the object is left alone and its base stays unchanged.
	keep bool
	// nameOnly is true if the object was read only to resolve references to it.
	nameOnly bool
	// sameAsBase is true if the object is unchanged since both sides agreed
	// completely. [decider.findUnchanged] sets it.
	sameAsBase bool
}

// outcome is the result of comparing one object.
type outcome struct {
	item    *plan.Item
	newBase *BaseObject
	backup  backedUp
	// oldRefs and newRefs are the "kind/key" of the objects that it refers to,
	// now and after the plan is applied.
	oldRefs, newRefs []string
	// withheld is true if a change that the repository wants is not proposed.
	// So items that depend on the object cannot be applied either.
	withheld  bool
	unchanged bool
	*details
}

// details are the rest of an outcome. They are nil for an unchanged object,
// because a tenant has many of them.
type details struct {
	// after is the item's After. It is set only until the item is split into
	// parts.
	after   *jsonval.Node
	adopt   []tenant.Change
	adopted *plan.AdoptedChange
	revert  []tenant.Change
	// accepted are the deviations that apply.
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

// managed reports whether the base has content of the object, and not only its
// binding.
func (o *object) managed() bool { return o.base != nil && o.base.Body != nil }

// currentID returns the id of the tenant's object.
func (o *object) currentID() string {
	if o.current != nil {
		return o.current.ID
	}
	return ""
}

// leave notes why an object is left alone, and keeps its base.
func leave(ix *index, o *object, class plan.NoteClass, format string, args ...any) {
	o.keep = true
	o.withheld = true
	noteOn(ix, o, class, "", format, args...)
}

// noteOn adds a note about an object.
func noteOn(ix *index, o *object, class plan.NoteClass, pointer, format string, args ...any) {
	ix.noteAt(o.kind, o.key, class, pointer, format, args...)
}

// withhold notes why a change that the repository wants is not proposed.
func withhold(ix *index, o *object, class plan.NoteClass, format string, args ...any) {
	o.item, o.withheld = nil, true
	noteOn(ix, o, class, "", format, args...)
}

// readsCurrent reports whether the comparison needs the tenant's body. It does
// not need it if the object was read only for its name.
func readsCurrent(ix *index, o *object) bool {
	return o.current != nil && ix.scope(o.kind) != tenant.Referenced && !o.nameOnly
}

// moreSevere returns the more severe of two origins: conflict before enforce
// before deploy.
func moreSevere(a, b plan.Origin) plan.Origin {
	rank := func(o plan.Origin) int { return slices.Index([]plan.Origin{plan.Deploy, plan.Enforce, plan.Clash}, o) }
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// backedUp is an object's part in the backup.
type backedUp struct {
	text json.RawMessage // nil if the parent has the same text
	sum  string          // of the text; empty for an object that is not backed up
}

// guess is a possible rename without proof. others are the files that a
// vanished object may have been renamed to, or the objects that a new file may
// be for.
type guess struct {
	others []*object
	why    string
}
