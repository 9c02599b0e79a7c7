package reading_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestScopeOf(t *testing.T) {
	tests := []struct {
		name   string
		kind   tenant.Scope
		scopes map[string]tenant.Scope
		want   tenant.Scope
	}{
		{"a kind without a scope", "", nil, tenant.All},
		{"the kind's scope", tenant.Listed, nil, tenant.Listed},
		{"the settings' scope", tenant.Listed, map[string]tenant.Scope{"policies": tenant.OutOfScope}, tenant.OutOfScope},
		{"empty in the settings", tenant.Listed, map[string]tenant.Scope{"policies": ""}, tenant.Listed},
		{"another kind in the settings", "", map[string]tenant.Scope{"groups": tenant.OutOfScope}, tenant.All},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := reading.ScopeOf(tenant.Kind{Name: "policies", Scope: tt.kind}, tt.scopes); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestInScope(t *testing.T) {
	to := func(kinds ...string) []tenant.Reference { return []tenant.Reference{{Path: "/ref", Kinds: kinds}} }
	declared := []tenant.Kind{
		{Name: "roles"},
		{Name: "units", References: to("groups")}, // a circle
		{Name: "groups", References: to("roles", "units"), Scope: tenant.Listed},
		{Name: "policies", References: to("groups", "policies")},
		{Name: "labels"},
		{Name: "drafts", Scope: tenant.OutOfScope},
	}
	tests := []struct {
		name    string
		scopes  map[string]tenant.Scope
		targets []plan.Target
		want    []string
	}{
		{"everything", nil, nil, []string{"roles", "units", "groups", "policies", "labels"}},
		{"as the settings say", map[string]tenant.Scope{"labels": tenant.OutOfScope, "drafts": tenant.All}, nil, []string{"roles", "units", "groups", "policies", "drafts"}},
		{"a target", nil, []plan.Target{{Kind: "labels", Key: "L"}}, []string{"labels"}},
		{"a target and what it leads to", nil, []plan.Target{{Kind: "policies"}}, []string{"roles", "units", "groups", "policies"}},
		{"two targets", nil, []plan.Target{{Kind: "labels"}, {Kind: "roles"}}, []string{"roles", "labels"}},
		{"a reference out of scope", map[string]tenant.Scope{"groups": tenant.OutOfScope}, []plan.Target{{Kind: "policies"}}, []string{"roles", "units", "policies"}},
		{"a target out of scope", nil, []plan.Target{{Kind: "drafts"}}, nil},
		{"a target of no kind", nil, []plan.Target{{Kind: "gone"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, reading.InScope(declared, tt.scopes, tt.targets)); diff != "" {
				t.Errorf("kinds (-want +got):\n%s", diff)
			}
		})
	}
}
