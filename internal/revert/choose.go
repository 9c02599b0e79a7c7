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
		return k.Completeness == tenant.Complete || !slices.ContainsFunc(p.Items, func(it plan.Item) bool { return it.Kind == k.Kind })
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
	for i := range p.Items {
		was := &p.Items[i]
		is := now.Plan.Item(was.ID)
		switch {
		case slices.ContainsFunc(unread, func(k tenant.KindState) bool { return k.Kind == was.Kind }):
			left.unread = append(left.unread, was.ID)
		case is == nil && noted(now.Plan, was, plan.NoteClass.Failure):
			left.edited = append(left.edited, was.ID)
		case is == nil && noted(now.Plan, was, withheld) && !noted(p, was, withheld):
			left.impossible = append(left.impossible, was.ID)
		case is == nil:
			continue // both sides agree now: nothing to take back
		case is.DesiredSum != was.DesiredSum:
			left.edited = append(left.edited, was.ID)
		default:
			for _, ch := range now.Revert[is.ID] {
				if !slices.ContainsFunc(changes, func(c tenant.Change) bool { return c.Kind == ch.Kind && c.Key == ch.Key }) {
					changes = append(changes, ch)
				}
			}
		}
	}
	return changes, left
}

// noted reports whether a plan has a note of such a class about the item.
func noted(p *plan.Plan, it *plan.Item, class func(plan.NoteClass) bool) bool {
	return slices.ContainsFunc(p.Notes, func(n plan.Note) bool {
		return n.Kind == it.Kind && (n.Key == it.Key || n.Key == "") && class(n.Class)
	})
}

// withheld reports whether notes of this class stand for a difference that
// remains and is not proposed.
func withheld(class plan.NoteClass) bool {
	return class == plan.Unsupported || class.DeletesOff() || class == plan.NotRead
}
