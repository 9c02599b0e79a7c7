package diff

import (
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// choose divides an object's differences into those to propose and those to
// adopt, by the rules and by the tenant's limits.
func choose(ix *index, o *object, t *trees, found []*difference) (propose []proposal, adopt []*difference) {
	made := serviceMade(o, t.raw, t.base)
	unnamed := unnamed(o, t, found)
	enforce := ix.enforces(o.kind)
	for _, d := range found {
		origin := plan.Deploy
		if unread(ix.states[o.kind.Name], t.raw, d) {
			noteOn(ix, o, plan.NotRead, d.pointer(), "it is in %s and no read of this kind shows it, so it is neither written nor removed from the file", schema.FileOf(o.desired))
			continue
		}
		switch {
		case d.fate == drifted && enforce && made == nil:
			origin = plan.Enforce
		case d.fate == drifted:
			if ignored(ix, o, d, fromTenant) {
				continue
			}
			if why := unnamed[d]; why != "" {
				noteOn(ix, o, plan.Dangling, d.pointer(), "%s", why)
				continue
			}
			if made != nil {
				noteOn(ix, o, plan.ServiceChange, d.pointer(), "%s; the service changed it, and the repository adopts the change", made.Reason)
			}
			if rest, ok := withoutIgnored(ix, o, d, fromTenant); ok {
				adopt = append(adopt, rest.difference)
			}
			continue
		case d.fate == clashed:
			origin = plan.Clash
		}
		switch {
		case ignored(ix, o, d, toTenant):
		case d.rule.Fact().CreateOnly:
			noteOn(ix, o, plan.Unsupported, d.pointer(), "it can be set only when the object is created; recreate the object, or copy the tenant's value into the repository")
		default:
			if rest, ok := withoutIgnored(ix, o, d, toTenant); ok {
				propose = append(propose, proposal{rest, origin})
			}
		}
	}
	if len(propose) > 0 {
		if reason, ok := allows(ix, o, tenant.Update, t.raw); !ok {
			noteOn(ix, o, plan.Unsupported, "", "%s", reason)
			propose = nil
		}
	}
	return propose, adopt
}
