package archtest

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// Shape is the inner structure of one package, tests left out. Files are given
// by their names without the folder, and every list is sorted.
type Shape struct {
	Package string // relative to the module
	Files   []string
	Edges   []Edge
	// Cycle is the largest set of two or more files that all use each other,
	// directly or through others of the set. It is nil without such a set. Of
	// sets of equal size it is the first by name.
	Cycle []string
	Types []Type
}

// Edge says that one file uses package-level objects, methods or fields that
// another file of the package declares. There is one edge for each ordered pair
// of files, for any number of uses.
type Edge struct {
	From, To string
	Names    []string // names that From uses
}

// Type is a named type that has methods of its own.
type Type struct {
	Name    string
	File    string // declares the type; its methods may be in others
	Methods int    // declared on the type, without promoted methods
}

// EdgesPerFile returns the number of edges divided by the number of files.
func (s Shape) EdgesPerFile() float64 {
	return float64(len(s.Edges)) / float64(len(s.Files))
}

// Structure measures packages of the tree, which are given relative to the
// module. It returns the shapes of the measured packages, in the given order,
// and an error that names every other package: its folder does not exist, has
// no Go files, or does not compile. Imports from outside the module are found
// as the go command would find them from the current folder.
func Structure(tree fs.FS, pkgs ...string) ([]Shape, error) {
	s := newSources(tree)
	var shapes []Shape
	var failed []error
	for _, pkg := range pkgs {
		shape, err := s.measure(pkg)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			failed = append(failed, fmt.Errorf("archtest: package %q: the folder does not exist: "+
				"create the package, or take it out of the list: %w", pkg, err))
		case err != nil:
			failed = append(failed, fmt.Errorf("archtest: package %q: %w", pkg, err))
		default:
			shapes = append(shapes, shape)
		}
	}
	return shapes, errors.Join(failed...)
}

func (s *sources) measure(dir string) (Shape, error) {
	files, err := s.parse(dir)
	if err != nil {
		return Shape{}, err
	}
	info := &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	pkg, err := s.check(path.Join(Module, dir), files, info)
	if err != nil {
		return Shape{}, err // an expression without a type would hide uses
	}
	shape := Shape{Package: dir}
	for _, f := range files {
		shape.Files = append(shape.Files, s.file(f.FileStart)) // in the order of fs.ReadDir
	}
	shape.Edges = s.edges(pkg, info)
	shape.Cycle = largestCycle(shape.Files, shape.Edges)
	shape.Types = s.types(pkg)
	return shape, nil
}

// file returns the name of the file that holds a position.
func (s *sources) file(pos token.Pos) string {
	return path.Base(s.fset.Position(pos).Filename)
}

// edges returns the uses from file to file. A local variable is used only in
// its own file, so every use from another file is of a package-level object, a
// method or a field.
func (s *sources) edges(pkg *types.Package, info *types.Info) []Edge {
	type pair struct{ from, to string }
	names := map[pair]map[string]bool{}
	use := func(where ast.Node, what types.Object) {
		if what.Pkg() != pkg {
			return
		}
		p := pair{s.file(where.Pos()), s.file(what.Pos())}
		if p.from == p.to {
			return
		}
		if names[p] == nil {
			names[p] = map[string]bool{}
		}
		names[p][what.Name()] = true
	}
	for ident, what := range info.Uses {
		use(ident, what)
	}
	// Two kinds of use have no identifier: the embedded fields on the way to a
	// promoted field or method, and the fields of a literal without keys.
	for expr, selection := range info.Selections {
		for _, field := range embedded(selection) {
			use(expr.Sel, field)
		}
	}
	for expr, value := range info.Types {
		lit, ok := expr.(*ast.CompositeLit)
		if !ok || len(lit.Elts) == 0 {
			continue
		}
		if _, keyed := lit.Elts[0].(*ast.KeyValueExpr); keyed {
			continue
		}
		if fields := structOf(value.Type); fields != nil {
			for field := range fields.Fields() {
				use(lit, field)
			}
		}
	}

	var edges []Edge
	for p, uses := range names {
		edges = append(edges, Edge{From: p.from, To: p.to, Names: slices.Sorted(maps.Keys(uses))})
	}
	slices.SortFunc(edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return edges
}

// embedded returns the embedded fields that a selection goes through.
func embedded(selection *types.Selection) []*types.Var {
	var fields []*types.Var
	at := selection.Recv()
	index := selection.Index()
	for _, i := range index[:len(index)-1] {
		field := structOf(at).Field(i)
		fields = append(fields, field)
		at = field.Type()
	}
	return fields
}

// structOf returns the struct that a type or a pointer to it is, or nil.
func structOf(t types.Type) *types.Struct {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	fields, _ := t.Underlying().(*types.Struct)
	return fields
}

// types returns the package's named types that have methods. A type inside a
// function can have none.
func (s *sources) types(pkg *types.Package) []Type {
	var list []Type
	for _, name := range pkg.Scope().Names() { // sorted
		object, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok {
			continue
		}
		named, ok := object.Type().(*types.Named)
		if !ok {
			continue // an alias
		}
		methods := named.NumMethods()
		if i, ok := named.Underlying().(*types.Interface); ok {
			methods = i.NumExplicitMethods()
		}
		if methods > 0 {
			list = append(list, Type{Name: name, File: s.file(object.Pos()), Methods: methods})
		}
	}
	return list
}

// largestCycle returns the largest strongly connected component of two or more
// files. It compares the files that each file reaches, which is fast enough for
// the number of files in a folder.
func largestCycle(files []string, edges []Edge) []string {
	uses := map[string][]string{}
	for _, e := range edges {
		uses[e.From] = append(uses[e.From], e.To)
	}
	reach := map[string]map[string]bool{}
	for _, from := range files {
		seen := map[string]bool{}
		for todo := slices.Clone(uses[from]); len(todo) > 0; {
			f := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if !seen[f] {
				seen[f] = true
				todo = append(todo, uses[f]...)
			}
		}
		reach[from] = seen
	}
	var largest []string
	for _, a := range files {
		var cycle []string
		for _, b := range files {
			if reach[a][b] && reach[b][a] {
				cycle = append(cycle, b)
			}
		}
		if len(cycle) > len(largest) {
			largest = cycle
		}
	}
	return largest
}
