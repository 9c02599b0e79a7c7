package graphmeta_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

func typeOf(t *testing.T, m *graphmeta.Model, name string) *graphmeta.Type {
	t.Helper()
	typ, ok := m.Type(name)
	if !ok {
		t.Fatalf("%s has no type %s", m.Version, name)
	}
	return typ
}

func propertyOf(t *testing.T, m *graphmeta.Model, typ, name string) graphmeta.Property {
	t.Helper()
	p, ok := typeOf(t, m, typ).Property(name)
	if !ok {
		t.Fatalf("%s has no property %s/%s", m.Version, typ, name)
	}
	return p
}

// An assignment's target has its filter at beta only: the page of v1.0 says
// "Properties: None".
func TestAssignmentTarget(t *testing.T) {
	const name = "deviceAndAppManagementAssignmentTarget"
	for _, tt := range []struct {
		m    *graphmeta.Model
		want []string
	}{
		{graphmeta.V1(), nil},
		{graphmeta.Beta(), []string{"deviceAndAppManagementAssignmentFilterId", "deviceAndAppManagementAssignmentFilterType"}},
	} {
		typ := typeOf(t, tt.m, name)
		var got []string
		for _, p := range typ.Own {
			got = append(got, p.Name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || typ.Abstract != graphmeta.Yes || !typ.HasAbstract() || typ.Entity {
			t.Errorf("%s: abstract %v, entity %v (-want +got)\n%s", tt.m.Version, typ.Abstract, typ.Entity, diff)
		}
		if below := tt.m.Derived(name); !slices.Contains(below, "exclusionGroupAssignmentTarget") || !slices.IsSorted(below) {
			t.Errorf("%s: derived types %q lack exclusionGroupAssignmentTarget, two levels below", tt.m.Version, below)
		}
		group, _ := tt.m.Type("exclusionGroupAssignmentTarget")
		if _, ok := group.Property("deviceAndAppManagementAssignmentFilterId"); ok != (tt.want != nil) {
			t.Errorf("%s: an exclusion has a filter: %v", tt.m.Version, ok)
		}
		if diff := cmp.Diff([]string{"exclusionGroupAssignmentTarget", "groupAssignmentTarget", name}, group.Bases()); diff != "" {
			t.Errorf("%s: bases (-want +got)\n%s", tt.m.Version, diff)
		}
		if !group.IsA(name) || group.IsA("exclusion") || typ.IsA("groupAssignmentTarget") {
			t.Errorf("%s: IsA does not follow the bases", tt.m.Version)
		}
	}
}

// Properties that Microsoft documents, with what it documents about them.
func TestKnownProperties(t *testing.T) {
	v1, beta := graphmeta.V1(), graphmeta.Beta()
	for _, tt := range []struct {
		m    *graphmeta.Model
		name string
		want graphmeta.Property
	}{
		{v1, "conditionalAccessPolicy/state", graphmeta.Property{Of: "conditionalAccessPolicy", Type: "conditionalAccessPolicyState", Nullable: graphmeta.No}},
		{v1, "group/groupTypes", graphmeta.Property{Of: "group", Type: "Edm.String", Collection: true, Nullable: graphmeta.No}},
		{v1, "group/deletedDateTime", graphmeta.Property{Of: "directoryObject", Type: "Edm.DateTimeOffset", Nullable: graphmeta.Yes}},
		{v1, "unifiedRoleDefinition/isBuiltIn", graphmeta.Property{Of: "unifiedRoleDefinition", Type: "Edm.Boolean", Nullable: graphmeta.Yes, Marks: graphmeta.SaidReadOnly}},
		{v1, "deviceConfiguration/assignments", graphmeta.Property{Of: "deviceConfiguration", Type: "deviceConfigurationAssignment", Collection: true,
			Navigation: true, Nullable: graphmeta.Yes, Marks: graphmeta.Contained}},
		{beta, "deviceConfiguration/roleScopeTagIds", graphmeta.Property{Of: "deviceConfiguration", Type: "Edm.String", Collection: true, Nullable: graphmeta.Yes}},
		{beta, "windowsUpdateForBusinessConfiguration/featureUpdatesPauseStartDate", graphmeta.Property{Of: "windowsUpdateForBusinessConfiguration", Type: "Edm.Date",
			Nullable: graphmeta.Yes, V1Marks: graphmeta.Computed | graphmeta.ReadPermission, Marks: graphmeta.SaidReadOnly}},
		{beta, "conditionalAccessConditionSet/agentIdRiskLevels", graphmeta.Property{Of: "conditionalAccessConditionSet", Type: "conditionalAccessAgentIdRiskLevels", Nullable: graphmeta.Yes}},
		// A type whose name begins with an upper-case letter is not one of OData's.
		{beta, "membershipRuleProcessingStatus/status", graphmeta.Property{Of: "membershipRuleProcessingStatus", Type: "MembershipRuleProcessingStatusDetails",
			Nullable: graphmeta.Yes, Marks: graphmeta.SaidReadOnly}},
	} {
		typ, name, _ := strings.Cut(tt.name, "/")
		tt.want.Name = name
		if diff := cmp.Diff(tt.want, propertyOf(t, tt.m, typ, name)); diff != "" {
			t.Errorf("%s %s (-want +got)\n%s", tt.m.Version, tt.name, diff)
		}
	}
	if _, ok := typeOf(t, v1, "conditionalAccessConditionSet").Property("agents"); ok {
		t.Error("v1.0 has conditions/agents")
	}
	if _, ok := typeOf(t, v1, "deviceConfiguration").Property("Assignments"); ok {
		t.Error("a property is found by a name in another case")
	}
	if p := propertyOf(t, v1, "windowsUpdateForBusinessConfiguration", "featureUpdatesPauseStartDate"); !p.Marks.ReadOnly() {
		t.Error("a computed property is not read-only")
	}
	if p := propertyOf(t, v1, "unifiedRoleDefinition", "isBuiltIn"); p.Marks.ReadOnly() {
		t.Error("a description makes a property read-only")
	}
}

// Declared finds a property of derived types; Property does not.
func TestDeclared(t *testing.T) {
	typ := typeOf(t, graphmeta.Beta(), "deviceConfiguration")
	if _, ok := typ.Property("omaSettings"); ok {
		t.Error("deviceConfiguration has the property of a derived type")
	}
	var of []string
	for _, p := range typ.Declared("omaSettings") {
		of = append(of, p.Of)
	}
	if !slices.Contains(of, "windows10CustomConfiguration") || !slices.Contains(of, "androidCustomConfiguration") || slices.Contains(of, "deviceConfiguration") {
		t.Errorf("omaSettings is declared in %q", of)
	}
	if got := typ.Declared("displayName"); len(got) != 1 || got[0].Of != "deviceConfiguration" {
		t.Errorf("got %+v, want the declaration of the type itself", got)
	}
	if got := typ.Declared("nothing"); got != nil {
		t.Errorf("got %+v", got)
	}
	all := typ.Properties()
	if last := all[len(all)-1]; last.Of != "entity" || len(all) <= len(typ.Own) {
		t.Errorf("Properties ends with %s/%s", last.Of, last.Name)
	}
}

// Whether types are abstract and open, for all that is known.
func TestKnownTypes(t *testing.T) {
	for _, tt := range []struct {
		m              *graphmeta.Model
		name           string
		abstract, open graphmeta.Answer
		mustBeDerived  bool
	}{
		{graphmeta.V1(), "windowsUpdateInstallScheduleType", graphmeta.Yes, graphmeta.No, true},
		{graphmeta.Beta(), "windowsUpdateInstallScheduleType", graphmeta.Yes, graphmeta.No, true},
		{graphmeta.V1(), "conditionalAccessExternalTenants", graphmeta.Yes, graphmeta.No, true},
		{graphmeta.V1(), "deviceConfiguration", graphmeta.Yes, graphmeta.No, true},
		{graphmeta.V1(), "windows10CustomConfiguration", graphmeta.No, graphmeta.No, false},
		{graphmeta.V1(), "group", graphmeta.No, graphmeta.Yes, false},
		{graphmeta.Beta(), "vpnConfiguration", graphmeta.Yes, graphmeta.Unknown, true},         // the documentation
		{graphmeta.Beta(), "androidWiFiConfiguration", graphmeta.No, graphmeta.Unknown, false}, // the documentation
		{graphmeta.Beta(), "winGetApp", graphmeta.Unknown, graphmeta.Unknown, false},
	} {
		typ := typeOf(t, tt.m, tt.name)
		if typ.Abstract != tt.abstract || typ.Open != tt.open || typ.HasAbstract() != tt.mustBeDerived {
			t.Errorf("%s %s: abstract %v, open %v, must be derived %v", tt.m.Version, tt.name, typ.Abstract, typ.Open, typ.HasAbstract())
		}
	}
}

func TestKnownEnums(t *testing.T) {
	for _, tt := range []struct {
		m    *graphmeta.Model
		want graphmeta.Enum
	}{
		{graphmeta.V1(), graphmeta.Enum{Name: "conditionalAccessPolicyState", Flags: graphmeta.No, Members: []string{"enabled", "disabled", "enabledForReportingButNotEnforced"}}},
		{graphmeta.V1(), graphmeta.Enum{Name: "conditionalAccessTransferMethods", Flags: graphmeta.Yes,
			Members: []string{"none", "deviceCodeFlow", "authenticationTransfer", "unknownFutureValue"}}},
		{graphmeta.Beta(), graphmeta.Enum{Name: "deviceAndAppManagementAssignmentFilterType", Flags: graphmeta.No, Members: []string{"none", "include", "exclude"}}},
		// No document has it: the SDK reads it as a collection, the typings have one value.
		{graphmeta.Beta(), graphmeta.Enum{Name: "windowsUpdateForBusinessUpdateWeeks", Flags: graphmeta.Yes,
			Members: []string{"userDefined", "firstWeek", "secondWeek", "thirdWeek", "fourthWeek", "everyWeek", "unknownFutureValue"}}},
	} {
		got, ok := tt.m.Enum(tt.want.Name)
		if diff := cmp.Diff(tt.want, got); !ok || diff != "" {
			t.Errorf("%s %s: %v (-want +got)\n%s", tt.m.Version, tt.want.Name, ok, diff)
		}
	}
	if names := graphmeta.V1().Enums(); !slices.IsSorted(names) || !slices.Contains(names, "riskLevel") {
		t.Errorf("the enumerations are %q", names)
	}
	if _, ok := graphmeta.V1().Enum("group"); ok {
		t.Error("a type is an enumeration")
	}
}

func TestEndpoint(t *testing.T) {
	type target = graphmeta.Target
	v1, beta := graphmeta.V1(), graphmeta.Beta()
	for _, tt := range []struct {
		m    *graphmeta.Model
		path string
		want target // zero for none
	}{
		{v1, "/groups", target{"group", true}},
		{v1, "/groups/1-2", target{"group", false}},
		{v1, "/groups/1-2/members", target{"directoryObject", true}},
		{v1, "/organization/{directory}/branding", target{"organizationalBranding", false}},
		{v1, "/policies/crossTenantAccessPolicy/default", target{"crossTenantAccessPolicyConfigurationDefault", false}},
		{v1, "/deviceManagement", target{"deviceManagement", false}},
		{v1, "/deviceManagement/deviceConfigurations/{id}/assignments/{id}/target", target{"deviceAndAppManagementAssignmentTarget", false}},
		{v1, "/deviceAppManagement/mobileApps/microsoft.graph.iosStoreApp", target{"iosStoreApp", true}},
		{v1, "/deviceAppManagement/mobileApps/{id}/graph.iosStoreApp/minimumSupportedOperatingSystem", target{"iosMinimumOperatingSystem", false}},
		{v1, "/deviceAppManagement/mobileApps/graph.group", target{}},
		{v1, "/deviceAppManagement/mobileApps/graph.nothing", target{}},
		{v1, "/deviceManagement/configurationPolicies", target{}},
		{beta, "/deviceManagement/configurationPolicies", target{"deviceManagementConfigurationPolicy", true}},
		{beta, "/networkAccess/filteringProfiles", target{"networkaccess.filteringProfile", true}},
		{beta, "/groupSettings", target{}},
		{beta, "/settings", target{"directorySetting", true}},
		{v1, "/Groups", target{}},
		{v1, "/groups/{id}/nothing", target{}},
		{v1, "/groups/{id}/displayName/below", target{}},
		{v1, "", target{}},
		{v1, "/", target{}},
	} {
		got, ok := tt.m.Endpoint(tt.path)
		if ok != (tt.want != target{}) || ok && got != tt.want {
			t.Errorf("%s%s: got %+v, %v, want %+v", tt.m.Version, tt.path, got, ok, tt.want)
		}
	}
}

func TestActions(t *testing.T) {
	body := func(m *graphmeta.Model, typ, action string) string {
		a, ok := typeOf(t, m, typ).Action(action)
		if !ok {
			return "none"
		}
		out := fmt.Sprint(a.V1)
		for _, p := range a.Parameters {
			out += " " + p.Name + ":" + p.Type
		}
		return out
	}
	for _, tt := range []struct{ got, want string }{
		{body(graphmeta.V1(), "deviceConfiguration", "assign"), "false assignments:deviceConfigurationAssignment"},
		{body(graphmeta.V1(), "windows10CustomConfiguration", "assign"), "false assignments:deviceConfigurationAssignment"},
		{body(graphmeta.Beta(), "deviceConfiguration", "assign"), "true assignments:deviceConfigurationAssignment"},
		{body(graphmeta.V1(), "mobileApp", "assign"), "false mobileAppAssignments:mobileAppAssignment"},
		{body(graphmeta.V1(), "group", "assign"), "none"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestOf(t *testing.T) {
	for version, want := range map[string]*graphmeta.Model{"v1.0": graphmeta.V1(), "beta": graphmeta.Beta(), "v2.0": nil, "": nil} {
		if m, ok := graphmeta.Of(version); m != want || ok != (want != nil) || ok && m.Version != version {
			t.Errorf("%q: got %p, %v", version, m, ok)
		}
	}
}

// Where the facts of another program stand beside the repository, all of them
// are in the tables.
func TestFactsOfAnotherProgram(t *testing.T) {
	for _, version := range []string{"v1.0", "beta"} {
		m, _ := graphmeta.Of(version)
		compared := 0
		for _, dir := range beside.Dirs(t, "testdata", "shared/graph/metadata") {
			raw, err := os.ReadFile(filepath.Join(dir, version+".tsv"))
			if os.IsNotExist(err) {
				continue
			} else if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(raw)) {
				f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
				if got := factOf(m, f); got != "" {
					t.Errorf("%s: %s\n got %s", version, strings.Join(f[:len(f)-1], " "), got)
				}
				compared++
			}
		}
		t.Logf("%s: %d facts", version, compared)
	}
}

// factOf returns what the tables say if it differs from a row.
func factOf(m *graphmeta.Model, f []string) string {
	said := map[graphmeta.Answer]string{graphmeta.Yes: "yes", graphmeta.No: "no", graphmeta.Unknown: "?", graphmeta.Probably: "said"}
	var got string
	switch f[0] {
	case "kind":
		at, ok := m.Endpoint(strings.ReplaceAll(f[4], "{directory}", "x"))
		if f[2] == "-" {
			if ok {
				return at.Type
			}
			return ""
		}
		if !ok || at.Type != f[2] {
			return fmt.Sprintf("%s leads to %+v, %v", f[4], at, ok)
		}
		return ""
	case "type":
		t, ok := m.Type(f[1])
		if !ok {
			return "no type"
		}
		sort := "complex"
		if t.Entity {
			sort = "entity"
		}
		got = strings.Join([]string{"type", t.Name, sort, orDash(t.Base), said[t.Abstract], said[t.Open]}, " ")
		if f[4] == "docs" {
			f[4] = "yes"
		}
	case "prop":
		t, ok := m.Type(f[1])
		if !ok {
			return "no type"
		}
		p, ok := t.Property(f[2])
		if !ok || p.Of != f[1] {
			return "no property"
		}
		value, sort := p.Type, "data"
		if p.Collection {
			value = "Collection(" + value + ")"
		}
		if p.Navigation {
			sort = "nav"
		}
		got = strings.Join([]string{"prop", p.Of, p.Name, value, said[p.Nullable], sort, marksOf(p)}, " ")
	case "enum":
		e, ok := m.Enum(f[1])
		if !ok {
			return "no enumeration"
		}
		got = strings.Join([]string{"enum", e.Name, said[e.Flags], orDash(strings.Join(e.Members, ","))}, " ")
	}
	if got == strings.Join(f[:len(f)-1], " ") {
		return ""
	}
	return got
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func marksOf(p graphmeta.Property) string {
	var out []string
	for i, name := range []string{"computed", "read", "immutable", "autoexpand", "contained", "key", "said-ro"} {
		if p.Marks&(1<<i) != 0 {
			out = append(out, name)
		}
		if p.V1Marks&(1<<i) != 0 {
			out = append(out, name+"@v1")
		}
	}
	slices.Sort(out)
	return orDash(strings.Join(out, ","))
}
