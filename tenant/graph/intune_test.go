package graph_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
)

// What Intune takes and what it does not: each case is a file against the tenant's
// object, and the requests that make the one of the other.
func TestIntuneRequests(t *testing.T) {
	const (
		catalog = `"name":"LAPS","description":"","platforms":"windows10","technologies":"mdm","templateReference":{"templateId":"adc46e5a-f4aa-4ff6-aeff-4f27bc525796_1","templateFamily":"endpointSecurityAccountProtection"},"roleScopeTagIds":["0"]`
		linux   = `"name":"Disk","platforms":"linux","technologies":"linuxMdm","roleScopeTagIds":["0"]`
		ring    = `"@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","displayName":"Ring"`
		edge    = `"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","displayName":"W"`
		value   = `{"settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance","settingDefinitionId":"d","simpleSettingValue":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationIntegerSettingValue","value":VALUE}}}`
	)
	of := func(n string) string { return `"settings":[` + strings.Replace(value, "VALUE", n, 1) + `]` }
	for _, tt := range []struct {
		name, kind, object, file string
		sent                     []string
	}{
		{"a PUT of a settings catalog says platform, technology and template", "configurationPolicies", `{"id":"c1",` + catalog + `,` + of("30") + `}`, `{` + catalog + `,` + of("45") + `}`,
			[]string{`PUT /beta/deviceManagement/configurationPolicies/c1 ` + sortedJSON(t, []byte(`{`+catalog+`,`+of("45")+`}`))}},
		{"a PUT of Linux compliance says platform and technology", "compliancePolicies", `{"id":"c1",` + linux + `,` + of("30") + `}`, `{` + linux + `,` + of("45") + `}`,
			[]string{`PUT /beta/deviceManagement/compliancePolicies/c1 ` + sortedJSON(t, []byte(`{`+linux+`,`+of("45")+`}`))}},
		{"a search engine keeps its type", "deviceConfigurations", `{"id":"w1",` + edge + `,"edgeSearchEngine":{"@odata.type":"#microsoft.graph.edgeSearchEngineCustom","edgeSearchEngineOpenSearchXmlUrl":"https://a.example/x"}}`,
			`{` + edge + `,"edgeSearchEngine":{"@odata.type":"#microsoft.graph.edgeSearchEngineCustom","edgeSearchEngineOpenSearchXmlUrl":"https://b.example/x"}}`,
			[]string{`PATCH /beta/deviceManagement/deviceConfigurations/w1 {"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","edgeSearchEngine":{"@odata.type":"#microsoft.graph.edgeSearchEngineCustom","edgeSearchEngineOpenSearchXmlUrl":"https://b.example/x"}}`}},
		{"pauses and rollbacks of a ring are not written", "deviceConfigurations", ``,
			`{` + ring + `,"featureUpdatesPauseStartDate":"2026-01-01","qualityUpdatesPauseStartDate":"2026-01-01","featureUpdatesWillBeRolledBack":true,"qualityUpdatesWillBeRolledBack":true}`,
			[]string{`POST /beta/deviceManagement/deviceConfigurations {` + ring + `}`}},
		{"a rollback in the tenant is no difference", "deviceConfigurations", `{"id":"r1",` + ring + `,"qualityUpdatesWillBeRolledBack":true}`, `{` + ring + `,"qualityUpdatesWillBeRolledBack":false}`, nil},
		{"counters of driver profiles are no configuration", "windowsDriverUpdateProfiles", `{"id":"d1","displayName":"D","approvalType":"automatic","deviceReporting":130,"newUpdates":19,"inventorySyncStatus":{"driverInventorySyncState":"success"}}`,
			`{"displayName":"D","approvalType":"automatic","deviceReporting":124,"newUpdates":17,"inventorySyncStatus":{"driverInventorySyncState":"pending"}}`, nil},
		{"the approval of drivers is given on create only", "windowsDriverUpdateProfiles", `{"id":"d1","displayName":"D","approvalType":"automatic"}`, `{"displayName":"D","approvalType":"manual","description":"x"}`,
			[]string{`PATCH /beta/deviceManagement/windowsDriverUpdateProfiles/d1 {"description":"x"}`}},
		{"names of updates are Microsoft's", "windowsFeatureUpdateProfiles", `{"id":"f1","displayName":"F","featureUpdateVersion":"Windows 11, version 24H2","deployableContentDisplayName":"Windows 11","endOfSupportDate":"2027-10-12T00:00:00Z"}`,
			`{"displayName":"F","featureUpdateVersion":"Windows 11, version 24H2","deployableContentDisplayName":"W","endOfSupportDate":"2026-10-12T00:00:00Z"}`, nil},
		{"names of expedited updates are Microsoft's", "windowsQualityUpdateProfiles", `{"id":"q1","displayName":"Q","releaseDateDisplayName":"10/08/2026","deployableContentDisplayName":"A"}`,
			`{"displayName":"Q","releaseDateDisplayName":"09/08/2026","deployableContentDisplayName":"B"}`, nil},
		{"the default locale follows the messages", "notificationMessageTemplates", ``, `{"displayName":"N","defaultLocale":"en-us"}`,
			[]string{`POST /beta/deviceManagement/notificationMessageTemplates {"displayName":"N"}`}},
		{"an app that is a file is not created without it", "mobileApps", ``, `{"@odata.type":"#microsoft.graph.win32LobApp","displayName":"A"}`, nil},
		{"an app without content is", "mobileApps", ``, `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"A","packageIdentifier":"9X"}`,
			[]string{`POST /beta/deviceAppManagement/mobileApps {"@odata.type":"#microsoft.graph.winGetApp","displayName":"A","packageIdentifier":"9X"}`}},
		{"the name of a custom attribute is given on create only", "deviceCustomAttributeShellScripts", `{"id":"s1","displayName":"S","customAttributeName":"a","runAsAccount":"user"}`, `{"displayName":"S","customAttributeName":"b","runAsAccount":"system"}`,
			[]string{`PATCH /beta/deviceManagement/deviceCustomAttributeShellScripts/s1 {"runAsAccount":"system"}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			service := &oneObject{t: t, kind: tt.kind, object: json.RawMessage(tt.object)}
			service.deploy(tt.file)
			if d := cmp.Diff(tt.sent, service.sent); d != "" {
				t.Errorf("sent (-want +got)\n%s", d)
			}
		})
	}
}

// Ids of other objects that only public tools know of are declared as references.
func TestIntuneReferences(t *testing.T) {
	reusable := "/settings/*/settingInstance/groupSettingCollectionValue/*/children/*/simpleSettingCollectionValue/*/value"
	for _, tt := range []struct{ kind, path, to string }{
		{"configurationPolicies", reusable, "reusablePolicySettings"},
		{"compliancePolicies", "/settings/*/settingInstance/simpleSettingValue/value", "reusablePolicySettings"},
		{"deviceCompliancePolicies", "/deviceCompliancePolicyScript/deviceComplianceScriptId", "deviceComplianceScripts"},
		{"deviceEnrollmentConfigurations", "/selectedMobileAppIds/*", "mobileApps"},
		{"mobileAppConfigurations", "/targetedMobileApps/*", "mobileApps"},
		{"mobileApps", "/categories/*", "mobileAppCategories"},
		{"intuneRoleAssignments", "/roleDefinition/id", "intuneRoleDefinitions"},
		{"policySets", "/items/*/payloadId", "mobileApps"},
		{"policySets", "/items/*/payloadId", "deviceCompliancePolicies"},
		{"cloudPcProvisioningPolicies", "/domainJoinConfigurations/*/onPremisesConnectionId", "cloudPcOnPremisesConnections"},
	} {
		e := entryOf(t, tt.kind)
		if !slices.ContainsFunc(e.References, func(r tenant.Reference) bool { return r.Path == tt.path && slices.Contains(r.Kinds, tt.to) }) {
			t.Errorf("%s: %s does not refer to %s", tt.kind, tt.path, tt.to)
		}
	}
}
