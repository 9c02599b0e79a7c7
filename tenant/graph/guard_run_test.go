package graph_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// guardStory is a tenant, a change of its configuration, and the rules that the change
// breaks.
type guardStory struct {
	name string
	// tenant has objects, as "kind body"; ${Name} in a body is the id of the object of
	// that name. members are pairs of an account and a group.
	tenant  []string
	members [][2]string
	methods []string // of the break-glass account
	// files change, as "kind/key body"; without a body the file goes. They have ids as
	// the tenant's do.
	files  []string
	config func(*graph.Config)
	// broken are the rules; notes are parts of the notes of guards.
	broken, notes string
}

// policyWith is a policy of the tenant or the repository.
func policyWith(name, control, conditions string) string {
	return `{"displayName":"` + name + `","state":"enabled","grantControls":{"operator":"OR","builtInControls":["` + control + `"]},"conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},` + conditions + `}}`
}

const (
	allUsers    = `"users":{"includeUsers":["All"],"excludeUsers":["glass"]}`
	allButGroup = `"users":{"includeUsers":["All"],"excludeGroups":["${Glass}"]}`
	ruleOf      = `{"displayName":"Glass","mailNickname":"glass","mailEnabled":false,"securityEnabled":true,"groupTypes":["DynamicMembership"],"membershipRule":"(user.department -eq \"emergency\")","membershipRuleProcessingState":"On"}`
	groupOf     = `{"displayName":"Glass","mailNickname":"glass","mailEnabled":false,"securityEnabled":true,"groupTypes":[]}`
	officeOf    = `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Office","isTrusted":false,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"192.0.2.0/24"}]}`
	fido2       = `{"@odata.type":"#microsoft.graph.fido2AuthenticationMethodConfiguration","id":"Fido2","state":"enabled","includeTargets":[{"targetType":"group","id":"all_users","isRegistrationRequired":false}],"excludeTargets":[]}`
	sms         = `{"@odata.type":"#microsoft.graph.smsAuthenticationMethodConfiguration","id":"Sms","state":"enabled","includeTargets":[{"targetType":"group","id":"all_users","isRegistrationRequired":false,"isUsableForSignIn":true}],"excludeTargets":[]}`
)

func guardStories() []guardStory {
	fromOffice := func(rest string) string {
		return policyWith("P", "block", rest+`,"locations":{"includeLocations":["All"],"excludeLocations":["${Office}"]}`)
	}
	asPerson := func(c *graph.Config) {
		c.Credential = graphtest.Static(graphtest.Token(authtest.DirectoryOf("contoso"), everyPermission()...))
	}
	asApplication := func(c *graph.Config) {
		c.Credential = graphtest.Static(graphtest.ApplicationToken(authtest.DirectoryOf("contoso"), everyPermission()...))
		c.Delegated = graphtest.Credential()
	}
	return []guardStory{
		{name: "everyone", files: []string{"conditionalAccessPolicies/P " + policyWith("P", "block", allUsers)}, broken: graph.RuleEveryone},
		{name: "everyone, by two policies", tenant: []string{"conditionalAccessPolicies " + policyWith("Q", "block", allUsers+`,"platforms":{"includePlatforms":["windows","macOS","linux"]}`)},
			files: []string{"conditionalAccessPolicies/P " + policyWith("P", "block", allUsers+`,"platforms":{"includePlatforms":["all"],"excludePlatforms":["windows","macOS","linux"]}`)}, broken: graph.RuleEveryone},
		{name: "everyone, until the other policy goes", tenant: []string{"conditionalAccessPolicies " + policyWith("Q", "block", allUsers+`,"platforms":{"includePlatforms":["windows","macOS","linux"]}`)},
			files: []string{"conditionalAccessPolicies/Q ", "conditionalAccessPolicies/P " + policyWith("P", "block", allUsers+`,"platforms":{"includePlatforms":["all"],"excludePlatforms":["windows","macOS","linux"]}`)}, broken: graph.RuleEveryone},
		{name: "everyone, until the other policy changes", tenant: []string{"conditionalAccessPolicies " + policyWith("Q", "block", allUsers+`,"platforms":{"includePlatforms":["windows","macOS","linux"]}`)},
			files:  []string{"conditionalAccessPolicies/Q " + policyWith("Q", "mfa", allUsers), "conditionalAccessPolicies/P " + policyWith("P", "block", allUsers+`,"platforms":{"includePlatforms":["all"],"excludePlatforms":["windows","macOS","linux"]}`)},
			broken: graph.RuleEveryone},
		{name: "a policy that blocks everyone goes", tenant: []string{"conditionalAccessPolicies " + policyWith("Q", "block", allUsers), "conditionalAccessPolicies " + policyWith("R", "mfa", allUsers)}, files: []string{"conditionalAccessPolicies/Q "}},
		{name: "a policy that blocks everyone asks for more instead", tenant: []string{"conditionalAccessPolicies " + policyWith("Q", "block", allUsers)},
			files: []string{"conditionalAccessPolicies/Q " + policyWith("Q", "mfa", allUsers)}},
		{name: "partners", files: []string{"conditionalAccessPolicies/P " + policyWith("P", "block", `"users":{"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"serviceProvider","externalTenants":{"@odata.type":"#microsoft.graph.conditionalAccessAllExternalTenants","membershipKind":"all"}}}`)},
			broken: graph.RulePartners},
		{name: "multifactor for everyone", files: []string{"conditionalAccessPolicies/P " + policyWith("P", "mfa", `"users":{"includeUsers":["All"]}`)}, notes: `would ask the break-glass account glass for more (mfa)`},
		{name: "legacy clients", files: []string{"conditionalAccessPolicies/P " + strings.Replace(policyWith("P", "block", `"users":{"includeUsers":["All"]}`), `["all"]`, `["exchangeActiveSync","other"]`, 1)},
			notes: `would block the break-glass account glass in some cases, by these conditions: client apps`},
		{name: "the signed-in account", config: asPerson, files: []string{"conditionalAccessPolicies/P " + policyWith("P", "block", `"users":{"includeUsers":["person"]}`)}, broken: graph.RuleSignedIn},
		{name: "the signed-in account, which is excluded", config: asPerson, files: []string{"conditionalAccessPolicies/P " + policyWith("P", "block", `"users":{"includeUsers":["All"],"excludeUsers":["person","glass"]}`)}, broken: graph.RuleEveryone},
		{name: "the application", config: asApplication, files: []string{"conditionalAccessPolicies/P " + policyWith("P", "block", `"users":{"includeUsers":["None"]},"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}`)},
			broken: graph.RuleApplication},
		{name: "the application's own object", config: asApplication, tenant: []string{`servicePrincipals {"displayName":"Sync","appId":"app","servicePrincipalType":"Application","accountEnabled":true}`},
			files: []string{`servicePrincipals/Sync {"displayName":"Sync","appId":"app","servicePrincipalType":"Application","accountEnabled":false}`}, broken: graph.RuleApplication},
		{name: "another application's object", config: asApplication, tenant: []string{`servicePrincipals {"displayName":"Other","appId":"other","servicePrincipalType":"Application","accountEnabled":true}`},
			files: []string{`servicePrincipals/Other {"displayName":"Other","appId":"other","servicePrincipalType":"Application","accountEnabled":false}`}},
		{name: "device code", config: func(c *graph.Config) { asPerson(c); c.DeviceCode = true },
			files: []string{"conditionalAccessPolicies/P " + policyWith("P", "block", allUsers+`,"authenticationFlows":{"transferMethods":"deviceCodeFlow"}`)}, broken: graph.RuleDeviceCode, notes: "in some cases, by these conditions: authentication flows"},
		{name: "device code, which the run does not use", config: asPerson,
			files: []string{"conditionalAccessPolicies/P " + policyWith("P", "block", allUsers+`,"authenticationFlows":{"transferMethods":"deviceCodeFlow"}`)}, notes: "in some cases, by these conditions: authentication flows"},
		{name: "a break-glass id that nobody has", config: func(c *graph.Config) { c.BreakGlass = []string{"nobody"} },
			files: []string{"conditionalAccessPolicies/P " + policyWith("P", "block", `"users":{"includeUsers":["someone"]}`)}, broken: graph.RuleNoBreakGlass},

		{name: "the rule of the group that a policy excludes", members: [][2]string{{"glass", "Glass"}},
			tenant: []string{"groups " + ruleOf, "conditionalAccessPolicies " + policyWith("P", "block", allButGroup)},
			files:  []string{"groups/Glass " + strings.Replace(ruleOf, "emergency", "nobody", 1)}, broken: graph.RuleBreakGlass},
		{name: "the rule of a group that no policy names", members: [][2]string{{"glass", "Glass"}},
			tenant: []string{"groups " + ruleOf, "conditionalAccessPolicies " + policyWith("P", "block", allUsers)},
			files:  []string{"groups/Glass " + strings.Replace(ruleOf, "emergency", "nobody", 1)}},
		{name: "the description of the group that a policy excludes", members: [][2]string{{"glass", "Glass"}},
			tenant: []string{"groups " + ruleOf, "conditionalAccessPolicies " + policyWith("P", "block", allButGroup)},
			files:  []string{"groups/Glass " + strings.Replace(ruleOf, `{`, `{"description":"for emergencies",`, 1)}},
		{name: "the group within that group is deleted", members: [][2]string{{"glass", "Inner"}, {"Inner", "Glass"}},
			tenant: []string{"groups " + groupOf, "groups " + strings.NewReplacer("Glass", "Inner", "glass", "inner").Replace(groupOf), "conditionalAccessPolicies " + policyWith("P", "block", allButGroup)},
			files:  []string{"groups/Inner "}, broken: graph.RuleBreakGlass},
		{name: "one of two ways into that group goes", members: [][2]string{{"glass", "Inner"}, {"Inner", "Glass"}, {"glass", "Glass"}},
			tenant: []string{"groups " + groupOf, "groups " + strings.NewReplacer("Glass", "Inner", "glass", "inner").Replace(groupOf), "conditionalAccessPolicies " + policyWith("P", "block", allButGroup)},
			files:  []string{"groups/Inner "}},
		{name: "a member of the group that a policy excludes",
			tenant: []string{"groups " + strings.Replace(groupOf, `{`, `{"members":["glass"],`, 1), "conditionalAccessPolicies " + policyWith("P", "block", allButGroup)},
			files:  []string{"groups/Glass " + strings.Replace(groupOf, `{`, `{"members":["someone"],`, 1)}, broken: graph.RuleBreakGlass},
		{name: "another member of the group that a policy excludes",
			tenant: []string{"groups " + strings.Replace(groupOf, `{`, `{"members":["glass","someone"],`, 1), "conditionalAccessPolicies " + policyWith("P", "block", allButGroup)},
			files:  []string{"groups/Glass " + strings.Replace(groupOf, `{`, `{"members":["glass"],`, 1)}},
		{name: "a member of the group that a policy includes",
			tenant: []string{"groups " + strings.Replace(groupOf, `{`, `{"members":["someone"],`, 1), "conditionalAccessPolicies " + policyWith("P", "block", `"users":{"includeGroups":["${Glass}"]}`)},
			files:  []string{"groups/Glass " + strings.Replace(groupOf, `{`, `{"members":["someone","glass"],`, 1)}, broken: graph.RuleBreakGlass},
		{name: "the group that a policy excludes loses all members",
			tenant: []string{"groups " + strings.Replace(groupOf, `{`, `{"members":["glass"],`, 1), "conditionalAccessPolicies " + policyWith("P", "block", allButGroup)},
			files:  []string{"groups/Glass " + strings.Replace(groupOf, `{`, `{"members":[],`, 1)}, broken: graph.RuleBreakGlass},
		{name: "the empty group that a policy blocks gets a member",
			tenant: []string{"groups " + groupOf, "conditionalAccessPolicies " + policyWith("P", "block", `"users":{"includeGroups":["${Glass}"]}`)},
			files:  []string{"groups/Glass " + strings.Replace(groupOf, `{`, `{"members":["glass"],`, 1)}, broken: graph.RuleBreakGlass},
		{name: "the rule of the group of a policy that is not enabled", members: [][2]string{{"glass", "Glass"}},
			tenant: []string{"groups " + ruleOf, "conditionalAccessPolicies " + strings.Replace(policyWith("P", "block", allButGroup), `"enabled"`, `"disabled"`, 1)},
			files:  []string{"groups/Glass " + strings.Replace(ruleOf, "emergency", "nobody", 1)}},

		{name: "the only location is emptied", tenant: []string{"namedLocations " + officeOf, "conditionalAccessPolicies " + fromOffice(allUsers)},
			files: []string{"namedLocations/Office " + strings.Replace(officeOf, "192.0.2.0/24", "198.51.100.0/24", 1)}, broken: graph.RuleEveryone},
		{name: "the only location gets wider", tenant: []string{"namedLocations " + officeOf, "conditionalAccessPolicies " + fromOffice(allUsers)},
			files: []string{"namedLocations/Office " + strings.Replace(officeOf, "192.0.2.0/24", "192.0.0.0/16", 1)}},
		{name: "a location that no policy names", tenant: []string{"namedLocations " + officeOf, "conditionalAccessPolicies " + policyWith("P", "block", allUsers)},
			files: []string{"namedLocations/Office " + strings.Replace(officeOf, "192.0.2.0/24", "198.51.100.0/24", 1)}},

		{name: "security defaults", tenant: []string{`identitySecurityDefaultsEnforcementPolicy {"isEnabled":false}`},
			files: []string{`identitySecurityDefaultsEnforcementPolicy/identitySecurityDefaultsEnforcementPolicy {"isEnabled":true}`}, broken: graph.RuleSecurityDefaults},
		{name: "security defaults go", tenant: []string{`identitySecurityDefaultsEnforcementPolicy {"isEnabled":true}`},
			files: []string{`identitySecurityDefaultsEnforcementPolicy/identitySecurityDefaultsEnforcementPolicy {"isEnabled":false}`}},

		{name: "the last method", methods: []string{"fido2AuthenticationMethod", "passwordAuthenticationMethod"}, tenant: []string{"authenticationMethodConfigurations " + fido2, "authenticationMethodConfigurations " + sms},
			files: []string{"authenticationMethodConfigurations/Fido2 " + strings.Replace(fido2, "enabled", "disabled", 1)}, broken: graph.RuleMethods},
		{name: "one of two methods", methods: []string{"fido2AuthenticationMethod", "phoneAuthenticationMethod"}, tenant: []string{"authenticationMethodConfigurations " + fido2, "authenticationMethodConfigurations " + sms},
			files: []string{"authenticationMethodConfigurations/Fido2 " + strings.Replace(fido2, "enabled", "disabled", 1)}},
		{name: "both methods", methods: []string{"fido2AuthenticationMethod", "phoneAuthenticationMethod"}, tenant: []string{"authenticationMethodConfigurations " + fido2, "authenticationMethodConfigurations " + sms},
			files: []string{"authenticationMethodConfigurations/Fido2 " + strings.Replace(fido2, "enabled", "disabled", 1), "authenticationMethodConfigurations/Sms " + strings.Replace(sms, "enabled", "disabled", 1)}, broken: graph.RuleMethods},
		{name: "a method that nobody excludes it from", methods: []string{"fido2AuthenticationMethod"}, members: [][2]string{{"glass", "Glass"}}, tenant: []string{"groups " + groupOf, "authenticationMethodConfigurations " + fido2},
			files: []string{"authenticationMethodConfigurations/Fido2 " + strings.Replace(fido2, `"excludeTargets":[]`, `"excludeTargets":[{"targetType":"group","id":"${Glass}"}]`, 1)}, broken: graph.RuleMethods},
		{name: "a method that it does not have", methods: []string{"fido2AuthenticationMethod"}, tenant: []string{"authenticationMethodConfigurations " + fido2, "authenticationMethodConfigurations " + sms},
			files: []string{"authenticationMethodConfigurations/Sms " + strings.Replace(sms, "enabled", "disabled", 1)}},
		{name: "a method beside one of the device's", methods: []string{"fido2AuthenticationMethod", "windowsHelloForBusinessAuthenticationMethod"}, tenant: []string{"authenticationMethodConfigurations " + fido2},
			files: []string{"authenticationMethodConfigurations/Fido2 " + strings.Replace(fido2, "enabled", "disabled", 1)}},
	}
}

// conditionStories are one story for each condition of a policy, as it leaves everyone a
// way in, and as it leaves none.
func conditionStories() []guardStory {
	const clients, apps = `"clientAppTypes":["all"]`, `"applications":{"includeApplications":["All"]}`
	var all []guardStory
	for _, c := range []struct {
		name, condition string
		open            bool // it leaves a way in
	}{
		{"one application", `"applications":{"includeApplications":["MicrosoftAdminPortals"]}`, true},
		{"all applications but one", `"applications":{"includeApplications":["All"],"excludeApplications":["MicrosoftAdminPortals"]}`, false},
		{"applications by a filter", `"applications":{"includeApplications":["All"],"applicationFilter":{"mode":"exclude","rule":"CustomSecurityAttribute.a_b -eq \"c\""}}`, false},
		{"a user action", `"applications":{"includeUserActions":["urn:user:registersecurityinfo"]}`, true},
		{"an authentication context", `"applications":{"includeAuthenticationContextClassReferences":["c1"]}`, true},
		{"browsers", `"clientAppTypes":["browser"]`, true},
		{"modern clients", `"clientAppTypes":["browser","mobileAppsAndDesktopClients"]`, false},
		{"some platforms", `"platforms":{"includePlatforms":["android","iOS"],"excludePlatforms":[]}`, true},
		{"all platforms but an old one", `"platforms":{"includePlatforms":["all"],"excludePlatforms":["windowsPhone"]}`, false},
		{"outside of the office", `"locations":{"includeLocations":["All"],"excludeLocations":["${Office}"]}`, true},
		{"in the office", `"locations":{"includeLocations":["${Office}"],"excludeLocations":[]}`, true},
		{"outside of trusted locations, of which there are none", `"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}`, false},
		{"some devices", `"devices":{"deviceFilter":{"mode":"include","rule":"device.isCompliant -ne True"}}`, true},
		{"a flow", `"authenticationFlows":{"transferMethods":"authenticationTransfer"}`, true},
		{"risky sign-ins", `"signInRiskLevels":["high"]`, true},
		{"sign-ins with and without risk", `"signInRiskLevels":["high","none"]`, false},
		{"risky users", `"userRiskLevels":["high"]`, true},
		{"insiders", `"insiderRiskLevels":"elevated"`, true},
	} {
		body := clients + "," + apps
		switch {
		case strings.HasPrefix(c.condition, `"applications"`):
			body = clients + "," + c.condition
		case strings.HasPrefix(c.condition, `"clientAppTypes"`):
			body = c.condition + "," + apps
		default:
			body += "," + c.condition
		}
		story := guardStory{name: "condition: " + c.name, tenant: []string{"namedLocations " + officeOf, `authenticationContextClassReferences {"id":"c1","displayName":"C","isAvailable":true}`},
			files: []string{`conditionalAccessPolicies/P {"displayName":"P","state":"enabled","grantControls":{"operator":"OR","builtInControls":["block"]},"conditions":{` + allUsers + `,` + body + `}}`}}
		if !c.open {
			story.broken = graph.RuleEveryone
		}
		all = append(all, story)
	}
	return all
}

// Each rule of the guard, broken and not broken, from the plan by way of the approval to
// the tenant: what breaks a rule is written only after an approval that names it, and
// what breaks none needs no name.
func TestGuardThroughTheEngine(t *testing.T) {
	if underRace {
		t.Skip("takes a minute with the race detector: run it without -race")
	}
	covered := map[string]bool{}
	for _, story := range guardStories() {
		for rule := range strings.SplitSeq(story.broken, ", ") {
			covered[rule] = true
		}
		t.Run(story.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { story.run(t) })
		})
	}
	for _, rule := range []string{graph.RuleBreakGlass, graph.RuleSignedIn, graph.RuleApplication, graph.RulePartners, graph.RuleEveryone, graph.RuleDeviceCode,
		graph.RuleNoBreakGlass, graph.RuleMethods, graph.RuleSecurityDefaults} {
		if !covered[rule] {
			t.Errorf("no story breaks %s", rule)
		}
	}
}

// Each condition of a policy, the same way.
func TestGuardConditionsThroughTheEngine(t *testing.T) {
	if underRace {
		t.Skip("takes minutes with the race detector: run it without -race")
	}
	for _, story := range conditionStories() {
		t.Run(story.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { story.run(t) })
		})
	}
}

func (story guardStory) run(t *testing.T) {
	a := newApprovals(t, func(c *syncer.Config) {
		c.Settings.Rules.Deletes = map[string]bool{"groups": true, "conditionalAccessPolicies": true}
		c.Settings.Rules.MaxDeleteShare = -1
		c.Settings.Scopes = map[string]tenant.Scope{"groups": tenant.All, "servicePrincipals": tenant.All}
	})
	a.config = func(c *graph.Config) {
		c.Catalogue = guardKinds()
		if story.config != nil {
			story.config(c)
		}
	}
	a.server.AddUser("glass", `{}`, story.methods...)
	ids := map[string]string{}
	named := func(text string) string {
		for name, id := range ids {
			text = strings.ReplaceAll(text, "${"+name+"}", id)
		}
		return text
	}
	for _, object := range story.tenant {
		kind, body, _ := strings.Cut(object, " ")
		id := a.server.Fake.Seed(kind, named(body))
		var o struct{ DisplayName string }
		if json.Unmarshal([]byte(body), &o) == nil {
			ids[o.DisplayName] = id
		}
	}
	for _, m := range story.members {
		who, group := m[0], m[1]
		if id := ids[who]; id != "" {
			who = id
		}
		a.server.AddMember(who, ids[group])
	}
	// The repository takes over what the tenant has.
	if row, err := a.engine.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err != nil || row.Status != state.Idle {
		t.Fatalf("the first sync: %s, %+v, %v", row.Status, row.Error, err)
	}
	for _, file := range story.files {
		name, body, _ := strings.Cut(file, " ")
		kind, key, _ := strings.Cut(name, "/")
		for other, id := range ids { // files name objects
			of := "groups"
			if other == "Office" {
				of = "namedLocations"
			}
			body = strings.ReplaceAll(body, "${"+other+"}", "${"+of+"/"+other+"}")
			_ = id
		}
		a.edit(t, kind, key, body)
	}
	before := a.everything()
	p, row := a.plan(t)
	if len(p.Items) == 0 {
		t.Fatalf("%s: the plan changes nothing: %+v", row.Outcome, p.Notes)
	}
	if got := brokenRules(p); got != story.broken {
		t.Errorf("the plan breaks %q, want %q\n%+v", got, story.broken, p.Broken)
	}
	var notes []string
	for _, n := range p.Notes {
		if n.Class == "guard" {
			notes = append(notes, n.Message)
		}
	}
	if all := strings.Join(notes, "\n"); (len(notes) > 0) != (story.notes != "") || !strings.Contains(all, story.notes) {
		t.Errorf("the guard says %q, want %q", all, story.notes)
	}
	err := a.approve(t, p, row.Run)
	if (err != nil) != (story.broken != "") {
		t.Fatalf("an approval that names no rule: %v", err)
	}
	if err != nil {
		if got := a.everything(); got != before {
			t.Errorf("the tenant has changed before the approval:\n%s\n%s", before, got)
		}
		if err := a.approve(t, p, row.Run, strings.Split(story.broken, ", ")...); err != nil {
			t.Fatal(err)
		}
	}
	if row = a.advance(t, row.Run); row.Outcome != syncer.Deployed || row.Status != state.Idle {
		t.Errorf("%s, %s (%+v)", row.Status, row.Outcome, row.Error)
	}
	if a.everything() == before {
		t.Error("nothing was written")
	}
}

// guardKinds are the kinds of the stories, and those that they refer to.
func guardKinds() *catalogue.Catalogue {
	return onlyKinds("conditionalAccessPolicies", "groups", "namedLocations", "applications", "servicePrincipals", "identitySecurityDefaultsEnforcementPolicy",
		"authenticationMethodConfigurations", "authenticationContextClassReferences", "authenticationStrengthPolicies")
}

// everything is what the tenant has of the kinds of the stories.
func (a *approvals) everything() string {
	var all []string
	for _, kind := range []string{"conditionalAccessPolicies", "groups", "namedLocations", "servicePrincipals", "identitySecurityDefaultsEnforcementPolicy", "authenticationMethodConfigurations"} {
		for _, o := range a.server.Fake.Objects(kind) {
			all = append(all, string(o.Body))
		}
	}
	return strings.Join(all, "\n")
}

// everyPermission are the permissions of all kinds of the catalogue.
func everyPermission() []string {
	client, err := graph.New(graph.Config{Credential: graphtest.Credential(), Unproven: []string{"*"}, Parts: []string{"*"}})
	if err != nil {
		panic(err)
	}
	var req tenant.PermissionsRequest
	for _, e := range catalogue.Default().Entries {
		req.Kinds = append(req.Kinds, e.Name)
	}
	req.Write = true
	all, err := client.Permissions(context.Background(), req)
	if err != nil {
		panic(err)
	}
	return all.Granted
}

// After a deploy, What If says whether the accounts still get in. It sees the policies
// that are in the tenant, also those that the plan left alone.
func TestConfirmThroughTheEngine(t *testing.T) {
	for _, tt := range []struct {
		name, there, file string
		broken            []string
		want              []string // parts of the notes
	}{
		{"still in", "", "conditionalAccessPolicies/P " + policyWith("P", "mfa", `"users":{"includeUsers":["All"]}`), nil,
			[]string{"What If says that the account that is signed in still gets in", "What If says that the break-glass account glass still gets in"}},
		{"shut out", "", "conditionalAccessPolicies/P " + policyWith("P", "block", `"users":{"includeUsers":["glass"]}`), []string{graph.RuleBreakGlass},
			[]string{"What If says that the account that is signed in still gets in", `What If says that the break-glass account glass does not get into Microsoft Graph with a browser on Windows: the policy "P"`}},
		{"shut out by another policy", policyWith("Q", "block", `"users":{"includeUsers":["person"]}`), "conditionalAccessPolicies/P " + policyWith("P", "mfa", `"users":{"includeUsers":["All"]}`), nil,
			[]string{`What If says that the account that is signed in does not get into Microsoft Graph with a browser on Windows: the policy "Q"`, "glass still gets in"}},
		{"a policy that only reports", strings.Replace(policyWith("Q", "block", `"users":{"includeUsers":["All"]}`), `"enabled"`, `"enabledForReportingButNotEnforced"`, 1), "namedLocations/Office " + officeOf, nil,
			[]string{"What If says that the account that is signed in still gets in", "What If says that the break-glass account glass still gets in"}},
		{"nothing that matters was written", "", `authenticationContextClassReferences/c1 {"id":"c1","displayName":"C","isAvailable":true}`, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newApprovals(t, nil)
				a.config = func(c *graph.Config) {
					c.Catalogue = guardKinds()
					c.Credential = graphtest.Static(graphtest.Token(authtest.DirectoryOf("contoso"), everyPermission()...))
				}
				if tt.there != "" {
					a.server.Fake.Seed("conditionalAccessPolicies", tt.there)
				}
				if row, err := a.engine.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err != nil || row.Status != state.Idle {
					t.Fatalf("the first sync: %s, %+v, %v", row.Status, row.Error, err)
				}
				name, body, _ := strings.Cut(tt.file, " ")
				kind, key, _ := strings.Cut(name, "/")
				a.edit(t, kind, key, body)
				p, row := a.plan(t)
				if err := a.approve(t, p, row.Run, tt.broken...); err != nil {
					t.Fatalf("%v: %+v", err, p.Broken)
				}
				row = a.advance(t, row.Run)
				report, err := a.engine.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
				if err != nil || row.Outcome != syncer.Deployed {
					t.Fatalf("%s, %v", row.Outcome, err)
				}
				var said []string
				for _, n := range report.Notes {
					if n.Class == "guard" && strings.HasPrefix(n.Message, "What If") {
						said = append(said, n.Message)
					}
				}
				slices.Sort(said)
				if len(said) != len(tt.want) {
					t.Fatalf("the report says %q, want %q", said, tt.want)
				}
				slices.Sort(tt.want)
				for i, want := range tt.want {
					if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, want) }) {
						t.Errorf("%d: the report says %q, want %q", i, said, want)
					}
				}
			})
		})
	}
}
