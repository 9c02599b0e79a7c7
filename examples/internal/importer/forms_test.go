package importer

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// Corners of the forms of other tools: what an object becomes, or why it is refused.
func TestCornersOfForms(t *testing.T) {
	row := func(table, template string) string {
		return fmt.Sprintf(`{"PartitionKey":%q,"RowKey":"x","JSON":%q}`, table, template)
	}
	dsc := func(typ, properties string) string {
		return fmt.Sprintf(`[{"ResourceName":%q,"ResourceInstanceName":"x",%s}]`, typ, properties)
	}
	const policyOf = `"DisplayName":"P","State":"disabled","IncludeUsers":["All"]`
	tests := []struct {
		name, file, text string
		has, not         []string // lines of the body
		refused          string
	}{
		{"a group for roles", "x.json", row("GroupTemplate", `{"Displayname":"G","groupType":"azurerole"}`), []string{`"isAssignableToRole": true`}, nil, ""},
		{"a dynamic group without a rule", "x.json", row("GroupTemplate", `{"Displayname":"G","groupType":"dynamic"}`), nil, nil, "has no rule"},
		{"deep text", "x.json", row("CATemplate", `{"displayName":"P","conditions":`+strings.Repeat(`[`, maxDepth+1)+strings.Repeat(`]`, maxDepth+1)+`}`), nil, nil, "nested 202 deep"},
		{"a data source of a state", "x.json", `{"terraform_version":"1","resources":[{"mode":"data","type":"azuread_group","name":"g","instances":[{"attributes":{"display_name":"G"}}]}]}`, nil, nil, "it holds no object"},
		{"a rule that is paused", "x.json", `{"resource":{"azuread_group":{"g":{"display_name":"G","types":["DynamicMembership"],"dynamic_membership":{"enabled":false,"rule":"x"}}}}}`, []string{`"membershipRuleProcessingState": "Paused"`}, nil, ""},
		{"no strength", "x.json", dsc("AADConditionalAccessPolicy", policyOf+`,"AuthenticationStrength":"","BuiltInControls":["mfa"]`), []string{`"mfa"`}, []string{"authenticationStrength"}, ""},
		{"an application by its name", "x.json", dsc("AADConditionalAccessPolicy", policyOf+`,"IncludeApplications":["Payroll"]`), nil, nil, "servicePrincipals Payroll"},
		{"all roles", "x.json", dsc("AADConditionalAccessPolicy", policyOf+`,"IncludeRoles":["All"]`), []string{`"All"`}, nil, ""},
		{"a control that is off", "x.json", dsc("AADConditionalAccessPolicy", policyOf+`,"CloudAppSecurityIsEnabled":false,"CloudAppSecurityType":"monitorOnly"`), nil, []string{"sessionControls"}, ""},
		{"a group by its name in a layout with ids", "ConditionalAccess/x.json", `{"displayName":"P","conditions":{"users":{"includeUsers":["All"],"excludeGroups":["Break glass"]}}}`, nil, nil, "groups Break glass"},
		{"a group by name and id", "SettingsCatalog/x.json", settings(1, "P", `,"assignments":[{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"`+idA+`","groupName":"G"}}]`), nil, nil, "groups " + idA},
		{"both names of a property", "Notifications/x.json", `{"displayName":"N","localizedMessages":[{"locale":"de"}],"localizedNotificationMessages":[{"locale":"en"}]}`, nil, nil, `has "localizedMessages"`},
		{"a comment", "Groups/x.json", `{"$comment":"ours","displayName":"G"}`, []string{`"$comment": "ours"`}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			im := importFiles(t, map[string]string{tt.file: tt.text})
			if tt.refused != "" {
				if len(im.Report.LeftOut) != 1 || !strings.Contains(im.Report.LeftOut[0].Text, tt.refused) {
					t.Errorf("left out: %+v, want %q", im.Report.LeftOut, tt.refused)
				}
				return
			}
			if len(im.Resources) != 1 {
				t.Fatalf("imported %q, left out: %+v", targets(im), im.Report.LeftOut)
			}
			for _, want := range tt.has {
				if !strings.Contains(string(im.Resources[0].Body), want) {
					t.Errorf("no %s in %s", want, im.Resources[0].Body)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(string(im.Resources[0].Body), not) {
					t.Errorf("%s in %s", not, im.Resources[0].Body)
				}
			}
		})
	}
}

// A list without an object around it keeps its places in errors.
func TestPlacesInLists(t *testing.T) {
	im := importFiles(t, map[string]string{"Groups/list.json": "[\n  {\"displayName\": \"G\"},\n  {\"displayName\": x}\n]"})
	if len(im.Report.LeftOut) != 1 {
		t.Fatalf("left out: %+v", im.Report.LeftOut)
	}
	problem, ok := errors.AsType[*tenant.FileError](im.Report.LeftOut[0].Err)
	if !ok || problem.Line != 3 || problem.Column != 19 || problem.Offset != 44 {
		t.Errorf("got %+v", problem)
	}
}
