package tenantsync_test

import (
	"os"
	"strings"
	"testing"
)

// The quickstarts of the package page and of README.md are the beginning of
// package syncer's example, which is compiled and run.
func TestQuickstartIsTheExample(t *testing.T) {
	example := code(t, "syncer/example_embed_test.go", "\t")
	for path, quickstart := range map[string][]string{"doc.go": code(t, "doc.go", "//\t"), "README.md": goBlock(t, "README.md")} {
		if len(quickstart) < 20 {
			t.Fatalf("%s: the quickstart has %d lines", path, len(quickstart))
		}
		begin := 0
		for begin < len(example) && example[begin] != quickstart[0] {
			begin++
		}
		for i, line := range quickstart {
			if begin+i >= len(example) || example[begin+i] != line {
				t.Errorf("%s: line %d of the quickstart is not the example's: %q", path, i+1, line)
				break
			}
		}
	}
}

// goBlock returns the lines of a Markdown file's first block of Go.
func goBlock(t *testing.T, path string) []string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "```go\n")
	block, _, _ := strings.Cut(rest, "\n```")
	return strings.Split(block, "\n")
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
