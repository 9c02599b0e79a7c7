package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"strings"
)

// mutation replaces a piece of a file by another text.
type mutation struct {
	file        *goFile
	kind        string
	decl        *ast.FuncDecl // the function, nil outside
	line        int
	from, to    int // offsets in the file
	replacement string
}

// text returns the file with the mutation.
func (m *mutation) text() []byte {
	return bytes.Join([][]byte{m.file.text[:m.from], []byte(m.replacement), m.file.text[m.to:]}, nil)
}

// compiles reports whether the package with the mutation is free of errors of syntax
// and types. The type checker finds everything that the compiler refuses.
func (m *mutation) compiles() bool {
	p := m.file.pkg
	changed, err := parser.ParseFile(p.fset, m.file.name, m.text(), parser.SkipObjectResolution)
	return err == nil && p.check(p.fset, nil, m.file, changed) == nil
}

// lines returns the changed lines before and after.
func (m *mutation) lines() (before, after string) {
	begin := bytes.LastIndexByte(m.file.text[:m.from], '\n') + 1
	end := len(m.file.text)
	if i := bytes.IndexByte(m.file.text[m.to:], '\n'); i >= 0 {
		end = m.to + i
	}
	before = string(m.file.text[begin:end])
	after = string(m.file.text[begin:m.from]) + m.replacement + string(m.file.text[m.to:end])
	return trim(before), trim(after)
}

// trim removes the indentation of each line, and joins the lines.
func trim(text string) string { return strings.Join(strings.Fields(text), " ") }

func (m *mutation) function() string {
	switch {
	case m.decl == nil:
		return "-"
	case m.decl.Recv != nil:
		return m.file.source(m.decl.Recv.List[0].Type.Pos(), m.decl.Recv.List[0].Type.End()) + "." + m.decl.Name.Name
	}
	return m.decl.Name.Name
}

// describe returns the place and the change, in the form of equivalent.txt.
func (m *mutation) describe() string {
	before, after := m.lines()
	return fmt.Sprintf("%s:%d %s\n  func %s\n  - %s\n  + %s\n", m.file.name, m.line, m.kind, m.function(), before, after)
}
