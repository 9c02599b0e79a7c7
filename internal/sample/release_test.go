package sample_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/sample"
)

// exporters are the members that an exporter writes and that configure nothing,
// and the name, which renames change.
var exporters = []string{"@odata.context", "settings@odata.context", "createdDateTime", "lastModifiedDateTime", "id", "settingCount",
	"creationSource", "priorityMetaData", "isAssigned", "assignments", "name"}

// configured returns the configuration of a policy, without its name.
func configured(policy map[string]any) map[string]any {
	policy = maps.Clone(policy)
	for _, name := range exporters {
		delete(policy, name)
	}
	return policy
}

func decodedFiles(t *testing.T, files map[string]json.RawMessage) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	for key, body := range files {
		all[key] = decoded(t, body)
		if all[key]["name"] != key {
			t.Errorf("the file %q names its policy %v", key, all[key]["name"])
		}
		if _, ok := all[key]["assignments"]; ok {
			t.Errorf("the file %q has assignments", key)
		}
	}
	return all
}

// The counts, found in the files alone: names without the version tell which
// files of the two releases are one policy.
func TestRelease(t *testing.T) {
	r := sample.Release()
	before, after := decodedFiles(t, r.Before), decodedFiles(t, r.After)
	version := regexp.MustCompile(` - v3\.\d$`)
	names := map[string]string{} // without the version, as it was before
	for key := range before {
		name := version.ReplaceAllString(key, "")
		if name == key || names[name] != "" {
			t.Errorf("%q has no version, or another file has its name", key)
		}
		names[name] = key
	}
	var renames []sample.Rename
	var updated, added, untouched []string
	moved := 0
	for _, key := range slices.Sorted(maps.Keys(after)) {
		is, was := after[key], before[names[version.ReplaceAllString(key, "")]]
		same := was != nil && reflect.DeepEqual(configured(was), configured(is))
		switch {
		case was == nil:
			added = append(added, key)
		case was["name"] != key:
			renames = append(renames, sample.Rename{From: was["name"].(string), To: key, SameID: was["id"] == is["id"], Changed: !same})
		case was["id"] != is["id"]:
			t.Errorf("%q has the same name and another id", key)
		case same:
			untouched = append(untouched, key)
			if was["lastModifiedDateTime"] != is["lastModifiedDateTime"] {
				moved++
			}
		default:
			updated = append(updated, key)
		}
	}
	count := func(which func(sample.Rename) bool) (n int) {
		for _, r := range renames {
			if which(r) {
				n++
			}
		}
		return n
	}
	got := map[string]int{
		"before": len(before), "after": len(after), "updated": len(updated), "added": len(added), "untouched": len(untouched), "moved": moved,
		"renamed, same id":           count(func(r sample.Rename) bool { return r.SameID && !r.Changed }),
		"renamed and changed":        count(func(r sample.Rename) bool { return r.SameID && r.Changed }),
		"renamed, other id":          count(func(r sample.Rename) bool { return !r.SameID && !r.Changed }),
		"renamed, other id, changed": count(func(r sample.Rename) bool { return !r.SameID && r.Changed }),
	}
	want := map[string]int{
		"before": 120, "after": 140, "updated": 55, "added": 20, "untouched": 14, "moved": 7,
		"renamed, same id": 18, "renamed and changed": 9, "renamed, other id": 18, "renamed, other id, changed": 6,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	sorted := func(renames []sample.Rename) map[string]sample.Rename {
		m := map[string]sample.Rename{}
		for _, r := range renames {
			m[r.From] = r
		}
		return m
	}
	if diff := cmp.Diff(sorted(renames), sorted(r.Renames)); diff != "" {
		t.Errorf("renames (-files +told):\n%s", diff)
	}
	for name, lists := range map[string][2][]string{"updated": {updated, r.Updated}, "added": {added, r.Added}, "untouched": {untouched, r.Untouched}} {
		if told := slices.Sorted(slices.Values(lists[1])); !slices.Equal(lists[0], told) {
			t.Errorf("%s: the files say %q, the baseline %q", name, lists[0], told)
		}
	}
}

// All policies of a release have different configurations, so that the content
// identifies a policy, and different ids.
func TestReleaseContentIsUnique(t *testing.T) {
	r := sample.Release()
	for name, files := range map[string]map[string]json.RawMessage{"before": r.Before, "after": r.After} {
		ids, contents := map[any]string{}, map[string]string{}
		for key, file := range decodedFiles(t, files) {
			text, err := json.Marshal(configured(file))
			if err != nil {
				t.Fatal(err)
			}
			if other := contents[string(text)] + ids[file["id"]]; other != "" {
				t.Errorf("%s: %q is like %q", name, key, other)
			}
			contents[string(text)], ids[file["id"]] = key, key
		}
	}
}

// The tenant has the configuration of the files before the release, with its
// own ids.
func TestReleaseTenant(t *testing.T) {
	r := sample.Release()
	before := decodedFiles(t, r.Before)
	if len(r.Tenant) != len(before) || len(r.TenantLater) != len(before) {
		t.Fatalf("got %d and %d objects, want %d", len(r.Tenant), len(r.TenantLater), len(before))
	}
	for i, o := range r.Tenant {
		object, later := decoded(t, o.Body), decoded(t, r.TenantLater[i].Body)
		file := before[object["name"].(string)]
		if object["id"] != o.ID || later["id"] != o.ID || file["id"] == o.ID {
			t.Errorf("%v: the ids are %v, %v, %v and %v in the file", object["name"], o.ID, object["id"], later["id"], file["id"])
		}
		if len(object["assignments"].([]any)) == 0 || object["isAssigned"] != true {
			t.Errorf("%v is not assigned", object["name"])
		}
		if diff := cmp.Diff(configured(file), configured(object)); diff != "" {
			t.Errorf("%v (-file +tenant):\n%s", object["name"], diff)
		}
		added := 0
		withoutAudits := walk(later, 0, func(o map[string]any, _ int) {
			if v, ok := o["auditRuleInformation"]; ok && v == nil {
				delete(o, "auditRuleInformation")
				added++
			}
		})
		if added < 7 || !reflect.DeepEqual(withoutAudits, any(object)) {
			t.Errorf("%v: the later form has %d more members, and else %s", object["name"], added, cmp.Diff(any(object), withoutAudits))
		}
	}
}

// Policies have about ten settings, of every shape, and children three deep.
func TestReleaseSettings(t *testing.T) {
	r := sample.Release()
	settings, depth, types := 0, 0, map[string]int{}
	for key, file := range decodedFiles(t, r.After) {
		list := file["settings"].([]any)
		settings += len(list)
		if len(list) != int(file["settingCount"].(float64)) || len(list) < 6 || len(list) > 14 {
			t.Errorf("%q has %d settings and counts %v", key, len(list), file["settingCount"])
		}
		walk(file, 0, func(o map[string]any, children int) {
			depth = max(depth, children)
			if _, ok := o["settingDefinitionId"]; ok {
				types[o["@odata.type"].(string)]++
			}
		})
	}
	if mean := float64(settings) / float64(len(r.After)); mean < 9 || mean > 11 {
		t.Errorf("got %.1f settings a policy, want about 10", mean)
	}
	if depth != 3 {
		t.Errorf("children go %d levels down, want 3", depth)
	}
	for _, name := range []string{"ChoiceSettingInstance", "SimpleSettingInstance", "SimpleSettingCollectionInstance", "GroupSettingCollectionInstance"} {
		if n := types["#microsoft.graph.deviceManagementConfiguration"+name]; n < 50 {
			t.Errorf("%d settings are a %s", n, name)
		}
	}
}

func TestReleaseIsTheSameEachTime(t *testing.T) {
	if !reflect.DeepEqual(sample.Release(), sample.Release()) {
		t.Error("two releases differ")
	}
}

func TestFiles(t *testing.T) {
	r := sample.Release()
	files := sample.Files(r.After)
	if len(files) != len(r.After) {
		t.Fatalf("got %d files of %d", len(files), len(r.After))
	}
	for i, f := range files {
		if f.Kind != sample.SettingsKind || string(f.Body) != string(r.After[f.Key]) || i > 0 && files[i-1].Key >= f.Key {
			t.Errorf("%s %q is not as it should be", f.Kind, f.Key)
		}
	}
}

// walk calls visit for every object in v, with the number of "children" lists
// above it, and returns v.
func walk(v any, children int, visit func(o map[string]any, children int)) any {
	switch v := v.(type) {
	case map[string]any:
		visit(v, children)
		for name, member := range v {
			more := 0
			if name == "children" {
				more = 1
			}
			walk(member, children+more, visit)
		}
	case []any:
		for _, item := range v {
			walk(item, children, visit)
		}
	}
	return v
}
