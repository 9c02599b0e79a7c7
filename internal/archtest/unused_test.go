package archtest_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tenantsync/tenantsync/internal/archtest"
)

// Every row of the table is about an existing package, and allows only imports
// that the package needs.
func TestNoImportRowIsDead(t *testing.T) {
	unused, err := archtest.Unused(os.DirFS("../.."), rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range unused {
		t.Error(u)
	}
}

// The check finds each planted dead permission, and reports no used one.
func TestUnusedFinds(t *testing.T) {
	tests := []struct {
		name string
		tree fstest.MapFS
		rule archtest.Rule
		want string // part of the only finding; "" for none
	}{
		{"a package that does not exist", fstest.MapFS{"q/a.go": importing()}, archtest.Rule{},
			`the row of "p": the package does not exist: remove the row`},
		{"a package that is a module of its own", fstest.MapFS{"p/go.mod": {}, "p/a.go": importing()}, archtest.Rule{}, "does not exist"},
		{"a package of the module", fstest.MapFS{"p/a.go": importing(archtest.Module + "/tenant")}, archtest.Rule{Imports: []string{"tenant"}}, ""},
		{"a package of the module that is not imported", fstest.MapFS{"p/a.go": importing(archtest.Module + "/tenant/graph")}, archtest.Rule{Imports: []string{"tenant", "tenant/graph"}},
			`the row of "p": the package does not import tenant: remove it from the row`},
		{"a package that only a test imports", fstest.MapFS{"p/a.go": importing(), "p/a_test.go": importing(msal + "/apps")}, archtest.Rule{Imports: []string{msal + "/apps"}}, "does not import " + msal},
		{"a package that another package imports", fstest.MapFS{"p/a.go": importing(), "p/q/a.go": importing(jsontext)}, archtest.Rule{Imports: []string{jsontext}}, "does not import " + jsontext},
		{"a tree", fstest.MapFS{"p/a.go": importing(msal + "/apps/public")}, archtest.Rule{Imports: []string{msal + "/apps/..."}}, ""},
		{"a tree without imports", fstest.MapFS{"p/a.go": importing(msal)}, archtest.Rule{Imports: []string{msal + "/apps/..."}}, "does not import " + msal + "/apps/..."},
		{"a package of tests only", fstest.MapFS{"p/a_test.go": importing("testing")}, archtest.Rule{}, ""},
		{"a kit", fstest.MapFS{"p/a.go": importing("testing/fstest")}, archtest.Rule{Kit: true}, ""},
		{"a kit without testing", fstest.MapFS{"p/a.go": importing(), "p/a_test.go": importing("testing")}, archtest.Rule{Kit: true}, "imports no testing package: remove Kit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := archtest.Unused(tt.tree, map[string]archtest.Rule{"p": tt.rule})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("got %q, want nothing", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("got %q, want one with %q", got, tt.want)
			}
		})
	}
}
