package apply

import (
	"slices"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// afterRestore returns the update that follows the restore of a [plan.Item.Restored]
// item, with what the item changes in the restored object. It returns any other
// item unchanged.
func afterRestore(it *plan.Item) *plan.Item {
	if !it.Restored {
		return it
	}
	update := *it
	update.Verb, update.Restored = tenant.Update, false
	update.Changes = slices.DeleteFunc(slices.Clone(it.Changes), func(c plan.PropertyChange) bool { return c.Pointer == "" })
	return &update
}

// restore returns the operation of an item that restores an object. current is the object
// in the form in which it comes back.
func restore(s Step, current *tenant.Resource) (tenant.Operation, error) {
	id := s.Item.TenantID
	s.Item = afterRestore(s.Item)
	op, err := Operation(s, current)
	op.Verb, op.ID, op.Restore = tenant.Create, "", id
	if len(s.Item.Changes) == 0 {
		op.Patch = nil
	}
	return op, err
}
