package graph

import (
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// unproven is why a verb is off.
const unproven = "neither an example of Microsoft's documentation nor two public tools show this; name the kind in Config.Unproven to have it done all the same"

// allowed returns the entry's kind with the verbs that may be used: all of
// them, those that documentation shows, or none in a cloud that lacks the kind.
func allowed(e *catalogue.Entry, cfg *Config) tenant.Kind {
	k := e.Kind
	if first := e.Requests.Delete.First; first != nil {
		k.DeleteEnds = []tenant.Condition{first.When}
	}
	if why := lacking(e, cfg.Cloud); why != "" {
		k.Create, k.Update, k.Delete = false, false, false
		k.Limits = append(slices.Clone(k.Limits), tenant.Limit{Verbs: []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}, Reason: why})
		return k
	}
	if cfg.writes(e.Name) {
		return k
	}
	var off []tenant.Verb
	for verb, on := range map[tenant.Verb]*bool{tenant.Create: &k.Create, tenant.Update: &k.Update, tenant.Delete: &k.Delete} {
		if *on && !e.Proven(verb, "") {
			*on = false
			off = append(off, verb)
		}
	}
	if len(off) > 0 { // so that people who miss a verb are told what to do
		slices.Sort(off)
		k.Limits = append(slices.Clone(k.Limits), tenant.Limit{Verbs: off, Reason: unproven})
	}
	k.CreateOnly = slices.Clone(k.CreateOnly)
	for _, p := range k.Parts {
		if !e.Proven(tenant.Update, p.Name) {
			k.CreateOnly = append(k.CreateOnly, p.Path) // a difference is told, and not written
		}
	}
	return k
}

// lacking says that the cloud does not have the kind; "" if it has.
func lacking(e *catalogue.Entry, cloud catalogue.Cloud) string {
	if !slices.Contains(e.Unavailable, cloud) {
		return ""
	}
	return fmt.Sprintf("not available in the cloud %q", cloud)
}
