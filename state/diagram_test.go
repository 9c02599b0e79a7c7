package state

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/script"
)

func TestDiagrams(t *testing.T) {
	script.Golden(t, "testdata/diagram.mmd", []byte(Mermaid()))
	script.Golden(t, "testdata/diagram.dot", []byte(Graphviz()))
}

// The events that lead from one status to another have one arrow, the first arrow and
// the last alike.
func TestEventsShareAnArrow(t *testing.T) {
	got := arrows([]Transition{{"e1", NotRun, Starting}, {"e2", NotRun, Starting}, {"e3", NotRun, Idle}, {"e1", NotRun, Starting}, {"e4", NotRun, Idle}, {"e5", Idle, Starting}})
	want := []arrow{{from: NotRun, to: Starting, events: []Event{"e1", "e2"}}, {from: NotRun, to: Idle, events: []Event{"e3", "e4"}}, {from: Idle, to: Starting, events: []Event{"e5"}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(arrow{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
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

const readme = "../README.md"

// withDiagram returns a text with the diagram between its two marks.
func withDiagram(text string) (string, error) {
	const begin, end = "<!-- state diagram -->\n", "<!-- /state diagram -->"
	head, rest, found := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("there is no %q with %q behind it", strings.TrimSpace(begin), end)
	}
	return head + begin + "\n```mermaid\n" + Mermaid() + "```\n\n" + end + tail, nil
}

// README.md shows the diagram of the present table; -update rewrites it.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile(readme)
	if os.IsNotExist(err) {
		t.Skip("there is no README.md")
	}
	if err != nil {
		t.Fatal(err)
	}
	want, err := withDiagram(string(data))
	if err != nil {
		t.Fatalf("README.md: %v", err)
	}
	if want == string(data) {
		return
	}
	if !*script.Update {
		t.Fatalf("README.md does not show the present table; run go test ./state -update\n%s", script.Difference(want, string(data)))
	}
	if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWithDiagram(t *testing.T) {
	const before, after = "# Title\n<!-- state diagram -->\n", "<!-- /state diagram -->\nmore\n"
	for _, old := range []string{"", "\n```mermaid\nstateDiagram-v2\n```\n\n"} {
		got, err := withDiagram(before + old + after)
		if want := before + "\n```mermaid\n" + Mermaid() + "```\n\n" + after; err != nil || got != want {
			t.Fatalf("withDiagram: %v\n%s", err, got)
		}
		if again, err := withDiagram(got); err != nil || again != got {
			t.Errorf("a second time changes the text: %v", err)
		}
	}
	for _, bad := range []string{"", before, after, after + before} {
		if _, err := withDiagram(bad); err == nil {
			t.Errorf("withDiagram(%q) is no error", bad)
		}
	}
}
