package diff

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// unreadReferrer returns a kind that may refer to the given kind and was not
// completely read. Its references are unknown. A kind that is read only for
// references to it does not count, as if it were out of scope. Of a kind whose
// contents are not all read, the references are known if each object shows the
// properties that have them.
func (as *assembler) unreadReferrer(kind string) string {
	if known, ok := as.unread[kind]; ok {
		return known
	}
	unread := ""
	for _, name := range as.ix.kindNames {
		properties, refers := as.ix.kinds[name].RefersTo(kind)
		if !refers {
			continue
		}
		hidden := false
		switch state := as.ix.states[name]; state.Completeness {
		case tenant.Partial, tenant.Failed, tenant.Forbidden:
			hidden = true
		case tenant.NamesOnly:
			hidden = state.Scope != tenant.Referenced && !as.showsAll(name, properties)
		}
		if hidden {
			unread = name
			break
		}
	}
	if as.unread == nil {
		as.unread = map[string]string{}
	}
	as.unread[kind] = unread
	return unread
}

// showsAll reports whether each object that the tenant has of a kind shows the
// properties.
func (as *assembler) showsAll(kind string, properties [][]string) bool {
	for _, o := range as.ms.objects[kind] {
		if o.current == nil {
			continue
		}
		body, err := jsonval.Pick(o.current.Body, properties...)
		if err != nil || properties == nil {
			return false
		}
		for _, p := range properties {
			if body.At(p) == nil {
				return false
			}
		}
	}
	return true
}

// willExist reports whether the object exists after the plan is applied.
func (as *assembler) willExist(id string) bool {
	kind, key := reference.SplitItemID(id)
	o := as.ms.objects[kind][key]
	return as.ns.idOf(o) != "" || o != nil && o.item != nil && o.item.Verb == tenant.Create
}

// agreedRefs returns the references of an object when both sides last agreed.
func (as *assembler) agreedRefs(o *object) []string {
	if o.base == nil || len(o.base.Body) == 0 || len(o.kind.References) == 0 {
		return nil
	}
	body, err := jsonval.Parse(o.base.Body)
	if err != nil {
		as.ix.fail(fmt.Errorf("plan: base of %s: %w", o.id(), err))
		return nil
	}
	return reference.RefsOf(body)
}

// assembler makes the result from the decisions about the objects.
type assembler struct {
	ix *index
	ms *matches
	ns *names
	// unread has the answers of unreadReferrer.
	unread map[string]string
}

// assemble removes the items that cannot be applied, and makes the result.
func assemble(ix *index, ms *matches, ns *names) (*Result, error) {
	as := &assembler{ix: ix, ms: ms, ns: ns}
	as.withdraw()
	r := &Result{
		Plan:           &plan.Plan{Format: format.FormatVersion, Tenant: as.ix.in.Tenant, Revision: as.ix.in.Desired.Revision, Kinds: as.ix.kindStates()},
		Revert:         map[string][]tenant.Change{},
		Backup:         assembleBackup(as.ix, as.ms),
		Base:           as.newBase(),
		UnknownTargets: unknownTargets(as.ix, as.ms),
		bindings:       sync.OnceValue(as.ns.bindings),
	}
	r.Plan.Items = slices.Grow(r.Plan.Items, as.itemCount())
	reverts, refs, drops := map[string][]tenant.Change{}, map[string][]string{}, map[string][]string{}
	for _, o := range as.ms.sorted {
		if as.ix.watch.ended() {
			return nil, as.ix.watch.cause
		}
		if o.unchanged {
			r.Unchanged++
		}
		if o.details == nil {
			continue
		}
		r.Adopt = append(r.Adopt, o.adopt...)
		if o.adopted != nil {
			r.Adopted = append(r.Adopted, *o.adopted)
		}
		if o.item == nil {
			continue
		}
		if o.keyed {
			r.Plan.KeyID = as.ix.keyID
		}
		for i, it := range o.items(as.ix) {
			r.Plan.Items = append(r.Plan.Items, it.Item)
			refs[it.ID] = it.refs
			if i == 0 {
				reverts[it.ID] = o.revert
			}
			drops[it.ID] = without(o.oldRefs, o.newRefs)
		}
	}
	r.Plan.Notes = as.ix.notes
	kinds := make(map[string]tenant.Kind, len(as.ix.kinds))
	for name, k := range as.ix.kinds {
		kinds[name] = k.Kind
	}
	if orderItems(r.Plan, kinds, refs, drops, as.ix.watch.ended); as.ix.watch.ended() {
		return nil, as.ix.watch.cause
	}
	if as.ix.in.Revert {
		for _, it := range r.Plan.Items {
			r.Revert[it.ID] = reverts[it.ID]
		}
	}
	r.Plan.Notes = sortedNotes(r.Plan.Notes)
	request := func() tenant.GuardRequest { return as.guardRequest(r.Plan) }
	r.request = func() (tenant.GuardRequest, error) { return request(), as.ix.failed }
	ctx := as.ix.watch.ctx
	if applyGuards(ctx, r.Plan, &as.ix.in, as.ms.sizes(), request); context.Cause(ctx) != nil {
		return nil, context.Cause(ctx)
	}
	if as.ix.failed != nil {
		return nil, as.ix.failed
	}
	return r, r.Plan.Seal()
}

// itemCount returns the number of objects with an item.
func (as *assembler) itemCount() (n int) {
	for _, o := range as.ms.sorted {
		if o.item != nil {
			n++
		}
	}
	return n
}

// without returns the strings of all that are not in others.
func without(all, others []string) []string {
	if len(all) == 0 {
		return nil
	}
	known := make(map[string]bool, len(others))
	for _, s := range others {
		known[s] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return known[s] })
}

func sortedNotes(notes []plan.Note) []plan.Note {
	slices.SortFunc(notes, func(a, b plan.Note) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key), strings.Compare(string(a.Class), string(b.Class)),
			strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(notes)
}

// newBase returns the base after this comparison.
func (as *assembler) newBase() *Base {
	out := &Base{Format: format.FormatVersion, Objects: make([]*BaseObject, 0, len(as.ms.sorted))}
	for _, o := range as.ms.sorted {
		if as.ix.watch.ended() {
			break
		}
		if o.newBase != nil {
			out.Objects = append(out.Objects, o.newBase)
		}
	}
	if as.ix.in.Base == nil {
		return out
	}
	out.Backup, out.Unbound = as.ix.in.Base.Backup, slices.Clone(as.ix.in.Base.Unbound)
	for _, b := range as.ix.in.Base.Objects {
		if o := as.ms.objects[b.Kind][b.Key]; b.BackupSum != "" && as.ix.kinds[b.Kind] != nil && (o == nil || o.newBase == nil) {
			out.Unbound = append(out.Unbound, b.target())
		}
		if as.ix.kinds[b.Kind] == nil {
			out.Objects = append(out.Objects, b)
		}
	}
	out.Objects = newBaseObjects(out.Objects)
	return out
}

// Result is the result of [Compare].
type Result struct {
	// Plan has the changes that are proposed for the tenant.
	Plan *plan.Plan
	// Adopt has the changes of the desired branch that adopt the tenant's
	// drift. The sync writes them in the backup phase.
	Adopt []tenant.Change
	// Revert has, by item ID, the changes of the desired branch that would make
	// the repository agree with the tenant, instead of the item. A rename has
	// two changes.
	Revert map[string][]tenant.Change
	// Backup has the tenant's objects in the repository's form.
	Backup Backup
	// UnknownTargets are the targets whose key no object has, sorted. A target of a
	// kind that was not completely read is not among them.
	UnknownTargets []UnknownTarget
	// Base is the base after this comparison. It has new values where both
	// sides agree, and the old ones elsewhere. Adopted changes are in the base
	// only after a comparison with the adopted desired configuration.
	Base *Base
	// Unchanged is the number of compared objects that agree.
	Unchanged int
	// Adopted has the adopted properties, one row each, for the report.
	Adopted []plan.AdoptedChange

	bindings func() reference.Bindings
	request  func() (tenant.GuardRequest, error)
}

// Bindings returns the ids of all known keys. Each call returns the same maps.
func (r *Result) Bindings() reference.Bindings { return r.bindings() }

// AddNotes adds notes to the plan, in order. The plan must be sealed again.
func (r *Result) AddNotes(notes []plan.Note) {
	r.Plan.Notes = sortedNotes(append(r.Plan.Notes, notes...))
}

// GuardRequest returns the plan in the form for guards. Each call makes a new
// one.
func (r *Result) GuardRequest() (tenant.GuardRequest, error) { return r.request() }
