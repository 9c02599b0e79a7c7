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

// object is one object on up to three sides, with one key. A tenant has many
// objects, and most are unchanged. So the state that only others have is behind
// pointers.
type object struct {
	kind    *schema.Schema
	key     string
	base    *BaseObject
	desired *tenant.Resource
	current *tenant.Resource
	// candidate is nil if the object is no candidate for a rename.
	candidate *candidate
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

// candidate is what the search for renames and duplicates has found about an object
// whose file is missing, or about a file without an object.
type candidate struct {
	// renamedFrom is the base's key, if the repository has renamed the object.
	renamedFrom string
	// mayBe is the possible new name of the object, or the possible old one of
	// its file.
	mayBe *guess
	// parsed is the repository's body, if it was parsed before.
	parsed *jsonval.Node
	// rival is an object that already has the name that a create would use again.
	rival *object
}

// outcome is the result of comparing one object.
type outcome struct {
	item    *plan.Item
	newBase *BaseObject
	// bodies is nil if the comparison took the outcome from the base.
	*bodies
	*details
	// withheld is true if a change that the repository wants is not proposed.
	// So items that depend on the object cannot be applied either.
	withheld bool
	// keyed is true if the item has hashes with the tenant's key.
	keyed     bool
	unchanged bool
	// backedUpAsBase is true if the backup's parent has the object's text.
	backedUpAsBase bool
}

// bodies are the parts of an outcome that come from decoded bodies.
type bodies struct {
	backup backedUp
	// oldRefs and newRefs are the "kind/key" of the objects that it refers to,
	// now and after the plan is applied.
	oldRefs, newRefs []string
}

// details are the rest of an outcome. They are nil for an unchanged object.
type details struct {
	// pieces are the items for the object without its parts and for each changed
	// part, if the kind has parts and the item is not a delete.
	pieces []splitItem
	// unset are the parts that a new object has only if its create sets them, and
	// whose values need a request of their own.
	unset   []string
	adopt   []tenant.Change
	adopted *plan.AdoptedChange
	revert  []tenant.Change
	// accepted are the deviations that apply.
	accepted []deviation
	// partsBefore are the fingerprints of the kind's parts, for an update.
	partsBefore []string
}

// splitItem is an item and the objects that its new content refers to.
type splitItem struct {
	plan.Item
	refs []string
}

// refs returns the "kind/key" of the objects that the object refers to, now and
// after the plan is applied.
func (o *object) refs() (now, after []string) {
	switch {
	case o.bodies != nil:
		return o.oldRefs, o.newRefs
	case o.sameAsBase:
		return o.base.Refs, o.base.Refs
	}
	return nil, nil
}

// backupSum returns the hash of the object's text in the backup. It is empty for
// an object that is not backed up.
func (o *object) backupSum() string {
	switch {
	case o.backedUpAsBase:
		return o.base.BackupSum
	case o.bodies != nil:
		return o.backup.sum
	}
	return ""
}

// asCandidate returns the object's candidate, which the caller may change.
func (o *object) asCandidate() *candidate {
	if o.candidate == nil {
		o.candidate = new(candidate)
	}
	return o.candidate
}

// renamedFrom returns the base's key if the repository has renamed the object.
// Otherwise it returns an empty string.
func (o *object) renamedFrom() string {
	if o.candidate == nil {
		return ""
	}
	return o.candidate.renamedFrom
}

// guess returns the possible rename, or nil.
func (o *object) guess() *guess {
	if o.candidate == nil {
		return nil
	}
	return o.candidate.mayBe
}

// file returns the repository's body.
func (o *object) file() (*jsonval.Node, error) {
	c := o.asCandidate()
	var err error
	if c.parsed == nil {
		c.parsed, err = jsonval.ParseObject(o.desired.Body)
	}
	return c.parsed, err
}

// takeParsed returns the repository's body if it was parsed before, and drops
// it, because trees are large.
func (o *object) takeParsed() *jsonval.Node {
	if o.candidate == nil {
		return nil
	}
	n := o.candidate.parsed
	o.candidate.parsed = nil
	return n
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
