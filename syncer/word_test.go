package syncer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// constantsIn returns the constants with a literal value that a file of the
// module declares, with one of the types if any are given.
func constantsIn(t *testing.T, file string, types ...string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); len(types) > 0 && (!ok || !slices.Contains(types, typ.Name)) {
			return true
		}
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				if lit, ok := spec.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					found[name.Name] = lit.Value
				}
			}
		}
		return true
	})
	return found
}

// The words that the rooms of the engine use are those that hosts see: none
// differs, and none is missing on either side.
func TestWords(t *testing.T) {
	seen := map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			maps.Copy(seen, constantsIn(t, file, "Phase", "Mode", "Outcome", "Verdict", "Class", "ItemStatus"))
		}
	}
	if diff := cmp.Diff(seen, constantsIn(t, "../internal/word/word.go")); diff != "" {
		t.Errorf("package syncer and package word differ (-syncer +word):\n%s", diff)
	}
}
