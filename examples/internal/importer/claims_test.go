package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// folderOf writes files into a folder of the test.
func folderOf(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// importFiles imports files with all kinds of the catalogue.
func importFiles(t testing.TB, files map[string]string) *Imported {
	t.Helper()
	im, err := Import(folderOf(t, files), Options{Kinds: catalogue.Default().Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// targets returns the kind and key of each imported resource.
func targets(im *Imported) (out []string) {
	for _, r := range im.Resources {
		out = append(out, r.Kind+"/"+r.Key)
	}
	return out
}

const (
	idA = "aaaaaaaa-0000-4000-8000-000000000001"
	idB = "bbbbbbbb-0000-4000-8000-000000000002"
)

// Two files that claim one id are both imported unless an object refers to it.
func TestClaimsOfOneID(t *testing.T) {
	group := func(name, id string) string { return `{"id":"` + id + `","displayName":"` + name + `"}` }
	files := map[string]string{"Groups/A.json": group("A", idA), "Groups/B.json": group("B", idA), "Groups/C.json": group("C", idB)}
	im := importFiles(t, files)
	if got := targets(im); !slices.Equal(got, []string{"groups/A", "groups/B", "groups/C"}) {
		t.Errorf("imported: %q", got)
	}
	if !slices.ContainsFunc(im.Report.Kept, func(l Line) bool {
		return l.Thing == "Groups/A.json" && strings.Contains(l.Text, "nothing refers to it")
	}) {
		t.Errorf("kept: %+v", im.Report.Kept)
	}
	files["ConditionalAccess/P.json"] = `{"displayName":"P","conditions":{"users":{"includeUsers":["All"],"excludeGroups":["` + strings.ToUpper(idA) + `"]}}}`
	if got := targets(importFiles(t, files)); !slices.Equal(got, []string{"groups/C"}) {
		t.Errorf("with a policy that refers to the id, imported: %q", got)
	}
}

// One object in two formats is one object; two contents are not.
func TestTwoFormatsOfOneObject(t *testing.T) {
	full := `{"@odata.type":"#microsoft.graph.deviceManagementConfigurationPolicy","name":"P","platforms":"macOS","technologies":"mdm",
		"settings":[{"settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance","settingDefinitionId":"x",
		"simpleSettingValue":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationStringSettingValue","value":"y"}}}]}`
	bare := strings.Replace(full, `"@odata.type":"#microsoft.graph.deviceManagementConfigurationStringSettingValue",`, "", 1)
	other := strings.Replace(bare, `"y"`, `"z"`, 1)
	im := importFiles(t, map[string]string{"Native/P.json": bare, "SettingsCatalog/P.json": full})
	if len(im.Resources) != 1 || im.Resources[0].Source != "SettingsCatalog/P.json" {
		t.Errorf("imported: %+v", im.Resources)
	}
	if im := importFiles(t, map[string]string{"Native/P.json": other, "SettingsCatalog/P.json": full}); len(im.Resources) != 0 {
		t.Errorf("two contents: %q were imported", targets(im))
	}
	// Each has a type that the other lacks.
	template := strings.Replace(bare, `"technologies"`, `"templateReference":{"@odata.type":"#microsoft.graph.other"},"technologies"`, 1)
	plain := strings.Replace(full, `"technologies"`, `"templateReference":{},"technologies"`, 1)
	if im := importFiles(t, map[string]string{"Native/P.json": template, "SettingsCatalog/P.json": plain}); len(im.Resources) != 1 {
		t.Errorf("different types: left out: %+v", im.Report.LeftOut)
	}
}

// A report stays short when thousands of files have one name.
func TestManyFilesOfOneName(t *testing.T) {
	files := map[string]string{}
	for i := range 3 * shown {
		files["Groups/"+strings.Repeat("x", i+1)+".json"] = `{"displayName":"Same","description":"` + strings.Repeat("y", i) + `"}`
	}
	im := importFiles(t, files)
	if len(im.Report.LeftOut) != len(files) {
		t.Fatalf("%d left out, want %d", len(im.Report.LeftOut), len(files))
	}
	if text := im.Report.LeftOut[0].Text; !strings.Contains(text, "and 10 more") {
		t.Errorf("the reason names all files: %s", text)
	}
}

// An object that is left out takes along what refers to it, over any number of
// objects, and each names the first cause.
func TestLeftOutTakesAlongReferrers(t *testing.T) {
	const filter = `{"id":"` + idA + `","displayName":"F","rule":"x"}` // without a platform
	const app = `{"@odata.type":"#microsoft.graph.winGetApp","id":"` + idB + `","displayName":"App","publisher":"P",
		"assignments":[{"intent":"available","target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget","deviceAndAppManagementAssignmentFilterId":"` + idA + `"}}]}`
	const set = `{"@odata.type":"#microsoft.graph.policySet","displayName":"Set","items":[{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","payloadId":"` + idB + `"}]}`
	im := importFiles(t, map[string]string{"AssignmentFilters/F.json": filter, "Applications/App.json": app, "PolicySets/Set.json": set})
	if len(im.Resources) != 0 {
		t.Errorf("imported: %q", targets(im))
	}
	for _, l := range im.Report.LeftOut {
		if strings.Count(l.Text, "it refers to") > 1 || !strings.Contains(l.Text, `"platform" is missing`) {
			t.Errorf("%s: %s", l.Thing, l.Text)
		}
	}
}

// A chain of any length shows its first cause alone.
func TestChainShowsItsFirstCause(t *testing.T) {
	files := map[string]string{}
	for i := range 5 {
		files[fmt.Sprintf("Groups/%d.json", i)] = fmt.Sprintf(`{"@odata.type":"#microsoft.graph.group","id":"%08x-0000-4000-8000-00000000c0de","displayName":"G%d","parent":"%08x-0000-4000-8000-00000000c0de"}`, i, i, i+1)
	}
	im, err := Import(folderOf(t, files), Options{Kinds: linearKinds()})
	if err != nil {
		t.Fatal(err)
	}
	if len(im.Report.LeftOut) != 5 {
		t.Fatalf("imported: %q", targets(im))
	}
	for _, l := range im.Report.LeftOut {
		if strings.Count(l.Text, "it refers to") > 2 || !strings.Contains(l.Text, "00000005-") {
			t.Errorf("%s: %s", l.Thing, l.Text)
		}
	}
}
