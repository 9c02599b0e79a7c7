package plan_test

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// This host's rule forbids deleting a group in a plan that changes a policy. An
// approval of such a plan must name "groups-last".
func ExampleGuard() {
	groups, policies := plan.Selector{Kind: "groups"}, plan.Selector{Kind: "conditionalAccessPolicies"}
	groupsLast := func(_ context.Context, r tenant.GuardRequest) []tenant.Violation {
		var deleted []string
		var policyChanges bool
		for _, c := range r.Changes {
			if c.Verb == tenant.Delete && groups.Matches(c.Kind, c.Key) {
				deleted = append(deleted, c.Item)
			}
			policyChanges = policyChanges || policies.Matches(c.Kind, c.Key)
		}
		if len(deleted) == 0 || !policyChanges {
			return nil
		}
		return []tenant.Violation{{
			Rule:    "groups-last",
			Message: "groups are deleted while policies change; approve the policies first",
			Items:   deleted,
		}}
	}

	rules := plan.Rules{MaxDeletes: 3, Guards: []plan.Guard{groupsLast}}
	r := tenant.GuardRequest{Tenant: "contoso", Changes: []tenant.GuardChange{
		{Item: "conditionalAccessPolicies/CA001", Kind: "conditionalAccessPolicies", Key: "CA001", Verb: tenant.Update},
		{Item: "groups/Old", Kind: "groups", Key: "Old", Verb: tenant.Delete},
	}}
	for _, v := range rules.Guards[0](context.Background(), r) {
		fmt.Println(v.Rule, v.Items)
	}
	// Output:
	// groups-last [groups/Old]
}

func ExampleSelector_Matches() {
	breakGlass := plan.Selector{Kind: "groups", Key: "*BreakGlass*"}
	fmt.Println(breakGlass.Matches("groups", "CA-BreakGlass-Exclude"))
	fmt.Println(breakGlass.Matches("conditionalAccessPolicies", "CA-BreakGlass-Exclude"))
	// Output:
	// true
	// false
}
