package archtest_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tenantsync/tenantsync/internal/archtest"
)

// surfaces limit the number of exported names of a package. If a package
// exceeds its limit, change the package and not the limit.
var surfaces = map[string]int{"plan": 40}

func TestSurface(t *testing.T) {
	messages, err := archtest.Surface(os.DirFS("../.."), surfaces)
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		t.Error(message)
	}
}

// The check finds and explains each planted violation, for every kind of
// declaration, and counts only names of the package.
func TestSurfaceFinds(t *testing.T) {
	const two = "type A int\nfunc B() {}\n"
	tests := []struct {
		name string
		tree fs.FS
		want string // part of the only message; "" for none
	}{
		{"as many names as the limit", pkg(map[string]string{"a.go": two}), ""},
		{"a type", pkg(map[string]string{"a.go": two + "type C int\n"}), "package p: 3 exported names, the limit is 2: unexport"},
		{"an alias", pkg(map[string]string{"a.go": two + "type C = int\n"}), ": A, B, C"},
		{"a generic type", pkg(map[string]string{"a.go": two + "type C[E any] struct{}\n"}), ": A, B, C"},
		{"a function", pkg(map[string]string{"a.go": two + "func C() {}\n"}), ": A, B, C"},
		{"variables in one line", pkg(map[string]string{"a.go": two + "var C, D int\n"}), "4 exported names, the limit is 2"},
		{"constants in a group", pkg(map[string]string{"a.go": two + "const (\n\tC = iota\n\tD\n)\n"}), ": A, B, C, D"},
		{"in another file", pkg(map[string]string{"b.go": two, "a.go": "var C int\n"}), ": A, B, C"},
		{"unexported names", pkg(map[string]string{"a.go": two + "type c int\nfunc d() {}\nvar e, _ int\nconst f = 1\n"}), ""},
		{"methods and fields", pkg(map[string]string{"a.go": two + "func (A) C() {}\nfunc (*A) D() {}\ntype e struct { F int }\n"}), ""},
		{"within a function", pkg(map[string]string{"a.go": two + "func c() { type D int; const E = 1; var F D; _ = F }\n"}), ""},
		{"in a test", pkg(map[string]string{"a.go": two, "a_test.go": "func TestC() {}\n"}), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := archtest.Surface(tt.tree, map[string]int{"p": 2})
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

// A missing package is an error, and not a package without names.
func TestSurfaceFails(t *testing.T) {
	for name, tree := range map[string]fstest.MapFS{
		"no folder":  {},
		"tests only": {"p/a_test.go": &fstest.MapFile{Data: []byte("package p\n")}},
		"syntax":     {"p/a.go": &fstest.MapFile{Data: []byte("package p\nfunc {\n")}},
	} {
		if _, err := archtest.Surface(tree, map[string]int{"p": 40}); err == nil || !strings.Contains(err.Error(), `package "p"`) {
			t.Errorf("%s: got %v, want an error that names the package", name, err)
		}
	}
}
