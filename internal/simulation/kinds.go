package simulation

import (
	"encoding/json"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// kinds are those of every tenant: what can be referred to, what refers, sets,
// limits, and a singleton.
func kinds() []tenant.Kind {
	readOnly := []string{"/id", "/createdDateTime", "/modifiedDateTime"}
	const lag = 2 * time.Minute // more than what any call can take, and reads lag
	return []tenant.Kind{
		{Name: "groups", Create: true, Update: true, Delete: true, ReadOnly: readOnly, Consistency: lag},
		{Name: "locations", Create: true, Update: true, Delete: true, ReadOnly: readOnly, Consistency: lag},
		{
			Name: "policies", Create: true, Update: true, Delete: true, ReadOnly: readOnly, Consistency: lag,
			Sets: []tenant.Set{{Path: "/groups"}},
			References: []tenant.Reference{
				{Path: "/groups/*", Kinds: []string{"groups"}, Literals: []string{"All"}},
				{Path: "/location", Kinds: []string{"locations"}},
			},
			Limits: []tenant.Limit{{
				When:   tenant.Condition{Path: "/builtIn", Equals: json.RawMessage("true")},
				Verbs:  []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete},
				Reason: "built-in policies cannot be changed",
			}},
		},
		{Name: "settings", Singleton: true, Update: true, ReadOnly: readOnly, Consistency: lag},
	}
}

func permissions() []tenant.Permission {
	return []tenant.Permission{
		{AnyOf: []string{"Policies.Read"}, Kinds: []string{"policies"}},
		{AnyOf: []string{"Policies.Write"}, Kinds: []string{"policies"}, Write: true},
		{AnyOf: []string{"Groups.Read"}, Kinds: []string{"groups"}},
		{AnyOf: []string{"Locations.Read"}, Kinds: []string{"locations"}, Optional: true},
	}
}
