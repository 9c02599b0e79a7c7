package tenantsync_test

import (
	"os"
	"strings"
	"testing"
)

// The quickstart of the package page is the beginning of package syncer's
// example, which is compiled and run.
func TestQuickstartIsTheExample(t *testing.T) {
	page := code(t, "doc.go", "//\t")
	example := code(t, "syncer/example_embed_test.go", "\t")
	if len(page) < 20 {
		t.Fatalf("the quickstart has %d lines", len(page))
	}
	begin := 0
	for begin < len(example) && example[begin] != page[0] {
		begin++
	}
	for i, line := range page {
		if begin+i >= len(example) || example[begin+i] != line {
			t.Fatalf("line %d of the quickstart is not the example's: %q", i+1, line)
		}
	}
}

// code returns a file's lines that begin with the prefix, without it.
func code(t *testing.T, path, prefix string) []string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), prefix); ok {
			lines = append(lines, rest)
		}
	}
	return lines
}
