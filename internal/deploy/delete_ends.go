package deploy

import (
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
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
	for _, ends := range v.job.Kinds.Kind(it.Kind).DeleteEnds {
		if schema.Meets(ends, current.Body) {
			continue
		}
		segs, errPath := jsonval.SplitPointer(ends.Path)
		value, errValue := jsonval.Parse(ends.Equals)
		body, errBody := jsonval.ParseObject(current.Body)
		if errPath != nil || errValue != nil || errBody != nil {
			continue
		}
		was := *current
		was.Body = body.With(segs, value).JSON()
		if same, err := v.unchanged(it, &was); err == nil && same {
			return &was
		}
	}
	return nil
}
