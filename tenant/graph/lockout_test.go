package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// Who would be locked out by a policy, and who would not.
func TestLockout(t *testing.T) {
	const enabled = `"state":"enabled","grantControls":{"builtInControls":["mfa"]}`
	const block = `"state":"enabled","grantControls":{"builtInControls":["block"]}`
	users := func(rest, conditions string) string {
		return `{` + rest + `,"conditions":{"users":{` + conditions + `}}}`
	}
	tests := []struct {
		name  string
		token string
		after string
		edit  func(*graph.Config)
		want  []string // parts of the messages
	}{
		{"all users", "", users(enabled, `"includeUsers":["All"]`), nil, []string{"break-glass account glass"}},
		{"excluded by itself", "", users(enabled, `"includeUsers":["All"],"excludeUsers":["glass"]`), nil, nil},
		{"excluded by a group", "", users(enabled, `"includeUsers":["All"],"excludeGroups":["inner"]`), nil, nil},
		{"excluded by a group within a group", "", users(enabled, `"includeUsers":["All"],"excludeGroups":["outer"]`), nil, nil},
		{"excluded by an id that is no file", "", users(enabled, `"includeUsers":["All"],"excludeGroups":["outer"]`), nil, nil},
		{"excluded by a group that is made", "", users(enabled, `"includeUsers":["All"],"excludeGroups":["${new:groups/New}"]`), nil, []string{"exclude it, or a group in which it already is"}},
		{"excluded by a group that it is not in", "", users(enabled, `"includeUsers":["All"],"excludeGroups":["other"]`), nil, []string{"break-glass"}},
		{"not included", "", users(enabled, `"includeGroups":["other"]`), nil, nil},
		{"included by a group", "", users(enabled, `"includeGroups":["outer"]`), nil, []string{"break-glass"}},
		{"included by name", "", users(enabled, `"includeUsers":["someone","glass"]`), nil, []string{"break-glass"}},
		{"included by a role, perhaps", "", users(enabled, `"includeUsers":["None"],"includeRoles":["62e90394"]`), nil, []string{"break-glass"}},
		{"words and ids in another case", "", users(`"state":"Enabled","grantControls":{"builtInControls":["Block"]}`, `"includeUsers":["GLASS"]`), nil, []string{"break-glass"}},
		{"all in lower case", "", users(enabled, `"includeUsers":["all"]`), nil, []string{"break-glass"}},
		{"a group in another case", "", users(enabled, `"includeGroups":["OUTER"]`), nil, []string{"break-glass"}},
		{"excluded in another case", "", users(enabled, `"includeUsers":["All"],"excludeUsers":["Glass"]`), nil, nil},
		{"a member in another case", "", users(enabled, `"IncludeUsers":["someone"]`), nil, []string{`perhaps "includeUsers" is meant`}},
		{"a state in another case", "", users(`"state":"disabled","State":"enabled"`, ``), nil, []string{`perhaps "state" is meant`}},
		{"another type", "", users(enabled, `"includeRoles":"x"`), nil, []string{"/conditions/users/includeRoles: not a list of texts"}},
		{"null in a list", "", users(enabled, `"includeUsers":[null]`), nil, []string{"not a list of texts"}},
		{"a state of another type", "", users(`"state":1`, ``), nil, []string{"/state: not a text"}},
		{"a state that nobody knows", "", users(`"state":"on"`, ``), nil, []string{"not known"}},
		{"no object", "", `[]`, nil, []string{"not an object"}},
		{"another type where it is disabled", "", users(`"state":"disabled"`, `"includeRoles":"x"`), nil, nil},
		{"nulls", "", `{"state":"enabled","grantControls":null,"conditions":null}`, nil, nil},
		{"report-only", "", users(`"state":"enabledForReportingButNotEnforced","grantControls":{"builtInControls":["mfa"]}`, `"includeUsers":["All"]`), nil, nil},
		{"disabled", "", users(`"state":"disabled","grantControls":{"builtInControls":["mfa"]}`, `"includeUsers":["All"]`), nil, nil},
		{"nothing is demanded", "", users(`"state":"enabled","sessionControls":{}`, `"includeUsers":["All"]`), nil, nil},
		{"lands report-only", "", users(enabled, `"includeUsers":["All"]`), func(c *graph.Config) { c.ReportOnly = true }, nil},
		{"whoever is signed in", graphtest.Token("dir", "Policy.Read.All"), users(enabled, `"includeUsers":["All"],"excludeUsers":["glass"]`), nil, []string{"the account that is signed in"}},
		{"whoever is signed in, excluded", graphtest.Token("dir", "Policy.Read.All"), users(enabled, `"includeUsers":["All"],"excludeUsers":["glass","person"]`), nil, nil},
		{"the application", graphtest.ApplicationToken("dir", "Policy.Read.All"), `{` + block + `,"conditions":{"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}}}`, nil, []string{"the application that this run works as"}},
		{"the application, excluded", graphtest.ApplicationToken("dir", "Policy.Read.All"), `{` + block + `,"conditions":{"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":["application"]}}}`, nil, nil},
		{"device code", "", `{` + block + `,"conditions":{"users":{"includeUsers":["All"],"excludeUsers":["glass"]},"authenticationFlows":{"transferMethods":"deviceCodeFlow,authenticationTransfer"}}}`,
			func(c *graph.Config) { c.DeviceCode = true }, []string{"block sign-in by device code"}},
		{"device code in another case", "", `{` + block + `,"conditions":{"users":{"includeUsers":["None"]},"authenticationFlows":{"transferMethods":"authenticationTransfer, DeviceCodeFlow"}}}`,
			func(c *graph.Config) { c.DeviceCode = true }, []string{"block sign-in by device code"}},
		{"the application, in another case", graphtest.ApplicationToken("dir", "Policy.Read.All"), `{` + block + `,"conditions":{"clientApplications":{"includeServicePrincipals":["APPLICATION"]}}}`, nil, []string{"the application that this run works as"}},
		{"device code, which the run does not use", "", `{` + block + `,"conditions":{"users":{"includeUsers":["All"],"excludeUsers":["glass"]},"authenticationFlows":{"transferMethods":"deviceCodeFlow"}}}`, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := graphtest.New(graphtest.Config{})
			server.AddMember("glass", "inner")
			server.AddMember("inner", "outer")
			c := newClient(t, server, func(cfg *graph.Config) {
				cfg.BreakGlass = []string{"glass"}
				if tt.token != "" {
					cfg.Credential = graphtest.Static(tt.token)
				}
				if tt.edit != nil {
					tt.edit(cfg)
				}
			})
			got, err := c.Guard(t.Context(), tenant.GuardRequest{
				Changes: []tenant.GuardChange{{Item: "conditionalAccessPolicies/P", Kind: "conditionalAccessPolicies", Key: "P", Verb: tenant.Create, After: json.RawMessage(tt.after)}},
			})
			if err != nil || len(got) != len(tt.want) {
				t.Fatalf("got %+v, %v, want %q", got, err, tt.want)
			}
			for i, want := range tt.want {
				if !strings.Contains(got[i].Message, want) || got[i].Rule == "" || len(got[i].Items) != 1 {
					t.Errorf("got %+v, want %q", got[i], want)
				}
			}
		})
	}
}

// What cannot be found out is not taken for well.
func TestLockoutUnknown(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	server.HideMembers()
	c := newClient(t, server, func(cfg *graph.Config) { cfg.BreakGlass = []string{"glass"} })
	after := `{"state":"enabled","grantControls":{"builtInControls":["mfa"]},"conditions":{"users":{"includeUsers":["All"],"excludeGroups":["g"]}}}`
	got, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{{Item: "i", Kind: "conditionalAccessPolicies", Key: "P", Verb: tenant.Update, After: json.RawMessage(after)}}})
	if err != nil || len(got) != 1 || !strings.Contains(got[0].Message, "could not be found out") {
		t.Errorf("got %+v, %v, want a violation that says that it could not be found out", got, err)
	}
}
