package frozen

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Words compares the words that a package persists with testdata/v1/words.json.
// The words are the values of its constants of the given types, which may be
// types of another package. A word that was written once must keep its meaning
// forever. Later versions list their new words in testdata/v2/words.json and so
// on, which Words reads too.
func Words(t testing.TB, types ...string) {
	t.Helper()
	now, err := constants(".", types)
	if err != nil {
		t.Fatalf("frozen: %v", err)
	}
	raw, err := json.Marshal(now)
	if err != nil {
		t.Fatalf("frozen: %v", err)
	}
	if *update {
		JSON(t, "words.json", raw)
	}
	paths, err := filepath.Glob(filepath.Join("testdata", "v*", "words.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("frozen: no words.json: %v", err)
	}
	known := map[string][]string{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatalf("frozen: %v", err)
		}
		var listed map[string][]string
		if err := json.Unmarshal(data, &listed); err != nil {
			t.Fatalf("frozen: %s: %v", p, err)
		}
		for typ, words := range listed {
			known[typ] = append(known[typ], words...)
		}
	}
	for _, problem := range compareWords(known, now) {
		t.Error(problem)
	}
}

// compareWords returns the differences of two lists.
func compareWords(frozen, now map[string][]string) []string {
	var out []string
	types := map[string]bool{}
	for typ := range frozen {
		types[typ] = true
	}
	for typ := range now {
		types[typ] = true
	}
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		for _, w := range frozen[typ] {
			if !slices.Contains(now[typ], w) {
				out = append(out, fmt.Sprintf("the %s %q was persisted by a former version and is missing: every later version must understand it", typ, w))
			}
		}
		for _, w := range now[typ] {
			if !slices.Contains(frozen[typ], w) {
				out = append(out, fmt.Sprintf("the %s %q is in no words.json: older versions do not know it; decide how they handle it, then list it", typ, w))
			}
		}
	}
	return out
}

// constants returns the string constants of the types that the package in a
// folder declares, without tests.
func constants(dir string, types []string) (map[string][]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	words := map[string][]string{}
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, spec := range gen.Specs {
				v := spec.(*ast.ValueSpec)
				of := v.Type
				if imported, ok := of.(*ast.SelectorExpr); ok {
					of = imported.Sel
				}
				typ, ok := of.(*ast.Ident)
				if !ok || !slices.Contains(types, typ.Name) {
					continue
				}
				for _, value := range v.Values {
					lit, ok := value.(*ast.BasicLit)
					if !ok {
						return nil, fmt.Errorf("%s: a constant of type %s is not a string literal", p, typ.Name)
					}
					word, err := strconv.Unquote(lit.Value)
					if err != nil {
						return nil, err
					}
					if word != "" { // the zero value is not written
						words[typ.Name] = append(words[typ.Name], word)
					}
				}
			}
		}
	}
	for _, typ := range types {
		if len(words[typ]) == 0 {
			return nil, fmt.Errorf("there is no constant of type %s", typ)
		}
		slices.Sort(words[typ])
	}
	return words, nil
}
