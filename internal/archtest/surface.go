package archtest

import (
	"fmt"
	"go/ast"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Surface returns a message for each package of the tree that exports more
// names than its limit, ordered by package. The packages are given relative to
// the module. A message lists the names and says what to do. It counts the
// names in the index of the documentation: types, functions, variables and
// constants at package level. Methods and fields belong to their type and do
// not count. Test files are left out.
func Surface(tree fs.FS, limits map[string]int) ([]string, error) {
	s := newSources(tree)
	var messages []string
	for _, pkg := range slices.Sorted(maps.Keys(limits)) {
		files, err := s.parse(pkg)
		if err != nil {
			return nil, fmt.Errorf("archtest: package %q: %w", pkg, err)
		}
		names := exported(files)
		if len(names) > limits[pkg] {
			messages = append(messages, fmt.Sprintf("package %s: %d exported names, the limit is %d: "+
				"unexport what only the package uses, move what only one package uses there, "+
				"or make functions methods of what they take: %s", pkg, len(names), limits[pkg], strings.Join(names, ", ")))
		}
	}
	return messages, nil
}

// exported returns the exported names that files declare at package level,
// sorted.
func exported(files []*ast.File) []string {
	var names []string
	add := func(declared ...*ast.Ident) {
		for _, name := range declared {
			if name.IsExported() {
				names = append(names, name.Name)
			}
		}
	}
	for _, f := range files {
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil {
					add(decl.Name)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						add(spec.Name)
					case *ast.ValueSpec:
						add(spec.Names...)
					}
				}
			}
		}
	}
	slices.Sort(names)
	return names
}
