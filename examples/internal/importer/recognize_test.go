package importer

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

const metadata = "https://graph.microsoft.com/beta/$metadata#"

// What tells the kind of an object, in the order in which it counts. A kind that
// begins with "!" is part of the reason of a refusal.
func TestKindOf(t *testing.T) {
	const ca, group, none = "conditionalAccessPolicies", "groups", "!"
	body := func(pairs ...string) map[string]any {
		m := map[string]any{"displayName": "X"}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	tests := []struct {
		name string
		o    found
		file string
		kind string
	}{
		{"a type", found{body: body("@odata.type", "#microsoft.graph.group")}, "x.json", group},
		{"a type without #", found{body: body("@odata.type", "microsoft.graph.group")}, "x.json", group},
		{"a derived type", found{body: body("@odata.type", "#microsoft.graph.iosCompliancePolicy")}, "x.json", "deviceCompliancePolicies"},
		{"a type in a namespace", found{body: body("@odata.type", "#microsoft.graph.networkaccess.filteringPolicy")}, "x.json", "networkFilteringPolicies"},
		{"a type that the metadata lacks", found{body: body("@odata.type", "#microsoft.graph.compliantNetworkNamedLocation")}, "x.json", "namedLocations"},
		{"a type against a context", found{body: body("@odata.type", "#microsoft.graph.group", "@odata.context", metadata+"identity/conditionalAccess/policies/$entity")}, "x.json", group},
		{"a type against a folder", found{body: body("@odata.type", "#microsoft.graph.deviceAndAppManagementRoleDefinition")}, "roleDefinitions/x.json", "intuneRoleDefinitions"},
		{"an unknown type against a folder", found{body: body("@odata.type", "#microsoft.graph.future")}, "Groups/x.json", "!no kind of the catalogue has the type"},
		{"an unknown type against a context", found{body: body("@odata.type", "#microsoft.graph.future", "@odata.context", metadata+"groups/$entity")}, "x.json", "!no kind of the catalogue has the type"},
		{"a type that is none", found{body: map[string]any{"@odata.type": 1.0}}, "Groups/x.json", "!no kind of the catalogue has the type"},
		{"a person", found{body: body("@odata.type", "#microsoft.graph.user")}, "Groups/x.json", "!people"},
		{"a type of a kind that has some of an endpoint's", found{body: body("@odata.type", "#microsoft.graph.win32LobApp")}, "Applications/x.json", "mobileAppPackages"},
		{"another type of that endpoint", found{body: body("@odata.type", "#microsoft.graph.winGetApp")}, "Applications/x.json", "mobileApps"},
		{"a base of several kinds", found{body: body("@odata.type", "#microsoft.graph.managedAppPolicy")}, "x.json", "!no kind"},

		{"a context", found{body: body("@odata.context", metadata+"identity/conditionalAccess/policies/$entity")}, "Groups/x.json", ca},
		{"a context with pieces", found{body: body("@odata.context", metadata+"deviceManagement/deviceCompliancePolicies(assignments(),scheduledActionsForRule(scheduledActionConfigurations()))/$entity")}, "x.json", "deviceCompliancePolicies"},
		{"a context with properties", found{body: body("@odata.context", metadata+"groups(id,displayName)/$entity")}, "x.json", group},
		{"a context with a cast", found{body: body("@odata.context", metadata+"deviceManagement/deviceConfigurations/microsoft.graph.iosCustomConfiguration/$entity")}, "x.json", "deviceConfigurations"},
		{"a context that names a type", found{body: body("@odata.context", metadata+"microsoft.graph.group/$entity")}, "x.json", group},
		{"a context of a list of a type", found{body: body("@odata.context", metadata+"Collection(microsoft.graph.directoryObject)")}, "Groups/x.json", none},
		{"a context of another address", found{body: body("@odata.context", metadata+"identity/conditionalAccess/authenticationStrengths/policies/$entity")}, "x.json", "authenticationStrengthPolicies"},
		{"a context of the documentation's", found{body: body("@odata.context", "https://graph.microsoft.com/v1.0/$metadata#conditionalAccess/namedLocations/$entity")}, "x.json", "namedLocations"},
		{"a context with the directory's id", found{body: body("@odata.context", metadata+"organization('"+idA+"')/branding/localizations/$entity")}, "x.json", "brandingLocalizations"},
		{"a context of a singleton", found{body: body("@odata.context", metadata+"policies/authorizationPolicy/$entity")}, "x.json", "authorizationPolicy"},
		{"the context of the list", found{body: body(), context: metadata + "groups"}, "Users/x.json", group},
		{"the context of a list of members", found{body: body(), context: metadata + "groups('" + idA + "')/members"}, "Groups/x.json", "!pieces of another object"},
		{"an own context in a list", found{body: body("@odata.context", metadata+"groups/$entity"), context: metadata + "users"}, "x.json", group},
		{"a key with a parenthesis", found{body: body("@odata.context", metadata+"policies/roleManagementPolicies('Directory)Role')/$entity")}, "x.json", "roleManagementPolicies"},
		{"the context of people", found{body: body(), context: metadata + "users"}, "Groups/x.json", "!no kind of the catalogue is read from"},
		{"an unknown context", found{body: body("@odata.context", metadata+"future/$entity")}, "Groups/x.json", "!no kind of the catalogue is read from"},
		{"a context that is none", found{body: body("@odata.context", "x")}, "Groups/x.json", "!names no collection"},
		{"roles of another service", found{body: body("@odata.context", metadata+"roleManagement/exchange/roleDefinitions/$entity")}, "x.json", "!no kind of the catalogue is read from"},

		{"a link", found{body: body("@odata.id", "deviceManagement/deviceConfigurations('"+idA+"')")}, "Groups/x.json", "deviceConfigurations"},
		{"a link with a cast", found{body: body("@odata.editLink", "deviceManagement/deviceConfigurations('"+idA+"')/microsoft.graph.iosCustomConfiguration")}, "x.json", "deviceConfigurations"},
		{"an address", found{body: body(), endpoint: "/groups"}, "x.json", group},
		{"an address of a piece", found{body: body(), endpoint: "/groups/{id}/owners"}, "Groups/x.json", "!pieces of another object"},
		{"a list's name", found{body: body(), property: "groups"}, "x.json", group},

		{"a folder", found{body: body("mailNickname", "x")}, "Groups/x.json", group},
		{"a folder above", found{body: body("state", "disabled")}, "ConditionalAccess/Old/x.json", ca},
		{"a folder of a file's own name", found{body: body()}, "Groups/" + idA + "/" + idA + ".json", group},
		{"a folder that the file is named after", found{body: body("mailNickname", "x")}, "Groups/Groups.json", group},
		{"a folder with spaces", found{body: body("state", "disabled")}, "Conditional Access/x.json", ca},
		{"a folder of two tools, and properties of one", found{body: body("appId", "x")}, "Applications/x.json", "applications"},
		{"a folder of two tools, and properties of the other", found{body: body("publisher", "x")}, "Applications/x.json", "mobileApps"},
		{"a folder of two tools, and properties of both", found{body: body()}, "Applications/x.json", "!can be of the kinds"},
		{"a folder that does not fit", found{body: body("userPrincipalName", "x")}, "Groups/x.json", "!has \"userPrincipalName\""},
		{"an extension of the schema", found{body: body("extension_0000_color", "x")}, "Groups/x.json", group},
		{"a member's folder", found{body: body()}, "Groups/" + idA + "/Members/" + idB + ".json", "!a piece of that object"},
		{"a member with a type", found{body: body("@odata.type", "#microsoft.graph.group")}, "Groups/" + idA + "/Members/" + idB + ".json", "!a piece of that object"},
		{"a folder with the tenant's id", found{body: body()}, idA + "/Groups/x.json", group},
		{"members of nothing", found{body: body()}, "Members/x.json", "!people and other objects"},
		{"below a folder that is left out", found{body: body()}, "PIM/Groups/x.json", "!assignments of people"},
		{"a folder that no tool has", found{body: body()}, "Future/x.json", "!no folder with a known name"},
		{"no folder", found{body: body()}, "x.json", "!no folder with a known name"},
	}
	r := newRecognizer(catalogue.Default())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind, err := r.kindOf(tt.o, tt.file)
			want, refused := strings.CutPrefix(tt.kind, "!")
			switch {
			case refused && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("got %q and %v, want a refusal with %q", kind, err, want)
			case !refused && (err != nil || kind != want):
				t.Errorf("got %q and %v, want %q", kind, err, want)
			}
		})
	}
}

// Each kind is told by its type, by its context and by its address, in the version
// of its entry.
func TestEveryKindIsTold(t *testing.T) {
	r := newRecognizer(catalogue.Default())
	for _, e := range catalogue.Default().Entries {
		for _, c := range e.List.Only { // some types of an endpoint that another kind has
			typ := strings.Trim(string(c.Equals), `"`)
			if kind, err := r.kindOfType(typ); err != nil || kind != e.Name {
				t.Errorf("%s: the type %s is of %q, %v", e.Name, typ, kind, err)
			}
		}
		if len(e.List.Only) > 0 {
			continue
		}
		m, _ := graphmeta.Of(e.Version)
		at, ok := m.Endpoint(e.Endpoint)
		if !ok {
			t.Errorf("%s: the metadata lacks %s", e.Name, e.Endpoint)
			continue
		}
		for name, o := range map[string]found{
			"type":    {body: map[string]any{"@odata.type": "#microsoft.graph." + at.Type}},
			"context": {body: map[string]any{"@odata.context": "https://graph.microsoft.com/" + e.Version + "/$metadata#" + strings.ReplaceAll(e.Endpoint[1:], "/{directory}", "('"+idA+"')") + "/$entity"}},
			"address": {endpoint: e.Endpoint},
		} {
			if kind, err := r.kindOf(o, "Groups/x.json"); err != nil || kind != e.Name {
				t.Errorf("%s by its %s: %q, %v", e.Name, name, kind, err)
			}
		}
		for _, derived := range m.Derived(at.Type) {
			if kind, err := r.kindOfType(derived); err != nil || kind != e.Name && r.byType[derived] != kind {
				t.Errorf("%s: the type %s is of %q, %v", e.Name, derived, kind, err)
			}
		}
	}
}

// Every endpoint of a layout is one of a kind, or of no kind: none is misspelt so
// that it leads to another one.
func TestLayoutEndpoints(t *testing.T) {
	without := []string{ // that no kind has
		"/deviceAppManagement/managedAppPolicies", "/deviceManagement/managementConditions", "/deviceManagement/inventoryPolicies",
		"/deviceManagement/depIOSEnrollmentProfile", "/roleManagement/exchange/roleDefinitions",
	}
	r := newRecognizer(catalogue.Default())
	for _, l := range layouts {
		if l.source == "" || l.holds == "" {
			t.Errorf("%s: no source or no description", l.name)
		}
		for _, f := range l.folders {
			kind := r.byEndpoint[strings.ToLower(f.endpoint)]
			if (kind == "") != slices.Contains(without, f.endpoint) {
				t.Errorf("%s: the folder %s is of %s, whose kind is %q", l.name, f.path, f.endpoint, kind)
			}
		}
	}
	for _, e := range exclusions {
		if (e.folder == "") == (e.typ == "") || e.why == "" || e.layout == "" {
			t.Errorf("%+v: a folder or a type, a layout and a reason are needed", e)
		}
		if !slices.ContainsFunc(layouts, func(l layout) bool { return l.name == e.layout }) {
			t.Errorf("%+v: there is no such layout", e)
		}
		if e.typ != "" {
			if kind, err := r.kindOfType(strings.ReplaceAll(e.typ, "*", "Boolean")); err == nil || !strings.Contains(err.Error(), e.why) {
				t.Errorf("%s: %q, %v", e.typ, kind, err)
			}
		}
	}
}

// A type that the metadata declares for a value anyway says nothing. Another one, or
// one in the place of an abstract type, is needed.
func TestTypesOfValues(t *testing.T) {
	im := importFiles(t, map[string]string{"x.json": `{"@odata.type":"#microsoft.graph.deviceManagementConfigurationPolicy","name":"P","platforms":"windows10","technologies":"mdm",
		"templateReference":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationPolicyTemplateReference","templateId":""},
		"settings":[{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSetting","settingInstance":{
			"@odata.type":"#microsoft.graph.deviceManagementConfigurationGroupSettingCollectionInstance","groupSettingCollectionValue":[{
				"@odata.type":"#microsoft.graph.deviceManagementConfigurationGroupSettingValue","children":[{
					"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance","simpleSettingValue":{
						"@odata.type":"#microsoft.graph.deviceManagementConfigurationSecretSettingValue","valueState":"notEncrypted"}}]}]}}]}`})
	if len(im.Resources) != 1 {
		t.Fatalf("left out: %+v", im.Report.LeftOut)
	}
	body := string(im.Resources[0].Body)
	for typ, want := range map[string]bool{
		"ConfigurationPolicy": false, "PolicyTemplateReference": false, "ConfigurationSetting": false, "GroupSettingValue": false,
		"GroupSettingCollectionInstance": true, "SimpleSettingInstance": true, "SecretSettingValue": true,
	} {
		if got := strings.Contains(body, typ+`"`); got != want {
			t.Errorf("the type …%s is in the body: %v, want %v", typ, got, want)
		}
	}
}
