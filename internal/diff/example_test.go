package diff_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// groupsAndPolicies returns the kinds of the examples.
func groupsAndPolicies() []tenant.Kind {
	return []tenant.Kind{
		{Name: "groups", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"}},
		{
			Name: "policies", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"},
			Sets:       []tenant.Set{{Path: "/exclude"}},
			References: []tenant.Reference{{Path: "/exclude", Kinds: []string{"groups"}}},
		},
	}
}

func compiled(kinds []tenant.Kind) *schema.Kinds {
	out, err := schema.CompileAll(kinds)
	if err != nil {
		log.Fatal(err)
	}
	return out
}

// bothRead returns the states of two completely read kinds.
func bothRead() []tenant.KindState {
	return []tenant.KindState{
		{Kind: "groups", Completeness: tenant.Complete},
		{Kind: "policies", Completeness: tenant.Complete},
	}
}

// The repository has a new group and excludes it from a policy that the tenant
// has. Somebody has changed the policy's state in the tenant since both sides
// agreed.
func ExampleCompare() {
	in := diff.Input{
		Tenant: "contoso",
		Kinds:  compiled(groupsAndPolicies()),
		Base: &diff.Base{Format: format.FormatVersion, Objects: []*diff.BaseObject{
			{Kind: "policies", Key: "Require MFA", ID: "7f3a", Body: json.RawMessage(`{"displayName":"Require MFA","state":"enabled"}`)},
		}},
		Desired: tenant.Desired{Resources: []tenant.Resource{
			{Kind: "groups", Key: "Break glass", Body: json.RawMessage(`{"displayName":"Break glass"}`)},
			{Kind: "policies", Key: "Require MFA", Body: json.RawMessage(`{"displayName":"Require MFA","state":"enabled","exclude":["${groups/Break glass}"]}`)},
		}},
		Current: tenant.Snapshot{
			Kinds: bothRead(),
			Resources: []tenant.Resource{
				{Kind: "policies", ID: "7f3a", Body: json.RawMessage(`{"id":"7f3a","displayName":"Require MFA","state":"disabled","exclude":[]}`)},
			},
		},
	}
	result, err := diff.Compare(context.Background(), in)
	if err != nil {
		log.Fatal(err)
	}
	for _, it := range result.Plan.Items {
		fmt.Println(it.Wave, it.Verb, it.ID, it.Origin, "after", it.DependsOn)
	}
	for _, c := range result.Adopt {
		fmt.Printf("adopt %s/%s: %s\n", c.Kind, c.Key, c.Body)
	}
	// Output:
	// 0 create groups/Break glass deploy after []
	// 1 update policies/Require MFA deploy after [groups/Break glass]
	// adopt policies/Require MFA: {"displayName":"Require MFA","state":"disabled","exclude":["${groups/Break glass}"]}
}

// An approved item is applied to the object that was just read.
func Example_operation() {
	kinds := groupsAndPolicies()
	item := &plan.Item{
		ID: "policies/Require MFA", Kind: "policies", Key: "Require MFA", Verb: tenant.Update, TenantID: "7f3a",
		Changes:  []plan.PropertyChange{{Pointer: "/exclude/-", After: json.RawMessage(`"${groups/Break glass}"`), Origin: plan.Deploy}},
		Resolved: []plan.Resolved{{Ref: "${groups/Break glass}", ID: "c0ffee"}},
	}
	step := apply.Step{
		Item:     item,
		Kind:     compiled(kinds).Get(item.Kind),
		Bindings: reference.Bindings{"groups": {"Break glass": "c0ffee"}},
	}
	current := &tenant.Resource{Kind: "policies", ID: "7f3a", Body: json.RawMessage(`{"id":"7f3a","displayName":"Require MFA","exclude":["abba"]}`)}
	op, err := apply.Operation(step, current)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(op.Verb, op.Kind, op.ID)
	fmt.Println("patch:", string(op.Patch))
	fmt.Println("after:", string(op.After))
	// Output:
	// update policies 7f3a
	// patch: {"exclude":["abba","c0ffee"]}
	// after: {"displayName":"Require MFA","exclude":["abba","c0ffee"]}
}

// Kinds whose scope is Listed are read by id and by name.
func ExampleComparison_Reads() {
	kinds := groupsAndPolicies()
	kinds[0].Scope = tenant.Listed
	comparison, err := diff.Prepare(diff.Input{
		Kinds: compiled(kinds),
		Base:  &diff.Base{Objects: []*diff.BaseObject{{Kind: "groups", Key: "Staff", ID: "51af"}}},
		Desired: tenant.Desired{Resources: []tenant.Resource{
			{Kind: "groups", Key: "Staff", Body: json.RawMessage(`{"displayName":"Staff"}`)},
			{Kind: "groups", Key: "Break glass", Body: json.RawMessage(`{"displayName":"Break glass"}`)},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range comparison.Reads() {
		fmt.Println(r.Kind, r.All, r.IDs, r.Matches)
	}
	// Output:
	// groups false [51af] [map[/displayName:Break glass]]
	// policies true [] []
}

// Equal objects have equal fingerprints.
func Example_fingerprint() {
	k := compiled(groupsAndPolicies()).Get("policies")
	a, err := k.Fingerprint(json.RawMessage(`{"id":"7f3a","displayName":"Require MFA","exclude":["x","y"]}`), "key of the tenant")
	if err != nil {
		log.Fatal(err)
	}
	b, err := k.Fingerprint(json.RawMessage(`{"exclude":["y","x"],"displayName":"Require MFA","@odata.etag":"1"}`), "key of the tenant")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a == b)
	// Output:
	// true
}
