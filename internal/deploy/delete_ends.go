package deploy

import (
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// begunDelete returns the object of a delete as it was in the plan, if it has
// changed since only as the delete itself changes it before it deletes: see
// [tenant.Kind.DeleteEnds]. It returns nil for any other object. An earlier
// attempt, or a process that ended between the two requests, leaves such an
// object.
func (v *view) begunDelete(it *plan.Item, current *tenant.Resource) *tenant.Resource {
	if it.Verb != tenant.Delete {
		return nil
	}
	for _, body := range apply.BeforeDelete(v.job.Kinds.Get(it.Kind), current.Body) {
		was := *current
		was.Body = body
		if same, err := v.unchanged(it, &was); err == nil && same {
			return &was
		}
	}
	return nil
}
