package access_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/access"
)

const everyone = `"users":{"includeUsers":["All"]}`

// blocking is an enabled policy that blocks, with these conditions.
func blocking(t *testing.T, conditions string) access.Policy {
	t.Helper()
	return read(t, `{"state":"enabled","grantControls":{"operator":"OR","builtInControls":["block"]},"conditions":{`+conditions+`}}`)
}

func read(t *testing.T, body string) access.Policy {
	t.Helper()
	p, err := access.Read("P", json.RawMessage(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return p
}

func location(t *testing.T, id, body string) access.Location {
	t.Helper()
	l, err := access.ReadLocation(id, json.RawMessage(body))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Each condition that a policy can have, as it leaves a way in, and as it leaves none.
func TestConditions(t *testing.T) {
	offices := []access.Location{
		location(t, "office", `{"isTrusted":true,"ipRanges":[{"cidrAddress":"192.0.2.0/24"}]}`),
		location(t, "desk", `{"ipRanges":[{"cidrAddress":"192.0.2.16/28"}]}`),
		location(t, "Home", `{"countriesAndRegions":["DE","FR"]}`),
		location(t, "Rhine", `{"countriesAndRegions":["DE"]}`),
	}
	tests := []struct {
		condition  string
		conditions string
		blocked    bool
		narrowed   string
	}{
		{"none", ``, true, ""},
		{"nulls", `"applications":null,"clientAppTypes":null,"platforms":null,"locations":null,"devices":null,"signInRiskLevels":null`, true, ""},
		{"one that nobody knows", `"weather":{"includeWeather":["rain"]}`, true, ""},

		{"all applications", `"applications":{"includeApplications":["All"]}`, true, ""},
		{"all applications, in another case", `"applications":{"includeApplications":["all"]}`, true, ""},
		{"one application", `"applications":{"includeApplications":["f53895d3-095d-408f-8e93-8f94b391404e"]}`, false, "applications"},
		{"no application", `"applications":{"includeApplications":["None"]}`, false, "applications"},
		{"Office 365", `"applications":{"includeApplications":["Office365"]}`, true, "applications"},
		{"all but one", `"applications":{"includeApplications":["All"],"excludeApplications":["f53895d3-095d-408f-8e93-8f94b391404e"]}`, true, "applications"},
		{"all but Office 365", `"applications":{"includeApplications":["All"],"excludeApplications":["Office365"]}`, true, "applications"},
		{"some by a filter", `"applications":{"applicationFilter":{"mode":"include","rule":"CustomSecurityAttribute.a.b -eq \"c\""}}`, true, "applications"},
		{"none, and some by a filter", `"applications":{"includeApplications":["None"],"applicationFilter":{"mode":"include","rule":"CustomSecurityAttribute.a.b -eq \"c\""}}`, true, "applications"},
		{"all but some by a filter", `"applications":{"includeApplications":["All"],"applicationFilter":{"mode":"exclude","rule":"CustomSecurityAttribute.a.b -eq \"c\""}}`, true, ""},
		{"user actions", `"applications":{"includeUserActions":["urn:user:registersecurityinfo"]}`, false, "applications"},
		{"authentication contexts", `"applications":{"includeAuthenticationContextClassReferences":["c1"]}`, false, "applications"},
		{"neither applications nor actions", `"applications":{"includeApplications":[]}`, true, ""},

		{"all clients", `"clientAppTypes":["All"]`, true, ""},
		{"modern clients", `"clientAppTypes":["browser","mobileAppsAndDesktopClients"]`, true, "client apps"},
		{"browsers", `"clientAppTypes":["browser"]`, false, "client apps"},
		{"legacy clients", `"clientAppTypes":["exchangeActiveSync","other","easSupported"]`, false, "client apps"},
		{"a client that nobody knows", `"clientAppTypes":["unknownFutureValue"]`, true, "client apps"},

		{"all platforms", `"platforms":{"includePlatforms":["all"]}`, true, ""},
		{"some platforms", `"platforms":{"includePlatforms":["android","iOS","windows","macOS"]}`, false, "platforms"},
		{"each platform", `"platforms":{"includePlatforms":["Android","ios","Windows","macos","Linux"]}`, true, "platforms"},
		{"all but some platforms", `"platforms":{"includePlatforms":["all"],"excludePlatforms":["android","iOS","windows","macOS"]}`, false, "platforms"},
		{"all but an old platform", `"platforms":{"includePlatforms":["all"],"excludePlatforms":["windowsPhone"]}`, true, "platforms"},
		{"all but all platforms", `"platforms":{"includePlatforms":["all"],"excludePlatforms":["all"]}`, false, "platforms"},
		{"a platform that nobody knows", `"platforms":{"includePlatforms":["unknownFutureValue"]}`, true, "platforms"},

		{"all locations", `"locations":{"includeLocations":["All"]}`, true, ""},
		{"all but a location", `"locations":{"includeLocations":["All"],"excludeLocations":["OFFICE"]}`, false, "locations"},
		{"all but the trusted ones", `"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}`, false, "locations"},
		{"all but one that does not exist", `"locations":{"includeLocations":["All"],"excludeLocations":["gone"]}`, true, "locations"},
		{"a location", `"locations":{"includeLocations":["office"]}`, false, "locations"},

		{"some devices", `"devices":{"deviceFilter":{"mode":"include","rule":"device.isCompliant -eq True"}}`, false, "devices"},
		{"all but some devices", `"devices":{"deviceFilter":{"mode":"exclude","rule":"device.isCompliant -eq True"}}`, false, "devices"},
		{"no filter", `"devices":{"deviceFilter":null}`, true, ""},
		{"states of devices, which nobody reads", `"devices":{"includeDevices":["All"],"excludeDevices":["Compliant"]}`, true, ""},

		{"flows", `"authenticationFlows":{"transferMethods":"deviceCodeFlow,authenticationTransfer"}`, false, "authentication flows"},
		{"no flow", `"authenticationFlows":{"transferMethods":"none"}`, true, ""},

		{"risk of sign-ins", `"signInRiskLevels":["high","medium","low"]`, false, "risk"},
		{"risk of sign-ins, or none", `"signInRiskLevels":["high","None"]`, true, ""},
		{"risk of users", `"userRiskLevels":["high"]`, false, "risk"},
		{"risk of insiders", `"insiderRiskLevels":"minor, elevated"`, false, "risk"},
		{"no risk", `"signInRiskLevels":[],"userRiskLevels":[],"insiderRiskLevels":null`, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			conditions := everyone
			if tt.conditions != "" {
				conditions += "," + tt.conditions
			}
			p := blocking(t, conditions)
			w := access.World{Policies: []access.Policy{p}, Locations: offices}
			by, blocked := w.Blocked(&access.Account{}, "")
			if blocked != tt.blocked || blocked && !slices.Equal(by, []int{0}) {
				t.Errorf("blocked %v by %v, want %v", blocked, by, tt.blocked)
			}
			if got := strings.Join(p.Narrowed(), ", "); got != tt.narrowed {
				t.Errorf("narrowed by %q, want %q", got, tt.narrowed)
			}
		})
	}
}

// Policies can block together what none of them blocks alone.
func TestTogether(t *testing.T) {
	offices := []access.Location{
		location(t, "office", `{"ipRanges":[{"cidrAddress":"192.0.2.0/24"}]}`),
		location(t, "desk", `{"ipRanges":[{"cidrAddress":"192.0.2.16/28"},{"cidrAddress":"2001:db8::/64"}]}`),
		location(t, "wide", `{"ipRanges":[{"cidrAddress":"192.0.0.0/16"},{"cidrAddress":"2001:db8::/32"}]}`),
		location(t, "odd", `{"ipRanges":[{"lowerAddress":"192.0.2.1","upperAddress":"192.0.2.2"}]}`),
		location(t, "Germany", `{"countriesAndRegions":["DE"]}`),
		location(t, "Europe", `{"countriesAndRegions":["FR","de"]}`),
		location(t, "world", `{"countriesAndRegions":[`+countries(249)+`],"includeUnknownCountriesAndRegions":true}`),
		location(t, "fresh", `{"ipRanges":[{"cidrAddress":"203.0.113.0/24"}]}`),
		location(t, "begin", `{"ipRanges":[{"cidrAddress":"203.0.113.0/25"}]}`),
		location(t, "network", `{"displayName":"All compliant network locations"}`),
		location(t, "halves", `{"ipRanges":[{"cidrAddress":"198.51.100.0/24"}]}`),
		location(t, "low", `{"ipRanges":[{"cidrAddress":"198.51.100.0/25"}]}`),
		location(t, "high", `{"ipRanges":[{"cidrAddress":"198.51.100.128/25"}]}`),
		location(t, "trusted", `{"isTrusted":true,"ipRanges":[{"cidrAddress":"192.0.2.0/23"}]}`),
	}
	filter := func(mode, rule string) string {
		return `"devices":{"deviceFilter":{"mode":"` + mode + `","rule":"` + rule + `"}}`
	}
	except := func(location string) string {
		return `"locations":{"includeLocations":["All"],"excludeLocations":["` + location + `"]}`
	}
	at := func(location string) string { return `"locations":{"includeLocations":["` + location + `"]}` }
	tests := []struct {
		name    string
		blocked bool
		each    []string
	}{
		{"both clients", true, []string{`"clientAppTypes":["browser"]`, `"clientAppTypes":["mobileAppsAndDesktopClients"]`}},
		{"a client and another's platforms", false, []string{`"clientAppTypes":["browser"]`, `"platforms":{"includePlatforms":["windows"]}`}},
		{"inside and outside", true, []string{except("office"), at("office")}},
		{"inside and outside of another", false, []string{except("office"), at("desk")}},
		{"a location within a blocked one", true, []string{except("desk"), at("wide")}},
		{"a location that is only partly within a blocked one", false, []string{except("desk"), at("office")}},
		{"a range of another form may be within any", true, []string{except("odd"), at("wide")}},
		{"a range may be in a blocked country", true, []string{except("office"), at("Germany")}},
		{"a country has more than a range", false, []string{except("Germany"), at("office")}},
		{"a country within blocked ones", true, []string{except("Germany"), at("Europe")}},
		{"countries that are more than the blocked one", false, []string{except("Europe"), at("Germany")}},
		{"every country", true, []string{at("world")}},
		{"only the beginning of a range", false, []string{except("fresh"), at("begin")}},
		{"a range in a country, of which nobody knows", true, []string{except("Germany"), except("office")}},
		{"a location of another kind is no way in", true, []string{except("network")}},
		{"a location of another kind may be any place", true, []string{except("office"), at("network")}},
		{"half a range each", true, []string{except("halves"), at("low"), at("high")}},
		{"a place in a trusted location, by another name", true, []string{except("office"), at("AllTrusted")}},
		{"a location that was not read may be any", true, []string{except("office"), at("unread")}},
		{"two filters may exclude each other", true, []string{filter("include", "device.isCompliant -eq True"), filter("include", "device.isCompliant -ne True")}},
		{"one filter, twice", false, []string{filter("include", "device.isCompliant -eq True"), filter("Include", "device.isCompliant  -EQ true")}},
		{"one filter, both ways", true, []string{filter("include", "device.isCompliant -eq True"), filter("exclude", "device.isCompliant -eq True")}},
		{"Graph and ordinary applications", true, []string{`"applications":{"includeApplications":["Office365"]}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := access.World{Locations: offices}
			for _, conditions := range tt.each {
				w.Policies = append(w.Policies, blocking(t, everyone+","+conditions))
			}
			if by, blocked := w.Blocked(&access.Account{}, ""); blocked != tt.blocked || blocked && len(by) != len(tt.each) {
				t.Errorf("blocked %v by %v, want %v", blocked, by, tt.blocked)
			}
		})
	}
}

func countries(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"%c%c"`, 'A'+i/26, 'A'+i%26))
	}
	return strings.Join(all, ",")
}

// An administrator is blocked only where Graph, the portals and Azure are closed.
func TestResources(t *testing.T) {
	admin := &access.Account{ID: "a", Resources: []string{access.Graph, access.AdminPortals, access.AzureManagement}}
	apps := func(list string) string { return everyone + `,"applications":{` + list + `}` }
	for list, want := range map[string]bool{
		`"includeApplications":["MicrosoftAdminPortals"]`: false,
		`"includeApplications":["microsoftadminportals","797F4846-ba00-4fd7-ba43-dac1f8f63013","00000003-0000-0000-C000-000000000000"]`: true,
		`"includeApplications":["All"],"excludeApplications":["797f4846-ba00-4fd7-ba43-dac1f8f63013"]`:                                  false,
		`"includeApplications":["MicrosoftAdminPortals","797f4846-ba00-4fd7-ba43-dac1f8f63013","Office365"]`:                            true, // perhaps
		`"includeApplications":["All"],"excludeApplications":["All"]`:                                                                   false,
	} {
		w := access.World{Policies: []access.Policy{blocking(t, apps(list))}}
		if _, got := w.Blocked(admin, ""); got != want {
			t.Errorf("%s: blocked %v, want %v", list, got, want)
		}
	}
}

// A flow is its own way in.
func TestFlow(t *testing.T) {
	a := &access.Account{ID: "a"}
	for conditions, want := range map[string]struct{ ordinary, deviceCode bool }{
		`"authenticationFlows":{"transferMethods":"deviceCodeFlow"}`:         {false, true},
		`"authenticationFlows":{"transferMethods":"authenticationTransfer"}`: {false, false},
		`"clientAppTypes":["all"]`:                                           {true, true},
	} {
		w := access.World{Policies: []access.Policy{blocking(t, everyone+","+conditions)}}
		_, ordinary := w.Blocked(a, "")
		_, deviceCode := w.Blocked(a, access.DeviceCode)
		if ordinary != want.ordinary || deviceCode != want.deviceCode {
			t.Errorf("%s: blocked %v, and by device code %v", conditions, ordinary, deviceCode)
		}
	}
}

// To whom a policy applies.
func TestApplies(t *testing.T) {
	member := access.Account{ID: "Ann", Groups: map[string]access.Answer{"staff": access.Yes, "perhaps": access.Maybe}}
	unknown := access.Account{ID: "ann", Unknown: "no right"}
	admin := access.Account{ID: "ann", MayHaveRoles: true}
	guest := access.Account{ID: "ann", Guest: access.Yes}
	perhaps := access.Account{ID: "ann", Guest: access.Maybe}
	partner := access.Account{Partner: true, Guest: access.Yes}
	guests := func(types, tenants string) string {
		return `{"guestOrExternalUserTypes":"` + types + `"` + tenants + `}`
	}
	const (
		every      = "internalGuest,b2bCollaborationGuest,b2bCollaborationMember,b2bDirectConnectUser,otherExternalUser,serviceProvider"
		enumerated = `,"externalTenants":{"@odata.type":"#microsoft.graph.conditionalAccessEnumeratedExternalTenants","membershipKind":"enumerated","members":["t"]}`
	)
	tests := []struct {
		name    string
		account access.Account
		users   string
		want    bool
	}{
		{"all", member, `"includeUsers":["All"]`, true},
		{"none", member, `"includeUsers":["None"]`, false},
		{"nobody", member, ``, false},
		{"by id", member, `"includeUsers":["ANN"]`, true},
		{"another id", member, `"includeUsers":["bob"]`, false},
		{"by group", member, `"includeGroups":["Staff"]`, true},
		{"by a group that it may be in", member, `"includeGroups":["perhaps"]`, true},
		{"by another group", member, `"includeGroups":["other"]`, false},
		{"by a role, and it has none", member, `"includeRoles":["r"]`, false},
		{"by a role, and it may have one", admin, `"includeRoles":["r"]`, true},
		{"except by id", member, `"includeUsers":["All"],"excludeUsers":["ann"]`, false},
		{"except by group", member, `"includeUsers":["All"],"excludeGroups":["STAFF"]`, false},
		{"except by a group that it may be in", member, `"includeUsers":["All"],"excludeGroups":["perhaps"]`, true},
		{"except by a role", admin, `"includeUsers":["All"],"excludeRoles":["r"]`, true},
		{"unknown groups include", unknown, `"includeGroups":["staff"]`, true},
		{"unknown groups exclude nobody", unknown, `"includeUsers":["All"],"excludeGroups":["staff"]`, true},
		{"unknown groups, and none is named", unknown, `"includeUsers":["bob"]`, false},
		{"guests, and it is none", member, `"includeUsers":["GuestsOrExternalUsers"]`, false},
		{"guests", guest, `"includeUsers":["guestsorexternalusers"]`, true},
		{"guests, perhaps", perhaps, `"includeUsers":["GuestsOrExternalUsers"]`, true},
		{"except guests", guest, `"includeUsers":["All"],"excludeUsers":["GuestsOrExternalUsers"]`, false},
		{"except guests, perhaps", perhaps, `"includeUsers":["All"],"excludeUsers":["GuestsOrExternalUsers"]`, true},
		{"a type of guests", guest, `"includeGuestsOrExternalUsers":` + guests("internalGuest", ""), true},
		{"a type of guests, and it is none", member, `"includeGuestsOrExternalUsers":` + guests(every, ""), false},
		{"no type", guest, `"includeGuestsOrExternalUsers":` + guests("none", ""), false},
		{"only partners", guest, `"includeGuestsOrExternalUsers":` + guests("serviceProvider", ""), true}, // which type it is is not known
		{"except every type", guest, `"includeUsers":["All"],"excludeGuestsOrExternalUsers":` + guests(every, ""), false},
		{"except a type", guest, `"includeUsers":["All"],"excludeGuestsOrExternalUsers":` + guests("internalGuest", ""), true},
		{"except every type of one organization", guest, `"includeUsers":["All"],"excludeGuestsOrExternalUsers":` + guests(every, enumerated), true},
		{"partners", partner, `"includeGuestsOrExternalUsers":` + guests(every, ""), true},
		{"partners are guests", partner, `"includeUsers":["GuestsOrExternalUsers"]`, true},
		{"partners, and not they", partner, `"includeGuestsOrExternalUsers":` + guests("internalGuest,b2bCollaborationGuest", ""), false},
		{"except partners", partner, `"includeUsers":["All"],"excludeGuestsOrExternalUsers":` + guests("SERVICEPROVIDER", `,"externalTenants":{"membershipKind":"All"}`), false},
		{"except partners of one organization", partner, `"includeUsers":["All"],"excludeGuestsOrExternalUsers":` + guests("serviceProvider", enumerated), true},
		{"except guests by word", partner, `"includeUsers":["All"],"excludeUsers":["GuestsOrExternalUsers"]`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := access.World{Policies: []access.Policy{blocking(t, `"users":{`+tt.users+`}`)}}
			if _, got := w.Blocked(&tt.account, ""); got != tt.want {
				t.Errorf("applies: %v, want %v", got, tt.want)
			}
		})
	}
}

// An application is caught by policies for workloads alone, wherever it is.
func TestWorkloads(t *testing.T) {
	app := &access.Account{ID: "App", Application: true, Resources: []string{access.Graph}}
	office := location(t, "office", `{"ipRanges":[{"cidrAddress":"192.0.2.0/24"}]}`)
	const mine = `"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}`
	for conditions, want := range map[string]bool{
		everyone: false,
		mine:     true,
		`"clientApplications":{"includeServicePrincipals":["app"]}`:                                                            true,
		`"clientApplications":{"includeServicePrincipals":["other"]}`:                                                          false,
		`"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":["APP"]}`: false,
		`"clientApplications":{"servicePrincipalFilter":{"mode":"include","rule":"x"}}`:                                        true,
		`"clientApplications":{"servicePrincipalFilter":{"mode":"exclude","rule":"x"}}`:                                        false,
		`"clientApplications":{"includeServicePrincipals":["app"],"servicePrincipalFilter":{"mode":"exclude","rule":"x"}}`:     true,
		`"clientApplications":{"includeAgentIdServicePrincipals":["All"]}`:                                                     false,
		mine + `,"locations":{"includeLocations":["All"],"excludeLocations":["office"]}`:                                       false,
		mine + `,"locations":{"includeLocations":["All"],"excludeLocations":["gone"]}`:                                         true,
		mine + `,"servicePrincipalRiskLevels":["high"]`:                                                                        false,
		mine + `,"agentIdRiskLevels":"high"`:                                                                                   false,
		mine + `,"applications":{"includeApplications":["797f4846-ba00-4fd7-ba43-dac1f8f63013"]}`:                              false,
	} {
		w := access.World{Policies: []access.Policy{blocking(t, conditions)}, Locations: []access.Location{office}}
		if _, got := w.Blocked(app, ""); got != want {
			t.Errorf("%s: blocked %v, want %v", conditions, got, want)
		}
	}
}

// What a policy asks for, and what it does not.
func TestAsks(t *testing.T) {
	for rest, want := range map[string]string{
		`"grantControls":{"builtInControls":["mfa","compliantDevice"]}`:                                 "[mfa compliantDevice] false",
		`"grantControls":{"builtInControls":["MFA"]}`:                                                   "[MFA] false",
		`"grantControls":{"builtInControls":["Block"]}`:                                                 "[] true",
		`"grantControls":{"builtInControls":["levitation"]}`:                                            "[] true",
		`"grantControls":{"builtInControls":[],"termsOfUse":["t"],"authenticationStrength":{"id":"s"}}`: "[termsOfUse authenticationStrength] false",
		`"grantControls":{"customAuthenticationFactors":["f"]}`:                                         "[customAuthenticationFactors] false",
		`"grantControls":null`: "[] false",
		`"sessionControls":{"signInFrequency":{"isEnabled":true,"value":4},"persistentBrowser":{"isEnabled":false,"mode":"never"},"cloudAppSecurity":null,"disableResilienceDefaults":false}`: "[signInFrequency] false",
		`"sessionControls":{"@odata.type":"x","secureSignInSession":{"@odata.type":"x","isEnabled":null}}`:                                                                                    "[] false",
	} {
		p := read(t, `{"state":"enabled",`+rest+`}`)
		if got := fmt.Sprint(p.Asks, " ", p.Blocks); got != want {
			t.Errorf("%s: got %s, want %s", rest, got, want)
		}
	}
	w := access.World{Policies: []access.Policy{
		read(t, `{"state":"enabled","grantControls":{"builtInControls":["mfa"]},"conditions":{`+everyone+`}}`),
		blocking(t, everyone),
		read(t, `{"state":"enabled","conditions":{`+everyone+`}}`),
		read(t, `{"state":"disabled","grantControls":{"builtInControls":["mfa"]},"conditions":{`+everyone+`}}`),
		blocking(t, `"users":{"includeUsers":["other"]}`),
	}}
	if asking, blocking := w.Touched(&access.Account{}); !slices.Equal(asking, []int{0}) || !slices.Equal(blocking, []int{1}) {
		t.Errorf("asked by %v and blocked by %v", asking, blocking)
	}
}

// A policy is read exactly: what could mean something else is an error.
func TestReadRefuses(t *testing.T) {
	for body, want := range map[string]string{
		`[]`:                                     "not an object",
		`{"state":"enabled","State":"disabled"}`: `/State: perhaps "state" is meant`,
		`{"state":5}`:                            "/state: not a text",
		`{"state":"on"}`:                         `its state is "on", which is not known`,
		`{"state":"enabled","grantControls":[]}`: "/grantControls/: not an object",
		`{"state":"enabled","grantControls":{"BuiltInControls":["block"]}}`:                                  `/grantControls/BuiltInControls: perhaps "builtInControls" is meant`,
		`{"state":"enabled","grantControls":{"builtInControls":"block"}}`:                                    "/grantControls/builtInControls: not a list of texts",
		`{"state":"enabled","conditions":{"Users":{}}}`:                                                      `/conditions/Users: perhaps "users" is meant`,
		`{"state":"enabled","conditions":{"users":{"excludeguestsorexternalusers":{}}}}`:                     `/conditions/users/excludeguestsorexternalusers: perhaps "excludeGuestsOrExternalUsers" is meant`,
		`{"state":"enabled","conditions":{"users":{"includeUsers":[null]}}}`:                                 "/conditions/users/includeUsers: not a list of texts",
		`{"state":"enabled","conditions":{"devices":{"deviceFilter":{"mode":"perhaps","rule":"x"}}}}`:        "/conditions/devices/deviceFilter/mode: not known",
		`{"state":"enabled","conditions":{"authenticationFlows":{"transferMethods":["deviceCodeFlow"]}}}`:    "/conditions/authenticationFlows/transferMethods: not a text",
		`{"state":"enabled","conditions":{"locations":{"IncludeLocations":["All"]}}}`:                        `/conditions/locations/IncludeLocations: perhaps "includeLocations" is meant`,
		`{"state":"enabled","conditions":{"signInRiskLevels":"high"}}`:                                       "/conditions/signInRiskLevels: not a list of texts",
		`{"state":"enabled","conditions":{"clientApplications":{"servicePrincipalFilter":{"Mode":"x"}}}}`:    `/conditions/clientApplications/servicePrincipalFilter/Mode: perhaps "mode" is meant`,
		`{"state":"enabled","conditions":{"users":{"includeGuestsOrExternalUsers":{"externalTenants":[]}}}}`: "/conditions/users/includeGuestsOrExternalUsers/externalTenants/: not an object",
	} {
		if p, err := access.Read("P", json.RawMessage(body)); err == nil || err.Error() != want && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %+v, %v, want %q", body, p, err, want)
		}
	}
	// What is not enabled is harmless, whatever else it has.
	for _, state := range []string{"disabled", "Disabled", "enabledForReportingButNotEnforced"} {
		if p, err := access.Read("P", json.RawMessage(`{"state":"`+state+`","conditions":{"users":5}}`)); err != nil || p.Enabled {
			t.Errorf("%s: got %+v, %v", state, p, err)
		}
	}
}

// What a location loses.
func TestLocations(t *testing.T) {
	const range24 = `{"ipRanges":[{"cidrAddress":"192.0.2.0/24"}]}`
	for _, tt := range []struct {
		name, before, after string
		lost                bool
	}{
		{"the same", range24, range24, false},
		{"the same address", `{"ipRanges":[{"cidrAddress":"192.0.2.7/32"},{"cidrAddress":"2001:db8::7/128"}]}`, `{"ipRanges":[{"cidrAddress":"2001:db8::7/128"},{"cidrAddress":"192.0.2.7/32"}]}`, false},
		{"in two halves", range24, `{"ipRanges":[{"cidrAddress":"192.0.2.128/25"},{"cidrAddress":"192.0.2.0/25"}]}`, false},
		{"but one address", `{"ipRanges":[{"cidrAddress":"192.0.2.6/31"}]}`, `{"ipRanges":[{"cidrAddress":"192.0.2.7/32"}]}`, true},
		{"wider", range24, `{"ipRanges":[{"cidrAddress":"192.0.0.0/16"}]}`, false},
		{"narrower", range24, `{"ipRanges":[{"cidrAddress":"192.0.2.0/25"}]}`, true},
		{"emptied", range24, `{"ipRanges":[]}`, true},
		{"another", range24, `{"ipRanges":[{"cidrAddress":"198.51.100.0/24"}]}`, true},
		{"trusted no more", `{"isTrusted":true,"ipRanges":[{"cidrAddress":"192.0.2.0/24"}]}`, range24, true},
		{"trusted", range24, `{"isTrusted":true,"ipRanges":[{"cidrAddress":"192.0.2.0/24"}]}`, false},
		{"a country less", `{"countriesAndRegions":["DE","FR"]}`, `{"countriesAndRegions":["de"]}`, true},
		{"a country more", `{"countriesAndRegions":["DE"]}`, `{"countriesAndRegions":["fr","de"]}`, false},
		{"a range of another form less", `{"ipRanges":[{"cidrAddress":"192.0.2.0/24"},{"lowerAddress":"a"}]}`, range24, true},
	} {
		before, err := access.ReadLocation("l", json.RawMessage(tt.before))
		if err != nil {
			t.Fatal(err)
		}
		after, err := access.ReadLocation("l", json.RawMessage(tt.after))
		if err != nil || after.Without(before) != tt.lost {
			t.Errorf("%s: lost %v, %v", tt.name, after.Without(before), err)
		}
	}
	for _, body := range []string{`[]`, `{"ipRanges":{}}`, `{"IPRanges":[]}`, `{"countriesAndRegions":"DE"}`} {
		if l, err := access.ReadLocation("l", json.RawMessage(body)); err == nil {
			t.Errorf("%s: got %+v", body, l)
		}
	}
	// A location that loses people is no way in.
	lost := location(t, "office", range24)
	lost.Lost = true
	w := access.World{Policies: []access.Policy{blocking(t, everyone+`,"locations":{"includeLocations":["All"],"excludeLocations":["office"]}`)}, Locations: []access.Location{lost}}
	if _, blocked := w.Blocked(&access.Account{}, ""); !blocked {
		t.Error("a location that loses people counts as a way in")
	}
}

// Every word of the metadata is known here, so that a new one is seen when the
// metadata is made anew.
func TestWordsOfMetadata(t *testing.T) {
	const unknown = "unknownFutureValue"
	for enum, check := range map[string]func(word string) bool{
		"conditionalAccessGrantControl": func(word string) bool {
			p := read(t, `{"state":"enabled","grantControls":{"builtInControls":["`+word+`"]}}`)
			return p.Blocks == (word == "block")
		},
		"conditionalAccessClientApp": func(word string) bool {
			w := access.World{Policies: []access.Policy{blocking(t, everyone+`,"clientAppTypes":["`+word+`"]`)}}
			_, blocked := w.Blocked(&access.Account{}, "")
			return blocked == (word == "all")
		},
		"conditionalAccessDevicePlatform": func(word string) bool {
			w := access.World{Policies: []access.Policy{blocking(t, everyone+`,"platforms":{"includePlatforms":["`+word+`"]}`)}}
			_, blocked := w.Blocked(&access.Account{}, "")
			return blocked == (word == "all")
		},
		"conditionalAccessTransferMethods": func(word string) bool {
			w := access.World{Policies: []access.Policy{blocking(t, everyone+`,"authenticationFlows":{"transferMethods":"`+word+`"}`)}}
			_, blocked := w.Blocked(&access.Account{}, "")
			return blocked == (word == "none")
		},
	} {
		e, _ := graphmeta.Beta().Enum(enum)
		words := e.Members
		if len(words) < 3 {
			t.Errorf("the metadata has no words of %s", enum)
		}
		for _, word := range words {
			if word != unknown && !check(word) {
				t.Errorf("%s: %q is not known", enum, word)
			}
		}
	}
}
