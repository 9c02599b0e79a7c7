package graphmeta_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

func TestValues(t *testing.T) {
	v1, beta := graphmeta.V1(), graphmeta.Beta()
	for _, tt := range []struct {
		m                 *graphmeta.Model
		typ, path, holder string
		want              string // the types, or the error
	}{
		{v1, "group", "/displayName", "", "Edm.String"},
		{v1, "group", "/groupTypes", "", "[]Edm.String"},
		{v1, "group", "/groupTypes/*", "", "Edm.String"},
		{v1, "group", "/groupTypes/*/*", "", "error: * is declared by none of Edm.String"},
		{v1, "group", "/groupTypes/x", "", "error: x is declared by none of array of Edm.String"},
		{v1, "group", "/deletedDateTime", "", "Edm.DateTimeOffset"},
		{v1, "group", "", "", "group"},
		{v1, "group", "displayName", "", `error: "displayName" is no path`},
		{v1, "group", "displayName/x", "", `error: "displayName/x" is no path`},
		{v1, "group", "/DisplayName", "", "error: DisplayName is declared by none of group"},
		{v1, "conditionalAccessPolicy", "/conditions/users/includeGroups/*", "", "Edm.String"},
		{v1, "conditionalAccessPolicy", "/conditions/agents", "", "error: agents is declared by none of conditionalAccessConditionSet"},
		{beta, "conditionalAccessPolicy", "/conditions/agents", "", "conditionalAccessAgents"},
		{v1, "deviceConfiguration", "/omaSettings/*/value", "", "Edm.String*"},
		{v1, "deviceConfiguration", "/assignments/*/target/groupId", "", "Edm.String"},
		{v1, "deviceConfiguration", "/assignments/target", "", "error: target is declared by none of array of deviceConfigurationAssignment"},
		{v1, "deviceConfiguration", "/@odata.type", "", "Edm.String"},
		{v1, "groupLifecyclePolicy", "/@odata.type", "", "error: @odata.type is declared by none of groupLifecyclePolicy"},
		{v1, "groupLifecyclePolicy", "/@odata.etag", "", "Edm.String"},
		{v1, "deviceConfiguration", "/assignments@odata.context", "", "Edm.String"},
		{v1, "deviceConfiguration", "/nothing@odata.context", "", "error: nothing@odata.context is declared by none of deviceConfiguration"},
		{v1, "crossTenantAccessPolicyConfigurationPartner", "/*/usersAndGroups/targets/*/target", "", "Edm.String"},
		{beta, "deviceManagementConfigurationPolicy", "/settings/**/groupSettingCollectionValue", "", "[]deviceManagementConfigurationGroupSettingValue"},
		{beta, "deviceManagementConfigurationPolicy", "/settings/**/settings", "", "error: settings is declared by none of *"},
		{beta, "deviceManagementConfigurationPolicy", "/settings/**/value", "deviceManagementConfigurationSecretSettingValue", "Edm.String"},
		{beta, "deviceManagementConfigurationPolicy", "/settings/**/value", "nothing", "error: the type nothing is not declared"},
		{beta, "deviceConfiguration", "/preSharedKey", "windowsWifiConfiguration", "Edm.String"},
		{beta, "deviceConfiguration", "/preSharedKey", "group", "error: the type group is none of deviceConfiguration"},
		{v1, "group", "/groupTypes/*", "group", "Edm.String"},
		{beta, "deviceAndAppManagementAssignmentFilter", "/@odata.type", "", "Edm.String"}, // one derived type
		{beta, "deviceConfiguration", "/*", "group", "error: the type group is none of deviceConfiguration"},
		{beta, "deviceConfiguration", "/omaSettings/*/value/*", "omaSetting", "error: *"},
	} {
		got, err := tt.m.Values(tt.typ, tt.path, tt.holder)
		var names []string
		for _, p := range got {
			name := p.Type
			if p.Collection {
				name = "[]" + name
			}
			names = append(names, name)
		}
		text := strings.Join(names, " ")
		if err != nil {
			text = fmt.Sprintf("error: %v", err)
		}
		start, some := strings.CutSuffix(tt.want, "*")
		if text != tt.want && !(some && strings.HasPrefix(text, start)) {
			t.Errorf("%s %s%s (%s): got %q, want %q", tt.m.Version, tt.typ, tt.path, tt.holder, text, tt.want)
		}
	}
}
