package syncer_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/syncer"
)

// transitions returns which phases have followed which in a tenant's runs, by
// their history.
func (w *world) transitions(t *testing.T) (edges [][2]syncer.Phase) {
	in := map[string]syncer.Phase{}
	for req := (syncer.HistoryRequest{Tenant: w.tenant}); ; {
		page, err := w.worker(script.Command{}).History(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			if e.Type != syncer.EntryPhase {
				continue
			}
			from, ok := in[e.Run]
			if !ok {
				from = syncer.PhaseConnect // a run begins there
			}
			edges = append(edges, [2]syncer.Phase{from, e.Phase})
			in[e.Run] = e.Phase
		}
		if req.Cursor = page.Next; page.Next == "" {
			return edges
		}
	}
}

// The stories about phases walk each transition of the table, and no other.
func TestStoriesWalkThePhaseTable(t *testing.T) {
	paths, err := filepath.Glob("testdata/phase_*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	walked := map[string]bool{}
	for _, path := range paths {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			defer w.end()
			script.Run(t, path, w.exec)
			for _, e := range w.transitions(t) {
				walked[fmt.Sprint(e)] = true
			}
		})
	}
	var got, want []string
	for e := range walked {
		got = append(got, e)
	}
	for _, e := range syncer.PhaseEdges() {
		want = append(want, fmt.Sprint(e))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("transitions of the table and of the stories (-table +stories):\n%s", diff)
	}
}

// Only the table sets a run's phase: no other file assigns to a field of that
// name, but for the phase that an error names.
func TestOnlyTheTableSetsThePhase(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	found := map[string]int{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			assign, ok := n.(*ast.AssignStmt)
			if !ok {
				return true
			}
			for _, left := range assign.Lhs {
				field, ok := left.(*ast.SelectorExpr)
				if !ok || field.Sel.Name != "Phase" {
					continue
				}
				if of, ok := field.X.(*ast.Ident); ok && (of.Name == "info" || of.Name == "row") {
					continue // an ErrorInfo, or a Row
				}
				found[name]++
				if name != "history.go" {
					t.Errorf("%s sets a phase", fset.Position(left.Pos()))
				}
			}
			return true
		})
	}
	if found["history.go"] != 1 {
		t.Errorf("history.go sets a phase in %d places, want 1", found["history.go"])
	}
}
