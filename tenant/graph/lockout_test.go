package graph_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

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

// What cannot be found out is not taken for well. It counts only for a policy that
// names groups: of whom it applies to, and of whom it does not.
func TestLockoutUnknown(t *testing.T) {
	const unknown, applies = "could not be found out", "would apply to"
	for users, want := range map[string]string{ // "" for no violation
		`"includeUsers":["All"],"excludeGroups":["g"]`:                          unknown,
		`"includeUsers":["All"]`:                                                applies,
		`"includeGroups":["g"]`:                                                 applies,
		`"includeGroups":["g"],"excludeGroups":["h"]`:                           unknown,
		`"includeGroups":["g"],"excludeUsers":["glass"]`:                        "",
		`"includeUsers":["All"],"excludeUsers":["glass"],"excludeGroups":["g"]`: "",
		`"includeUsers":["someone"]`:                                            "",
		`"includeUsers":["someone"],"excludeGroups":["g"]`:                      "",
		`"includeUsers":["None"],"includeGroups":[]`:                            "",
	} {
		server := graphtest.New(graphtest.Config{})
		server.HideMembers()
		c := newClient(t, server, func(cfg *graph.Config) { cfg.BreakGlass = []string{"glass"} })
		after := `{"state":"enabled","grantControls":{"builtInControls":["mfa"]},"conditions":{"users":{` + users + `}}}`
		got, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{{Item: "i", Kind: "conditionalAccessPolicies", Key: "P", Verb: tenant.Update, After: json.RawMessage(after)}}})
		if err != nil || len(got) > 1 || (len(got) == 1) != (want != "") || len(got) == 1 && !strings.Contains(got[0].Message, want) {
			t.Errorf("%s: got %+v, %v, want %q", users, got, err, want)
		}
	}
}

// failing is a credential that gives no token.
type failing struct{ err error }

func (f failing) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, f.err
}

const locking = `{"state":"enabled","grantControls":{"builtInControls":["mfa"]},"conditions":{"users":{"includeUsers":["All"]}}}`

// Every policy is checked, whatever the others are, and for every account.
func TestLockoutOfEach(t *testing.T) {
	change := func(item, kind, part string, verb tenant.Verb, after string) tenant.GuardChange {
		return tenant.GuardChange{Item: item, Kind: kind, Key: item, Verb: verb, Part: part, After: json.RawMessage(after)}
	}
	const policies = "conditionalAccessPolicies"
	c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
		cfg.BreakGlass = []string{"first", "second"}
		cfg.DeviceCode, cfg.ReportOnly = true, true
	})
	got, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{
		change("another kind", "groups", "", tenant.Create, locking),
		change("deleted", policies, "", tenant.Delete, locking),
		change("a part", policies, "part", tenant.Update, locking),
		change("report-only, since it is new", policies, "", tenant.Create, locking),
		change("not readable", policies, "", tenant.Update, `[]`),
		change("harmless", policies, "", tenant.Update, `{"state":"disabled"}`),
		change("excludes the first", policies, "", tenant.Update, strings.Replace(locking, `["All"]`, `["All"],"excludeUsers":["first"]`, 1)),
		change("locks out", policies, "", tenant.Update, locking),
		change("device code", policies, "", tenant.Update, `{"state":"enabled","grantControls":{"builtInControls":["block"]},"conditions":{"users":{},"authenticationFlows":{"transferMethods":"deviceCodeFlow"}}}`),
		change("no device code", policies, "", tenant.Update, `{"state":"enabled","grantControls":{"builtInControls":["mfa"]},"conditions":{"users":{},"authenticationFlows":{"transferMethods":"deviceCodeFlow"}}}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, v := range got {
		message, _, _ := strings.Cut(v.Message, ":")
		lines = append(lines, v.Rule+": "+strings.Join(v.Items, ",")+": "+message)
	}
	want := []string{
		graph.RuleLockout + `: not readable: whom the policy "not readable" would apply to cannot be told`,
		graph.RuleLockout + `: locks out: the policy "locks out" would apply to the break-glass account first`,
		graph.RuleLockout + `: excludes the first: the policy "excludes the first" would apply to the break-glass account second`,
		graph.RuleLockout + `: locks out: the policy "locks out" would apply to the break-glass account second`,
		graph.RuleDeviceCode + `: device code: the policy "device code" would block sign-in by device code, which is how this run signed in`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

// The guard fails when it cannot find out who is signed in: it never passes a
// plan that it could not check. Without a policy to check, it asks for nothing.
func TestLockoutFails(t *testing.T) {
	person := graphtest.Static(graphtest.Token("dir", "Policy.Read.All"))
	refused := failing{errors.New("no credential")}
	changes := func(after string) tenant.GuardRequest {
		return tenant.GuardRequest{Changes: []tenant.GuardChange{{Item: "i", Kind: "conditionalAccessPolicies", Key: "P", Verb: tenant.Update, After: json.RawMessage(after)}}}
	}
	for name, edit := range map[string]func(*graph.Config){
		"the run's credential":    func(cfg *graph.Config) { cfg.Credential, cfg.Delegated = refused, person },
		"the person's credential": func(cfg *graph.Config) { cfg.Delegated = refused },
	} {
		c := newClient(t, graphtest.New(graphtest.Config{}), edit)
		if got, err := c.Guard(t.Context(), changes(locking)); tenant.ClassOf(err) != tenant.Unauthenticated || !errors.Is(err, refused.err) {
			t.Errorf("%s fails: got %+v, %v, want Unauthenticated", name, got, err)
		}
		if got, err := c.Guard(t.Context(), changes(`{"state":"disabled"}`)); err != nil || got != nil {
			t.Errorf("%s fails, and nothing needs it: got %+v, %v", name, got, err)
		}
	}

	// The read of the groups is refused for the sign-in's sake, or cut off.
	server := graphtest.New(graphtest.Config{})
	c := newClient(t, server, func(cfg *graph.Config) {
		cfg.BreakGlass = []string{"glass"}
		cfg.HTTPClient = &http.Client{Transport: &statusService{statuses: []int{http.StatusUnauthorized}}}
	})
	if got, err := c.Guard(t.Context(), changes(locking)); tenant.ClassOf(err) != tenant.Unauthenticated {
		t.Errorf("the service refuses the token: got %+v, %v, want Unauthenticated", got, err)
	}
	cause := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if got, err := newClient(t, server, func(cfg *graph.Config) { cfg.BreakGlass = []string{"glass"} }).Guard(ctx, changes(locking)); !errors.Is(err, cause) {
		t.Errorf("got %+v, %v, want the cause of the context's end", got, err)
	}
	// The context ends while the groups are read.
	ctx, cancel = context.WithCancelCause(t.Context())
	c = newClient(t, server, func(cfg *graph.Config) {
		cfg.BreakGlass = []string{"glass"}
		cfg.HTTPClient = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			cancel(cause)
			return nil, ctx.Err()
		})}
	})
	if got, err := c.Guard(ctx, changes(locking)); !errors.Is(err, cause) {
		t.Errorf("got %+v, %v, want the cause of the context's end", got, err)
	}
}

// A group that is on a later page counts as well.
func TestLockoutReadsAllPages(t *testing.T) {
	pages := []string{`{"value":[{"id":"one"}],"@odata.nextLink":"NEXT"}`, `{"value":[{"id":"two"}]}`}
	requests := 0
	server := graphtest.New(graphtest.Config{})
	c := newClient(t, server, func(cfg *graph.Config) {
		cfg.BreakGlass = []string{"glass"}
		cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.Header().Set("Content-Type", "application/json")
			w.Body.WriteString(strings.Replace(pages[min(requests, 1)], "NEXT", server.URL()+"/v1.0/users/glass/transitiveMemberOf?$skiptoken=2", 1))
			requests++
			res := w.Result()
			res.Request = r
			return res, nil
		})}
	})
	for _, group := range []string{"one", "two"} {
		requests = 0
		after := strings.Replace(locking, `["All"]`, `["All"],"excludeGroups":["`+group+`"]`, 1)
		got, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{{Item: "i", Kind: "conditionalAccessPolicies", Key: "P", Verb: tenant.Update, After: json.RawMessage(after)}}})
		if err != nil || len(got) > 0 || requests != 2 {
			t.Errorf("excluded by group %q: got %+v, %v after %d requests, want no violation after 2", group, got, err, requests)
		}
	}
}
