// Package archtest checks which package imports which, and how the files of a
// package depend on each other. It parses the files itself. If it asked the go
// command, the test cache would not see the files, and would report a new
// violation as passed.
package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Module is the path of the module whose root the checked tree is.
const Module = "github.com/tenantsync/tenantsync"

// Rule lists the imports that a package's files may have beside the standard
// library. A path that ends in "/..." also allows the packages below it.
// Packages of the module are given relative to it.
type Rule struct {
	Imports []string
	// Kit packages are for tests: they may import testing.
	Kit bool
}

// inTests are packages that every test file may import, beside the whole
// module.
var inTests = []string{"github.com/google/go-cmp/...", "pgregory.net/rapid"}

// Check reports every import in the tree that the rules do not allow, and every
// package that they do not know. Folders with a go.mod of their own, testdata
// and hidden folders are left out.
func Check(tree fs.FS, rules map[string]Rule) ([]string, error) {
	var broken []string
	err := walk(tree, func(pkg, file string, imports []string) {
		rule, known := rules[pkg]
		if !known {
			broken = append(broken, fmt.Sprintf("%s: package %q is not in the table", file, pkg))
			return
		}
		for _, imp := range imports {
			if why := forbidden(imp, rule, strings.HasSuffix(file, "_test.go")); why != "" {
				broken = append(broken, fmt.Sprintf("%s: imports %s: %s", file, imp, why))
			}
		}
	})
	slices.Sort(broken)
	return broken, err
}

// forbidden returns the reason why a file must not import imp, or "".
func forbidden(imp string, rule Rule, test bool) string {
	local, inModule := relative(imp)
	switch {
	case test && (inModule || isStandard(imp) || matches(inTests, imp)):
		return ""
	case forTests(imp):
		if rule.Kit {
			return ""
		}
		return "it is for tests"
	case isStandard(imp):
		return ""
	case inModule && matches(rule.Imports, local), matches(rule.Imports, imp):
		return ""
	}
	return "the table does not allow it"
}

// forTests reports whether a package of the standard library is for tests.
func forTests(imp string) bool {
	return imp == "testing" || strings.HasPrefix(imp, "testing/") || imp == "net/http/httptest"
}

// External returns the packages outside the module and the standard library
// that the given packages of the tree import, directly or through others of
// the tree, tests apart.
func External(tree fs.FS, pkgs ...string) ([]string, error) {
	imports := map[string][]string{}
	err := walk(tree, func(pkg, file string, imps []string) {
		if !strings.HasSuffix(file, "_test.go") {
			imports[pkg] = append(imports[pkg], imps...)
		}
	})
	if err != nil {
		return nil, err
	}
	external, seen := map[string]bool{}, map[string]bool{}
	var visit func(pkg string)
	visit = func(pkg string) {
		if seen[pkg] {
			return
		}
		seen[pkg] = true
		for _, imp := range imports[pkg] {
			if local, ok := relative(imp); ok {
				visit(local)
			} else if !isStandard(imp) {
				external[imp] = true
			}
		}
	}
	for _, pkg := range pkgs {
		if imports[pkg] == nil {
			return nil, fmt.Errorf("archtest: no package %q", pkg)
		}
		visit(pkg)
	}
	return slices.Sorted(maps.Keys(external)), nil
}

// walk calls visit for every Go file of the module.
func walk(tree fs.FS, visit func(pkg, file string, imports []string)) error {
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") || hasModule(tree, name)) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			return fmt.Errorf("archtest: %w", err)
		}
		var imports []string
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("archtest: %s: %w", name, err)
			}
			imports = append(imports, imp)
		}
		visit(path.Dir(name), name, imports)
		return nil
	})
}

func hasModule(tree fs.FS, dir string) bool {
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil
}

// relative returns the path within the module; "." is its root.
func relative(imp string) (string, bool) {
	if imp == Module {
		return ".", true
	}
	return strings.CutPrefix(imp, Module+"/")
}

// isStandard reports whether a path is of the standard library: its first
// element contains no dot.
func isStandard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}

func matches(patterns []string, imp string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		dir, below := strings.CutSuffix(p, "/...")
		return imp == dir || below && strings.HasPrefix(imp, dir+"/")
	})
}
