package archtest

import (
	"errors"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// sources imports packages for the type checker from their source: packages of
// the module from the tree, all others from the folders that go/build finds. It
// skips function bodies, because only declarations matter to an importer. It
// caches each package that it has read.
//
// An importer that returned empty packages would be faster, but it would hide
// uses: without package slices the type of slices.Clone(list) is unknown, and
// so is every field that a caller selects from its elements.
type sources struct {
	tree fs.FS
	fset *token.FileSet
	disk build.Context // finds packages outside the tree
	own  build.Context // selects files of the tree
	read map[source]imported
}

// source identifies a package. A path means one package to all importers,
// except that the standard library vendors copies of others.
type source struct {
	path     string
	vendored bool
}

type imported struct {
	pkg *types.Package
	err error
}

func newSources(tree fs.FS) *sources {
	disk := build.Default
	// The declarations of net and os/user are the same without cgo, and cgo would
	// have to run first.
	disk.CgoEnabled = false
	own := disk
	own.JoinPath = path.Join
	own.OpenFile = func(name string) (io.ReadCloser, error) { return tree.Open(name) }
	return &sources{tree: tree, fset: token.NewFileSet(), disk: disk, own: own, read: map[source]imported{}}
}

// Import implements types.Importer. The type checker calls ImportFrom.
func (s *sources) Import(imp string) (*types.Package, error) {
	return s.ImportFrom(imp, ".", 0)
}

// ImportFrom implements types.ImporterFrom. It reads a package on the first call
// and returns the same answer on every further call.
func (s *sources) ImportFrom(imp, folder string, _ types.ImportMode) (*types.Package, error) {
	if imp == "unsafe" {
		return types.Unsafe, nil
	}
	key := source{imp, !isStandard(imp) && strings.HasPrefix(folder, s.disk.GOROOT)}
	if known, ok := s.read[key]; ok {
		return known.pkg, known.err
	}
	s.read[key] = imported{err: errors.New("import cycle")} // until the package is complete
	pkg, err := s.declarations(imp, folder)
	s.read[key] = imported{pkg, err}
	return pkg, err
}

// declarations parses and checks a package without its function bodies.
func (s *sources) declarations(imp, folder string) (*types.Package, error) {
	if local, ok := relative(imp); ok {
		files, err := s.parse(local)
		if err != nil {
			return nil, err
		}
		return s.check(imp, files, nil)
	}
	found, err := s.disk.Import(imp, folder, 0)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range found.GoFiles {
		f, err := parser.ParseFile(s.fset, filepath.Join(found.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return s.check(found.ImportPath, files, nil)
}

// check type-checks a package, with its function bodies where info is given.
func (s *sources) check(imp string, files []*ast.File, info *types.Info) (*types.Package, error) {
	config := types.Config{
		Importer:         s,
		Sizes:            types.SizesFor("gc", s.disk.GOARCH),
		IgnoreFuncBodies: info == nil,
	}
	return config.Check(imp, s.fset, files, info)
}

// parse parses the files of a package of the tree that a build on this machine
// includes. Test files are left out.
func (s *sources) parse(pkg string) ([]*ast.File, error) {
	entries, err := fs.ReadDir(s.tree, pkg)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".go" || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		built, err := s.own.MatchFile(pkg, e.Name())
		if err != nil {
			return nil, err
		}
		if !built {
			continue
		}
		name := path.Join(pkg, e.Name())
		src, err := fs.ReadFile(s.tree, name)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(s.fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, errors.New("no Go files beside tests")
	}
	return files, nil
}
