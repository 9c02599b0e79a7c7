package main

import (
	"go/ast"
	"go/token"
	"go/types"
)

// The kinds of mutants.
const (
	kindBoundary   = "boundary"   // < for <=, > for >=, a limit that is one off
	kindEquality   = "equality"   // == for !=, or for another number
	kindNegation   = "negation"   // a condition, negated
	kindLogic      = "logic"      // && for ||
	kindStatement  = "statement"  // a call or an assignment is missing
	kindError      = "error"      // nil is returned in place of an error
	kindLoop       = "loop"       // break for continue
	kindReturn     = "return"     // an early return is missing
	kindArithmetic = "arithmetic" // + for -
	kindLiteral    = "literal"    // true for false
)

var kindNames = []string{kindBoundary, kindEquality, kindNegation, kindLogic, kindStatement,
	kindError, kindLoop, kindReturn, kindArithmetic, kindLiteral}

var otherOperator = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD: token.SUB, token.SUB: token.ADD,
	token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
	token.INC: token.DEC, token.DEC: token.INC,
	token.CONTINUE: token.BREAK, token.BREAK: token.CONTINUE,
}

// mutations returns the mutants of the package in the order of the source. Some
// of them may not compile.
func (p *goPackage) mutations() []*mutation {
	var all []*mutation
	for _, f := range p.files {
		w := &walker{file: f}
		for _, d := range f.ast.Decls {
			w.decl = d
			w.walk(d)
		}
		all = append(all, w.found...)
	}
	return all
}

// walker collects the mutants of a file.
type walker struct {
	file  *goFile
	decl  ast.Decl
	stack []ast.Node // the nodes above the visited one
	found []*mutation
}

func (w *walker) walk(root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			w.stack = w.stack[:len(w.stack)-1]
			return true
		}
		w.visit(n)
		w.stack = append(w.stack, n)
		return true
	})
}

func (w *walker) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		w.binary(n)
	case *ast.IfStmt:
		w.condition(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			w.condition(n.Cond)
		}
	case *ast.ExprStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
		w.add(kindStatement, n.Pos(), n.End(), "")
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			w.add(kindStatement, n.Pos(), n.End(), "")
		}
		if n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
			w.operator(kindArithmetic, n.Tok, n.TokPos)
		}
	case *ast.IncDecStmt:
		if w.endsLoop(n) {
			return // the loop would never end: every test finds that, after a long time
		}
		w.operator(kindArithmetic, n.Tok, n.TokPos)
		w.add(kindStatement, n.Pos(), n.End(), "")
	case *ast.BranchStmt:
		w.branch(n)
	case *ast.ReturnStmt:
		w.returned(n)
	case *ast.Ident:
		if w.info().Uses[n] == types.Universe.Lookup("true") {
			w.add(kindLiteral, n.Pos(), n.End(), "false")
		} else if w.info().Uses[n] == types.Universe.Lookup("false") {
			w.add(kindLiteral, n.Pos(), n.End(), "true")
		}
	case *ast.ValueSpec:
		if d, ok := w.stack[len(w.stack)-1].(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, v := range n.Values {
				w.number(kindBoundary, v, "+", "-")
			}
		}
	}
}

// binary changes the operator, and the numbers that are compared.
func (w *walker) binary(n *ast.BinaryExpr) {
	switch n.Op {
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		w.operator(kindBoundary, n.Op, n.OpPos)
		// The other operator is the same as a limit that is one off to one side.
		less := n.Op == token.LSS || n.Op == token.GEQ
		w.number(kindBoundary, n.X, sign(!less))
		w.number(kindBoundary, n.Y, sign(less))
	case token.EQL, token.NEQ:
		w.operator(kindEquality, n.Op, n.OpPos)
		w.number(kindEquality, n.X, "+", "-")
		w.number(kindEquality, n.Y, "+", "-")
	case token.LAND, token.LOR:
		w.operator(kindLogic, n.Op, n.OpPos)
	case token.ADD, token.SUB:
		// Strings are joined with the same operator, and cannot be subtracted.
		if b, ok := w.info().Types[n].Type.Underlying().(*types.Basic); ok && b.Info()&types.IsNumeric != 0 {
			w.operator(kindArithmetic, n.Op, n.OpPos)
		}
	}
}

// number makes a number one greater or one less.
func (w *walker) number(kind string, e ast.Expr, signs ...string) {
	if lit, ok := ast.Unparen(e).(*ast.BasicLit); ok && lit.Kind == token.INT {
		for _, sign := range signs {
			w.add(kind, lit.Pos(), lit.End(), "("+lit.Value+sign+"1)")
		}
	}
}

func sign(less bool) string {
	if less {
		return "-"
	}
	return "+"
}

// condition negates a condition, except one that an equality mutant negates.
func (w *walker) condition(e ast.Expr) {
	if b, ok := ast.Unparen(e).(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
		return
	}
	w.add(kindNegation, e.Pos(), e.End(), "!("+w.file.source(e.Pos(), e.End())+")")
}

// branch leaves a loop in place of an item, or an item in place of the loop.
func (w *walker) branch(n *ast.BranchStmt) {
	if n.Tok == token.CONTINUE || n.Tok == token.BREAK {
		w.add(kindLoop, n.TokPos, n.TokPos+token.Pos(len(n.Tok.String())), otherOperator[n.Tok].String())
	}
}

// returned removes a return that is not the last statement of its function, and
// returns nil where the last result is an error.
func (w *walker) returned(n *ast.ReturnStmt) {
	function := w.function()
	if body := function.body; len(body.List) == 0 || body.List[len(body.List)-1] != n {
		w.add(kindReturn, n.Pos(), n.End(), "")
	}
	results := function.signature.Results()
	if results.Len() == 0 || len(n.Results) != results.Len() ||
		!types.Identical(results.At(results.Len()-1).Type(), types.Universe.Lookup("error").Type()) {
		return
	}
	last := n.Results[len(n.Results)-1]
	if !w.info().Types[last].IsNil() {
		w.add(kindError, last.Pos(), last.End(), "nil")
	}
}

// function is a function or a function literal.
type function struct {
	body      *ast.BlockStmt
	signature *types.Signature
}

// function returns the innermost function around the visited node.
func (w *walker) function() function {
	for i := len(w.stack) - 1; i >= 0; i-- {
		switch n := w.stack[i].(type) {
		case *ast.FuncLit:
			return function{n.Body, w.info().Types[n].Type.(*types.Signature)}
		case *ast.FuncDecl:
			return function{n.Body, w.info().Defs[n.Name].Type().(*types.Signature)}
		}
	}
	panic("a statement outside functions") // not in source that compiles
}

// endsLoop reports whether a statement is the third one of a for loop.
func (w *walker) endsLoop(n ast.Stmt) bool {
	loop, ok := w.stack[len(w.stack)-1].(*ast.ForStmt)
	return ok && loop.Post == n
}

func (w *walker) operator(kind string, op token.Token, pos token.Pos) {
	w.add(kind, pos, pos+token.Pos(len(op.String())), otherOperator[op].String())
}

func (w *walker) add(kind string, from, to token.Pos, replacement string) {
	position := w.file.pkg.fset.Position(from)
	decl, _ := w.decl.(*ast.FuncDecl)
	w.found = append(w.found, &mutation{file: w.file, kind: kind, decl: decl, line: position.Line,
		from: position.Offset, to: w.file.offset(to), replacement: replacement})
}

func (w *walker) info() *types.Info { return w.file.pkg.info }

func (f *goFile) offset(pos token.Pos) int { return f.pkg.fset.Position(pos).Offset }

func (f *goFile) source(from, to token.Pos) string {
	return string(f.text[f.offset(from):f.offset(to)])
}
