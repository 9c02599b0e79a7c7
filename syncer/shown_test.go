package syncer_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/script"
)

// shownMethods returns the names of the methods that an example calls, or the
// command of a story.
func shownMethods(t *testing.T) map[string]bool {
	t.Helper()
	shown := map[string]bool{}
	told := toldCommands(t)
	handlers := map[string][]string{}     // commands, by the method of world that carries them out
	calls := map[string]map[string]bool{} // what each method of world calls
	for _, f := range testFiles(t) {
		packages := importedNames(f)
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			switch {
			case fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Example"):
				for name := range engineCalls(fn, packages) {
					shown[name] = true
				}
			case fn.Recv == nil && fn.Name.Name == "init":
				collectHandlers(fn, handlers)
			case receiver(fn) == "world":
				calls[fn.Name.Name] = engineCalls(fn, packages)
			}
		}
	}
	for handler, commands := range handlers {
		if !slices.ContainsFunc(commands, func(c string) bool { return told[c] }) {
			continue
		}
		for name := range calls[handler] {
			shown[name] = true
		}
	}
	return shown
}

// toldCommands returns the names of the commands that the stories use.
func toldCommands(t *testing.T) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	told := map[string]bool{}
	for _, path := range paths {
		for _, c := range script.Commands(t, path) {
			told[c.Name] = true
		}
	}
	return told
}

// testFiles returns the package's test files.
func testFiles(t *testing.T) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob("*_test.go")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	var files []*ast.File
	for _, path := range paths {
		files = append(files, parseFile(t, path))
	}
	return files
}

func parseFile(t *testing.T, path string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// importedNames returns the names by which a file knows the packages that it imports.
func importedNames(f *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, spec := range f.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		names[path[strings.LastIndex(path, "/")+1:]] = true
		if spec.Name != nil {
			names[spec.Name.Name] = true
		}
	}
	return names
}

// receiver returns the name of a method's type.
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	typ := fn.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, _ := typ.(*ast.Ident)
	if id == nil {
		return ""
	}
	return id.Name
}

// engineCalls returns the names of the methods that a function calls in the
// form of the engine's: with a context and a request.
func engineCalls(fn *ast.FuncDecl, packages map[string]bool) map[string]bool {
	calls := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); !ok || !packages[id.Name] {
			calls[sel.Sel.Name] = true
		}
		return true
	})
	return calls
}

// collectHandlers adds the commands of a table of methods of world:
// "cancel": (*world).cancel.
func collectHandlers(fn *ast.FuncDecl, handlers map[string][]string) {
	ast.Inspect(fn, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, ok := pair.Key.(*ast.BasicLit)
		sel, isMethod := pair.Value.(*ast.SelectorExpr)
		if !ok || !isMethod {
			return true
		}
		name, err := strconv.Unquote(key.Value)
		if err == nil {
			handlers[sel.Sel.Name] = append(handlers[sel.Sel.Name], name)
		}
		return true
	})
}

// stringConstants returns the values of a file's constants of a type.
func stringConstants(t *testing.T, path, typ string) []string {
	t.Helper()
	var values []string
	ast.Inspect(parseFile(t, path), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typ {
			return true
		}
		for _, v := range spec.Values {
			if lit, ok := v.(*ast.BasicLit); ok {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					values = append(values, s)
				}
			}
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s has no constants of type %s", path, typ)
	}
	return values
}
