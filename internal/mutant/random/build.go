package main

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/mutant"
)

// selectedBy is the environment variable that selects one mutant of a test
// binary with many.
const selectedBy = "TENANTSYNC_MUTANT"

// perBinary bounds the mutants in one test binary.
const perBinary = 100

// build builds the tests of the mutants' package into the file out. One binary
// holds many mutants, because compiling and linking takes longer than most
// tests. Each changed function gets a copy for each of its mutants, and calls
// the copy whose number, counted from 1, is in the environment.
func build(ctx context.Context, mutants []*mutation, out string) error {
	p := mutants[0].file.pkg
	all := mutant.Mutation{Name: p.dir}
	for _, f := range p.files {
		if text := f.withMutants(mutants, len(all.Edits) == 0); text != nil {
			all.Edits = append(all.Edits, mutant.Edit{File: f.name, Old: string(f.text), New: string(text)})
		}
	}
	return mutant.Build(ctx, p.root, all, "./"+p.dir, out)
}

// buildAlone builds a mutant outside functions, where build cannot copy a function.
func buildAlone(ctx context.Context, m *mutation, out string) error {
	p := m.file.pkg
	return mutant.Build(ctx, p.root, mutant.Mutation{Name: p.dir, Edits: []mutant.Edit{
		{File: m.file.name, Old: string(m.file.text), New: string(m.text())}}}, "./"+p.dir, out)
}

// insertion is a text to insert into a file.
type insertion struct {
	at   int
	text string
}

// withMutants returns the text of the file with copies of its changed functions,
// or nil if no function changes. The first changed file of a package also
// declares the variable that selects the mutant.
func (f *goFile) withMutants(mutants []*mutation, first bool) []byte {
	var calls []insertion
	var copies bytes.Buffer
	for i, m := range mutants {
		if m.file == f {
			name := fmt.Sprintf("mutant%d_%s", i+1, m.decl.Name.Name)
			calls = append(calls, insertion{f.offset(m.decl.Body.Lbrace) + 1, fmt.Sprintf("\nif mutantSelected == %d { %s }\n", i+1, m.call(name))})
			copies.WriteString("\n" + m.copied(name) + "\n")
		}
	}
	if calls == nil {
		return nil
	}
	if first {
		calls = append(calls, insertion{f.offset(f.ast.Name.End()), `; import ( mutantOS "os"; mutantStrconv "strconv" )`})
		fmt.Fprintf(&copies, "\nvar mutantSelected, _ = mutantStrconv.Atoi(mutantOS.Getenv(%q))\n", selectedBy)
	}
	slices.SortStableFunc(calls, func(a, b insertion) int { return a.at - b.at })
	var out bytes.Buffer
	last := 0
	for _, c := range calls {
		out.Write(f.text[last:c.at])
		out.WriteString(c.text)
		last = c.at
	}
	out.Write(f.text[last:])
	out.Write(copies.Bytes())
	return out.Bytes()
}

// copied returns the mutant's function with the change and another name.
func (m *mutation) copied(name string) string {
	from, nameAt, nameEnd, to := m.file.offset(m.decl.Type.Func), m.file.offset(m.decl.Name.Pos()), m.file.offset(m.decl.Name.End()), m.file.offset(m.decl.End())
	return string(m.file.text[from:nameAt]) + name + string(m.file.text[nameEnd:m.from]) + m.replacement + string(m.file.text[m.to:to])
}

// call returns the statements that call the copy with the function's own
// arguments and return its results.
func (m *mutation) call(name string) string {
	if m.decl.Recv != nil {
		name = m.decl.Recv.List[0].Names[0].Name + "." + name
	}
	if params := m.decl.Type.TypeParams; params != nil {
		name += "[" + strings.Join(names(params), ", ") + "]"
	}
	call := name + "(" + strings.Join(names(m.decl.Type.Params), ", ")
	if list := m.decl.Type.Params.List; len(list) > 0 {
		if _, ok := list[len(list)-1].Type.(*ast.Ellipsis); ok {
			call += "..."
		}
	}
	call += ")"
	if m.decl.Type.Results == nil {
		return call + "; return"
	}
	return "return " + call
}

// hasCopy reports whether a copy of the mutant's function can be called in its
// place. Without a name for each argument there is nothing to call it with.
func (m *mutation) hasCopy() bool {
	d := m.decl
	if d == nil || d.Name.Name == "init" || d.Name.Name == "_" {
		return false
	}
	lists := []*ast.FieldList{d.Type.Params}
	if d.Recv != nil {
		lists = append(lists, d.Recv)
	}
	for _, list := range lists {
		for _, field := range list.List {
			if len(field.Names) == 0 || slices.ContainsFunc(field.Names, func(n *ast.Ident) bool { return n.Name == "_" }) {
				return false
			}
		}
	}
	return true
}

func names(list *ast.FieldList) []string {
	var all []string
	for _, field := range list.List {
		for _, n := range field.Names {
			all = append(all, n.Name)
		}
	}
	return all
}
