package plan_test

import (
	"fmt"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// A host's own rule: no group is deleted while a policy changes. An approval
// of a plan that breaks it must name "groups-last".
func ExampleGuard() {
	groups, policies := plan.Selector{Kind: "groups"}, plan.Selector{Kind: "conditionalAccessPolicies"}
	groupsLast := func(p *plan.Plan) []plan.Violation {
		var deleted []string
		var policyChanges bool
		for _, it := range p.Items {
			if it.Verb == tenant.Delete && groups.Matches(it.Kind, it.Key) {
				deleted = append(deleted, it.ID)
			}
			policyChanges = policyChanges || policies.Matches(it.Kind, it.Key)
		}
		if len(deleted) == 0 || !policyChanges {
			return nil
		}
		return []plan.Violation{{
			Rule:    "groups-last",
			Message: "groups are deleted while policies change; approve the policies first",
			Items:   deleted,
		}}
	}

	rules := plan.Rules{MaxDeletes: 3, Guards: []plan.Guard{groupsLast}}
	p := &plan.Plan{Items: []plan.Item{
		{ID: "conditionalAccessPolicies/CA001", Kind: "conditionalAccessPolicies", Key: "CA001", Verb: tenant.Update},
		{ID: "groups/Old", Kind: "groups", Key: "Old", Verb: tenant.Delete},
	}}
	for _, b := range rules.Guards[0](p) {
		fmt.Println(b.Rule, b.Items)
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
