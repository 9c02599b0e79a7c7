package importer

import (
	"errors"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

var update = flag.Bool("update", false, "write testdata/export.report anew")

func TestImportReport(t *testing.T) {
	im := mustImport(t, "testdata/export")
	var got strings.Builder
	im.Report.Print(&got)
	const golden = "testdata/export.report"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("report:\n%s\nwant:\n%s", got.String(), want)
	}
}

func TestImportedBodies(t *testing.T) {
	im := mustImport(t, "testdata/export")
	tests := []struct {
		kind, key, explanation string
		want                   []string // lines without indent and comma
		not                    []string
	}{
		{
			tenanttest.Groups, "Pilot", "UTF-16 is read, what the service sets is dropped, the tenant's id becomes a variable and foreign ${ is escaped",
			[]string{
				`"description": "Pilot of ${var:tenantId} and ${var:tenantId}: costs $${5}"`,
				`"membershipRule": null`, `"securityEnabled": true`,
			},
			[]string{"createdDateTime", "organizationId", `"id"`, "@odata"},
		},
		{
			tenanttest.ConditionalAccessPolicies, "Everything", "ids become names, also in capitals and of groups that only the table knows; well-known values stay",
			[]string{
				`"${groups/Pilot}"`, `"${groups/Only in the table}"`, `"${groups/Claimed}"`,
				`"${namedLocations/Head office %231 {Zürich%7D 100%25}"`, `"AllTrusted"`,
				`"62e90394-69f5-4237-9190-012177145e10"`, `"00000002-0000-0ff1-ce00-000000000000"`,
				`"id": "00000000-0000-0000-0000-000000000004"`,
				`"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants"`,
				`"agentIdRiskLevels": "high"`,
			},
			[]string{"restore", "Phishing-resistant", "conditionalAccessConditionSet", "allowedCombinations", "odata.context"},
		},
		{
			tenanttest.ConditionalAccessPolicies, "Without a state", "a policy of unknown state does nothing",
			[]string{`"state": "disabled"`}, nil,
		},
		{
			tenanttest.NamedLocations, "Head office #1 {Zürich} 100%", "name becomes displayName, and a type that says something stays",
			[]string{
				`"displayName": "Head office #1 {Zürich} 100%"`, `"@odata.type": "#microsoft.graph.ipNamedLocation"`,
				`"@odata.type": "#microsoft.graph.iPv4CidrRange"`,
			},
			[]string{`"name"`, "Collection"},
		},
		{
			tenanttest.CompliancePolicies, "Linux", "displayName becomes name, and the content tells the kind",
			[]string{`"name": "Linux"`}, []string{"displayName"},
		},
		{
			tenanttest.DeviceCompliancePolicies, "iOS", "assignments name their groups, and an action is taken by default",
			[]string{`"groupId": "${groups/Pilot}"`, `"actionType": "block"`, `"0"`}, []string{`"id"`},
		},
		{
			tenanttest.Groups, "Budget ${2026}", "a key is no template, a body is one",
			[]string{`"displayName": "Budget $${2026}"`}, nil,
		},
		{
			tenanttest.ConditionalAccessPolicies, "To a dollar", "a brace in a name does not end the reference",
			[]string{`"${groups/Budget ${2026%7D}"`}, nil,
		},
		{
			tenanttest.DeviceConfigurations, "Custom", "a masked secret stays masked, and its token is worth nothing elsewhere",
			[]string{`"value": "****"`}, []string{"secretReferenceValueId", "isEncrypted"},
		},
		{
			tenanttest.Groups, "Only in the table", "a group that only the table knows is made",
			[]string{`"displayName": "Only in the table"`, `"mailNickname": "Onlyinthetable"`, `"securityEnabled": true`}, nil,
		},
		{
			tenanttest.Groups, "Windows devices", "a group with a rule is a dynamic one",
			[]string{`"DynamicMembership"`, `"membershipRuleProcessingState": "On"`}, nil,
		},
		{
			tenanttest.AuthorizationPolicy, tenanttest.AuthorizationPolicy, "a singleton's key is its kind",
			[]string{`"allowInvitesFrom": "adminsAndGuestInviters"`}, []string{`"id"`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.key, func(t *testing.T) {
			body := string(find(t, im.Resources, tt.kind, tt.key).Body)
			lines := strings.Split(body, "\n")
			for i, l := range lines {
				lines[i] = strings.TrimSuffix(strings.TrimSpace(l), ",")
			}
			for _, want := range tt.want {
				if !slices.Contains(lines, want) {
					t.Errorf("no line %s (%s) in\n%s", want, tt.explanation, body)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(body, not) {
					t.Errorf("%s (%s) in\n%s", not, tt.explanation, body)
				}
			}
		})
	}
}

func TestImportErrors(t *testing.T) {
	im := mustImport(t, "testdata/export")
	reason := func(file string) error {
		t.Helper()
		for _, l := range im.Report.LeftOut {
			if l.Thing == file {
				return l.Err
			}
		}
		t.Fatalf("%s is not among what was left out", file)
		return nil
	}
	t.Run("the migration table decides between two claims", func(t *testing.T) {
		claimed, ok := errors.AsType[*ClaimedTwiceError](reason("Groups/Claimed, under its former name.json"))
		if !ok || claimed.Kept != "Groups/Claimed.json" || len(claimed.Files) != 2 {
			t.Errorf("got %+v", claimed)
		}
	})
	t.Run("claims that nothing decides take along what refers to them", func(t *testing.T) {
		for _, file := range []string{"Groups/Twin A.json", "Groups/Twin B.json", "ConditionalAccess/To a twin.json"} {
			claimed, ok := errors.AsType[*ClaimedTwiceError](reason(file))
			if !ok || claimed.Kept != "" || claimed.ID != "aaaaaaaa-0000-4000-8000-000000000004" {
				t.Errorf("%s: got %v", file, reason(file))
			}
		}
	})
	t.Run("two contents of one name", func(t *testing.T) {
		same, ok := errors.AsType[*SameNameError](reason("Filters/Twice.json"))
		if !ok || !slices.Equal(same.Files, []string{"Filters/Filters.json[2]", "Filters/Twice.json"}) {
			t.Errorf("got %+v", same)
		}
	})
	t.Run("a broken file is named with the place", func(t *testing.T) {
		broken, ok := errors.AsType[*tenant.FileError](reason("Groups/Broken.json"))
		if !ok || broken.Line != 3 {
			t.Errorf("got %+v", broken)
		}
	})
	t.Run("people are not named by id", func(t *testing.T) {
		if err := reason("ConditionalAccess/By user.json"); !errors.Is(err, errPerson) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a folder that is not there", func(t *testing.T) {
		if _, err := Import(filepath.Join(t.TempDir(), "none"), Options{Kinds: tenanttest.Kinds()}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an empty folder", func(t *testing.T) {
		if im := mustImport(t, t.TempDir()); len(im.Resources) != 0 || im.Report.Files != 0 {
			t.Errorf("got %+v", im)
		}
	})
}

func TestPrintIsBounded(t *testing.T) {
	r := newReport()
	for range shown + 3 {
		r.altered("file", "changed")
	}
	var b strings.Builder
	r.Print(&b)
	if got := strings.Count(b.String(), "    file\n"); got != shown || !strings.Contains(b.String(), "… and 3 more") {
		t.Errorf("it shows %d of %d and says:\n%s", got, shown+3, b.String())
	}
}

func TestEveryFileIsAccountedFor(t *testing.T) {
	for _, dir := range slices.Concat([]string{"testdata/export"}, baselines(t), templates(t)) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			im := mustImport(t, dir)
			files := map[string]bool{migrationTableName: true}
			name := func(of string) string { return strings.TrimRight(of, "[0123456789]") } // without the place in a list
			for _, r := range im.Resources {
				files[name(r.Source)] = true
			}
			for _, l := range im.Report.LeftOut {
				files[name(l.Thing)] = true
			}
			err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() && !files[name] {
					t.Errorf("%s is neither imported nor reported", name)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// baselines are exports of a Conditional Access baseline: a small one of our own,
// and a real one where it is beside the repository.
func baselines(t *testing.T) []string {
	return beside.Dirs(t, "testdata/baseline", "shared/data/conditional-access-baseline/Config")
}

// templates are templates of Intune, likewise.
func templates(t *testing.T) []string {
	return beside.Dirs(t, "testdata/templates", "shared/data/intune-hydration/Templates")
}

func TestImportBaseline(t *testing.T) {
	wants := []map[string]int{
		{tenanttest.ConditionalAccessPolicies: 6, tenanttest.NamedLocations: 3, tenanttest.Groups: 5, "claimed": 1},
		{tenanttest.ConditionalAccessPolicies: 36, tenanttest.NamedLocations: 3, tenanttest.Groups: 34, "claimed": 2},
	}
	for i, dir := range baselines(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) { checkBaseline(t, mustImport(t, dir), wants[i]) })
	}
}

func checkBaseline(t *testing.T, im *Imported, want map[string]int) {
	t.Helper()
	for _, kind := range []string{tenanttest.ConditionalAccessPolicies, tenanttest.NamedLocations, tenanttest.Groups} {
		if got := im.Report.Imported[kind]; got != want[kind] {
			t.Errorf("%d %s, want %d", got, kind, want[kind])
		}
	}
	claimed := 0
	for _, l := range im.Report.LeftOut {
		if _, ok := errors.AsType[*ClaimedTwiceError](l.Err); !ok {
			t.Errorf("left out: %s: %s", l.Thing, l.Text)
		}
		claimed++
	}
	if claimed != want["claimed"] {
		t.Errorf("%d ids claimed twice, want %d", claimed, want["claimed"])
	}
	checkReferences(t, im)
}

// checkReferences follows every reference of what was imported, and looks for
// ids that should not be there.
func checkReferences(t *testing.T, im *Imported) {
	t.Helper()
	kinds := make(map[string]tenant.Kind)
	for _, k := range tenanttest.Kinds() {
		kinds[k.Name] = k
	}
	named := 0
	for _, r := range im.Resources {
		body, err := bodies.Decode(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range kinds[r.Kind].References {
			bodies.StringsOf(body, ref, func(s string) {
				if kind, key, ok := bodies.ParseReference(s); ok {
					find(t, im.Resources, kind, key)
					named++
					return
				}
				reported := slices.ContainsFunc(im.Report.Kept, func(l Line) bool { return strings.Contains(l.Text, s) })
				if s != "" && !bodies.IsLiteral(ref.Literals, s) && !reported {
					t.Errorf("%s %s: %s is neither a name nor a literal nor reported", r.Key, ref.Path, s)
				}
			})
		}
		// Outside references only roles and applications may be named by id.
		bodies.EditStrings(without(body, "/conditions/users/includeRoles", "/conditions/users/excludeRoles",
			"/conditions/applications/includeApplications", "/conditions/applications/excludeApplications"),
			func(s string) string {
				if id := guid.FindString(s); id != "" && !strings.HasPrefix(id, "00000000-0000-0000-0000-") {
					t.Errorf("%s %s still holds the id %s", r.Kind, r.Key, id)
				}
				return s
			})
	}
	if named == 0 {
		t.Error("no reference was found at all")
	}
}

func TestImportTemplates(t *testing.T) {
	wants := []map[string]int{{
		tenanttest.AssignmentFilters: 2, tenanttest.CompliancePolicies: 1, tenanttest.ConditionalAccessPolicies: 2,
		tenanttest.DeviceCompliancePolicies: 1, tenanttest.Groups: 3, tenanttest.NotificationMessageTemplates: 1,
		"androidManagedAppProtections": 1, "iosManagedAppProtections": 1, "mobileApps": 2,
		"deviceEnrollmentConfigurations": 1, "windowsAutopilotDeploymentProfiles": 1,
	}, {
		tenanttest.AssignmentFilters: 24, tenanttest.CompliancePolicies: 2, tenanttest.ConditionalAccessPolicies: 14,
		tenanttest.DeviceCompliancePolicies: 5, tenanttest.Groups: 47, tenanttest.NotificationMessageTemplates: 1,
		"androidManagedAppProtections": 4, "iosManagedAppProtections": 4, "mobileApps": 17,
		"deviceEnrollmentConfigurations": 1, "windowsAutopilotDeploymentProfiles": 2,
	}}
	for i, dir := range templates(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) { checkTemplates(t, dir, wants[i]) })
	}
}

func checkTemplates(t *testing.T, dir string, wants map[string]int) {
	t.Helper()
	im, err := Import(dir, Options{Kinds: catalogue.Default().Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range wants {
		if got := im.Report.Imported[kind]; got != want {
			t.Errorf("%d %s, want %d", got, kind, want)
		}
	}
	for _, r := range im.Resources {
		if r.Kind == tenanttest.ConditionalAccessPolicies && !strings.Contains(string(r.Body), `"state": "disabled"`) {
			t.Errorf("%s had no state and is not disabled", r.Key)
		}
	}
}

// Kinds that were mistaken once: a member of a group, an Intune role in a folder that
// Entra's roles have too, types of kinds whose folder was unknown, and a file with a
// context alone.
func TestMistakenKinds(t *testing.T) {
	dirs := beside.Dirs(t, folderOf(t, map[string]string{
		"Groups/" + idA + "/" + idA + ".json":         `{"id":"` + idA + `","displayName":"Pilot","mailEnabled":false,"securityEnabled":true,"mailNickname":"pilot","groupTypes":[]}`,
		"Groups/" + idA + "/Members/" + idB + ".json": `{"@odata.type":"#microsoft.graph.user","id":"` + idB + `","displayName":"Alex Example","userPrincipalName":"alex@contoso.example"}`,
		"RoleDefinitions/helpdesk.json":               `{"@odata.type":"#microsoft.graph.deviceAndAppManagementRoleDefinition","displayName":"Help desk","rolePermissions":[]}`,
		"UpdatePolicies/ring.json":                    `{"@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","displayName":"Ring 1","qualityUpdatesDeferralPeriodInDays":3}`,
		"DriverUpdateProfiles/ring.json":              `{"@odata.type":"#microsoft.graph.windowsDriverUpdateProfile","displayName":"Drivers 1","approvalType":"automatic"}`,
		"Flat/policy.json":                            `{"@odata.context":"` + metadata + `identity/conditionalAccess/policies/$entity","displayName":"Require MFA","state":"disabled","conditions":{"users":{"includeUsers":["All"]}}}`,
	}), "shared/cases/import")
	want := map[string]int{"groups": 1, "intuneRoleDefinitions": 1, "deviceConfigurations": 1, "windowsDriverUpdateProfiles": 1, "conditionalAccessPolicies": 1}
	for _, dir := range dirs {
		im, err := Import(dir, Options{Kinds: catalogue.Default().Kinds()})
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(im.Report.Imported, want) {
			t.Errorf("%s: %v, want %v; left out: %+v", dir, im.Report.Imported, want, im.Report.LeftOut)
		}
	}
}

func TestSplitFold(t *testing.T) {
	tests := []struct {
		s, word string
		want    []string
	}{
		{"", "x", []string{""}},
		{"aXbxc", "x", []string{"a", "b", "c"}},
		{"xx", "X", []string{"", "", ""}},
		{"abc", "", []string{"abc"}},
		{"żx", "x", []string{"ż", ""}},
	}
	for _, tt := range tests {
		if got := splitFold(tt.s, tt.word); !slices.Equal(got, tt.want) {
			t.Errorf("splitFold(%q, %q) = %q, want %q", tt.s, tt.word, got, tt.want)
		}
	}
}

func mustImport(t *testing.T, dir string) *Imported {
	t.Helper()
	im, err := Import(dir, Options{Kinds: tenanttest.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func find(t *testing.T, resources []tenant.Resource, kind, key string) tenant.Resource {
	t.Helper()
	for _, r := range resources {
		if r.Kind == kind && r.Key == key {
			return r
		}
	}
	t.Errorf("no %s %q", kind, key)
	return tenant.Resource{}
}

// without returns body without what is at the paths.
func without(body map[string]any, paths ...string) map[string]any {
	for _, p := range paths {
		bodies.EditAt(body, bodies.Segments(p), func(any) (any, bool) { return nil, false })
	}
	return body
}
