package syncer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// classConstants are the values of the constants of type Class, by how the
// source has them: a text, or the constant of another package.
func classConstants(t *testing.T) []string {
	f, err := parser.ParseFile(token.NewFileSet(), "class.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		switch x := v.Values[0].(type) {
		case *ast.BasicLit:
			text, _ := strconv.Unquote(x.Value)
			out = append(out, text)
		case *ast.CallExpr:
			if sel, ok := x.Args[0].(*ast.SelectorExpr); ok {
				out = append(out, sel.X.(*ast.Ident).Name+"."+sel.Sel.Name)
			}
		}
		return true
	})
	return out
}

// notOfClass are classes of other packages that reach no host in an ErrorInfo or
// an ItemResult: they inform, or a class of the engine has the same word.
var notOfClass = map[string]bool{
	"plan.Dangling": true, "plan.Unmanaged": true, "plan.Ignored": true, "plan.NotRead": true, "plan.ServiceChange": true,
	"plan.PossibleRename": true, "plan.KeyChanged": true, "plan.DeletesOff": true,
	"auth.Transient": true, // ClassTransient
	"auth.Failed":    true, // ClassFailed
}

// Each class that reaches a host has a constant.
func TestEveryClassIsNamed(t *testing.T) {
	known := classConstants(t)
	if len(known) < 30 {
		t.Fatalf("class.go has %d constants; is it read?", len(known))
	}
	declared := regexp.MustCompile(`(?m)^\t(\w+)\s+(?:Class|NoteClass)\s+= "`)
	for _, src := range []string{"../tenant/error.go", "../auth/auth.go", "../plan/note.go"} {
		text, err := os.ReadFile(src)
		if err != nil {
			t.Fatal(err)
		}
		pkg := filepath.Base(filepath.Dir(src))
		found := declared.FindAllSubmatch(text, -1)
		if len(found) < 5 {
			t.Errorf("%s declares %d classes; is it read?", src, len(found))
		}
		for _, m := range found {
			name := pkg + "." + string(m[1])
			if !slices.Contains(known, name) && !notOfClass[name] {
				t.Errorf("the class %s has no constant in package syncer", name)
			}
		}
	}
}

// No class is written as a text where it is used, so that none can be used
// that has no constant. Package deploy has texts, which are constants here.
func TestClassesAreNotTexts(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	deploy, err := filepath.Glob("../internal/deploy/*.go")
	if err != nil || len(deploy) == 0 {
		t.Fatal(err)
	}
	known := classConstants(t)
	used := regexp.MustCompile(`(?:Class: +|failure\(|\.Class = )"(\w*)"`)
	for _, file := range slices.Concat(files, deploy) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllSubmatch(text, -1) {
			if word := string(m[1]); strings.Contains(file, "deploy") && word != "invalid" && !slices.Contains(known, word) || !strings.Contains(file, "deploy") {
				t.Errorf("%s has the class %q as a text", file, word)
			}
		}
	}
}
