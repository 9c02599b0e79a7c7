package syncer_test

import (
	"fmt"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// Two people of the group security approve deletes, one person approves the
// rest, and a rule approves single changes of groups. A host gives these rules
// to all tenants in Config.Settings, or to one in what SettingsFor returns.
func ExampleApprovalRules_groups() {
	rules := syncer.ApprovalRules{
		Groups: map[string][]string{"security": {"sam@example.com", "sue@example.com", "sky@example.com"}},
		Rules: []syncer.ApprovalRule{
			{Name: "deletes", Verbs: []tenant.Verb{tenant.Delete}, Approvals: 2, Groups: []string{"security"}},
		},
		Automatic: []syncer.AutomaticApproval{{Name: "single groups", Kinds: []string{"groups"}, AtMost: 1}},
	}
	settings := syncer.Settings{Approval: rules}

	// A row says what is still needed.
	waiting := syncer.Demand{Rule: "deletes", Approvals: 2, Given: 1, Groups: settings.Approval.Rules[0].Groups}
	fmt.Println(waiting)
	fmt.Println(syncer.ActorKey(" Sue@Example.com") == syncer.ActorKey("sue@example.com"))
	// Output:
	// 1 of 2 approvals by group security (rule deletes)
	// true
}
