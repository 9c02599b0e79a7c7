package simulation

import (
	"encoding/json"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// kindNames are the kinds of every tenant. All except the last have several
// objects.
var kindNames = []string{"groups", "locations", "policies", "profiles", "settings"}

// listed are the kinds with several objects.
var listed = kindNames[:len(kindNames)-1]

// title is the beginning of a kind's names. There are few names, so both sides
// sometimes choose the same one.
var title = map[string]string{"groups": "Group", "locations": "Location", "policies": "Policy", "profiles": "Profile"}

// maxLag is the longest lag of reads behind writes.
const maxLag = 40 * time.Second

// kinds returns the kinds of every tenant. They have references, sets, limits, a
// readable secret, a property that is sent whole, and a singleton.
func kinds() []tenant.Kind {
	readOnly := []string{"/id", "/createdDateTime", "/modifiedDateTime"}
	const bound = 2 * time.Minute // exceeds the longest call plus the lag of reads
	listed := func(name string) tenant.Kind {
		return tenant.Kind{Name: name, Create: true, Update: true, Delete: true, ReadOnly: readOnly, Consistency: bound}
	}
	policies, profiles := listed("policies"), listed("profiles")
	policies.Sets = []tenant.Set{{Path: "/groups"}}
	policies.References = []tenant.Reference{
		{Path: "/groups/*", Kinds: []string{"groups"}, Literals: []string{"All"}},
		{Path: "/location", Kinds: []string{"locations"}},
	}
	policies.Limits = []tenant.Limit{{
		When:   tenant.Condition{Path: "/builtIn", Equals: json.RawMessage("true")},
		Verbs:  []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete},
		Reason: "built-in policies cannot be changed",
	}}
	profiles.Sensitive = []string{"/secret"}
	profiles.Whole = []string{"/rules"}
	return []tenant.Kind{
		listed("groups"), listed("locations"), policies, profiles,
		{Name: "settings", Singleton: true, Update: true, ReadOnly: readOnly, Consistency: bound},
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
