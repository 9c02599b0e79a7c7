package main

import (
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

const module = "github.com/tenantsync/tenantsync/"

// The most names of the library that this program may need: with a store of the
// library, and what a store of its own adds.
const (
	mostNames      = 30
	mostStoreNames = 22
)

// TestNames counts the names that a person has to look up to write a host:
// package-qualified ones such as tenant.Client. Methods and fields come with the
// types.
func TestNames(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	host, store := map[string]bool{}, map[string]bool{}
	for _, path := range paths {
		switch {
		case strings.HasSuffix(path, "_test.go"):
		case path == "store.go":
			addNames(t, store, path)
		default:
			addNames(t, host, path)
		}
	}
	maps.DeleteFunc(store, func(name string, _ bool) bool { return host[name] })
	for _, c := range []struct {
		what  string
		names map[string]bool
		most  int
	}{
		{"the host with a store of the library", host, mostNames},
		{"its own store, in addition", store, mostStoreNames},
	} {
		list := slices.Sorted(maps.Keys(c.names))
		t.Logf("%s: %d names: %s", c.what, len(list), strings.Join(list, " "))
		if len(list) == 0 || len(list) > c.most {
			t.Errorf("%s: %d names of the library, want 1 to %d: %s", c.what, len(list), c.most, strings.Join(list, ", "))
		}
	}
}

// A store that leaves the rules to the library is short.
func TestStoreIsShort(t *testing.T) {
	text, err := os.ReadFile("store.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines >= 200 {
		t.Errorf("store.go has %d lines, want fewer than 200", lines)
	}
}

// addNames adds the names of the library that a file uses.
func addNames(t *testing.T, names map[string]bool, path string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	collectNames(t, names, f)
}

func collectNames(t *testing.T, names map[string]bool, f *ast.File) {
	t.Helper()
	packages := map[string]string{} // the library's packages, by their name in the file
	for _, spec := range f.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		folder, ok := strings.CutPrefix(imported, module)
		if !ok {
			continue
		}
		local := folder[strings.LastIndex(folder, "/")+1:]
		if spec.Name != nil {
			local = spec.Name.Name
		}
		if local == "." {
			t.Fatalf("%s is imported without a name, so that its names cannot be counted", folder)
		}
		packages[local] = folder
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && packages[id.Name] != "" {
				names[packages[id.Name]+"."+sel.Sel.Name] = true
			}
		}
		return true
	})
}

// What is counted: a name once, under whatever name its package is imported;
// no method, no field, no other library.
func TestCollectNames(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
import ("strings"; s "`+module+`state"; "`+module+`tenant/graph")
func f(r s.Record) s.Record { r.Status = s.Idle; return graph.New(strings.ToUpper("")).Get(r.Tenant) }`, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	collectNames(t, names, f)
	if got := strings.Join(slices.Sorted(maps.Keys(names)), " "); got != "state.Idle state.Record tenant/graph.New" {
		t.Errorf("got %s", got)
	}
}
