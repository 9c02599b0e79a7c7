package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// A small export in each layout becomes objects of the right kinds, and the report
// names everything else. The golden files show both.
func TestLayouts(t *testing.T) {
	dirs, err := filepath.Glob("testdata/layouts/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal(dirs, err)
	}
	for _, dir := range dirs {
		if filepath.Ext(dir) != "" {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			im, err := Import(dir, Options{Kinds: catalogue.Default().Kinds()})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range im.Resources {
				if r.Kind == tenanttest.Groups && (strings.Contains(r.Key, "Example") || strings.Contains(string(r.Body), "@")) {
					t.Errorf("the group %s is a person", r.Key)
				}
			}
			compareGolden(t, dir+".golden", describeImport(im))
		})
	}
}

// describeImport shows what was imported and what was not, for golden files.
func describeImport(im *Imported) string {
	var b strings.Builder
	im.Report.Print(&b)
	for _, r := range im.Resources {
		fmt.Fprintf(&b, "\n%s %q from %s\n%s\n", r.Kind, r.Key, r.Source, r.Body)
	}
	return b.String()
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
