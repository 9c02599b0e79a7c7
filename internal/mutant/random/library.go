package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// goPackage is a package with its types, from which mutants are made.
type goPackage struct {
	root     string // of the workspace, absolute
	dir      string // relative to root, with slashes
	path     string
	files    []*goFile
	fset     *token.FileSet
	info     *types.Info
	importer types.Importer
}

// goFile is a file of a package.
type goFile struct {
	pkg  *goPackage
	name string // relative to the root, with slashes
	text []byte
	ast  *ast.File
}

// listed is a package as the go command lists it.
type listed struct {
	ImportPath string
	Name       string
	Dir        string
	Export     string
	GoFiles    []string
	Imports    []string
	Standard   bool
	Module     *struct{ Main bool }
}

// library returns the packages of the library that only names, or all of them.
// The go command lists them: the workspace says which modules there are.
func library(ctx context.Context, root string, only []string) ([]*goPackage, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-json=ImportPath,Name,Dir,Export,GoFiles,Imports,Standard,Module", "work")
	cmd.Dir = root
	var failure bytes.Buffer
	cmd.Stderr = &failure
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, failure.String())
	}
	all := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all[p.ImportPath] = p
	}
	exports := importer.ForCompiler(token.NewFileSet(), "gc", func(imp string) (io.ReadCloser, error) {
		if all[imp].Export == "" {
			return nil, fmt.Errorf("no export data for %q", imp)
		}
		return os.Open(all[imp].Export)
	})
	var packages []*goPackage
	for _, p := range ofLibrary(all) {
		dir, err := filepath.Rel(root, p.Dir)
		if err != nil {
			return nil, err
		}
		dir = filepath.ToSlash(dir)
		if len(only) > 0 && !contains(only, dir) {
			continue
		}
		loaded, err := load(root, dir, p, exports)
		if err != nil {
			return nil, err
		}
		packages = append(packages, loaded)
	}
	for _, dir := range only {
		if !slices.ContainsFunc(packages, func(p *goPackage) bool { return p.dir == dir }) {
			return nil, fmt.Errorf("no package of the library is in folder %q", dir)
		}
	}
	return packages, nil
}

// ofLibrary returns the packages that hosts import and the packages of the
// workspace that these need, sorted by path.
func ofLibrary(all map[string]listed) []listed {
	found := map[string]listed{}
	var add func(p listed)
	add = func(p listed) {
		if _, ok := found[p.ImportPath]; ok || p.Module == nil || !p.Module.Main {
			return
		}
		found[p.ImportPath] = p
		for _, imp := range p.Imports {
			add(all[imp])
		}
	}
	for _, p := range all {
		if forHosts(p) {
			add(p)
		}
	}
	var out []listed
	for _, p := range found {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b listed) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return out
}

// forHosts reports whether a package is one that hosts run: a public one that is
// neither a program nor a kit for tests.
func forHosts(p listed) bool {
	elements := strings.Split(p.ImportPath, "/")
	return p.Module != nil && p.Module.Main && p.Name != "main" &&
		!contains(elements, "internal") && !contains(elements, "examples") && !contains(p.Imports, "testing")
}

func load(root, dir string, listed listed, exports types.Importer) (*goPackage, error) {
	p := &goPackage{root: root, dir: dir, path: listed.ImportPath, fset: token.NewFileSet(), importer: exports,
		info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}}
	for _, name := range listed.GoFiles {
		text, err := os.ReadFile(filepath.Join(listed.Dir, name))
		if err != nil {
			return nil, err
		}
		f := &goFile{pkg: p, name: path.Join(dir, name), text: text}
		if f.ast, err = parser.ParseFile(p.fset, f.name, text, parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
	}
	return p, p.check(p.fset, p.info, nil, nil)
}

// check checks the types of the package. If instead is not nil, its syntax
// replaces that of the file.
func (p *goPackage) check(fset *token.FileSet, info *types.Info, file *goFile, instead *ast.File) error {
	var files []*ast.File
	for _, f := range p.files {
		if f == file {
			files = append(files, instead)
		} else {
			files = append(files, f.ast)
		}
	}
	_, err := (&types.Config{Importer: p.importer}).Check(p.path, fset, files, info)
	return err
}

func inPackages(packages []*goPackage, file string) bool {
	return slices.ContainsFunc(packages, func(p *goPackage) bool { return p.dir == path.Dir(file) })
}

func contains[T comparable](list []T, v T) bool { return slices.Contains(list, v) }
