package graph_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// blockAll is an enabled policy that blocks these users from every way in. conditions
// begins with a comma, or is empty.
func blockAll(users, conditions string) string {
	return `{"state":"enabled","grantControls":{"operator":"OR","builtInControls":["block"]},"conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},"users":{` + users + `}` + conditions + `}}`
}

// ask is an enabled policy that asks these users for a second factor.
func ask(users string) string {
	return strings.Replace(blockAll(users, ""), "block", "mfa", 1)
}

// policyP is a request about one policy, which the plan makes or updates.
func policyP(verb tenant.Verb, after string) tenant.GuardRequest {
	change := tenant.GuardChange{Item: "conditionalAccessPolicies/P", Kind: "conditionalAccessPolicies", Key: "P", Verb: verb, After: json.RawMessage(after)}
	if verb != tenant.Create {
		change.ID = "p"
	}
	return tenant.GuardRequest{Changes: []tenant.GuardChange{change}}
}

// rules are the rules of the violations, with "(information)" after those that break none.
func rules(found []tenant.Violation) string {
	var all []string
	for _, v := range found {
		if v.Information {
			v.Rule += " (information)"
		}
		all = append(all, v.Rule)
	}
	return strings.Join(all, ", ")
}

// Whom a policy would block, and whom it would not.
func TestGuardPolicies(t *testing.T) {
	const (
		all   = `"includeUsers":["All"]`
		both  = graph.RuleEveryone + ", " + graph.RuleBreakGlass
		some  = graph.BlocksSome + " (information)"
		more  = graph.AsksForMore + " (information)"
		glass = graph.RuleBreakGlass
	)
	person := graphtest.Token("dir", "Policy.Read.All")
	application := graphtest.ApplicationToken("dir", "Policy.Read.All")
	workload := func(clients string) string {
		return blockAll(`"includeUsers":["None"]`, `,"clientApplications":{`+clients+`}`)
	}
	tests := []struct {
		name  string
		token string
		after string
		edit  func(*graph.Config)
		want  string
	}{
		{"all users", "", blockAll(all, ""), nil, both},
		{"excluded by itself", "", blockAll(all+`,"excludeUsers":["glass"]`, ""), nil, graph.RuleEveryone},
		{"excluded by a group", "", blockAll(all+`,"excludeGroups":["inner"]`, ""), nil, graph.RuleEveryone},
		{"excluded by a group within a group", "", blockAll(all+`,"excludeGroups":["outer"]`, ""), nil, graph.RuleEveryone},
		{"excluded by a group that is made", "", blockAll(all+`,"excludeGroups":["${new:groups/New}"]`, ""), nil, both},
		{"excluded by a group that it is not in", "", blockAll(all+`,"excludeGroups":["other"]`, ""), nil, both},
		{"excluded by a role, perhaps", "", blockAll(all+`,"excludeRoles":["62e90394"]`, ""), nil, both},
		{"not included", "", blockAll(`"includeGroups":["other"]`, ""), nil, ""},
		{"included by a group", "", blockAll(`"includeGroups":["outer"]`, ""), nil, glass},
		{"included by name", "", blockAll(`"includeUsers":["someone","glass"]`, ""), nil, glass},
		{"included by a role, perhaps", "", blockAll(`"includeUsers":["None"],"includeRoles":["62e90394"]`, ""), nil, glass},
		{"words and ids in another case", "", strings.NewReplacer("enabled", "Enabled", "block", "Block").Replace(blockAll(`"includeUsers":["GLASS"]`, "")), nil, glass},
		{"all in lower case", "", blockAll(`"includeUsers":["all"]`, ""), nil, both},
		{"a group in another case", "", blockAll(`"includeGroups":["OUTER"]`, ""), nil, glass},
		{"excluded in another case", "", blockAll(all+`,"excludeUsers":["Glass"]`, ""), nil, graph.RuleEveryone},
		{"a member in another case", "", blockAll(`"IncludeUsers":["someone"]`, ""), nil, graph.RuleUnreadable},
		{"a state in another case", "", `{"state":"disabled","State":"enabled"}`, nil, graph.RuleUnreadable},
		{"another type", "", blockAll(`"includeRoles":"x"`, ""), nil, graph.RuleUnreadable},
		{"null in a list", "", blockAll(`"includeUsers":[null]`, ""), nil, graph.RuleUnreadable},
		{"a state of another type", "", `{"state":1}`, nil, graph.RuleUnreadable},
		{"a state that nobody knows", "", `{"state":"on"}`, nil, graph.RuleUnreadable},
		{"no object", "", `[]`, nil, graph.RuleUnreadable},
		{"another type where it is disabled", "", strings.Replace(blockAll(`"includeRoles":"x"`, ""), "enabled", "disabled", 1), nil, ""},
		{"nulls", "", `{"state":"enabled","grantControls":null,"sessionControls":null,"conditions":null}`, nil, ""},
		{"report-only", "", strings.Replace(blockAll(all, ""), `"enabled"`, `"enabledForReportingButNotEnforced"`, 1), nil, ""},
		{"disabled", "", strings.Replace(blockAll(all, ""), `"enabled"`, `"disabled"`, 1), nil, ""},
		{"nothing is asked for", "", `{"state":"enabled","sessionControls":{},"conditions":{"users":{` + all + `}}}`, nil, ""},
		{"a control that nobody knows", "", strings.Replace(blockAll(all, ""), `"block"`, `"unknownFutureValue"`, 1), nil, both},
		{"lands report-only", "", blockAll(all, ""), func(c *graph.Config) { c.ReportOnly = true }, ""},
		{"guests", "", blockAll(`"includeUsers":["GuestsOrExternalUsers"]`, ""), nil, graph.RulePartners},
		{"partners by type", "", blockAll(`"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"ServiceProvider"}`, ""), nil, graph.RulePartners},
		{"guests that are no partners", "", blockAll(`"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"internalGuest,b2bCollaborationGuest"}`, ""), nil, ""},
		{"whoever is signed in", person, blockAll(all+`,"excludeUsers":["glass"]`, ""), nil, graph.RuleEveryone + ", " + graph.RuleSignedIn},
		{"whoever is signed in, by name", person, blockAll(`"includeUsers":["Person"]`, ""), nil, graph.RuleSignedIn},
		{"whoever is signed in, excluded", person, blockAll(all+`,"excludeUsers":["glass","person"]`, ""), nil, graph.RuleEveryone},
		{"multifactor for all", "", ask(all), nil, more},
		{"multifactor for the signed-in account", person, ask(`"includeUsers":["person"]`), nil, more},
		{"multifactor for others", "", ask(`"includeUsers":["someone"]`), nil, ""},
		{"legacy clients", "", strings.Replace(blockAll(all, ""), `["all"]`, `["exchangeActiveSync","other"]`, 1), nil, some},
		{"the application", application, workload(`"includeServicePrincipals":["ServicePrincipalsInMyTenant"]`), nil, graph.RuleApplication},
		{"the application, in another case", application, workload(`"includeServicePrincipals":["APPLICATION"]`), nil, graph.RuleApplication},
		{"the application, excluded", application, workload(`"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":["application"]`), nil, ""},
		{"the application, perhaps by a filter", application, workload(`"includeServicePrincipals":["other"],"servicePrincipalFilter":{"mode":"include","rule":"CustomSecurityAttribute.a.b -eq \"c\""}`), nil, graph.RuleApplication},
		{"another application", application, workload(`"includeServicePrincipals":["other"]`), nil, ""},
		{"agents", "", blockAll(`"includeUsers":["None"]`, `,"clientApplications":{"includeAgentIdServicePrincipals":["All"]}`), nil, ""},
		{"device code", person, blockAll(`"includeUsers":["All"],"excludeUsers":["glass"]`, `,"authenticationFlows":{"transferMethods":"authenticationTransfer, DeviceCodeFlow"}`),
			func(c *graph.Config) { c.DeviceCode = true }, graph.RuleDeviceCode + ", " + some},
		{"device code, of others", person, blockAll(`"includeUsers":["someone"]`, `,"authenticationFlows":{"transferMethods":"deviceCodeFlow"}`),
			func(c *graph.Config) { c.DeviceCode = true }, ""},
		{"device code of an unknown account", "", blockAll(`"includeGroups":["some"]`, `,"authenticationFlows":{"transferMethods":"deviceCodeFlow"}`),
			func(c *graph.Config) { c.DeviceCode = true }, graph.RuleDeviceCode + ", " + some},
		{"device code, which the run does not use", person, blockAll(`"includeUsers":["person"]`, `,"authenticationFlows":{"transferMethods":"deviceCodeFlow"}`), nil, some},
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
			got, err := c.Guard(t.Context(), policyP(tenant.Create, tt.after))
			if err != nil || rules(got) != tt.want {
				t.Fatalf("got %q, %v, want %q\n%+v", rules(got), err, tt.want, got)
			}
			for _, v := range got {
				if v.Message == "" || len(v.Items) != 1 || v.Items[0] != "conditionalAccessPolicies/P" {
					t.Errorf("got %+v", v)
				}
			}
		})
	}
}

// What cannot be found out is not taken for well. It counts only for a policy that
// names groups: of whom it applies to, and of whom it does not.
func TestGuardUnknownGroups(t *testing.T) {
	for users, want := range map[string]bool{ // whether the account counts as blocked
		`"includeUsers":["All"],"excludeGroups":["g"]`:                          true,
		`"includeUsers":["All"]`:                                                true,
		`"includeGroups":["g"]`:                                                 true,
		`"includeGroups":["g"],"excludeGroups":["h"]`:                           true,
		`"includeGroups":["g"],"excludeUsers":["glass"]`:                        false,
		`"includeUsers":["All"],"excludeUsers":["glass"],"excludeGroups":["g"]`: false,
		`"includeUsers":["someone"]`:                                            false,
		`"includeUsers":["someone"],"excludeGroups":["g"]`:                      false,
		`"includeUsers":["None"],"includeGroups":[]`:                            false,
	} {
		server := graphtest.New(graphtest.Config{})
		server.AddMember("glass", "g")
		server.HideMembers()
		c := newClient(t, server, func(cfg *graph.Config) { cfg.BreakGlass = []string{"glass"} })
		got, err := c.Guard(t.Context(), policyP(tenant.Update, blockAll(users, "")))
		i := slices.IndexFunc(got, func(v tenant.Violation) bool { return v.Rule == graph.RuleBreakGlass })
		if err != nil || (i >= 0) != want {
			t.Errorf("%s: got %+v, %v, want blocked %v", users, got, err, want)
		}
		if groups := strings.Contains(users, "Groups"); i >= 0 && strings.Contains(got[i].Message, "could not be found out") != groups {
			t.Errorf("%s: got %q", users, got[i].Message)
		}
	}
}

// failing is a credential that gives no token.
type failing struct{ err error }

func (f failing) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, f.err
}

const locking = `{"state":"enabled","grantControls":{"builtInControls":["block"]},"conditions":{"users":{"includeUsers":["All"]}}}`

// Every policy is checked, whatever the others are, and for every account.
func TestGuardOfEach(t *testing.T) {
	change := func(item, kind, part string, verb tenant.Verb, after string) tenant.GuardChange {
		c := tenant.GuardChange{Item: item, Kind: kind, Key: item, Verb: verb, Part: part, After: json.RawMessage(after)}
		if verb != tenant.Create {
			c.ID = item
		}
		return c
	}
	const policies = "conditionalAccessPolicies"
	server := graphtest.New(graphtest.Config{})
	server.AddUser("first", `{}`)
	server.AddUser("second", `{}`)
	c := newClient(t, server, func(cfg *graph.Config) {
		cfg.BreakGlass = []string{"first", "second", "third"}
		cfg.Credential = graphtest.Static(graphtest.Token("dir", "Policy.Read.All"))
		cfg.DeviceCode, cfg.ReportOnly = true, true
	})
	only := func(user string) string { return strings.Replace(locking, "All", user, 1) }
	got, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{
		change("another kind", "intents", "", tenant.Create, locking),
		change("deleted", policies, "", tenant.Delete, locking),
		change("a part", policies, "part", tenant.Update, locking),
		change("report-only, since it is new", policies, "", tenant.Create, locking),
		change("not readable", policies, "", tenant.Update, `[]`),
		change("harmless", policies, "", tenant.Update, `{"state":"disabled"}`),
		change("blocks the first", policies, "", tenant.Update, only("first")),
		change("blocks the second", policies, "", tenant.Update, only("second")),
		change("blocks it again", policies, "", tenant.Update, only("second")),
		change("device code", policies, "", tenant.Update, `{"state":"enabled","grantControls":{"builtInControls":["block"]},"conditions":{"users":{"includeUsers":["person"]},"authenticationFlows":{"transferMethods":"deviceCodeFlow"}}}`),
		change("no device code", policies, "", tenant.Update, `{"state":"enabled","grantControls":{"builtInControls":["mfa"]},"conditions":{"users":{"includeUsers":["person"]},"authenticationFlows":{"transferMethods":"deviceCodeFlow"}}}`),
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
		graph.RuleUnreadable + `: not readable: whom the policy "not readable" would block cannot be told`,
		graph.RuleNoBreakGlass + `: ` + "another" + `: the tenant has no account with the id third, which is configured as a break-glass account`,
		graph.RuleBreakGlass + `: blocks the first: the policy "blocks the first" would block the break-glass account first from every way in`,
		graph.RuleBreakGlass + `: blocks it again,blocks the second: the policies "blocks the second", "blocks it again" together would block the break-glass account second from every way in`,
		graph.RuleDeviceCode + `: device code: the policy "device code" would block the account that is signed in from signing in by device code, which is how this run signed in`,
		graph.AsksForMore + `: no device code: the policy "no device code" would ask the account that is signed in for more (mfa)`,
		graph.BlocksSome + `: device code: the policy "device code" would block the account that is signed in in some cases, by these conditions`,
	}
	for i := range lines { // its items are those of every change
		if strings.HasPrefix(lines[i], graph.RuleNoBreakGlass) {
			_, rest, _ := strings.Cut(lines[i], ": the tenant")
			lines[i] = graph.RuleNoBreakGlass + ": another: the tenant" + rest
		}
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

// The guard fails when it cannot find out who is signed in: it never passes a
// plan that it could not check. Without a policy to check, it asks for nothing.
func TestGuardFails(t *testing.T) {
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
func TestGuardReadsAllPages(t *testing.T) {
	pages := []string{`{"value":[{"id":"one"}],"@odata.nextLink":"NEXT"}`, `{"value":[{"id":"two"}]}`}
	requests := 0 // for groups
	server := graphtest.New(graphtest.Config{})
	c := newClient(t, server, func(cfg *graph.Config) {
		cfg.BreakGlass = []string{"glass"}
		cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body := `{"value":[]}`
			switch {
			case strings.HasSuffix(r.URL.Path, "/users/glass"):
				body = `{"id":"glass"}`
			case strings.HasSuffix(r.URL.Path, "/transitiveMemberOf"):
				body = strings.Replace(pages[min(requests, 1)], "NEXT", server.URL()+"/v1.0/users/glass/transitiveMemberOf?$skiptoken=2", 1)
				requests++
			}
			w := httptest.NewRecorder()
			w.Header().Set("Content-Type", "application/json")
			w.Body.WriteString(body)
			res := w.Result()
			res.Request = r
			return res, nil
		})}
	})
	for _, group := range []string{"one", "two"} {
		requests = 0
		after := strings.Replace(locking, `["All"]`, `["All"],"excludeGroups":["`+group+`"]`, 1)
		got, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{{Item: "i", Kind: "conditionalAccessPolicies", Key: "P", Verb: tenant.Update, After: json.RawMessage(after)}}})
		if err != nil || rules(got) != graph.RuleEveryone || requests != 2 {
			t.Errorf("excluded by group %q: got %+v, %v after %d requests, want %s after 2", group, got, err, requests, graph.RuleEveryone)
		}
	}
}

// Each read of the guard fails in turn. A refusal breaks a rule, or counts as the worse
// answer; a refusal for the sign-in's sake ends the guard.
func TestGuardReadsFail(t *testing.T) {
	policy := blockAll(`"includeUsers":["glass"],"excludeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"internalGuest"}`, `,"locations":{"includeLocations":["All"],"excludeLocations":["office"]}`)
	req := policyP(tenant.Update, policy)
	req.Changes = append(req.Changes,
		tenant.GuardChange{Item: "groups/G", Kind: "groups", Key: "G", ID: "g", Verb: tenant.Update, Before: json.RawMessage(`{"membershipRule":"a"}`), After: json.RawMessage(`{"membershipRule":"b"}`)},
		tenant.GuardChange{Item: "authenticationMethodConfigurations/Fido2", Kind: "authenticationMethodConfigurations", Key: "Fido2", ID: "Fido2", Verb: tenant.Update,
			Before: json.RawMessage(`{"state":"enabled","includeTargets":[{"id":"all_users"}]}`), After: json.RawMessage(`{"state":"disabled"}`)})
	answers := map[string]string{
		"/identity/conditionalAccess/policies":       `{"value":[]}`,
		"/identity/conditionalAccess/namedLocations": `{"value":[{"id":"office","ipRanges":[{"cidrAddress":"192.0.2.0/24"}]}]}`,
		"/users/glass/memberOf":                      `{"value":[{"@odata.type":"#microsoft.graph.group","id":"h"}]}`,
		"/groups/h/memberOf":                         `{"value":[]}`,
		"/groups/g/memberOf":                         `{"value":[]}`,
		"/users/glass":                               `{"id":"glass","userType":"Member","userPrincipalName":"glass@example.com"}`,
		"/users/glass/authentication/methods":        `{"value":[{"@odata.type":"#microsoft.graph.fido2AuthenticationMethod","id":"m"},{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"n"}]}`,
		"/policies/authenticationMethodsPolicy/authenticationMethodConfigurations": `{"value":[{"id":"Sms","state":"enabled","includeTargets":[{"id":"all_users"}]}]}`,
	}
	guard := func(t *testing.T, failing string, status int) ([]tenant.Violation, error) {
		t.Helper()
		asked := map[string]bool{}
		c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
			cfg.BreakGlass = []string{"glass"}
			cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
				path = "/" + path
				asked[path] = true
				w := httptest.NewRecorder()
				w.Header().Set("Content-Type", "application/json")
				body, known := answers[path]
				switch {
				case path == failing:
					w.WriteHeader(status)
					body = `{"error":{"code":"Refused","message":"refused"}}`
				case !known:
					t.Errorf("the guard asks for %s", path)
				}
				w.Body.WriteString(body)
				res := w.Result()
				res.Request = r
				return res, nil
			})}
		})
		got, err := c.Guard(t.Context(), req)
		if failing != "" && !asked[failing] {
			t.Errorf("the guard does not ask for %s", failing)
		}
		return got, err
	}
	synctest.Test(t, func(t *testing.T) { testGuardReadsFail(t, guard) })
}

func testGuardReadsFail(t *testing.T, guard func(t *testing.T, failing string, status int) ([]tenant.Violation, error)) {
	if got, err := guard(t, "", 0); err != nil || rules(got) != graph.BlocksSome+" (information)" {
		t.Errorf("all is read: got %q, %v", rules(got), err)
	}
	want := map[string]string{
		"/identity/conditionalAccess/policies":       graph.RuleUnreadable + ", " + graph.RuleBreakGlass,
		"/identity/conditionalAccess/namedLocations": graph.RuleUnreadable + ", " + graph.RuleBreakGlass, // no way in is sure
		"/users/glass/memberOf":                      "",
		"/groups/h/memberOf":                         "",
		"/users/glass":                               "",
		"/users/glass/authentication/methods":        graph.RuleMethods,
		"/policies/authenticationMethodsPolicy/authenticationMethodConfigurations": graph.RuleMethods,
	}
	for path, broken := range want {
		got, err := guard(t, path, http.StatusForbidden)
		if err != nil || rules(slices.DeleteFunc(got, func(v tenant.Violation) bool { return v.Information })) != broken {
			t.Errorf("%s is forbidden: got %q, %v, want %q", path, rules(got), err, broken)
		}
		if _, err := guard(t, path, http.StatusUnauthorized); tenant.ClassOf(err) != tenant.Unauthenticated {
			t.Errorf("%s is refused for the sign-in's sake: %v", path, err)
		}
	}
}
