package archtest

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Unused reports every rule that allows more than the tree needs: a rule for a
// package that does not exist, an allowed import that no file of the package
// uses, and a kit that imports no testing package. Test files do not count,
// because they may import the whole module anyway.
func Unused(tree fs.FS, rules map[string]Rule) ([]string, error) {
	imports := map[string][]string{}
	exists := map[string]bool{}
	err := walk(tree, func(pkg, file string, imps []string) {
		exists[pkg] = true
		if !strings.HasSuffix(file, "_test.go") {
			imports[pkg] = append(imports[pkg], imps...)
		}
	})
	if err != nil {
		return nil, err
	}
	var unused []string
	for pkg, rule := range rules {
		if !exists[pkg] {
			unused = append(unused, fmt.Sprintf("the row of %q: the package does not exist: remove the row", pkg))
			continue
		}
		for _, allowed := range rule.Imports {
			if !slices.ContainsFunc(imports[pkg], func(imp string) bool {
				local, _ := relative(imp) // all of imp if it is outside the module
				return matches([]string{allowed}, local)
			}) {
				unused = append(unused, fmt.Sprintf("the row of %q: the package does not import %s: remove it from the row", pkg, allowed))
			}
		}
		if rule.Kit && !slices.ContainsFunc(imports[pkg], forTests) {
			unused = append(unused, fmt.Sprintf("the row of %q: the package imports no testing package: remove Kit from the row", pkg))
		}
	}
	slices.Sort(unused)
	return unused, nil
}
