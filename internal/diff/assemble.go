package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// withdraw takes items back that others stand against: those that refer to
// what will not be created, and deletes of what is still referred to.
func (c *comparison) withdraw() {
	for again := true; again; {
		again = false
		for _, o := range c.sorted {
			if o.item == nil || o.item.Verb == tenant.Delete {
				continue
			}
			for _, ref := range o.newRefs {
				if c.stays(ref) {
					continue
				}
				c.withhold(o, plan.Unresolved, "it refers to %s, which is not in the tenant and will not be created; see what stands against that", ref)
				o.newRefs, again = o.oldRefs, true
				break
			}
		}
		referrers := c.referrers()
		for _, o := range c.sorted {
			if o.item == nil || o.item.Verb != tenant.Delete {
				continue
			}
			if unread := c.unreadReferrer(o.kind.Name); unread != "" {
				c.withhold(o, plan.NotRead, "it is not deleted, for %s may refer to it and were not completely read", unread)
				o.newRefs, again = o.oldRefs, true
			} else if referrers[o.id()] != "" {
				c.withhold(o, plan.Unresolved, "it is not deleted, for %s refers to it; take that reference out first", referrers[o.id()])
				o.newRefs, again = o.oldRefs, true
			}
		}
	}
}

// unreadReferrer returns a kind whose objects may refer to the given one, and
// of which the read failed, or was cut short or refused: nobody knows then who
// refers to what.
func (c *comparison) unreadReferrer(kind string) string {
	for _, name := range slices.Sorted(maps.Keys(c.kinds)) {
		switch c.states[name].Completeness {
		case tenant.Partial, tenant.Failed, tenant.Forbidden:
			if c.kinds[name].RefersTo(kind) {
				return name
			}
		}
	}
	return ""
}

// stays reports whether a reference leads somewhere once the plan is carried out.
func (c *comparison) stays(id string) bool {
	kind, key := reference.SplitItemID(id)
	if c.bindings[kind][key] != "" {
		return true
	}
	o := c.objects[kind][key]
	return o != nil && o.item != nil && o.item.Verb == tenant.Create
}

// referrers returns who would refer to objects that are to be deleted.
func (c *comparison) referrers() map[string]string {
	deleted := map[string]bool{}
	for _, o := range c.sorted {
		if o.item != nil && o.item.Verb == tenant.Delete {
			deleted[o.id()] = true
		}
	}
	found := map[string]string{}
	if len(deleted) == 0 {
		return found
	}
	for _, o := range c.sorted {
		refs := o.newRefs
		if !c.compared(o.kind) { // out of this run's scope: what it referred to when it was last in
			refs = c.agreedRefs(o)
		}
		for _, ref := range refs {
			if deleted[ref] && ref != o.id() && found[ref] == "" {
				found[ref] = o.id()
			}
		}
	}
	return found
}

// agreedRefs are what an object referred to when both sides last agreed.
func (c *comparison) agreedRefs(o *object) []string {
	if o.base == nil || len(o.base.Body) == 0 || len(o.kind.References) == 0 {
		return nil
	}
	body, err := jsonval.Parse(o.base.Body)
	if err != nil {
		c.fail(fmt.Errorf("plan: base of %s: %w", o.id(), err))
		return nil
	}
	return reference.RefsOf(body)
}

// finish puts the result together.
func (c *comparison) finish() (*Result, error) {
	r := &Result{
		Plan:     &plan.Plan{Format: format.FormatVersion, Tenant: c.in.Tenant, Revision: c.in.Desired.Revision, Kinds: c.kindStates()},
		Revert:   map[string][]tenant.Change{},
		Backup:   tenant.Snapshot{Taken: c.in.Current.Taken, Kinds: c.kindStates()},
		Base:     c.newBase(),
		Bindings: c.bindings,
	}
	reverts, refs, drops := map[string][]tenant.Change{}, map[string][]string{}, map[string][]string{}
	for _, o := range c.sorted {
		if o.unchanged {
			r.Unchanged++
		}
		r.Adopt = append(r.Adopt, o.adopt...)
		if o.adopted != nil {
			r.Adopted = append(r.Adopted, *o.adopted)
		}
		if o.backup != nil {
			r.Backup.Resources = append(r.Backup.Resources, tenant.Resource{Kind: o.kind.Name, Key: o.key, Body: o.backup})
		}
		if o.item == nil {
			continue
		}
		for i, it := range c.split(o) {
			r.Plan.Items = append(r.Plan.Items, it.Item)
			refs[it.ID] = it.refs
			if i == 0 {
				reverts[it.ID] = o.revert
			}
			for _, ref := range o.oldRefs {
				if !slices.Contains(o.newRefs, ref) {
					drops[it.ID] = append(drops[it.ID], ref)
				}
			}
		}
	}
	r.Plan.Notes = c.notes
	kinds := make(map[string]tenant.Kind, len(c.kinds))
	for name, k := range c.kinds {
		kinds[name] = k.Kind
	}
	orderItems(r.Plan, kinds, refs, drops)
	for _, it := range r.Plan.Items {
		r.Revert[it.ID] = reverts[it.ID]
	}
	r.Plan.Notes = sortedNotes(r.Plan.Notes)
	applyGuards(r.Plan, &c.in, c.sizes())
	return r, plan.Seal(r.Plan)
}

// kindStates returns the states of the kinds, ordered by name.
func (c *comparison) kindStates() []tenant.KindState {
	return slices.SortedFunc(slices.Values(c.in.Current.Kinds), func(a, b tenant.KindState) int { return strings.Compare(a.Kind, b.Kind) })
}

func sortedNotes(notes []plan.Note) []plan.Note {
	slices.SortFunc(notes, func(a, b plan.Note) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key), strings.Compare(string(a.Class), string(b.Class)),
			strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(notes)
}

// newBase returns the base after this comparison.
func (c *comparison) newBase() *Base {
	out := &Base{Format: format.FormatVersion, Salt: c.salt, Objects: make([]BaseObject, 0, len(c.sorted))}
	for _, o := range c.sorted {
		if o.newBase != nil {
			out.Objects = append(out.Objects, *o.newBase)
		}
	}
	if c.in.Base == nil {
		return out
	}
	for _, b := range c.in.Base.Objects {
		if c.kinds[b.Kind] == nil {
			out.Objects = append(out.Objects, b)
		}
	}
	slices.SortStableFunc(out.Objects, func(a, b BaseObject) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	return out
}

// backUp keeps the tenant's object in the repository's form.
func (c *comparison) backUp(o *object, current *jsonval.Node) {
	if !c.in.NoBackup {
		o.backup = c.adoptedForm(o.kind, current).JSON()
	}
}
