package revert

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// unreadKinds returns the kinds of the plan's items that were not read whole.
func unreadKinds(p *plan.Plan, kinds []tenant.KindState) []tenant.KindState {
	return slices.DeleteFunc(slices.Clone(kinds), func(k tenant.KindState) bool {
		return k.Completeness.AbsenceCounts() || !slices.ContainsFunc(p.Items, func(it plan.Item) bool { return it.Kind == k.Kind })
	})
}

// mayReadLater reports whether reading again can show more of a kind.
func mayReadLater(unread []tenant.KindState) bool {
	return slices.ContainsFunc(unread, func(k tenant.KindState) bool {
		return k.Completeness == tenant.Failed || k.Completeness == tenant.Partial
	})
}

// choose returns the changes that take the plan's items back, and the items that
// are left alone. now is the comparison of the line with the tenant.
func choose(p *plan.Plan, now *diff.Result, unread []tenant.KindState) (changes []tenant.Change, left leftAlone) {
	proposed := make(map[string]*plan.Item, len(now.Plan.Items))
	for i := range now.Plan.Items {
		proposed[now.Plan.Items[i].ID] = &now.Plan.Items[i]
	}
	failed, remains, remained := noted(now.Plan, plan.NoteClass.Failure), noted(now.Plan, withheld), noted(p, withheld)
	changed := map[plan.Target]bool{}
	for i := range p.Items {
		was := &p.Items[i]
		is := proposed[was.ID]
		switch {
		case slices.ContainsFunc(unread, func(k tenant.KindState) bool { return k.Kind == was.Kind }):
			left.unread = append(left.unread, was.ID)
		case is == nil && failed.about(was):
			left.edited = append(left.edited, was.ID)
		case is == nil && remains.about(was) && !remained.about(was):
			left.impossible = append(left.impossible, was.ID)
		case is == nil:
			continue // both sides agree now: nothing to take back
		case is.DesiredSum != was.DesiredSum:
			left.edited = append(left.edited, was.ID)
		default:
			for _, ch := range now.Revert[is.ID] {
				if file := (plan.Target{Kind: ch.Kind, Key: ch.Key}); !changed[file] {
					changed[file] = true
					changes = append(changes, ch)
				}
			}
		}
	}
	return changes, left
}

// subjects are the objects and the kinds that notes are about.
type subjects map[plan.Target]bool

// noted returns the subjects of a plan's notes of such a class.
func noted(p *plan.Plan, class func(plan.NoteClass) bool) subjects {
	about := subjects{}
	for _, n := range p.Notes {
		if class(n.Class) {
			about[plan.Target{Kind: n.Kind, Key: n.Key}] = true
		}
	}
	return about
}

// about reports whether there is a note about the item or its kind.
func (s subjects) about(it *plan.Item) bool {
	return s[plan.Target{Kind: it.Kind, Key: it.Key}] || s[plan.Target{Kind: it.Kind}]
}

// withheld reports whether notes of this class stand for a difference that
// remains and is not proposed.
func withheld(class plan.NoteClass) bool {
	return class == plan.Unsupported || class.DeletesOff() || class == plan.NotRead
}
