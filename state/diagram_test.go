package state

import (
	"os"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/script"
)

func TestDiagrams(t *testing.T) {
	script.Golden(t, "testdata/diagram.mmd", []byte(Mermaid()))
	script.Golden(t, "testdata/diagram.dot", []byte(Graphviz()))
}

// Every row of the table is in the arrows, and nothing else.
func TestArrowsAreTheTable(t *testing.T) {
	drawn := make(map[Transition]int)
	for _, a := range arrows(table) {
		sources := []Status{a.from}
		if a.fromActive {
			sources = active
		}
		for _, from := range sources {
			for _, ev := range a.events {
				drawn[Transition{ev, from, a.to}]++
			}
		}
	}
	for _, row := range table {
		if drawn[row] != 1 {
			t.Errorf("the row %v is drawn %d times", row, drawn[row])
		}
		delete(drawn, row)
	}
	for row := range drawn {
		t.Errorf("the arrows show %v, which is not in the table", row)
	}
}

const (
	readme       = "../README.md"
	diagramBegin = "<!-- state diagram -->\n"
	diagramEnd   = "<!-- /state diagram -->"
	fence        = "```"
	language     = "mermaid"
)

// README.md shows the diagram of the table as it is; -update rewrites it.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile(readme)
	if os.IsNotExist(err) {
		t.Skip("there is no README.md")
	}
	if err != nil {
		t.Fatal(err)
	}
	want := "\n" + fence + language + "\n" + Mermaid() + fence + "\n\n"
	head, rest, found := strings.Cut(string(data), diagramBegin)
	got, tail, closed := strings.Cut(rest, diagramEnd)
	switch {
	case !found || !closed:
		t.Fatalf("README.md has no %q and %q", strings.TrimSpace(diagramBegin), diagramEnd)
	case strings.TrimSpace(got) == strings.TrimSpace(want):
	case *script.Update:
		if err := os.WriteFile(readme, []byte(head+diagramBegin+want+diagramEnd+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("README.md does not show the table as it is; run go test ./state -update\n%s", script.Difference(want, got))
	}
}
