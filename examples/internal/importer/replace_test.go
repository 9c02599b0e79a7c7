package importer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// configuration is one that imports change.
type configuration struct {
	resources map[target]string
	origins   []Origin
}

// take imports files into the configuration.
func (c *configuration) take(t *testing.T, files map[string]string, replace bool) *Merge {
	t.Helper()
	m, err := importFiles(t, files).Merge(c.list(), c.origins, replace)
	if err != nil {
		t.Fatal(err)
	}
	if c.resources == nil {
		c.resources = map[target]string{}
	}
	for _, change := range m.Changes {
		at := target{change.Kind, change.Key}
		if change.Body == nil {
			if _, there := c.resources[at]; !there {
				t.Errorf("%v is removed, and is not there", at)
			}
			delete(c.resources, at)
		} else {
			c.resources[at] = string(change.Body)
		}
	}
	c.origins = m.Origins
	for _, o := range c.origins {
		if _, there := c.resources[target{o.Kind, o.Key}]; !there {
			t.Errorf("the origin of %s/%s is kept, which is not there", o.Kind, o.Key)
		}
	}
	return m
}

func (c *configuration) list() (out []tenant.Resource) {
	for at, body := range c.resources {
		out = append(out, tenant.Resource{Kind: at.kind, Key: at.key, Body: []byte(body)})
	}
	slices.SortFunc(out, func(a, b tenant.Resource) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
	return out
}

func (c *configuration) keys() (out []string) {
	for _, r := range c.list() {
		out = append(out, r.Kind+"/"+r.Key)
	}
	return out
}

// names are the previous names of a resource's file.
func (c *configuration) names(t *testing.T, kind, key string) (out []string) {
	t.Helper()
	body, err := bodies.Decode([]byte(c.resources[target{kind, key}]))
	if err != nil {
		t.Fatalf("%s/%s: %v", kind, key, err)
	}
	list, _ := body["$previousNames"].([]any)
	for _, v := range list {
		out = append(out, v.(string))
	}
	return out
}

func settings(id int, name string, more ...string) string {
	return fmt.Sprintf(`{"@odata.type":"#microsoft.graph.deviceManagementConfigurationPolicy","id":"%08x-0000-4000-8000-00000000c0de","name":%q,"platforms":"windows10","technologies":"mdm","settings":[]%s}`,
		id, name, strings.Join(more, ""))
}

// Three releases of a baseline, whose names have the version.
func TestReleaseReplacesAnother(t *testing.T) {
	release := func(version string, ids ...int) map[string]string {
		files := map[string]string{}
		for _, id := range ids {
			name := fmt.Sprintf("Policy %d - %s", id, version)
			files["SettingsCatalog/"+name+".json"] = settings(id, name, `,"assignments":[]`)
		}
		return files
	}
	var c configuration
	c.take(t, release("v1", 1, 2, 3), false)
	c.resources[target{"groups", "Own"}] = `{"displayName":"Own"}`
	policy1 := target{"configurationPolicies", "Policy 1 - v1"}
	const assigned = `"assignments": [{"target": {"groupId": "${groups/Own}"}}],`
	c.resources[policy1] = strings.Replace(c.resources[policy1], "{", "{"+assigned, 1)

	m := c.take(t, release("v2", 1, 2, 4), true)
	want := []string{"configurationPolicies/Policy 1 - v2", "configurationPolicies/Policy 2 - v2", "configurationPolicies/Policy 4 - v2", "groups/Own"}
	if diff := gocmp.Diff(want, c.keys()); diff != "" {
		t.Errorf("after the second release (-want +got):\n%s", diff)
	}
	renames := []Rename{{"configurationPolicies", "Policy 1 - v1", "Policy 1 - v2"}, {"configurationPolicies", "Policy 2 - v1", "Policy 2 - v2"}}
	if diff := gocmp.Diff(renames, m.Renamed); diff != "" {
		t.Errorf("renamed (-want +got):\n%s", diff)
	}
	if len(m.Removed) != 1 || m.Removed[0].Key != "Policy 3 - v1" {
		t.Errorf("removed: %+v", m.Removed)
	}
	if body := c.resources[target{"configurationPolicies", "Policy 1 - v2"}]; !strings.Contains(body, "${groups/Own}") {
		t.Errorf("the assignments are lost:\n%s", body)
	}

	c.take(t, release("v3", 1, 2, 4), true)
	if got := c.names(t, "configurationPolicies", "Policy 1 - v3"); !slices.Equal(got, []string{"Policy 1 - v1", "Policy 1 - v2"}) {
		t.Errorf("previous names: %q", got)
	}
	if m := c.take(t, release("v3", 1, 2, 4), true); len(m.Changes) != 0 {
		t.Errorf("the same release again changes something: %+v", m.Changes)
	}
	if got := c.names(t, "configurationPolicies", "Policy 1 - v3"); len(got) != 2 {
		t.Errorf("the previous names are lost: %q", got)
	}
	c.take(t, release("v1", 1, 2, 4), true)
	if got := c.names(t, "configurationPolicies", "Policy 1 - v1"); !slices.Equal(got, []string{"Policy 1 - v2", "Policy 1 - v3"}) {
		t.Errorf("back at the first names, previous names: %q", got)
	}
}

// A host that died between two writes has origins twice, and some of what is not
// there.
func TestOriginsTwice(t *testing.T) {
	var c configuration
	c.take(t, map[string]string{"SettingsCatalog/A.json": settings(1, "A")}, false)
	c.origins = append(c.origins, append(c.origins, Origin{Kind: "groups", Key: "Gone"})...)
	m := c.take(t, map[string]string{"SettingsCatalog/B.json": settings(1, "B")}, true)
	if len(m.Renamed) != 1 || len(m.Removed) != 0 || len(c.origins) != 1 {
		t.Errorf("%+v", m)
	}
}

// Without replace nothing goes and nothing is renamed.
func TestImportAdds(t *testing.T) {
	var c configuration
	c.take(t, map[string]string{"SettingsCatalog/A.json": settings(1, "A")}, false)
	m := c.take(t, map[string]string{"SettingsCatalog/B.json": settings(1, "B")}, false)
	if !slices.Equal(c.keys(), []string{"configurationPolicies/A", "configurationPolicies/B"}) || len(m.Removed)+len(m.Renamed) > 0 {
		t.Errorf("%q, %+v", c.keys(), m)
	}
	if m := c.take(t, map[string]string{"SettingsCatalog/C.json": settings(3, "C")}, true); len(m.Removed) != 2 {
		t.Errorf("what both imports brought is not replaced: %+v", m.Removed)
	}
}

// An id that several objects have proves no rename.
func TestSharedIDRenamesNothing(t *testing.T) {
	var c configuration
	c.take(t, map[string]string{"SettingsCatalog/A.json": settings(1, "A")}, false)
	m := c.take(t, map[string]string{"SettingsCatalog/B.json": settings(1, "B"), "SettingsCatalog/C.json": settings(1, "C")}, true)
	if len(m.Renamed) != 0 || !slices.Equal(c.keys(), []string{"configurationPolicies/B", "configurationPolicies/C"}) {
		t.Errorf("%q, %+v", c.keys(), m.Renamed)
	}
}

// Neither do two files with one id in the release before.
func TestSharedIDBeforeRenamesNothing(t *testing.T) {
	var c configuration
	c.take(t, map[string]string{"SettingsCatalog/A.json": settings(1, "A"), "SettingsCatalog/B.json": settings(1, "B")}, false)
	m := c.take(t, map[string]string{"SettingsCatalog/C.json": settings(1, "C")}, true)
	if len(m.Renamed) != 0 || len(m.Removed) != 2 {
		t.Errorf("%+v", m)
	}
}

// A file that was imported, and to which a person added the id, is one file.
func TestImportedFileWithAnIDIsRenamed(t *testing.T) {
	var c configuration
	c.take(t, map[string]string{"SettingsCatalog/A.json": settings(1, "A")}, false)
	c.resources[target{"configurationPolicies", "A"}] = settings(1, "A")
	if m := c.take(t, map[string]string{"SettingsCatalog/B.json": settings(1, "B")}, true); len(m.Renamed) != 1 {
		t.Errorf("%+v", m)
	}
}

// A file that has its object's id itself is renamed too: another program imported it.
func TestFileWithAnIDIsRenamed(t *testing.T) {
	c := configuration{resources: map[target]string{{"configurationPolicies", "A"}: settings(1, "A")}}
	m := c.take(t, map[string]string{"SettingsCatalog/B.json": settings(1, "B")}, true)
	if len(m.Renamed) != 1 || !slices.Equal(c.keys(), []string{"configurationPolicies/B"}) {
		t.Errorf("%q, %+v", c.keys(), m.Renamed)
	}
}

// A refused file of the new release removes nothing.
func TestRefusedFileRemovesNothing(t *testing.T) {
	const broken = `{"displayName": `
	first := map[string]string{
		"SettingsCatalog/A.json": settings(1, "A"), "SettingsCatalog/B.json": settings(2, "B"),
		"Groups/G.json": `{"id":"` + idA + `","displayName":"G"}`, "Filters/F.json": `{"displayName":"F","platform":"iOS","rule":"x"}`,
	}
	tests := map[string]struct {
		file, text string
		held       []string
	}{
		"the same file is broken":                         {"SettingsCatalog/A.json", broken, []string{"A"}},
		"a file of another name is broken":                {"SettingsCatalog/A v2.json", broken, []string{"A", "B", "F", "G"}},
		"it lacks a property":                             {"SettingsCatalog/A v2.json", strings.Replace(settings(1, "A"), `"platforms":"windows10",`, "", 1), []string{"A"}},
		"it lacks its name":                               {"SettingsCatalog/C.json", strings.Replace(settings(3, ""), `"name":"",`, "", 1), []string{"A", "B"}},
		"its name and its id are new":                     {"SettingsCatalog/C.json", strings.Replace(settings(3, "C"), `"platforms":"windows10",`, "", 1), nil},
		"its name is new, and it has no id":               {"SettingsCatalog/C.json", `{"@odata.type":"#microsoft.graph.deviceManagementConfigurationPolicy","name":"C"}`, []string{"A", "B"}},
		"a list of another kind with the same id":         {"Groups/list.json", `[{"@odata.type":"#microsoft.graph.deviceAndAppManagementAssignmentFilter","id":"` + idA + `","displayName":"E"},{"displayName":"E2"}]`, []string{"F"}},
		"its id is new, and a known resource has none":    {"Filters/E.json", `{"id":"` + idB + `","displayName":"E","rule":"x"}`, []string{"F"}},
		"the folder does not fit":                         {"Groups/Odd.json", `{"displayName":"Odd","color":"red"}`, []string{"A", "B", "F", "G"}},
		"it can be no object of an import":                {"Groups/Person.json", `{"@odata.type":"#microsoft.graph.user","displayName":"Alex Example"}`, nil},
		"it has the name of an object that is not JSON":   {"README.md", "# A", nil},
		"a row whose content cannot be read":              {"row.json", `{"PartitionKey":"IntuneTemplate","RowKey":"x","JSON":"{"}`, []string{"A", "B", "F", "G"}},
		"a resource with an expression and a known name":  {"main.tf.json", `{"resource":{"azuread_group":{"g":{"display_name":"G","description":"${var.x}"}}}}`, []string{"G"}},
		"a resource that is never read":                   {"main.tf.json", `{"resource":{"azuread_user":{"g":{"display_name":"G"}}}}`, nil},
		"two files of one name":                           {"Groups/list.json", `[{"displayName":"G","description":"1"},{"displayName":"G","description":"2"}]`, []string{"G"}},
		"an unknown type in the file of a known resource": {"SettingsCatalog/A.json", `{"@odata.type":"#microsoft.graph.futurePolicy","name":"A"}`, []string{"A"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var c configuration
			c.take(t, first, false)
			m := c.take(t, map[string]string{tt.file: tt.text, "SettingsCatalog/New.json": settings(9, "New")}, true)
			var held []string
			for _, h := range m.Held {
				held = append(held, h.Key)
				if !strings.Contains(h.Why, "was refused") {
					t.Errorf("%s is held: %s", h.Key, h.Why)
				}
			}
			if slices.Sort(held); !slices.Equal(held, tt.held) {
				t.Errorf("held %q, want %q", held, tt.held)
			}
			if got := len(held) + len(m.Removed); got != len(first) {
				t.Errorf("%d of %d resources are held or removed", got, len(first))
			}
			// The next release, which is whole, takes them along.
			if m := c.take(t, map[string]string{"SettingsCatalog/New.json": settings(9, "New")}, true); len(m.Held) != 0 || len(c.resources) != 1 {
				t.Errorf("after a whole release: %q, held %+v", c.keys(), m.Held)
			}
		})
	}
}

// A list that is broken holds what stood in it, and nothing else.
func TestBrokenListHoldsItsObjects(t *testing.T) {
	var c configuration
	c.take(t, map[string]string{"Groups/list.json": `[{"displayName":"G"},{"displayName":"H"}]`, "Groups/I.json": `{"displayName":"I"}`}, false)
	m := c.take(t, map[string]string{"Groups/list.json": `[`, "SettingsCatalog/New.json": settings(9, "New")}, true)
	if len(m.Held) != 2 || m.Held[0].Key != "G" || m.Held[1].Key != "H" || len(m.Removed) != 1 {
		t.Errorf("held %+v, removed %+v", m.Held, m.Removed)
	}
}

// What another file refers to stays, and so does what that refers to.
func TestReferredResourceIsHeld(t *testing.T) {
	var c configuration
	c.take(t, map[string]string{"Groups/G.json": `{"id":"` + idA + `","displayName":"G"}`, "Groups/H.json": `{"displayName":"H"}`}, false)
	c.resources[target{"conditionalAccessPolicies", "Own"}] = `{"conditions":{"users":{"excludeGroups":["${groups/G}"]}}}`
	m := c.take(t, map[string]string{"SettingsCatalog/A.json": settings(1, "A")}, true)
	if len(m.Held) != 1 || m.Held[0].Key != "G" || m.Held[0].Why != `conditionalAccessPolicies "Own" refers to it` {
		t.Errorf("held: %+v", m.Held)
	}
	if len(m.Removed) != 1 || m.Removed[0].Key != "H" {
		t.Errorf("removed: %+v", m.Removed)
	}
}

// An import into its own folder keeps what people wrote there.
func TestImportKeepsWhatPeopleWrote(t *testing.T) {
	var c configuration
	files := map[string]string{"SettingsCatalog/A.json": settings(1, "A")}
	c.take(t, files, false)
	at := target{"configurationPolicies", "A"}
	c.resources[at] = strings.Replace(c.resources[at], "{", `{"$comment": "ours", "$previousNames": ["Z"], "assignments": [{"target": {"groupId": "${groups/G}"}}],`, 1)
	before := maps.Clone(c.resources)
	if m := c.take(t, files, false); len(m.Changes) != 0 || m.InPlace != 1 {
		t.Errorf("%+v", m)
	}
	if diff := gocmp.Diff(before[at], c.resources[at]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An empty list of assignments is not managed, unless the host asks for it.
func TestEmptyAssignments(t *testing.T) {
	dir := folderOf(t, map[string]string{"SettingsCatalog/A.json": settings(1, "A", `,"assignments":[]`)})
	for _, keep := range []bool{false, true} {
		im, err := Import(dir, Options{Kinds: catalogue.Default().Kinds(), EmptyAssignments: keep})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(im.Resources[0].Body), "assignments"); got != keep {
			t.Errorf("with EmptyAssignments %v the body is %s", keep, im.Resources[0].Body)
		}
	}
}
