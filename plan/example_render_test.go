package plan_test

import (
	"fmt"
	"os"

	"github.com/tenantsync/tenantsync/plan"
)

// This example reads a stored plan and shows it to the person who decides.
func ExamplePlan_Text() {
	data, err := os.ReadFile("testdata/v1/plan.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := plan.DecodePlan(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Text(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Plan for tenant "contoso": 2 to create, 2 to update, 1 to delete, 1 conflict, 1 problem
	// Made against repository revision "3f9c2d1"
	//
	// Impact: review this first
	//   * enabled: it is enabled and takes effect
	//       "conditionalAccessPolicies/CA001: MFA for all"
	//
	// !!! BROKEN RULES: an approval must name each of them
	// !!! protected: the plan changes what is protected: kind "conditionalAccessPolicies", key "CA001*"
	//       "conditionalAccessPolicies/CA001: MFA for all"
	//
	// Step 1 of 3
	//   namedLocations
	//     + create "Berlin office"
	//         /displayName: "Berlin office"
	//         /ipRanges: 2 members
	//             + {"cidrAddress": "192.0.2.0/24"}, {"cidrAddress": "198.51.100.0/24"}
	//         /isTrusted: true
	//   securityDefaults
	//     ~ update "securityDefaults", undoes a change made in the tenant
	//         /isEnabled: true → false
	//
	// Step 2 of 3
	//   conditionalAccessPolicies
	//     ! update "CA001: MFA for all", renamed from "CA001", conflict: both sides changed it since they agreed
	//         /conditions/locations/excludeLocations: [] → ["${namedLocations/Berlin office}"]
	//         ! /state
	//             agreed:   "enabledForReportingButNotEnforced"
	//             tenant:   "disabled"
	//             proposed: "enabled"
	//         waits for "securityDefaults/securityDefaults"
	//   wifiProfiles
	//     + create "Guests"
	//         /displayName: "Guests"
	//         /preSharedKey: (hidden)
	//         /ssid: "guests"
	//
	// Step 3 of 3
	//   namedLocations
	//     - delete "Old office"
	//         /displayName: "Old office"
	//         waits for "conditionalAccessPolicies/CA001: MFA for all"
	//
	// Problems: requested but not done
	//   ambiguous: several objects or files match one name, so the plan does not change them
	//     groups "All staff": two groups have this name; rename one of them in the tenant
	//
	// For information
	//   ignored: a rule ignores the difference
	//     groups "Guests" /description: accepted until 2027-01-01
	//
	// Not completely read, so missing objects do not count as deleted
	//   riskyUsers: forbidden: a permission is missing (needs IdentityRiskyUser.Read.All)
	//
	// Digest of the plan:    f8088a2bfc08e9b47fc20c0443fe4a2b120e1fdd8cfc720af7a96292a60519e3
	// Digest of the changes: 9b0f8b0741668f5396c24f366df2e0f7bc5eef459f79954fa0cc738b3e6debfc
}
