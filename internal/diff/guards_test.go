package diff

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// planOf returns a plan with n items of each verb. Each verb has a kind of its
// own: created, updated, deleted.
func planOf(creates, updates, deletes int) *plan.Plan {
	p := &plan.Plan{}
	add := func(n int, verb tenant.Verb, kind string) {
		for i := range n {
			key := fmt.Sprint(i)
			p.Items = append(p.Items, plan.Item{ID: kind + "/" + key, Kind: kind, Key: key, Verb: verb, Changes: []plan.PropertyChange{{Pointer: "/x"}}})
		}
	}
	add(creates, tenant.Create, "created")
	add(updates, tenant.Update, "updated")
	add(deletes, tenant.Delete, "deleted")
	return p
}

// full returns an input whose desired configuration has files of each kind in
// the base.
func full() Input {
	return Input{
		Base: &Base{Objects: []*BaseObject{{Kind: "deleted", Key: "0"}, {Kind: "deleted", Key: "kept"}}},
		Desired: tenant.Desired{Resources: []tenant.Resource{
			{Kind: "created", Key: "0"}, {Kind: "updated", Key: "0"}, {Kind: "deleted", Key: "kept"},
		}},
	}
}

func TestApplyGuards(t *testing.T) {
	renamed := &plan.Plan{Items: []plan.Item{
		{ID: "policies/new", Kind: "policies", Key: "new", RenamedFrom: "break-glass", Verb: tenant.Update},
		{ID: "policies/other", Kind: "policies", Key: "other", Verb: tenant.Update},
	}}
	tests := []struct {
		name string
		plan *plan.Plan
		in   func(in *Input)
		want []plan.Violation
	}{
		{name: "an empty plan breaks no rule", plan: &plan.Plan{}, in: func(in *Input) { *in = Input{} }},
		{
			name: "an empty desired configuration, with deletes",
			plan: planOf(0, 0, 1),
			in:   func(in *Input) { in.Desired.Resources = nil },
			want: []plan.Violation{{
				Rule:    "empty-desired",
				Message: "the desired branch has no usable resource, and the plan has deletes",
				Items:   []string{"deleted/0"},
			}},
		},
		{
			name: "an empty desired configuration, without deletes",
			plan: planOf(0, 1, 0),
			in:   func(in *Input) { in.Desired.Resources = nil },
		},
		{
			name: "a kind without files",
			plan: planOf(1, 1, 1),
			in:   func(in *Input) { in.Desired.Resources = in.Desired.Resources[:2] },
			want: []plan.Violation{{
				Rule:    "empty-desired",
				Message: "the desired branch has no usable resource of these kinds, and the plan deletes their objects: deleted",
				Items:   []string{"deleted/0"},
			}},
		},
		{
			name: "a kind that never had files",
			plan: planOf(1, 1, 1),
			in:   func(in *Input) { in.Desired.Resources, in.Base = in.Desired.Resources[:2], nil },
		},
		{
			name: "protected objects, one violation per matching selector",
			plan: planOf(1, 2, 1),
			in: func(in *Input) {
				in.Rules.Protected = []plan.Selector{{Kind: "updated"}, {Kind: "nothing"}, {Key: "0*"}}
			},
			want: []plan.Violation{
				{Rule: "protected", Message: `the plan changes protected objects: kind "updated", key "*"`, Items: []string{"updated/0", "updated/1"}},
				{Rule: "protected", Message: `the plan changes protected objects: kind "*", key "0*"`, Items: []string{"created/0", "updated/0", "deleted/0"}},
			},
		},
		{
			name: "a protected object with a new name",
			plan: renamed,
			in:   func(in *Input) { in.Rules.Protected = []plan.Selector{{Key: "break-glass"}} },
			want: []plan.Violation{{Rule: "protected", Message: `the plan changes protected objects: kind "*", key "break-glass"`, Items: []string{"policies/new"}}},
		},
		{
			name: "the host's guards, in their order, after the built-in rules",
			plan: planOf(0, 0, 2),
			in: func(in *Input) {
				in.Rules.MaxDeletes, in.Rules.MaxDeleteShare = 1, -1
				in.Rules.Guards = []plan.Guard{
					func(_ context.Context, r tenant.GuardRequest) []tenant.Violation {
						return []tenant.Violation{{Rule: "freeze", Message: fmt.Sprint(len(r.Changes))}}
					},
					nil,
					func(context.Context, tenant.GuardRequest) []tenant.Violation { return nil },
					func(_ context.Context, r tenant.GuardRequest) []tenant.Violation {
						return []tenant.Violation{{Message: "no name"}, {Rule: "audit"}}
					},
				}
			},
			want: []plan.Violation{
				{Rule: "max-deletes", Message: "the plan would delete 2 objects, and the limit is 1", Items: []string{"deleted/0", "deleted/1"}, Limit: 1},
				{Rule: "freeze", Message: "2"},
				{Rule: "unnamed", Message: "no name"},
				{Rule: "audit"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := full()
			if tt.in != nil {
				tt.in(&in)
			}
			tt.plan.Broken = []plan.Violation{{Rule: "stale"}}
			applyGuards(t.Context(), tt.plan, &in, map[string]int{"deleted": 2}, func() tenant.GuardRequest {
				return tenant.GuardRequest{Changes: make([]tenant.GuardChange, len(tt.plan.Items))}
			})
			if diff := cmp.Diff(tt.want, tt.plan.Broken); diff != "" {
				t.Errorf("broken (-want +got)\n%s", diff)
			}
		})
	}
}

func TestSelectorMatches(t *testing.T) {
	tests := []struct {
		selector  plan.Selector
		kind, key string
		want      bool
	}{
		{plan.Selector{}, "policies", "CA001", true},
		{plan.Selector{}, "", "", true},
		{plan.Selector{Kind: "policies"}, "policies", "CA001", true},
		{plan.Selector{Kind: "policies"}, "groups", "CA001", false},
		{plan.Selector{Kind: "pol*"}, "policies", "CA001", false},
		{plan.Selector{Key: "CA001"}, "policies", "CA001", true},
		{plan.Selector{Key: "CA001"}, "policies", "CA0012", false},
		{plan.Selector{Key: "CA001"}, "policies", "ca001", false},
		{plan.Selector{Key: "*"}, "policies", "", true},
		{plan.Selector{Key: "*"}, "policies", "a/b", true},
		{plan.Selector{Key: "CA*"}, "policies", "CA", true},
		{plan.Selector{Key: "CA*"}, "policies", "XCA", false},
		{plan.Selector{Key: "*glass"}, "policies", "break-glass", true},
		{plan.Selector{Key: "*glass"}, "policies", "glasses", false},
		{plan.Selector{Key: "a*a"}, "policies", "a", false},
		{plan.Selector{Key: "a*a"}, "policies", "aa", true},
		{plan.Selector{Key: "a*b*c"}, "policies", "a-b-b-c", true},
		{plan.Selector{Key: "a*b*c"}, "policies", "a-c-b", false},
		{plan.Selector{Key: "*ab*ab"}, "policies", "ab", false},
		{plan.Selector{Key: "*ab*ab"}, "policies", "xabyab", true},
		{plan.Selector{Key: "**"}, "policies", "x", true},
		{plan.Selector{Key: "Grüße*"}, "policies", "Grüße an alle", true},
		{plan.Selector{Key: "[a-z]?"}, "policies", "b1", false},
	}
	for _, tt := range tests {
		if got := tt.selector.Matches(tt.kind, tt.key); got != tt.want {
			t.Errorf("%+v.Matches(%q, %q) = %t, want %t", tt.selector, tt.kind, tt.key, got, tt.want)
		}
	}
}
