package plan_test

import (
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/plan"
)

// A person may approve only some items. The items that they depend on must be
// among them.
func ExamplePlan_CheckSubset() {
	p := &plan.Plan{Items: []plan.Item{
		{ID: "groups/CA-BreakGlass"},
		{ID: "conditionalAccessPolicies/CA001", DependsOn: []string{"groups/CA-BreakGlass"}},
	}}
	chosen := []string{"conditionalAccessPolicies/CA001"}

	err := p.CheckSubset(chosen)
	fmt.Println(err)

	if bad, ok := errors.AsType[*plan.SubsetError](err); ok {
		for _, needed := range bad.Needs {
			chosen = append(chosen, needed...)
		}
	}
	fmt.Println(p.CheckSubset(chosen))
	// Output:
	// plan: items cannot be chosen alone: "conditionalAccessPolicies/CA001" depends on "groups/CA-BreakGlass", which must be chosen too
	// <nil>
}
