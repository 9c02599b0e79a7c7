package syncer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// constantsIn returns the constants with a literal value that a file of the
// module declares.
func constantsIn(t *testing.T, file string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for i, name := range spec.Names {
				if i < len(spec.Values) {
					if lit, ok := spec.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
						found[name.Name] = lit.Value
					}
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
	for _, file := range []string{"run.go", "class.go"} {
		for name, value := range constantsIn(t, file) {
			seen[name] = value
		}
	}
	for name := range seen {
		if len(name) > 3 && name[:3] == "Act" { // of no room
			delete(seen, name)
		}
	}
	if diff := cmp.Diff(seen, constantsIn(t, "../internal/word/word.go")); diff != "" {
		t.Errorf("package syncer and package word differ (-syncer +word):\n%s", diff)
	}
}
