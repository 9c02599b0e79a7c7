package syncertest

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/tenant"
)

// Kinds returns four small kinds that show what kinds can be: "groups" and
// "locations", which "policies" refer to at /groups/* and /location, and the
// singleton "settings". The assignments of a policy to groups, at
// /assignments, are a part of it. For kinds in the shapes of Microsoft Graph see
// tenanttest.Kinds.
func Kinds() []tenant.Kind {
	readOnly := []string{"/id", "/createdDateTime", "/modifiedDateTime"}
	return []tenant.Kind{
		{Name: "groups", Title: "Groups", Create: true, Update: true, Delete: true, ReadOnly: readOnly},
		{Name: "locations", Title: "Locations", Create: true, Update: true, Delete: true, ReadOnly: readOnly},
		{
			Name: "policies", Title: "Policies", Create: true, Update: true, Delete: true, ReadOnly: readOnly,
			EmptyIsAbsent: []string{"/assignments"},
			Sets:          []tenant.Set{{Path: "/groups"}, {Path: "/assignments"}},
			Parts:         []tenant.Part{{Name: "assignments", Path: "/assignments"}},
			References: []tenant.Reference{
				{Path: "/groups/*", Kinds: []string{"groups"}, Literals: []string{"All"}},
				{Path: "/assignments/*", Kinds: []string{"groups"}},
				{Path: "/location", Kinds: []string{"locations"}},
			},
			Limits: []tenant.Limit{{
				When:   tenant.Condition{Path: "/builtIn", Equals: json.RawMessage("true")},
				Verbs:  []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete},
				Reason: "built-in policies cannot be changed",
			}},
		},
		{Name: "settings", Title: "Settings", Singleton: true, Update: true, ReadOnly: readOnly},
	}
}
