package importer

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// Whatever is in an exported folder, every file is imported or in the report
// with a reason, and a repository can store the imported files.
func FuzzImport(f *testing.F) {
	kinds := catalogue.Default().Kinds()
	err := filepath.WalkDir("testdata/export", func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		f.Add(path.Dir(strings.TrimPrefix(filepath.ToSlash(name), "testdata/export/")), text, []byte(`{}`))
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	const policy = `{"displayName":"P","state":"enabled","conditions":{"users":{"includeGroups":["11111111-1111-4111-8111-111111111111"]}}}`
	const table = `{"TenantId":"22222222-2222-4222-8222-222222222222","Objects":[{"DisplayName":"G","Id":"11111111-1111-4111-8111-111111111111","Type":"Group"},{"Type":"Group"},null]}`
	f.Add("ConditionalAccess", []byte(policy), []byte(table))
	f.Add("Groups", []byte(`{"value":[{"displayName":"A","id":"1"},{"displayName":"A","id":"2"},{"displayName":"A","id":"1"}]}`), []byte(`{"Objects":null}`))
	f.Add("ConditionalAccess", []byte(`{"displayName":["P"],"conditions":[],"state":{}}`), []byte(`[]`))
	f.Add("x", []byte(`{"groups":[{}]}`), []byte(`{"TenantId":"`+strings.Repeat("%", 100)+`"}`))
	// The forms of other tools.
	err = filepath.WalkDir("testdata/layouts", func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(name) != ".json" {
			return err
		}
		text, err := os.ReadFile(name)
		f.Add(path.Dir(strings.TrimPrefix(filepath.ToSlash(name), "testdata/layouts/")), text, []byte(`{}`))
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		`{"RowKey":1,"PartitionKey":"CATemplate","JSON":"[]"}`, `{"RAWJson":"{\"RAWJson\":{}}"}`, `{"RowKey":"","JSON":{"displayName":null},"PartitionKey":"GroupTemplate"}`,
		`{"resource":[{"azuread_group":null},{"msgraph_resource":{"a":[{"body":{},"url":"groups/$ref"}]}}]}`, `{"terraform_version":1,"resources":[null,{"instances":[{}]}]}`,
		`{"terraform_version":"","values":{"root_module":{"child_modules":[{"resources":[{}]}]}}}`,
		`[{"ResourceName":"AADNamedLocationPolicy","ResourceInstanceName":"","IpRanges":{"a":1}},{"ResourceName":"AADConditionalAccessPolicy","ResourceInstanceName":1,"SignInFrequencyIsEnabled":true}]`,
		`{"@odata.context":"$metadata#a('/b(c')/d(","@odata.type":null}`, `{"@odata.context":"https://x/$metadata#groups(((((","displayName":"X"}`,
	} {
		f.Add("x", []byte(text), []byte(`{}`))
	}
	f.Fuzz(func(t *testing.T, dir string, text, table []byte) {
		name := path.Join("export", path.Clean("/"+strings.ToValidUTF8(dir, "")), "object.json")
		im := newImporter(Options{Kinds: kinds})
		if err := im.readFiles(fstest.MapFS{name: {Data: text}, "export/" + migrationTableName: {Data: table}}); err != nil {
			t.Fatalf("a file ends the import: %v", err)
		}
		im.decide()
		got, err := im.result()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		told := make(map[string]bool)
		for _, r := range got.Resources {
			told[strings.SplitN(r.Source, ".json", 2)[0]+".json"] = true
		}
		for _, l := range got.Report.LeftOut {
			told[strings.SplitN(l.Thing, ".json", 2)[0]+".json"] = true
			if l.Text == "" {
				t.Errorf("%s is left out for no reason", l.Thing)
			}
		}
		if !told[name] {
			t.Errorf("%s is neither imported nor left out", name)
		}
		var changes []tenant.Change
		for _, r := range got.Resources {
			changes = append(changes, tenant.Change{Kind: r.Kind, Key: r.Key, Body: r.Body})
		}
		if _, err := (tenant.Tree{}).With(changes); err != nil {
			t.Errorf("what was imported cannot be kept: %v", err)
		}
		var out strings.Builder
		got.Report.Print(&out)
		if len(out.String()) > 20_000+20*(len(name)+len(text)+len(table)) {
			t.Errorf("the report has %d bytes", out.Len())
		}
	})
}

// Files without bound are left out, and texts without bound are read in time and
// memory that grow with them.
func TestImportIsBounded(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"deep.json":    `{"groups":[{"displayName":"Deep","x":` + strings.Repeat("[", 5_000) + `"\\\"["` + strings.Repeat(`,1`, 10_000) + strings.Repeat("]", 5_000) + `}]}`,
		"flat.json":    `{"groups":[{"displayName":"Flat","description":"` + strings.Repeat("[{", 5_000) + `\""}]}`,
		"many.json":    `{"groups":[{"displayName":"Many","description":"` + strings.Repeat("%OrganizationId%", 1_000_000) + `"}]}`,
		"endless.json": `{`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(filepath.Join(dir, "endless.json"), 1<<40); err != nil {
		t.Skipf("no files without end here: %v", err)
	}
	im, err := Import(dir, Options{Kinds: catalogue.Default().Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	reasons := make(map[string]string)
	for _, l := range im.Report.LeftOut {
		reasons[l.Thing] = l.Text
	}
	if len(reasons) != 2 || !strings.Contains(reasons["deep.json"], "nested 5003 deep") || !strings.Contains(reasons["endless.json"], "more than the limit") {
		t.Errorf("left out: %q", reasons)
	}
	if len(im.Resources) != 2 || im.Resources[0].Key != "Flat" || im.Resources[1].Key != "Many" {
		t.Errorf("imported: %d resources, want Flat and Many", len(im.Resources))
	}
}
