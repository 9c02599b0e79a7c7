package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// TestApprovalOfAPartNamesItsRules approves parts of a plan that deletes the
// groups A, B, C and F of seven. It breaks the limit by count, which is 2, that
// by share, which is 2 as well, and the protection of F.
func TestApprovalOfAPartNamesItsRules(t *testing.T) {
	freeze := func(context.Context, tenant.GuardRequest) []tenant.Violation {
		return []tenant.Violation{{Rule: "freeze", Message: "until Monday"}}
	}
	tests := []struct {
		name   string
		guard  plan.Guard
		share  int
		items  []string
		accept []string
		want   []string // the rules that the approval does not name; nil if it is accepted
	}{
		{name: "the whole plan", want: []string{"max-deletes", "protected"}},
		{name: "the whole plan by its items", items: []string{"groups/A", "groups/B", "groups/C", "groups/F"}, want: []string{"max-deletes", "protected"}},
		{name: "the whole plan, accepted", accept: []string{"max-deletes", "protected"}},
		{name: "as many as may be deleted", items: []string{"groups/A", "groups/B"}},
		{name: "one more", items: []string{"groups/A", "groups/B", "groups/C"}, want: []string{"max-deletes"}},
		{name: "one more, accepted", items: []string{"groups/A", "groups/B", "groups/C"}, accept: []string{"max-deletes"}},
		{name: "one more than the share alone", share: 15, items: []string{"groups/A", "groups/B"}, want: []string{"max-deletes"}},
		{name: "as many as the share", share: 15, items: []string{"groups/A"}},
		{name: "the protected one", items: []string{"groups/F"}, want: []string{"protected"}},
		{name: "the protected one and all that may be deleted beside it", items: []string{"groups/A", "groups/F"}, accept: []string{"protected"}},
		{name: "a rule about the plan as a whole", guard: freeze, items: []string{"groups/A"}, want: []string{"freeze"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := syncertest.New(syncertest.Config{})
			s := situation{t, h, h.Worker("a", syncertest.WorkerConfig{Edit: func(conf *syncer.Config) {
				conf.Settings.Rules = plan.Rules{MaxDeletes: 2, MaxDeleteShare: tt.share, Protected: []plan.Selector{{Kind: "groups", Key: "F"}}, Guards: []plan.Guard{tt.guard}}
			}})}
			for _, name := range "ABCDEFG" {
				h.Tenant("contoso").Seed("groups", fmt.Sprintf(`{"displayName": "%c"}`, name))
			}
			idle(s)
			for _, name := range []string{"A", "B", "C", "F"} {
				desire(t, h, "contoso", "groups", name, "")
			}
			started(s)
			s.advance()

			row, err := s.decide(func(d *syncer.Decision) { d.Items, d.Accept = tt.items, tt.accept })
			var rules []string
			if broken, ok := errors.AsType[*syncer.BrokenRulesError](err); ok {
				rules = broken.Rules
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, rules); diff != "" {
				t.Errorf("rules to name (-want +got)\n%s", diff)
			}
			if waits := row.Status == state.PendingApproval; waits != (tt.want != nil) {
				t.Errorf("the tenant is %s", row.Status)
			}
			if tt.want != nil {
				return
			}
			s.advance()
			deleted := len(tt.items)
			if deleted == 0 {
				deleted = 4
			}
			if left := len(h.Tenant("contoso").Objects("groups")); left != 7-deleted {
				t.Errorf("the tenant has %d groups, want %d", left, 7-deleted)
			}
		})
	}
}
