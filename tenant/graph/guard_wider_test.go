package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// everyCountry are more countries than a list has that leaves a way in.
func everyCountry() string {
	var all []string
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'J'; b++ {
			all = append(all, `"`+string(a)+string(b)+`"`)
		}
	}
	return `{"countriesAndRegions":[` + strings.Join(all, ",") + `]}`
}

// What the policies of the tenant catch may grow, and no policy is in the plan.
func TestGuardWhatPoliciesCatchGrows(t *testing.T) {
	const people = `"includeUsers":["None"],"includeGroups":["g"]`
	change := func(kind, key, id string, verb tenant.Verb, before, after string) tenant.GuardChange {
		c := tenant.GuardChange{Item: kind + "/" + key, Kind: kind, Key: key, ID: id, Verb: verb, Before: json.RawMessage(before), After: json.RawMessage(after)}
		return c
	}
	group := func(before, after string) tenant.GuardChange {
		return change("groups", "G", "g", tenant.Update, before, after)
	}
	location := func(before, after string) tenant.GuardChange {
		return change("namedLocations", "L", "l", tenant.Update, before, after)
	}
	located := blockAll(`"includeUsers":["All"]`, `,"locations":{"includeLocations":["l"]}`)
	tests := []struct {
		name    string
		policy  string // in the tenant
		changes []tenant.GuardChange
		want    string
	}{
		{"a blocked location gets every country", located,
			[]tenant.GuardChange{location(`{"countriesAndRegions":["AA"]}`, everyCountry())}, graph.RuleEveryone + ", " + graph.RuleBreakGlass},
		{"it gets one more", located,
			[]tenant.GuardChange{location(`{"countriesAndRegions":["AA"]}`, `{"countriesAndRegions":["AA","AB"]}`)}, ""},
		{"an empty group gets its first member", blockAll(people, ""),
			[]tenant.GuardChange{group(`{"displayName":"G"}`, `{"displayName":"G","members":["glass"]}`)}, graph.RuleBreakGlass},
		{"another first member", blockAll(people, ""),
			[]tenant.GuardChange{group(`{"displayName":"G"}`, `{"displayName":"G","members":["other"]}`)}, ""},
		{"the plan makes a group with a rule, and blocks it", "",
			[]tenant.GuardChange{change("groups", "N", "", tenant.Create, "", `{"displayName":"N","groupTypes":["DynamicMembership"],"membershipRule":"user.accountEnabled -eq true","membershipRuleProcessingState":"On"}`),
				change("conditionalAccessPolicies", "P", "", tenant.Create, "", blockAll(`"includeUsers":["None"],"includeGroups":["`+tenant.NewObject("groups", "N")+`"]`, ""))}, graph.RuleBreakGlass},
		{"the plan makes a group with the account, and blocks it", "",
			[]tenant.GuardChange{change("groups", "N", "", tenant.Create, "", `{"displayName":"N","members":["GLASS"]}`),
				change("conditionalAccessPolicies", "P", "", tenant.Create, "", blockAll(`"includeUsers":["None"],"includeGroups":["`+tenant.NewObject("groups", "N")+`"]`, ""))}, graph.RuleBreakGlass},
		{"the plan makes a group of others, and blocks it", "",
			[]tenant.GuardChange{change("groups", "N", "", tenant.Create, "", `{"displayName":"N","members":["other"]}`),
				change("conditionalAccessPolicies", "P", "", tenant.Create, "", blockAll(`"includeUsers":["None"],"includeGroups":["`+tenant.NewObject("groups", "N")+`"]`, ""))}, ""},
		{"the plan makes a group without members, and blocks it", "",
			[]tenant.GuardChange{change("groups", "N", "", tenant.Create, "", `{"displayName":"N","groupTypes":["Unified"]}`),
				change("conditionalAccessPolicies", "P", "", tenant.Create, "", blockAll(`"includeUsers":["None"],"includeGroups":["`+tenant.NewObject("groups", "N")+`"]`, ""))}, ""},
		{"a rule changes in a group within a blocked group", blockAll(`"includeUsers":["None"],"includeGroups":["outer"]`, ""),
			[]tenant.GuardChange{change("groups", "I", "nested", tenant.Update, `{"membershipRule":"a"}`, `{"membershipRule":"b"}`)}, graph.RuleBreakGlass},
		{"the application is disabled in another case", "",
			[]tenant.GuardChange{change("servicePrincipals", "S", "application", tenant.Update, `{"appId":"x"}`, `{"appId":"x","AccountEnabled":false}`)}, graph.RuleUnreadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := graphtest.New(graphtest.Config{})
			server.AddUser("glass", `{}`)
			server.AddMember("nested", "outer")
			if tt.policy != "" {
				server.Fake.Seed("conditionalAccessPolicies", `{"displayName":"of the tenant",`+tt.policy[1:])
			}
			c := newClient(t, server, func(cfg *graph.Config) {
				cfg.BreakGlass = []string{"glass"}
				if tt.want == graph.RuleUnreadable {
					cfg.Credential = graphtest.Static(graphtest.ApplicationToken("dir", "Policy.Read.All"))
				}
			})
			got, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: tt.changes})
			if err != nil || rules(got) != tt.want {
				t.Errorf("got %q, %v, want %q\n%+v", rules(got), err, tt.want, got)
			}
		})
	}
}

// The id of a method's configuration counts in any case.
func TestGuardMethodInAnotherCase(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	server.AddUser("glass", `{}`, "fido2AuthenticationMethod")
	c := newClient(t, server, func(cfg *graph.Config) { cfg.BreakGlass = []string{"glass"} })
	got, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{{
		Item: "authenticationMethodConfigurations/F", Kind: "authenticationMethodConfigurations", Key: "F", ID: "fido2", Verb: tenant.Update,
		Before: json.RawMessage(`{"state":"enabled","includeTargets":[{"id":"all_users"}]}`), After: json.RawMessage(`{"state":"disabled"}`)}}})
	if err != nil || rules(got) != graph.RuleMethods {
		t.Errorf("got %q, %v, want %s", rules(got), err, graph.RuleMethods)
	}
}
